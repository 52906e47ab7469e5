import { deleteRecords } from '../../../../src/protocol/messages/delete-records.ts';
import { describeProducers } from '../../../../src/protocol/messages/describe-producers.ts';
import { initProducerId } from '../../../../src/protocol/messages/init-producer-id.ts';
import { listOffsets } from '../../../../src/protocol/messages/list-offsets.ts';
import { offsetForLeaderEpoch } from '../../../../src/protocol/messages/offset-for-leader-epoch.ts';
import { produce } from '../../../../src/protocol/messages/produce.ts';
import { buildBatch, type BatchInput } from '../../../../src/protocol/record-batch.ts';
import { produceRequest } from '../../../support/requests.ts';
import { RawProtocol, type Question, type Topic, type Wire } from '../../support/raw-protocol.ts';
import { describeTarget } from '../../support/suite.ts';

const startMs = 1_700_000_000_000;
const raw = new RawProtocol('offsets');

/** Records at these ms after the start. */
async function put(
  wire: Wire,
  { name }: Topic,
  times: readonly number[],
  more: Partial<BatchInput> & { partition?: number } = {},
): Promise<void> {
  const { partition = 0, ...batch } = more;
  const records = times.map((ms) => ({
    timestamp: ms < 0 ? -1 : startMs + ms,
    key: Buffer.from('k'),
    value: Buffer.from(`${ms}`),
  }));
  const bytes = buildBatch({ records, ...batch });
  await wire.quietly(produce, 12, produceRequest(bytes, { topic: name, partition }));
}

interface Asked {
  readonly partitionIndex?: number;
  readonly timestamp: number;
  readonly currentLeaderEpoch?: number;
}

async function ask(
  wire: Wire,
  question: string,
  { name }: Topic,
  asked: Asked | readonly Asked[],
  more: Question & { isolationLevel?: number; replicaId?: number } = {},
): Promise<void> {
  const list = (Array.isArray(asked) ? asked : [asked]) as readonly Asked[];
  const partitions = list.map((one) => ({ partitionIndex: 0, ...one }));
  const { isolationLevel = 0, replicaId = -1 } = more;
  await wire.ask(
    question,
    listOffsets,
    (version) => ({
      replicaId,
      isolationLevel: version < 2 ? 0 : isolationLevel,
      topics: [{ name, partitions }],
      timeoutMs: 1_000,
    }),
    more,
  );
}

/** Batches 0-2 at 0, 10, 20; 3-4 at 50, 30; 5-7 at 40, 60, 60; 8 at 35. */
async function filled(wire: Wire, more: Partial<BatchInput> = {}): Promise<Topic> {
  const topic = await wire.topic('t', {}, 2);
  await put(wire, topic, [0, 10, 20], more);
  await put(wire, topic, [50, 30], more);
  await put(wire, topic, [40, 60, 60], more);
  await put(wire, topic, [35], more);
  return topic;
}

const specials = [-1, -2, -3, -4, -5, -6, -7, -100];

