import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOnBoth, expectSame, fillBoth, runOnBoth } from '../support/comparison.ts';
import { describeComparison, uniqueName } from '../support/suite.ts';

describeComparison('kafka-get-offsets, kafka-delete-records, kafka-log-dirs', () => {
  let folder = '';
  let topic = '';
  const start = 1_700_000_000_000;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'compat-offsets-'));
    topic = uniqueName('offsets');
    await createOnBoth(topic, 3);
    await fillBoth(topic, { 0: 10, 1: 4 }, start);
  });
  afterAll(async () => rm(folder, { recursive: true }));

  test.each([
    ...['-1', '-2', '-3', '-4', '-5', '-6', '-7', 'latest', 'earliest', 'max-timestamp'],
    ...['earliest-local', 'latest-tiered', 'nonsense', `${start}`, `${start + 2_500}`],
    ...[`${start + 1_000_000}`, '0'],
  ])('kafka-get-offsets --time %s', async (time) => {
    await expectSame({
      tool: 'kafka-get-offsets',
      args: `--topic ${topic} --time ${time}`,
      anyOrder: true, // of warnings
    });
  });

  test('kafka-get-offsets: topics and partitions by pattern', async () => {
    for (const args of [
      `--topic ${topic}`,
      `--topic ${topic} --partitions 0,2`,
      `--topic ${topic} --partitions 9`,
      `--topic-partitions ${topic}:1`,
      `--topic-partitions ${topic}:1-,${topic}:0`,
      `--topic-partitions ${topic}:-2`,
      `--topic no-such-topic`,
      `--topic ${topic} --exclude-internal-topics`,
      '--topic-partitions a:b:c:d',
    ]) {
      await expectSame({ tool: 'kafka-get-offsets', args });
    }
    await expectSame({ tool: 'kafka-get-offsets', args: '', only: new RegExp(topic) });
  });

  async function deleteRecords(partitions: readonly object[]): Promise<number> {
    const file = join(folder, 'delete.json');
    await writeFile(file, JSON.stringify({ version: 1, partitions }));
    const { exitCode } = await expectSame({
      tool: 'kafka-delete-records',
      args: `--offset-json-file ${file}`,
      anyOrder: true,
    });
    return exitCode;
  }

  test('kafka-delete-records', async () => {
    const doomed = uniqueName('delete-records');
    await createOnBoth(doomed, 2);
    await fillBoth(doomed, { 0: 10, 1: 4 });
    await deleteRecords([
      { topic: doomed, partition: 0, offset: 3 },
      { topic: doomed, partition: 1, offset: -1 },
    ]);
    await expectSame({ tool: 'kafka-get-offsets', args: `--topic ${doomed} --time -2` });
    await deleteRecords([{ topic: doomed, partition: 0, offset: 2 }]);
    await deleteRecords([{ topic: doomed, partition: 0, offset: 11 }]);
    await deleteRecords([{ topic: doomed, partition: 0, offset: -5 }]);
    await deleteRecords([
      { topic: doomed, partition: 0, offset: 5 },
      { topic: doomed, partition: 0, offset: 6 },
    ]);
    await expectSame({ tool: 'kafka-get-offsets', args: `--topic ${doomed} --time -2` });
    await writeFile(join(folder, 'bad.json'), '{');
    await expectSame({
      tool: 'kafka-delete-records',
      args: `--offset-json-file ${join(folder, 'bad.json')}`,
    });
  });

  test('kafka-log-dirs: the size of each partition that holds something', async () => {
    const { apache, odradek } = await runOnBoth({
      tool: 'kafka-log-dirs',
      args: `--describe --topic-list ${topic}`,
    });
    expect(odradek.exitCode).toBe(0);
    expect(sizes(odradek.stdout)).toEqual(sizes(apache.stdout));
    expect(frame(odradek.stdout)).toEqual(frame(apache.stdout));
  });

  test('kafka-log-dirs: of chosen brokers; an unknown broker is refused', async () => {
    for (const brokers of ['1', '1,7']) {
      const { apache, odradek } = await runOnBoth({
        tool: 'kafka-log-dirs',
        args: `--describe --topic-list ${topic} --broker-list ${brokers}`,
      });
      expect(odradek.exitCode).toBe(apache.exitCode);
      expect(frame(odradek.stdout)).toEqual(frame(apache.stdout));
      expect(odradek.stderr).toBe(apache.stderr);
    }
    await expectSame({ tool: 'kafka-log-dirs', args: '' });
  });
});

interface LogDirs {
  readonly version: number;
  readonly brokers: readonly {
    readonly broker: number;
    readonly logDirs: readonly {
      readonly logDir: string;
      readonly error: string | null;
      readonly partitions: readonly Readonly<Record<string, unknown>>[];
    }[];
  }[];
}

function logDirs(stdout: string): LogDirs | null {
  const line = stdout.split('\n').find((text) => text.startsWith('{'));
  return line === undefined ? null : (JSON.parse(line) as LogDirs);
}

function sizes(stdout: string) {
  return logDirs(stdout)
    ?.brokers.flatMap((broker) => broker.logDirs.flatMap((dir) => dir.partitions))
    .map((partition) => JSON.stringify(partition))
    .sort();
}

/** All but the folders' names, and the partitions, which come in any order. */
function frame(stdout: string) {
  const found = logDirs(stdout);
  return {
    words: stdout.split('\n').filter((line) => !line.startsWith('{')),
    version: found?.version,
    brokers: found?.brokers.map((broker) => ({
      broker: broker.broker,
      errors: broker.logDirs.map(({ error }) => error),
    })),
  };
}
