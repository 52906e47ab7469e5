import { createPartitions } from '../../../../src/protocol/messages/create-partitions.ts';
import { createTopics } from '../../../../src/protocol/messages/create-topics.ts';
import { deleteTopics } from '../../../../src/protocol/messages/delete-topics.ts';
import type { RequestInput } from '../../../../src/protocol/schema.ts';
import { zeroUuid } from '../../../../src/protocol/uuid.ts';
import { RawProtocol, type Question, type Wire } from '../../support/raw-protocol.ts';
import { describeTarget } from '../../support/suite.ts';

const raw = new RawProtocol('topics');
const unknownId = 'AAAAAAAAAAAAAAAAAAAABQ';

type Creatable = RequestInput<typeof createTopics>['topics'][number];
type Assignments = Creatable['assignments'];

function topic(name: string, more: Partial<Creatable> = {}): Creatable {
  return { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...more };
}

/** Only checks, at every version; where it would create, `validateOnly` keeps it from that. */
async function check(
  wire: Wire,
  question: string,
  topics: readonly Creatable[],
  more: Question & { validateOnly?: boolean } = {},
): Promise<void> {
  const { validateOnly = true } = more;
  await wire.ask(question, createTopics, () => ({ topics, timeoutMs: 10_000, validateOnly }), {
    anyOrder: true,
    ...more,
  });
}

const assigned = (...replicas: number[][]): Assignments =>
  replicas.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds }));

