import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { comparedWithItself, createOnBoth, expectSame, runOnBoth } from '../support/comparison.ts';
import { describeComparison, uniqueName } from '../support/suite.ts';

describeComparison('cluster tools', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'compat-cluster-'));
  });
  afterAll(async () => rm(folder, { recursive: true }));

  test.each([
    'cluster-id --bootstrap-server {bootstrap}',
    'list-endpoints --bootstrap-server {bootstrap}',
    'list-endpoints --bootstrap-server {bootstrap} --include-fenced-brokers',
  ])('kafka-cluster %s', async (args) => {
    await expectSame({ tool: 'kafka-cluster', args });
  });

  test('kafka-leader-election: partitions that have their preferred leader need none', async () => {
    const topic = uniqueName('election');
    await createOnBoth(topic, 2);
    for (const type of ['preferred', 'unclean', 'nonsense']) {
      const election = `--election-type ${type}`;
      await expectSame({
        tool: 'kafka-leader-election',
        args: `${election} --topic ${topic} --partition 0`,
      });
    }
    const preferred = '--election-type preferred';
    const file = join(folder, 'election.json');
    await writeFile(
      file,
      JSON.stringify({
        partitions: [
          { topic, partition: 0 },
          { topic, partition: 1 },
        ],
      }),
    );
    for (const args of [
      `${preferred} --path-to-json-file ${file}`,
      `${preferred} --topic ${topic} --partition 7`,
      `${preferred} --topic no-such-topic --partition 0`,
      `${preferred} --all-topic-partitions`,
      preferred,
    ]) {
      await expectSame({ tool: 'kafka-leader-election', args });
    }
  });

  test('kafka-metadata-quorum describe --status', async () => {
    await expectSame({
      tool: 'kafka-metadata-quorum',
      args: 'describe --status',
      blur: (text) =>
        text
          .replace(/(LeaderEpoch|HighWatermark|MaxFollowerLag\w*): +\d+/g, '$1: N')
          .replace(/"directoryId": "[\w-]+"/g, '"directoryId": ID')
          .replace(/"endpoints": \[[^\]]*\]/g, '"endpoints": []'),
    });
  });

  test('kafka-metadata-quorum describe --replication', async () => {
    for (const flag of ['', ' --human-readable']) {
      await expectSame({
        tool: 'kafka-metadata-quorum',
        args: `describe --replication${flag}`,
        blur: (text) =>
          text
            .replace(/[\w-]{22}\b/g, 'DIRECTORY')
            .replace(/\b\d{2,}\b( ms ago)?/g, 'N')
            .replace(/\b\d ms ago/g, 'N')
            .replace(/[ \t]+/g, ' '),
      });
    }
  });

  test('kafka-features describe: share groups and new groups come later', async () => {
    const { apache, odradek } = await runOnBoth({ tool: 'kafka-features', args: 'describe' });
    const finalized = (stdout: string) =>
      new Map(
        stdout
          .split('\n')
          .filter((line) => line.startsWith('Feature:'))
          .map((line) => {
            const [, name, version] =
              /^Feature: (\S+)\s.*FinalizedVersionLevel: (\S+)/.exec(line) ?? [];
            return [name, version] as const;
          }),
      );
    expect(odradek.exitCode).toBe(0);
    const theirs = finalized(apache.stdout);
    const ours = finalized(odradek.stdout);
    for (const served of ['metadata.version', 'transaction.version']) {
      expect(ours.get(served)).toBe(theirs.get(served));
    }
    for (const later of ['group.version', 'share.version']) {
      expect(theirs.get(later)).not.toBe('0');
      if (!comparedWithItself) expect(ours.get(later) ?? '0').toBe('0');
    }
  });

  test('kafka-broker-api-versions: what is served is served in Apache’s versions', async () => {
    const { apache, odradek } = await runOnBoth({ tool: 'kafka-broker-api-versions', args: '' });
    const [theirs, ours] = [apiLines(apache.stdout), apiLines(odradek.stdout)];
    expect(odradek.exitCode).toBe(0);
    expect(odradek.stdout.split('\n')[0]).toBe(apache.stdout.split('\n')[0]);
    const unlike = [...ours].filter(
      ([name, versions]) => versions !== 'UNSUPPORTED' && theirs.get(name) !== versions,
    );
    expect(unlike).toEqual([]);
    expect([...ours.keys()]).toEqual([...theirs.keys()]);
    if (comparedWithItself) return;
    const missing = [...ours].filter(
      ([name, versions]) => versions === 'UNSUPPORTED' && theirs.get(name) !== 'UNSUPPORTED',
    );
    // Served by Apache, and not by us yet; a shrinking list.
    expect(missing.map(([name]) => name).sort()).toEqual(NOT_SERVED_YET);
  });
});

const NOT_SERVED_YET: readonly string[] = [
  'AddRaftVoter',
  'AlterClientQuotas',
  'AlterPartitionReassignments',
  'AlterReplicaLogDirs',
  'AlterShareGroupOffsets',
  'AlterUserScramCredentials',
  'ConsumerGroupDescribe',
  'ConsumerGroupHeartbeat',
  'CreateAcls',
  'CreateDelegationToken',
  'DeleteAcls',
  'DeleteShareGroupOffsets',
  'DeleteShareGroupState',
  'DescribeAcls',
  'DescribeClientQuotas',
  'DescribeDelegationToken',
  'DescribeShareGroupOffsets',
  'DescribeUserScramCredentials',
  'ExpireDelegationToken',
  'InitializeShareGroupState',
  'ReadShareGroupState',
  'ReadShareGroupStateSummary',
  'RemoveRaftVoter',
  'RenewDelegationToken',
  'SaslAuthenticate',
  'SaslHandshake',
  'ShareAcknowledge',
  'ShareFetch',
  'ShareGroupDescribe',
  'ShareGroupHeartbeat',
  'StreamsGroupDescribe',
  'StreamsGroupHeartbeat',
  'UnregisterBroker',
  'WriteShareGroupState',
];

/** `Produce(0): 0 to 13 [usable: 13]`, by name. */
function apiLines(stdout: string): Map<string, string> {
  const lines = [...stdout.matchAll(/^\t(\w+)\((\d+)\): ([^\n]*?),?$/gm)];
  return new Map(lines.map(([, name = '', , versions = '']) => [name, versions]));
}
