import { apiVersions } from '../../../../src/protocol/messages/api-versions.ts';
import { describeCluster } from '../../../../src/protocol/messages/describe-cluster.ts';
import { describeLogDirs } from '../../../../src/protocol/messages/describe-log-dirs.ts';
import { describeQuorum } from '../../../../src/protocol/messages/describe-quorum.ts';
import { describeTopicPartitions } from '../../../../src/protocol/messages/describe-topic-partitions.ts';
import { electLeaders } from '../../../../src/protocol/messages/elect-leaders.ts';
import { listPartitionReassignments } from '../../../../src/protocol/messages/list-partition-reassignments.ts';
import { metadata } from '../../../../src/protocol/messages/metadata.ts';
import type { ResponseOf } from '../../../../src/protocol/schema.ts';
import { zeroUuid } from '../../../../src/protocol/uuid.ts';
import { RawProtocol, type Question, type Wire } from '../../support/raw-protocol.ts';
import { describeTarget } from '../../support/suite.ts';

const raw = new RawProtocol('metadata');
const unknownId = 'AAAAAAAAAAAAAAAAAAAABQ';

interface Named {
  readonly name?: string | null;
  readonly topicId?: string;
}

/** A request for these topics; null: all. */
const metadataOf =
  (
    topics: readonly Named[] | null,
    more: { auto?: boolean; cluster?: boolean; operations?: boolean } = {},
  ) =>
  (version: number) => ({
    topics: topics?.map((topic) => ({ name: '', topicId: zeroUuid, ...topic })) ?? null,
    allowAutoTopicCreation: version < 4 || (more.auto ?? false),
    includeClusterAuthorizedOperations: more.cluster === true && version >= 8 && version <= 10,
    includeTopicAuthorizedOperations: more.operations === true && version >= 8,
  });

