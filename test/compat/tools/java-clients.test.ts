import { expect, test } from '@jest/globals';
import {
  comparedWithItself,
  createOnBoth,
  expectSame,
  fillBoth,
  onBoth,
  runOnBoth,
} from '../support/comparison.ts';
import { describeComparison, launchTool, runTool, uniqueName } from '../support/suite.ts';

describeComparison('kafka-console-producer and kafka-console-consumer', () => {
  test('lines with keys, headers, nulls and a partition are written and printed', async () => {
    const topic = uniqueName('console');
    await createOnBoth(topic);
    const { exitCode } = await expectSame({
      tool: 'kafka-console-producer',
      args: [
        ...['--topic', topic, '--reader-property', 'parse.key=true'],
        ...['--reader-property', 'parse.headers=true', '--reader-property', 'null.marker=NULL'],
      ],
      stdin: 'h1:a,h2:b\tk1\tv1\nh1:c\tNULL\tv2\nNULL\tk3\tNULL\n',
    });
    expect(exitCode).toBe(0);
    for (const printed of [
      '',
      '--formatter-property print.key=true',
      '--formatter-property print.headers=true --formatter-property print.offset=true --formatter-property print.partition=true',
      '--formatter-property print.key=true --formatter-property key.separator=->',
      '--skip-message-on-error',
    ]) {
      const args = `--topic ${topic} --from-beginning --max-messages 3 ${printed}`.trim();
      const { stdout } = await expectSame({ tool: 'kafka-console-consumer', args });
      expect(stdout).toContain('v1');
    }
  });

  test.each([
    '--acks',
    '--request-required-acks 0',
    '--request-required-acks 1',
    '--request-required-acks all',
    '--sync',
    '--compression-codec zstd',
    '--command-property enable.idempotence=false',
  ])('kafka-console-producer %s', async (args) => {
    const topic = uniqueName('producer');
    await createOnBoth(topic);
    await expectSame({
      tool: 'kafka-console-producer',
      args: `--topic ${topic} ${args}`,
      stdin: args === '--sync' ? 'one\n' : 'one\ntwo\nthree\n',
    });
    await expectSame({ tool: 'kafka-get-offsets', args: `--topic ${topic}` });
  });

  test('a topic is made by producing to it', async () => {
    const topic = uniqueName('auto');
    const { apache, odradek } = await runOnBoth({
      tool: 'kafka-console-producer',
      args: `--topic ${topic}`,
      stdin: 'first\n',
    });
    expect(apache.exitCode).toBe(0);
    expect(odradek.exitCode).toBe(0);
    // Apache may answer the first question with UNKNOWN_TOPIC_OR_PARTITION, so that clients warn; we have it made by then.
    if (!comparedWithItself) expect(odradek.stderr).toBe('');
    await expectSame({
      tool: 'kafka-console-consumer',
      args: `--topic ${topic} --from-beginning --max-messages 1`,
    });
  });

  test.each([
    '--partition 0 --offset 5 --max-messages 3',
    '--partition 1 --offset earliest --max-messages 2',
    '--partition 0 --offset latest --timeout-ms 300',
    '--from-beginning --max-messages 20 --isolation-level read_committed --partition 0',
    '--partition 0 --offset 5000 --timeout-ms 1000',
    '--partition 9 --offset earliest --timeout-ms 1000',
    '--max-messages 1 --group g --partition 0',
    '--offset 5',
  ])('kafka-console-consumer %s', async (args) => {
    await expectSame({ tool: 'kafka-console-consumer', args: `--topic ${await filled()} ${args}` });
  });

  let filledTopic: string | null = null;
  async function filled(): Promise<string> {
    if (filledTopic === null) {
      filledTopic = uniqueName('filled');
      await createOnBoth(filledTopic, 2);
      await fillBoth(filledTopic, { 0: 20, 1: 5 });
    }
    return filledTopic;
  }

  test('a group goes on where it stopped', async () => {
    const topic = uniqueName('go-on');
    const group = uniqueName('go-on');
    await createOnBoth(topic);
    for (const count of [10, 5]) {
      await fillBoth(topic, { 0: count });
      await expectSame({
        tool: 'kafka-console-consumer',
        args: `--topic ${topic} --group ${group} --from-beginning --max-messages ${count}`,
      });
    }
    await expectSame({ tool: 'kafka-consumer-groups', args: `--describe --group ${group}` });
  });
});

describeComparison('measuring and verifying programs', () => {
  const figures = (text: string) => text.replace(/\d+([.,]\d+)?/g, 'N').replace(/N N/g, 'N');

  test('kafka-producer-perf-test', async () => {
    const topic = uniqueName('perf');
    await createOnBoth(topic, 2);
    for (const codec of ['none', 'lz4']) {
      const { apache, odradek } = await runOnBoth({
        tool: 'kafka-producer-perf-test',
        args: `--bootstrap-server {bootstrap} --topic ${topic} --num-records 20000 --record-size 200 --throughput -1 --command-property compression.type=${codec}`.split(
          ' ',
        ),
      });
      const last = (stdout: string) => figures(stdout.trim().split('\n').at(-1) ?? '');
      expect(apache.exitCode).toBe(0);
      expect(odradek.exitCode).toBe(0);
      expect(last(odradek.stdout)).toBe(last(apache.stdout));
    }
    await expectSame({
      tool: 'kafka-get-offsets',
      args: `--topic ${topic}`,
      blur: (text) => text.replace(/:\d+$/gm, ':N'),
    });
  });

  test('kafka-verifiable-producer and kafka-verifiable-consumer', async () => {
    const topic = uniqueName('verifiable');
    const group = uniqueName('verifiable');
    await createOnBoth(topic);
    const timeless = (text: string) => text.replace(/"timestamp":\d+/g, '"timestamp":N');
    const { stdout } = await expectSame({
      tool: 'kafka-verifiable-producer',
      args: `--topic ${topic} --max-messages 500 --acks -1 --value-prefix 7`,
      blur: (text) =>
        timeless(text).replace(/"(target_throughput|avg_throughput)":[^,}]+/g, '"$1":N'),
    });
    expect(stdout).toContain('"acked":500');
    await onBoth(async (bootstrap) => {
      const consumer = launchTool('kafka-verifiable-consumer', [
        ...['--bootstrap-server', bootstrap, '--topic', topic, '--group-id', group],
        ...['--max-messages', '500', '--verbose'],
      ]);
      const { stdout: printed } = await consumer.result;
      const values = [...printed.matchAll(/"value":"7\.(\d+)"/g)].map(([, value]) => Number(value));
      expect(values).toEqual(Array.from({ length: 500 }, (_, i) => i));
      expect(printed).toContain('"offset":500');
    });
    await expectSame({ tool: 'kafka-consumer-groups', args: `--describe --group ${group}` });
  });

  test('kafka-consumer-perf-test', async () => {
    const topic = uniqueName('consume-perf');
    await createOnBoth(topic);
    await fillBoth(topic, { 0: 1_000 });
    const both = await onBoth(async (bootstrap) =>
      runTool('kafka-consumer-perf-test', [
        ...['--bootstrap-server', bootstrap, '--topic', topic, '--num-records', '1000'],
      ]),
    );
    expect(both.apache.exitCode).toBe(0);
    expect(both.odradek.exitCode).toBe(0);
    expect(both.odradek.stdout.split('\n')[0]).toBe(both.apache.stdout.split('\n')[0]);
  });
});
