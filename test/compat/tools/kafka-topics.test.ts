import { expect, test } from '@jest/globals';
import {
  createOnBoth,
  expectSame,
  normalized,
  onBoth,
  untilOnBoth,
} from '../support/comparison.ts';
import { describeComparison, runTool, uniqueName } from '../support/suite.ts';

const topics = async (args: string, only?: RegExp) =>
  expectSame({ tool: 'kafka-topics', args, ...(only && { only }) });

describeComparison('kafka-topics', () => {
  test('create: with defaults, partitions, replicas, settings', async () => {
    const topic = uniqueName('create');
    const { stdout } = await topics(`--create --topic ${topic}`);
    expect(stdout).toBe(`Created topic ${topic}.\n`);
    await topics(`--create --topic ${topic}-3 --partitions 3 --replication-factor 1`);
    await topics(
      `--create --topic ${topic}-c --partitions 2 --config retention.ms=1000 --config cleanup.policy=compact`,
    );
    await topics(`--create --topic ${topic}-a --replica-assignment 1,1,1`);
    for (const each of [topic, `${topic}-3`, `${topic}-c`, `${topic}-a`]) {
      await topics(`--describe --topic ${each}`);
    }
  });

  test('create: an existing topic is an error, unless --if-not-exists', async () => {
    const topic = uniqueName('existing');
    await topics(`--create --topic ${topic}`);
    const { exitCode } = await topics(`--create --topic ${topic}`);
    expect(exitCode).toBe(1);
    await topics(`--create --topic ${topic} --if-not-exists`);
  });

  test.each(['no/slash', '.', '__underscored_and.dotted', 'x'.repeat(250)])(
    'create: the name %s',
    async (name) => {
      await topics(`--create --topic ${name} --if-not-exists`);
    },
  );

  test('create: names that differ in . and _ only collide', async () => {
    const topic = uniqueName('collide');
    await topics(`--create --topic ${topic}.x`);
    const { exitCode } = await topics(`--create --topic ${topic}_x`);
    expect(exitCode).toBe(1);
  });

  test.each([
    '--partitions 0',
    '--partitions -5',
    '--replication-factor 2',
    '--replication-factor 0',
    '--config no.such.setting=1',
    '--config retention.ms=soon',
    '--config cleanup.policy=keep',
    '--config min.insync.replicas=0',
    '--config segment.bytes=1',
    '--config compression.type=rar',
    '--config message.timestamp.type=Never',
    '--replica-assignment 7',
    '--replica-assignment 1:1',
    '--replica-assignment 1,1:2',
  ])('create: %s is refused', async (args) => {
    const { exitCode } = await topics(`--create --topic ${uniqueName('refused')} ${args}`);
    expect(exitCode).toBe(1);
  });

  test('list: names only, also by pattern', async () => {
    const topic = uniqueName('list');
    for (const end of ['b', 'a', 'c']) await topics(`--create --topic ${topic}-${end}`);
    await topics('--list', new RegExp(topic));
    await topics(`--list --topic ${topic}-.`);
    await topics(`--list --exclude-internal --topic ${topic}-a`);
    await topics(`--list --topic ${uniqueName('nothing')}`);
  });

  test('describe: one, several, by pattern, unknown', async () => {
    const topic = uniqueName('describe');
    await topics(`--create --topic ${topic}-a --partitions 3 --config flush.messages=7`);
    await topics(`--create --topic ${topic}-b`);
    await topics(`--describe --topic ${topic}-a`);
    await topics(`--describe --topic ${topic}-.`);
    await topics('--describe', new RegExp(topic));
    await topics(`--describe --topics-with-overrides --topic ${topic}-.`);
    await topics(`--describe --exclude-internal --topic ${topic}-.`);
    const { exitCode } = await topics(`--describe --topic ${uniqueName('unknown')}`);
    expect(exitCode).toBe(1);
    await topics(`--describe --topic ${uniqueName('unknown')} --if-exists`);
  });

  test.each([
    '--under-replicated-partitions',
    '--unavailable-partitions',
    '--under-min-isr-partitions',
    '--at-min-isr-partitions',
  ])('describe %s', async (flag) => {
    const topic = uniqueName('health');
    await topics(`--create --topic ${topic} --partitions 2`);
    await topics(`--describe ${flag} --topic ${topic}`);
  });

  test('describe --topic-id', async () => {
    const topic = uniqueName('by-id');
    await createOnBoth(topic, 2);
    const described = await onBoth(async (bootstrap) => {
      const { stdout } = await runTool('kafka-topics', [
        ...['--bootstrap-server', bootstrap, '--describe', '--topic', topic],
      ]);
      const id = /TopicId: (\S+)/.exec(stdout)?.[1] ?? 'none';
      return runTool('kafka-topics', [
        ...['--bootstrap-server', bootstrap, '--describe', '--topic-id', id],
      ]);
    });
    expect(normalized(described.odradek.stdout)).toBe(normalized(described.apache.stdout));
    expect(described.odradek.stdout).toContain(topic);
    await topics('--describe --topic-id AAAAAAAAAAAAAAAAAAAAAQ');
    await topics('--describe --topic-id nonsense');
  });

  test('alter: partitions are added; fewer, the same and unknown topics are refused', async () => {
    const topic = uniqueName('alter');
    await topics(`--create --topic ${topic} --partitions 2`);
    await topics(`--describe --topic ${topic}`);
    await topics(`--alter --topic ${topic} --partitions 4`);
    await topics(`--describe --topic ${topic}`);
    for (const partitions of [3, 4, 0]) {
      await topics(`--alter --topic ${topic} --partitions ${partitions}`);
    }
    await topics(`--alter --topic ${topic} --partitions 5 --replica-assignment 1,1,1,1,1`);
    await topics(`--alter --topic ${uniqueName('unknown')} --partitions 3`);
    await topics(`--alter --topic ${uniqueName('unknown')} --partitions 3 --if-exists`);
  });

  test('delete: once; unknown topics are an error, unless --if-exists', async () => {
    const topic = uniqueName('delete');
    await createOnBoth(topic);
    await topics(`--delete --topic ${topic}`);
    await untilOnBoth('it is gone', async (admin) => !(await admin.listTopics()).includes(topic));
    await topics(`--delete --topic ${topic}`);
    await topics(`--delete --topic ${topic} --if-exists`);
  });

  test.each(['', '--list --describe', '--create', '--create --topic t --config bad', '--version'])(
    'usage: [%s]',
    async (args) => {
      await topics(args);
    },
  );
});
