import { describe, expect, test } from '@jest/globals';
import { ConfigResourceTypes } from 'kafkajs';
import {
  comparedWithItself,
  createOnBoth,
  expectSame,
  runOnBoth,
  untilOnBoth,
} from '../support/comparison.ts';
import { describeComparison, uniqueName } from '../support/suite.ts';

const configs = async (args: string, anyOrder = false) =>
  expectSame({ tool: 'kafka-configs', args, anyOrder });

/** What `--describe --all` says of each setting: `name=value sensitive=... synonyms={...}`. */
function settings(stdout: string): Map<string, string> {
  return new Map(
    stdout
      .split('\n')
      .filter((line) => line.startsWith('  '))
      .map((line) => {
        const at = line.indexOf('=');
        return [line.slice(2, at), line.slice(at + 1)];
      }),
  );
}

/** Settings of a broker whose values say where and how this very broker runs. */
const OWN_TO_EACH_BROKER = [
  'advertised.listeners',
  'broker.id',
  'controller.listener.names',
  'controller.quorum.voters',
  'listener.security.protocol.map',
  'listeners',
  'log.dir',
  'log.dirs',
  'metadata.log.dir',
  'process.roles',
];

/**
 * Settings, Apache's default, and ours, which let a single broker serve at once. Apache is told our defaults when the
 * suite starts it, so they differ in where the value is said to come from.
 */
const DIFFERENT_DEFAULTS: readonly (readonly [string, string, string])[] = [
  ['group.initial.rebalance.delay.ms', '3000', '0'],
  ['offsets.topic.replication.factor', '3', '1'],
  ['share.coordinator.state.topic.min.isr', '2', '1'],
  ['share.coordinator.state.topic.replication.factor', '3', '1'],
  ['transaction.state.log.min.isr', '2', '1'],
  ['transaction.state.log.replication.factor', '3', '1'],
];

/** What each says, where we differ on purpose: the name, Apache's line, our line. */
const DIFFERS_ON_PURPOSE = [
  ...DIFFERENT_DEFAULTS.map(([name, theirs, ours]) => {
    const value = `${ours} sensitive=false`;
    return [
      name,
      `${value} synonyms={STATIC_BROKER_CONFIG:${name}=${ours}, DEFAULT_CONFIG:${name}=${theirs}}`,
      `${value} synonyms={DEFAULT_CONFIG:${name}=${ours}}`,
    ];
  }),
  [
    'node.id', // Apache has no default; ours is 1
    '1 sensitive=false synonyms={STATIC_BROKER_CONFIG:node.id=1}',
    '1 sensitive=false synonyms={STATIC_BROKER_CONFIG:node.id=1, DEFAULT_CONFIG:node.id=1}',
  ],
].sort(([a = ''], [b = '']) => a.localeCompare(b));