describeTarget('raw protocol: topics', () => {
  raw.test('rows 25, 26, 33: names', async (wire) => {
    const names = ['', '.', '..', 'a/b', 'a b', 'ä', 'x'.repeat(249), 'x'.repeat(250), '...', '-'];
    for (const name of names)
      await check(wire, `name ${name.slice(0, 5)} ${name.length}`, [topic(name)]);
    await wire.topic('a.b_c');
    await check(wire, 'exists', [topic(wire.name('a.b_c'))]);
    await check(wire, 'collides', [topic(wire.name('a_b_c'))]);
    await check(wire, 'collides otherwise', [topic(wire.name('a.b.c'))]);
    await check(wire, 'two that collide', [topic(wire.name('d.e')), topic(wire.name('d_e'))]);
    await check(wire, 'the metadata topic', [topic('__cluster_metadata')]);
    await check(wire, 'nothing', []);
  });

  raw.test('row 27: repeated and existing', async (wire) => {
    const name = wire.name('new');
    await check(wire, 'twice', [topic(name), topic(name), topic(wire.name('other'))]);
    await wire.topic('old');
    await check(wire, 'an old one', [topic(wire.name('old')), topic(wire.name('other'))]);
    const bad = { numPartitions: 0 };
    await check(wire, 'an old one, badly', [topic(wire.name('old'), bad)]);
  });

  raw.test('row 28: counts', async (wire) => {
    const name = wire.name('new');
    for (const numPartitions of [-2, -1, 0, 3, 10_001]) {
      await check(wire, `${numPartitions} partitions`, [topic(name, { numPartitions })]);
    }
    for (const replicationFactor of [-2, -1, 0, 2, 100]) {
      await check(wire, `${replicationFactor} replicas`, [topic(name, { replicationFactor })]);
    }
    const bad = { numPartitions: 0, replicationFactor: 0 };
    await check(wire, 'none of both', [topic(name, bad)]);
  });

  raw.test('row 29: assignments', async (wire) => {
    const name = wire.name('new');
    const by = async (question: string, assignments: Assignments, more: Partial<Creatable> = {}) =>
      check(wire, question, [
        topic(name, { numPartitions: -1, replicationFactor: -1, assignments, ...more }),
      ]);
    await by('one', assigned([1]));
    await by('three', assigned([1], [1], [1]));
    await by('with a count', assigned([1]), { numPartitions: 1 });
    await by('with a factor', assigned([1]), { replicationFactor: 1 });
    await by('with both', assigned([1]), { replicationFactor: 1, numPartitions: 1 });
    await by('no replicas', assigned([]));
    await by('no replicas of the second', assigned([1], []));
    await by('a replica twice', assigned([1, 1]));
    await by('unknown broker', assigned([7]));
    await by('negative broker', assigned([-1]));
    await by('different factors', assigned([1], [1, 7]));
    await by('a partition twice', [
      { partitionIndex: 0, brokerIds: [1] },
      { partitionIndex: 0, brokerIds: [1] },
    ]);
    await by('not from 0 on', [{ partitionIndex: 1, brokerIds: [1] }]);
    await by('negative partition', [{ partitionIndex: -1, brokerIds: [1] }]);
    await by('with a gap', [
      { partitionIndex: 0, brokerIds: [1] },
      { partitionIndex: 2, brokerIds: [1] },
    ]);
    await by('in another order', [
      { partitionIndex: 1, brokerIds: [1] },
      { partitionIndex: 0, brokerIds: [1] },
    ]);
  });

  raw.test('rows 31, 32: configurations', async (wire) => {
    const name = wire.name('new');
    const by = async (configs: Record<string, string | null>, more: Partial<Creatable> = {}) => {
      const list = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
      const question = list.map((one) => `${one.name}=${one.value ?? 'null'}`).join(', ');
      await check(wire, question, [topic(name, { configs: list, ...more })]);
    };
    await by({ 'cleanup.policy': 'compact', 'retention.ms': '1000' });
    await by({ nonsense: '1' });
    await by({ '': '1' });
    await by({ 'retention.ms': 'soon' });
    await by({ 'retention.ms': '' });
    await by({ 'retention.ms': ' 5 ' });
    await by({ 'retention.ms': '-2' });
    await by({ 'retention.ms': '99999999999999999999' });
    await by({ 'retention.ms': null });
    await by({ 'segment.bytes': '100' });
    await by({ 'segment.bytes': '2147483648' });
    await by({ 'max.message.bytes': '-1' });
    await by({ 'min.cleanable.dirty.ratio': '2' });
    await by({ 'min.cleanable.dirty.ratio': 'x' });
    await by({ 'cleanup.policy': 'shred' });
    await by({ 'cleanup.policy': '' });
    await by({ 'cleanup.policy': 'delete,delete' });
    await by({ 'cleanup.policy': 'compact, delete' });
    await by({ 'compression.type': 'zip' });
    await by({ 'compression.type': 'GZIP' });
    await by({ 'compression.gzip.level': '10' });
    await by({ 'compression.zstd.level': '23' });
    await by({ 'compression.lz4.level': '0' });
    await by({ 'message.timestamp.type': 'Time' });
    await by({ preallocate: 'yes' });
    await by({ preallocate: 'TRUE' });
    await by({ 'min.compaction.lag.ms': '10', 'max.compaction.lag.ms': '5' });
    await by({ 'retention.bytes': '1', 'local.retention.bytes': '2' });
    await by({ 'retention.ms': '1', 'local.retention.ms': '2' });
    await by({ 'remote.storage.enable': 'true' });
    await by({ 'leader.replication.throttled.replicas': 'x' });
    await by({ 'leader.replication.throttled.replicas': '*' });
    await by({ 'leader.replication.throttled.replicas': '0:1,1:1' });
    await by({ nonsense: '1', 'retention.ms': 'x' });
    await by({ nonsense: '1' }, { numPartitions: 0 });
    await by({ 'min.insync.replicas': '0' });
    await by({ 'min.insync.replicas': '2' });
    await by({ 'unclean.leader.election.enable': 'true' });
    await by({ 'file.delete.delay.ms': '-1' });
    await by({ 'index.interval.bytes': '-1' });
    await by({ 'segment.ms': '0' });
    await by({ 'flush.messages': '0' });
    await check(wire, 'a key twice', [
      topic(name, {
        configs: [
          { name: 'retention.ms', value: '1000' },
          { name: 'retention.ms', value: '2000' },
        ],
      }),
    ]);
  });

  raw.test('row 30: what is created, and what is only checked', async (wire) => {
    await check(wire, 'checked', [topic(wire.name('new'), { numPartitions: 2 })]);
    for (let version = 2; version <= 7; version++) {
      const name = wire.name(`v${version}`);
      wire.hide(name, 'name');
      const request = { topics: [topic(name, { numPartitions: 2 })], timeoutMs: 10_000 };
      const at = { from: version, to: version, validateOnly: false };
      await wire.ask(`created at ${version}`, createTopics, () => request, at);
      await wire.ask(`again at ${version}`, createTopics, () => request, at);
    }
    const mixed = [
      topic(wire.name('good')),
      topic('a/b'),
      topic(wire.name('bad'), { numPartitions: 0 }),
    ];
    await check(wire, 'good and bad ones', mixed, { from: 7, validateOnly: false });
    await check(wire, 'the good one is there', [topic(wire.name('good'))], { from: 7 });
    await check(wire, 'the bad one is not', [topic(wire.name('bad'))], { from: 7 });
  });

  raw.test('row 34: DeleteTopics by name', async (wire) => {
    const ask = async (question: string, names: readonly (string | null)[], at: Question = {}) =>
      wire.ask(
        question,
        deleteTopics,
        (version) =>
          version < 6
            ? { topicNames: names.filter((name) => name !== null), timeoutMs: 10_000 }
            : { topics: names.map((name) => ({ name, topicId: zeroUuid })), timeoutMs: 10_000 },
        { anyOrder: true, ...at },
      );
    await ask('unknown', [wire.name('unknown')]);
    await ask('a name that is none', ['a/b']);
    await ask('an empty name', ['']);
    await ask('nothing', []);
    await ask('the metadata topic', ['__cluster_metadata']);
    await ask('unknown twice', [wire.name('unknown'), wire.name('unknown')]);
    await ask('neither name nor id', [null], { from: 6 });
    for (let version = 1; version <= 6; version++) {
      await wire.topic(`v${version}`);
      await wire.topic(`w${version}`);
      const names = [wire.name(`v${version}`), wire.name('unknown'), wire.name(`w${version}`)];
      await ask(`deleted at ${version}`, names, { from: version, to: version });
    }
    await wire.topic('twice');
    await ask('twice', [wire.name('twice'), wire.name('twice')]);
  });

  raw.test('row 34: DeleteTopics by id', async (wire) => {
    const a = await wire.topic('a');
    const b = await wire.topic('b');
    const ask = async (question: string, topics: { name: string | null; topicId: string }[]) =>
      wire.ask(question, deleteTopics, () => ({ topics, timeoutMs: 10_000 }), {
        from: 6,
        anyOrder: true,
      });
    await ask('unknown', [{ name: null, topicId: unknownId }]);
    await ask('with a name', [a]);
    await ask('with an empty name', [{ ...a, name: '' }]);
    await ask('twice', [
      { ...a, name: null },
      { ...a, name: null },
    ]);
    await ask('by name and by id', [
      { ...a, name: null },
      { ...a, topicId: zeroUuid },
    ]);
    await ask('one', [{ ...a, name: null }]);
    await ask('again', [{ ...a, name: null }]);
    await ask('by name and by id, both of b', [
      { ...b, name: null },
      { ...b, topicId: zeroUuid },
    ]);
  });

  raw.test('row 36: CreatePartitions', async (wire) => {
    const { name } = await wire.topic('t', {}, 2);
    const ask = async (
      question: string,
      topics: { name?: string; count: number; assignments?: number[][] }[],
      more: Question & { validateOnly?: boolean } = {},
    ) =>
      wire.ask(
        question,
        createPartitions,
        () => ({
          topics: topics.map(({ assignments, ...one }) => ({
            name,
            ...one,
            assignments: assignments?.map((brokerIds) => ({ brokerIds })) ?? null,
          })),
          timeoutMs: 10_000,
          validateOnly: more.validateOnly ?? true,
        }),
        { anyOrder: true, ...more },
      );
    for (const count of [-1, 0, 1, 2, 3]) await ask(`to ${count}`, [{ count }]);
    // Kafka answers UNKNOWN_SERVER_ERROR here, and POLICY_VIOLATION when topics are created.
    await ask('to 10003', [{ count: 10_003 }], { onPurpose: 'as when topics are created' });
    await ask('unknown topic', [{ name: wire.name('unknown'), count: 3 }]);
    await ask('a name that is none', [{ name: 'a/b', count: 3 }]);
    await ask('twice', [{ count: 3 }, { count: 4 }]);
    await ask('twice beside another', [
      { count: 3 },
      { count: 4 },
      { name: wire.name('x'), count: 1 },
    ]);
    await ask('nothing', []);
    await ask('assigned', [{ count: 4, assignments: [[1], [1]] }]);
    await ask('too few assignments', [{ count: 4, assignments: [[1]] }]);
    await ask('too many assignments', [{ count: 3, assignments: [[1], [1]] }]);
    await ask('no assignments', [{ count: 3, assignments: [] }]);
    await ask('no replicas', [{ count: 3, assignments: [[]] }]);
    await ask('unknown broker', [{ count: 3, assignments: [[7]] }]);
    await ask('a replica twice', [{ count: 3, assignments: [[1, 1]] }]);
    await ask('different factors', [{ count: 4, assignments: [[1], [1, 7]] }]);
    await ask('another factor', [{ count: 3, assignments: [[1, 7]] }]);
    await ask('really', [{ count: 3 }], { validateOnly: false });
    await ask('once more', [{ count: 3 }]);
  });
});