describeTarget('raw protocol: Metadata and descriptions', () => {
  raw.test('rows 16 to 25: Metadata', async (wire) => {
    const { name, topicId } = await wire.topic('t', {}, 2);
    await wire.topic('u');
    const ask = async (
      question: string,
      request: (version: number) => Parameters<Wire['quietly']>[2],
      more: Question = {},
    ) => wire.ask(question, metadata, request as ReturnType<typeof metadataOf>, more);
    await ask('no topics', metadataOf([]), { from: 1 });
    await ask('one', metadataOf([{ name }]));
    await ask('two', metadataOf([{ name: wire.name('u') }, { name }]), { anyOrder: true });
    await ask('one twice', metadataOf([{ name }, { name }]));
    await ask('with operations', metadataOf([{ name }], { cluster: true, operations: true }));
    await ask('unknown', metadataOf([{ name: wire.name('unknown') }]), { from: 4 });
    await ask(
      'unknown, with operations',
      metadataOf([{ name: wire.name('unknown') }], { operations: true }),
      { from: 8 },
    );
    await ask('a name that is none', metadataOf([{ name: 'a/b' }]), { from: 4 });
    await ask('a name that is none, to be created', metadataOf([{ name: 'a/b' }], { auto: true }));
    await ask('..', metadataOf([{ name: '..' }], { auto: true }));
    await ask('an empty name', metadataOf([{ name: '' }], { auto: true }));
    await ask('a long name', metadataOf([{ name: 'x'.repeat(250) }], { auto: true }));
    await ask(
      'a name that collides',
      metadataOf([{ name: name.replaceAll('.', '_') }], { auto: true }),
      { from: 4 },
    );
    await ask('by id', metadataOf([{ name: null, topicId }]), { from: 10 });
    await ask('by unknown id', metadataOf([{ name: null, topicId: unknownId }]), { from: 10 });
    await ask('by id and name', metadataOf([{ name, topicId }]), { from: 10 });
    await ask('by id and another name', metadataOf([{ name: wire.name('u'), topicId }]), {
      from: 10,
    });
    await ask('by nothing', metadataOf([{ name: null }]), { from: 10, to: 11 });
    await ask('by ids and names', metadataOf([{ name }, { name: null, topicId }]), { from: 12 });
  });

  raw.test('row 16: all topics', async (wire) => {
    const { name } = await wire.topic('t');
    for (let version = 0; version <= 13; version++) {
      const request = metadataOf(version === 0 ? [] : null, { operations: true })(version);
      const { topics, ...rest } = await wire.quietly(metadata, version, request);
      const answer = { ...rest, topics: topics.filter((topic) => topic.name === name) };
      wire.note(`version ${version}`, answer);
    }
  });

  raw.test('row 75: DescribeTopicPartitions', async (wire) => {
    const a = await wire.topic('a', {}, 3);
    const b = await wire.topic('b', {}, 2);
    const c = await wire.topic('c');
    const ask = async (
      question: string,
      names: readonly string[],
      cursor: [string, number] | null = null,
      responsePartitionLimit = 2_000,
    ) =>
      wire.ask(question, describeTopicPartitions, () => ({
        topics: names.map((name) => ({ name })),
        responsePartitionLimit,
        cursor: cursor === null ? null : { topicName: cursor[0], partitionIndex: cursor[1] },
      }));
    const all = [c.name, a.name, b.name];
    await ask('three', all);
    await ask('one twice', [a.name, a.name]);
    for (const limit of [-1, 0, 1, 2, 3, 4, 5, 6]) await ask(`limit ${limit}`, all, null, limit);
    await ask('from a cursor', all, [a.name, 1]);
    await ask('from a cursor, limit 3', all, [a.name, 1], 3);
    await ask('from the end of a topic', all, [a.name, 3]);
    await ask('from the second topic', all, [b.name, 0], 2);
    await ask('from a cursor far behind', all, [b.name, 90]);
    await ask('from a negative cursor', all, [a.name, -1]);
    await ask('from a cursor that is not asked for', [a.name, c.name], [b.name, 0]);
    await ask('from an unknown cursor', [a.name, c.name], [wire.name('bb'), 0]);
    await ask('unknown', [a.name, wire.name('aa'), b.name], null, 4);
    await ask('unknown from a cursor', [a.name, wire.name('aa')], [wire.name('aa'), 0]);
    await ask('a name that is none', ['a/b']);
  });

  raw.test('DescribeCluster', async (wire) => {
    const ask = async (
      question: string,
      more: { endpointType?: number; fenced?: boolean; operations?: boolean },
      at: Question = {},
    ) =>
      wire.ask(
        question,
        describeCluster,
        () => ({
          includeClusterAuthorizedOperations: more.operations ?? false,
          endpointType: more.endpointType ?? 1,
          includeFencedBrokers: more.fenced ?? false,
        }),
        at,
      );
    await ask('brokers', {});
    await ask('with operations', { operations: true });
    await ask('fenced brokers', { fenced: true }, { from: 2 });
    await ask('controllers', { endpointType: 2 }, { from: 1 });
    await ask('endpoint type 0', { endpointType: 0 }, { from: 1 });
    await ask('endpoint type 3', { endpointType: 3 }, { from: 1 });
  });

  raw.test('row 42: ElectLeaders', async (wire) => {
    const { name } = await wire.topic('t', {}, 2);
    const ask = async (
      question: string,
      topicPartitions: { topic: string; partitions: number[] }[],
      electionType = 0,
    ) =>
      wire.ask(
        question,
        electLeaders,
        (version) => ({
          electionType: version === 0 ? 0 : electionType,
          topicPartitions,
          timeoutMs: 5_000,
        }),
        { anyOrder: true },
      );
    for (const type of [0, 1]) {
      await ask(`type ${type}: not needed`, [{ topic: name, partitions: [0, 1] }], type);
      await ask(`type ${type}: unknown`, [{ topic: wire.name('unknown'), partitions: [0] }], type);
      await ask(`type ${type}: unknown partition`, [{ topic: name, partitions: [0, 7, -1] }], type);
      await ask(`type ${type}: none`, [], type);
    }
    await ask('type 2', [{ topic: name, partitions: [0] }], 2);
    await ask('repeated', [{ topic: name, partitions: [0, 0] }]);
    await ask('a topic twice', [
      { topic: name, partitions: [0] },
      { topic: name, partitions: [1] },
    ]);
    const { replicaElectionResults } = await wire.quietly(electLeaders, 2, {
      topicPartitions: null,
    });
    wire.note(
      'all',
      replicaElectionResults.filter(({ topic }) => topic === name),
    );
  });

  raw.test('ListPartitionReassignments', async (wire) => {
    const { name } = await wire.topic('t', {}, 2);
    const ask = async (
      question: string,
      topics: { name: string; partitionIndexes: number[] }[] | null,
    ) => wire.ask(question, listPartitionReassignments, () => ({ topics, timeoutMs: 5_000 }));
    await ask('all', null);
    await ask('none', []);
    await ask('one', [{ name, partitionIndexes: [0, 1] }]);
    await ask('unknown', [{ name: wire.name('unknown'), partitionIndexes: [0] }]);
    await ask('unknown partition', [{ name, partitionIndexes: [7] }]);
  });

  raw.test('DescribeLogDirs', async (wire) => {
    const { name } = await wire.topic('t', {}, 2);
    const ask = async (question: string, topics: { topic: string; partitions: number[] }[]) => {
      for (let version = 1; version <= 5; version++) {
        const { results, ...rest } = await wire.quietly(describeLogDirs, version, { topics });
        const shown = results.map((result) => ({
          ...result,
          logDir: '<folder>',
          totalBytes: result.totalBytes > 0,
          usableBytes: result.usableBytes > 0,
        }));
        wire.note(`version ${version}: ${question}`, { ...rest, results: shown });
      }
    };
    await ask('one partition', [{ topic: name, partitions: [1] }]);
    await ask('unknown', [{ topic: wire.name('unknown'), partitions: [0] }]);
    await ask('unknown partition', [{ topic: name, partitions: [7] }]);
    await ask('none', []);
  });

  raw.test('row 45: DescribeQuorum', async (wire) => {
    const ask = async (question: string, topicName: string, partitionIndex: number) =>
      wire.ask(question, describeQuorum, () => ({
        topics: [{ topicName, partitions: [{ partitionIndex }] }],
      }));
    await ask('another topic', wire.name('t'), 0);
    await ask('another partition', '__cluster_metadata', 1);
    await wire.ask('nothing', describeQuorum, () => ({ topics: [] }));
    for (const version of [0, 1, 2]) {
      const response = await wire.quietly(describeQuorum, version, {
        topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
      });
      wire.note(`version ${version}`, quorumOf(response));
    }
  });

  raw.test('row 1: ApiVersions', async (wire) => {
    const ask = async (
      version: number,
      clientSoftwareName: string,
      clientSoftwareVersion = '1',
    ) => {
      const response = await wire.quietly(apiVersions, version, {
        clientSoftwareName,
        clientSoftwareVersion,
      });
      const { apiKeys, supportedFeatures, finalizedFeatures, finalizedFeaturesEpoch, ...rest } =
        response;
      const first = apiKeys.filter(({ apiKey }) => [0, 1, 3, 11, 18].includes(apiKey));
      const metadataFeature = supportedFeatures.filter(({ name }) => name === 'metadata.version');
      wire.note(`version ${version}, ${clientSoftwareName || 'no name'} ${clientSoftwareVersion}`, {
        ...rest,
        first,
        metadataFeature,
        finalized: finalizedFeatures.filter(({ name }) => name === 'metadata.version'),
        knowsEpoch: finalizedFeaturesEpoch >= 0,
      });
    };
    for (const version of [0, 1, 2, 3, 4]) await ask(version, 'raw-client');
    for (const name of ['', 'a b', '-a', 'a-', 'a.', 'a', 'ä', 'a--b']) await ask(3, name);
    await ask(3, 'a', '');
    await ask(3, 'a', '1.0-SNAPSHOT');
    await ask(4, 'a', '(1)');
  });

  raw.test('row 3: what is no request', async (wire) => {
    const ask = async (question: string, apiKey: number, version: number, rest: number[] = []) =>
      wire.frame(
        question,
        Buffer.from([
          ...[apiKey >> 8, apiKey & 0xff, version >> 8, version & 0xff, 0, 0, 0, 9],
          ...[0xff, 0xff, ...rest],
        ]),
      );
    await ask('ApiVersions 5', 18, 5);
    await ask('ApiVersions 99', 18, 99, [0, 1, 2]);
    await ask('ApiVersions -1', 18, 0xffff);
    await ask('ApiVersions 3 without body', 18, 3);
    await ask('ApiVersions 0 with a rest', 18, 0, [1, 2, 3]);
    await ask('Metadata 14', 3, 14, [0]);
    await ask('Metadata -1', 3, 0xffff);
    await ask('Produce 2', 0, 2);
    await ask('Produce 1', 0, 1);
    await ask('Fetch 3', 1, 3);
    await ask('ListOffsets 0', 2, 0);
    await ask('OffsetCommit 1', 8, 1);
    await ask('OffsetFetch 0', 9, 0);
    await ask('CreateTopics 1', 19, 1);
    await ask('InitProducerId 6', 22, 6);
    await ask('OffsetForLeaderEpoch 1', 23, 1);
    await ask('DescribeConfigs 0', 32, 0);
    await ask('SaslHandshake 2', 17, 2);
    await ask('key 71', 71, 0);
    await ask('key -1', 0xffff, 0);
    await ask('key 4', 4, 0);
    await ask('key 52', 52, 0);
    await ask('key 1000', 1_000, 0);
    await ask('Metadata 1 without body', 3, 1);
    await ask('Metadata 1 with a length too large', 3, 1, [0x7f, 0xff, 0xff, 0xff]);
    await wire.frame('nothing', Buffer.alloc(0));
    await wire.frame('three bytes', Buffer.alloc(3));
  });
});

function quorumOf({ topics, nodes, ...rest }: ResponseOf<typeof describeQuorum>) {
  return {
    ...rest,
    topics: topics.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.map(({ currentVoters, observers, ...partition }) => ({
        ...partition,
        leaderEpoch: partition.leaderEpoch > 0,
        highWatermark: partition.highWatermark > 0,
        observers,
        currentVoters: currentVoters.map((voter) => ({
          ...voter,
          logEndOffset: voter.logEndOffset > 0,
          replicaDirectoryId: voter.replicaDirectoryId === zeroUuid,
        })),
      })),
    })),
    nodes: nodes.map(({ nodeId, listeners }) => ({ nodeId, listeners: listeners.length })),
  };
}