describeComparison('kafka-configs', () => {
  describe('topics', () => {
    test('describe --all: every setting, its value and its synonyms', async () => {
      const topic = uniqueName('all');
      await createOnBoth(topic);
      const { stdout } = await configs(
        `--describe --all --entity-type topics --entity-name ${topic}`,
      );
      expect(settings(stdout).size).toBeGreaterThan(30);
    });

    test('add, change, append, delete', async () => {
      const topic = uniqueName('alter');
      await createOnBoth(topic);
      const entity = `--entity-type topics --entity-name ${topic}`;
      await configs(`--describe ${entity}`);
      for (const change of [
        '--add-config retention.ms=60000,flush.messages=5',
        '--add-config retention.ms=70000',
        '--add-config cleanup.policy=[compact,delete]',
        '--delete-config flush.messages',
        '--delete-config flush.messages',
        '--delete-config no.such.setting',
        '--add-config no.such.setting=1',
        '--add-config retention.ms=soon',
        '--add-config retention.ms=-7',
        '--add-config min.insync.replicas=0',
        '--add-config cleanup.policy=keep',
        '--add-config compression.type=zstd,compression.zstd.level=99',
        '--add-config compression.type=zstd,compression.zstd.level=7',
        '--add-config message.timestamp.type=LogAppendTime',
        '--add-config retention.ms=1,retention.ms=2',
        '--add-config retention.ms',
      ]) {
        await configs(`--alter ${entity} ${change}`);
        await configs(`--describe ${entity}`);
      }
      await configs(`--alter --topic ${topic} --add-config segment.ms=50000`);
      await configs(`--describe --topic ${topic}`);
    });

    test('an unknown topic is refused', async () => {
      const topic = uniqueName('unknown');
      await configs(`--describe --entity-type topics --entity-name ${topic}`);
      await configs(
        `--alter --entity-type topics --entity-name ${topic} --add-config retention.ms=1`,
      );
    });
  });

  describe('brokers', () => {
    test('describe --all: every setting, its value, sensitivity and synonyms', async () => {
      const { apache, odradek } = await runOnBoth({
        tool: 'kafka-configs',
        args: '--describe --all --entity-type brokers --entity-name 1',
      });
      expect(odradek.exitCode).toBe(apache.exitCode);
      const [ours, theirs] = [settings(odradek.stdout), settings(apache.stdout)];
      expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
      for (const name of OWN_TO_EACH_BROKER) {
        ours.delete(name);
        theirs.delete(name);
      }
      const differing = [...theirs.keys()].filter((name) => ours.get(name) !== theirs.get(name));
      const both = differing.sort().map((name) => [name, theirs.get(name), ours.get(name)]);
      expect(both).toEqual(comparedWithItself ? [] : DIFFERS_ON_PURPOSE);
    });

    test('a setting of one broker, of the cluster, and what overrides what', async () => {
      const one = '--entity-type brokers --entity-name 1';
      const all = '--entity-type brokers --entity-default';
      const shown = async () => {
        await configs(`--describe ${one}`);
        await configs(`--describe ${all}`);
      };
      await shown();
      await configs(`--alter ${all} --add-config log.cleaner.delete.retention.ms=1000000`);
      await becomes('log.cleaner.delete.retention.ms', '1000000');
      await shown();
      await configs(`--alter ${one} --add-config log.cleaner.delete.retention.ms=2000000`);
      await becomes('log.cleaner.delete.retention.ms', '2000000');
      await shown();
      await configs(`--alter ${one} --delete-config log.cleaner.delete.retention.ms`);
      await becomes('log.cleaner.delete.retention.ms', '1000000');
      await configs(`--alter ${all} --delete-config log.cleaner.delete.retention.ms`);
      await becomes('log.cleaner.delete.retention.ms', '86400000');
      await shown();
    });

    test.each([
      '--add-config num.partitions=3', // read only
      '--add-config log.retention.ms=soon',
      '--add-config no.such.setting=1',
      '--delete-config no.such.setting',
    ])('%s', async (change) => {
      await configs(`--alter --entity-type brokers --entity-name 1 ${change}`);
      await configs('--describe --entity-type brokers --entity-name 1');
      await configs(`--alter --entity-type brokers --entity-default ${change}`);
      await configs('--describe --entity-type brokers --entity-default');
      await configs(
        '--alter --entity-type brokers --entity-name 1 --delete-config no.such.setting',
      );
      await configs(
        '--alter --entity-type brokers --entity-default --delete-config no.such.setting',
      );
    });

    test('listeners do not change while a broker runs: each says so in its own words', async () => {
      const { apache, odradek } = await runOnBoth({
        tool: 'kafka-configs',
        args: '--alter --entity-type brokers --entity-name 1 --add-config listeners=PLAINTEXT://:1',
      });
      expect(apache.exitCode).toBe(1);
      expect(odradek.exitCode).toBe(1);
      // Apache can move listeners that are not a controller's; here it misses the controller's.
      expect(apache.stderr).toContain('InvalidRequestException: requirement failed: controller');
      if (!comparedWithItself) expect(odradek.stderr).toContain('listeners cannot change');
    });

    test('an unknown broker', async () => {
      await configs('--describe --entity-type brokers --entity-name 99');
      await configs(
        '--alter --entity-type brokers --entity-name x --add-config log.retention.ms=1',
      );
    });
  });

  describe('groups and client metrics', () => {
    test('nothing is set at first', async () => {
      const group = uniqueName('group');
      await configs(`--describe --entity-type groups --entity-name ${group}`);
      await configs('--describe --entity-type client-metrics --entity-name nothing');
    });
  });

  test.each([
    '',
    '--describe',
    '--alter',
    '--describe --entity-type nonsense',
    '--alter --entity-type topics --add-config a=b',
    '--alter --entity-type topics --entity-name t',
  ])('usage: [%s]', async (args) => {
    await configs(args);
  });

  test('users, clients and addresses: quotas are served by Apache only, for now', async () => {
    for (const type of ['users', 'clients', 'ips']) {
      const { apache, odradek } = await runOnBoth({
        tool: 'kafka-configs',
        args: `--describe --entity-type ${type}`,
      });
      expect(apache.exitCode).toBe(0);
      expect(odradek.exitCode).toBe(comparedWithItself ? 0 : 1);
      if (!comparedWithItself) expect(odradek.stderr).toContain('UnsupportedVersionException');
    }
  });
});

async function becomes(name: string, value: string): Promise<void> {
  await untilOnBoth(`${name} is ${value}`, async (admin) => {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.BROKER, name: '1', configNames: [name] }],
    });
    return resources[0]?.configEntries[0]?.configValue === value;
  });
}