describeTarget('raw protocol: offsets', () => {
  raw.test('row 89: special timestamps', async (wire) => {
    const topic = await filled(wire);
    const empty = await wire.topic('empty');
    for (const timestamp of specials) {
      await ask(wire, `${timestamp}`, topic, { timestamp });
      await ask(wire, `${timestamp} of an empty log`, empty, { timestamp });
      await ask(
        wire,
        `${timestamp}, committed`,
        topic,
        { timestamp },
        { isolationLevel: 1, from: 2 },
      );
    }
    await ask(wire, '-1 for a debugging reader', topic, { timestamp: -1 }, { replicaId: -2 });
  });

  for (const compression of ['none', 'gzip'] as const) {
    raw.test(`rows 90, 91: timestamps, ${compression}`, async (wire) => {
      const topic = await filled(wire, { compression });
      for (const ms of [-1_000, 0, 1, 10, 15, 20, 21, 30, 35, 40, 50, 51, 60, 61]) {
        await ask(wire, `+${ms}`, topic, { timestamp: startMs + ms });
      }
      await ask(wire, 'the largest', topic, { timestamp: -3 }, { from: 7 });
      await ask(wire, 'of an empty log', topic, { timestamp: startMs, partitionIndex: 1 });
    });
  }

  raw.test('rows 90, 91: LogAppendTime, and no time at all', async (wire) => {
    const append = await wire.topic('append', { 'message.timestamp.type': 'LogAppendTime' });
    await put(wire, append, [0, 10]);
    const writtenMs = Date.now();
    while (Date.now() <= writtenMs) await new Promise(setImmediate); // a later time for the second
    await put(wire, append, [20]);
    await ask(wire, 'before', append, { timestamp: startMs });
    await ask(wire, 'after', append, { timestamp: Date.now() + 3_600_000 });
    await ask(wire, 'the largest', append, { timestamp: -3 }, { from: 7 });
    const timeless = await wire.topic('timeless');
    await put(wire, timeless, [-1, -1]);
    await ask(wire, 'timeless', timeless, { timestamp: 0 });
    await ask(wire, 'timeless, the largest', timeless, { timestamp: -3 }, { from: 7 });
  });

  raw.test('row 92: unknown, repeated, other epochs', async (wire) => {
    const topic = await filled(wire);
    await ask(wire, 'unknown topic', { ...topic, name: wire.name('unknown') }, { timestamp: -1 });
    await ask(wire, 'unknown partition', topic, { timestamp: -1, partitionIndex: 5 });
    await ask(wire, 'negative partition', topic, { timestamp: -1, partitionIndex: -1 });
    await ask(wire, 'repeated', topic, [{ timestamp: -1 }, { timestamp: -2 }]);
    const three = [{ timestamp: -1 }, { timestamp: -2 }, { timestamp: -1, partitionIndex: 1 }];
    await ask(wire, 'repeated beside another', topic, three, { anyOrder: true });
    await ask(wire, 'unknown version, unknown partition', topic, {
      timestamp: -9,
      partitionIndex: 5,
    });
    for (const currentLeaderEpoch of [0, 1, -2]) {
      const epoch = `epoch ${currentLeaderEpoch}`;
      await ask(wire, epoch, topic, { timestamp: -1, currentLeaderEpoch }, { from: 4 });
      await ask(wire, `${epoch}, -2`, topic, { timestamp: -2, currentLeaderEpoch }, { from: 4 });
      const timestamp = startMs;
      await ask(wire, `${epoch}, by time`, topic, { timestamp, currentLeaderEpoch }, { from: 4 });
    }
    await wire.ask('nothing', listOffsets, () => ({ replicaId: -1, topics: [] }));
  });

  raw.test('row 94: DeleteRecords', async (wire) => {
    const topic = await filled(wire);
    const to = async (
      offset: number,
      more: Question & { partition?: number } = {},
      name = topic.name,
    ) => {
      const partitionIndex = more.partition ?? 0;
      const partitions = [{ partitionIndex, offset }];
      const question = `to ${offset} of ${partitionIndex}`;
      await wire.ask(
        name === topic.name ? question : `${question}, ${name.replace(/.*\./, '')}`,
        deleteRecords,
        () => ({ topics: [{ name, partitions }], timeoutMs: 5_000 }),
        more,
      );
    };
    await to(4);
    await ask(wire, 'earliest', topic, { timestamp: -2 }, { from: 4 });
    await ask(wire, 'by an old time', topic, { timestamp: startMs }, { from: 4 });
    await ask(wire, 'largest', topic, { timestamp: -3 }, { from: 7 });
    await to(2);
    await to(10);
    await to(-2);
    await to(9);
    await ask(wire, 'earliest of all', topic, { timestamp: -2 }, { from: 4 });
    await ask(wire, 'largest of all', topic, { timestamp: -3 }, { from: 7 });
    await put(wire, topic, [1, 2]);
    await to(-1);
    await to(-1, { partition: 1 });
    await to(0, { partition: 7 });
    await to(0, {}, wire.name('unknown'));
    const compacted = await wire.topic('compacted', { 'cleanup.policy': 'compact' });
    await put(wire, compacted, [1, 2]);
    await to(1, {}, compacted.name);
    const both = await wire.topic('both', { 'cleanup.policy': 'compact,delete' });
    await put(wire, both, [1, 2]);
    await to(1, {}, both.name);
    const internal = await wire.offsetsTopic();
    await to(0, {}, internal.name);
    await wire.ask('nothing', deleteRecords, () => ({ topics: [], timeoutMs: 1_000 }));
  });

  raw.test('row 93: OffsetForLeaderEpoch', async (wire) => {
    const topic = await filled(wire);
    const of = async (
      question: string,
      asked: { partition?: number; leaderEpoch: number; currentLeaderEpoch?: number },
      name = topic.name,
    ) =>
      wire.ask(question, offsetForLeaderEpoch, () => ({
        replicaId: -1,
        topics: [{ topic: name, partitions: [{ partition: 0, ...asked }] }],
      }));
    for (const leaderEpoch of [0, 1, 5, -1, -2]) {
      await of(`epoch ${leaderEpoch}`, { leaderEpoch });
      await of(`epoch ${leaderEpoch} of an empty log`, { leaderEpoch, partition: 1 });
    }
    await of('current 0', { leaderEpoch: 0, currentLeaderEpoch: 0 });
    await of('current 1', { leaderEpoch: 0, currentLeaderEpoch: 1 });
    await of('unknown partition', { leaderEpoch: 0, partition: 5 });
    await of('unknown topic', { leaderEpoch: 0 }, wire.name('unknown'));
    const one = { partition: 0, leaderEpoch: 0 };
    await wire.ask('repeated', offsetForLeaderEpoch, () => ({
      topics: [{ topic: topic.name, partitions: [one, one] }],
    }));
  });

  raw.test('row 154: DescribeProducers', async (wire) => {
    const topic = await wire.topic('t', {}, 2);
    const of = async (question: string, name: string, partitionIndexes: number[]) =>
      wire.ask(question, describeProducers, () => ({ topics: [{ name, partitionIndexes }] }));
    await of('nobody', topic.name, [0]);
    await put(wire, topic, [0, 1], { producerId: 700_000_001, producerEpoch: 3, baseSequence: 0 });
    await put(wire, topic, [2], { producerId: 700_000_001, producerEpoch: 3, baseSequence: 2 });
    await put(wire, topic, [3]);
    await of('one', topic.name, [0, 1]);
    await of('unknown partition', topic.name, [5]);
    await of('negative partition', topic.name, [-1]);
    await of('unknown topic', wire.name('unknown'), [0]);
    await of('a name that is none', 'a/b', [0]);
    await of('repeated', topic.name, [1, 1]);
    await wire.ask('nothing', describeProducers, () => ({ topics: [] }));
  });

  raw.test('row 71: InitProducerId of idempotent producers', async (wire) => {
    const init = async (
      question: string,
      more: { transactionTimeoutMs?: number; producerId?: number; producerEpoch?: number } = {},
      from = 0,
    ) =>
      wire.ask(
        question,
        initProducerId,
        () => ({ transactionalId: null, transactionTimeoutMs: 60_000, ...more }),
        { from },
      );
    await wire.producerId();
    await init('new');
    await init('no timeout', { transactionTimeoutMs: 0 });
    await init('negative timeout', { transactionTimeoutMs: -1 });
    await init('long timeout', { transactionTimeoutMs: 2_000_000_000 });
    await init('with an id and epoch', { producerId: 4, producerEpoch: 2 }, 3);
    await init('with an id', { producerId: 4 }, 3);
    await init('with an epoch', { producerEpoch: 4 }, 3);
    await wire.ask('empty transactional id', initProducerId, () => ({
      transactionalId: '',
      transactionTimeoutMs: 60_000,
    }));
  });
});
