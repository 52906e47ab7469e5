import { deleteRecords } from '../../../../src/protocol/messages/delete-records.ts';
import { deleteTopics } from '../../../../src/protocol/messages/delete-topics.ts';
import { fetch } from '../../../../src/protocol/messages/fetch.ts';
import { produce } from '../../../../src/protocol/messages/produce.ts';
import { buildBatch, type BatchInput } from '../../../../src/protocol/record-batch.ts';
import type { RequestInput, ResponseOf } from '../../../../src/protocol/schema.ts';
import {
  fetchRequest,
  produceRequest,
  type FetchFrame,
  type FetchWish,
} from '../../../support/requests.ts';
import { RawProtocol, type Question, type Topic, type Wire } from '../../support/raw-protocol.ts';
import { describeTarget } from '../../support/suite.ts';

const startMs = 1_700_000_000_000;
const raw = new RawProtocol('fetch');
const unknownId = 'AAAAAAAAAAAAAAAAAAAABQ';

async function put(
  wire: Wire,
  { name }: Topic,
  values: readonly string[],
  more: Partial<BatchInput> & { partition?: number } = {},
): Promise<void> {
  const { partition = 0, ...batch } = more;
  const records = values.map((value, i) => ({ timestamp: startMs + i, value: Buffer.from(value) }));
  const bytes = buildBatch({ records, ...batch });
  await wire.quietly(produce, 12, produceRequest(bytes, { topic: name, partition }));
}

/** A topic with batches of offsets 0-2, 3-4 and 5. */
async function filled(wire: Wire, what = 't', numPartitions = 1): Promise<Topic> {
  const topic = await wire.topic(what, {}, numPartitions);
  for (let partition = 0; partition < numPartitions; partition++) {
    await put(wire, topic, ['a', 'b', 'c'], { partition });
    await put(wire, topic, ['d', 'e'], { partition });
    await put(wire, topic, ['f'], { partition });
  }
  return topic;
}

async function ask(
  wire: Wire,
  question: string,
  { name, topicId }: Topic,
  wishes: FetchWish | readonly FetchWish[],
  frame: FetchFrame & Question = {},
): Promise<void> {
  const list = (Array.isArray(wishes) ? wishes : [wishes]) as readonly FetchWish[];
  await wire.ask(
    question,
    fetch,
    () =>
      fetchRequest(
        list.map((wish) => ({ topic: name, topicId, ...wish })),
        frame,
      ),
    frame,
  );
}

const new12 = { from: 12 };

describeTarget('raw protocol: Fetch', () => {
  raw.test('rows 77, 78, 81: offsets', async (wire) => {
    const topic = await filled(wire);
    await ask(wire, 'from 0', topic, { fetchOffset: 0 });
    await ask(wire, 'inside a batch', topic, { fetchOffset: 4 });
    await ask(wire, 'the last', topic, { fetchOffset: 5 });
    await ask(wire, 'at the end', topic, { fetchOffset: 6 });
    await ask(wire, 'behind the end', topic, { fetchOffset: 7 });
    await ask(wire, 'negative', topic, { fetchOffset: -1 });
    await ask(wire, 'read_committed', topic, {}, { isolationLevel: 1 });
    await ask(wire, 'read_committed at the end', topic, { fetchOffset: 6 }, { isolationLevel: 1 });
    await ask(wire, 'read_committed behind', topic, { fetchOffset: 7 }, { isolationLevel: 1 });
    await ask(wire, 'a debugging reader', topic, { fetchOffset: 6 }, { replicaId: -2, to: 14 });
    const empty = await wire.topic('empty');
    await ask(wire, 'an empty log', empty, {});
    await ask(wire, 'an empty log, behind', empty, { fetchOffset: 1 });
  });

  raw.test('row 75: sizes', async (wire) => {
    const topic = await filled(wire, 't', 2);
    const sizes = { from: 11, to: 13 };
    for (const maxBytes of [0, 1, 80, 100, 200, 1_000]) {
      await ask(wire, `max bytes ${maxBytes}`, topic, {}, { maxBytes, ...sizes });
    }
    for (const partitionMaxBytes of [0, 1, 80, 100, 200]) {
      await ask(
        wire,
        `partition max bytes ${partitionMaxBytes}`,
        topic,
        { partitionMaxBytes },
        sizes,
      );
    }
    const both = (first: FetchWish, second: FetchWish): FetchWish[] => [
      { partition: 0, ...first },
      { partition: 1, ...second },
    ];
    await ask(wire, 'two partitions', topic, both({}, {}), sizes);
    for (const maxBytes of [0, 1, 200, 250, 260, 300, 340, 400]) {
      await ask(wire, `two within ${maxBytes}`, topic, both({}, {}), { maxBytes, ...sizes });
    }
    const small = { partitionMaxBytes: 1 };
    await ask(wire, 'two of 1 byte each', topic, both(small, small), sizes);
    await ask(wire, 'the second of 90', topic, both({}, { partitionMaxBytes: 90 }), sizes);
    const end = { fetchOffset: 6 };
    await ask(wire, 'the first has nothing', topic, both(end, small), sizes);
    await ask(wire, 'the first is out of range', topic, both({ fetchOffset: 9 }, small), sizes);
    await ask(wire, 'inside, small', topic, { fetchOffset: 4, partitionMaxBytes: 1 }, sizes);
  });

  raw.test('row 76: a read stays within a segment', async (wire) => {
    const topic = await wire.topic('t', { 'segment.bytes': '1048576' });
    for (let i = 0; i < 8; i++) await put(wire, topic, [`${i}`.repeat(300_000), 'b']);
    const at = { from: 12, to: 12 };
    for (const fetchOffset of [0, 3, 4, 6, 8, 14, 15, 16]) {
      await ask(wire, `from ${fetchOffset}`, topic, { fetchOffset }, at);
      const half = { fetchOffset, partitionMaxBytes: 610_000 };
      await ask(wire, `two from ${fetchOffset}`, topic, half, at);
    }
    const beyond = { ...at, minBytes: 1_500_000, maxWaitMs: 100 };
    await ask(wire, 'more than a segment is waited for', topic, {}, beyond);
  });

  raw.test('row 73: waiting', async (wire) => {
    const topic = await filled(wire);
    const timed = async (what: string, wish: FetchWish, frame: FetchFrame) => {
      const { maxWaitMs = 0 } = frame;
      const beforeMs = performance.now();
      await ask(wire, what, topic, wish, { ...frame, from: 12, to: 12 });
      const tookMs = performance.now() - beforeMs;
      wire.note(`${what}: waits`, tookMs >= maxWaitMs - 10 && maxWaitMs > 0); // clocks of two processes
    };
    await timed('at the end', { fetchOffset: 6 }, { maxWaitMs: 150 });
    await timed('min bytes 0', { fetchOffset: 6 }, { maxWaitMs: 2_000, minBytes: 0 });
    await timed('enough', {}, { maxWaitMs: 2_000, minBytes: 200 });
    await timed('not enough', {}, { maxWaitMs: 150, minBytes: 10_000 });
    await timed('min above max', {}, { maxWaitMs: 2_000, minBytes: 10_000, maxBytes: 100 });
    await timed('out of range', { fetchOffset: 9 }, { maxWaitMs: 2_000 });
    await timed('unknown partition', { partition: 3 }, { maxWaitMs: 2_000 });
    await timed('negative wait', { fetchOffset: 6 }, { maxWaitMs: -1 });
    await ask(wire, 'nothing asked', topic, [], { maxWaitMs: 2_000, minBytes: 1 });
  });

  raw.test('rows 60, 21: unknown topics and partitions', async (wire) => {
    const topic = await filled(wire);
    await ask(wire, 'unknown topic', { ...topic, name: wire.name('unknown') }, {}, { to: 12 });
    await ask(wire, 'no name', { ...topic, name: '' }, {}, { to: 12 });
    await ask(wire, 'unknown partition', topic, { partition: 1 });
    await ask(wire, 'negative partition', topic, { partition: -1 });
    await ask(wire, 'unknown id', { ...topic, topicId: unknownId }, {}, { from: 13 });
    const zero = 'AAAAAAAAAAAAAAAAAAAAAA';
    await ask(wire, 'zero id', { ...topic, topicId: zero }, {}, { from: 13 });
    const wishes = [{ topicId: unknownId, topic: wire.name('x') }, {}, { partition: 4 }];
    await ask(wire, 'one of three is good', topic, wishes, { from: 12 });
  });

  raw.test('a partition twice in a request', async (wire) => {
    const topic = await filled(wire);
    await ask(wire, 'twice', topic, [{ fetchOffset: 5 }, { fetchOffset: 3 }], { from: 12 });
  });

  raw.test('row 83: leader epochs', async (wire) => {
    const topic = await filled(wire);
    await ask(wire, 'current', topic, { currentLeaderEpoch: 0 }, { from: 9 });
    await ask(wire, 'newer', topic, { currentLeaderEpoch: 1 }, { from: 9 });
    await ask(wire, 'negative', topic, { currentLeaderEpoch: -2 }, { from: 9 });
  });

  raw.test('row 84: diverging epochs', async (wire) => {
    const topic = await filled(wire);
    const at = async (lastFetchedEpoch: number, fetchOffset: number) => {
      const question = `epoch ${lastFetchedEpoch}, offset ${fetchOffset}`;
      await ask(wire, question, topic, { lastFetchedEpoch, fetchOffset }, new12);
    };
    await at(0, 3);
    await at(0, 6);
    await at(0, 7);
    await at(1, 3);
    await at(1, 0);
    await at(7, 6);
    await at(-2, 3);
    await at(0, -1);
    const empty = await wire.topic('empty');
    await ask(wire, 'an empty log', empty, { lastFetchedEpoch: 0 }, new12);
    await ask(wire, 'an empty log, epoch 3', empty, { lastFetchedEpoch: 3 }, new12);
  });

  raw.test('row 94: after DeleteRecords', async (wire) => {
    const topic = await filled(wire);
    await wire.quietly(deleteRecords, 2, {
      topics: [{ name: topic.name, partitions: [{ partitionIndex: 0, offset: 4 }] }],
      timeoutMs: 5_000,
    });
    await ask(wire, 'below the start', topic, { fetchOffset: 3 });
    await ask(wire, 'at the start, inside a batch', topic, { fetchOffset: 4 });
    await ask(
      wire,
      'below the start with an epoch',
      topic,
      { fetchOffset: 3, lastFetchedEpoch: 0 },
      new12,
    );
  });

  raw.test('rack and cluster id', async (wire) => {
    const topic = await filled(wire);
    const request = () => fetchRequest([{ topic: topic.name, topicId: topic.topicId }]);
    await wire.ask('a rack', fetch, () => ({ ...request(), rackId: 'here' }), { from: 11 });
    await wire.ask('another cluster', fetch, () => ({ ...request(), clusterId: 'other' }), new12);
  });

  raw.test('rows 85, 86: sessions', async (wire) => {
    const topic = await filled(wire, 't', 3);
    const other = await filled(wire, 'u');
    for (const version of [7, 11, 12, 13, 18]) await session(wire, version, topic, other);
  });

  raw.test('row 85: sessions that are not there', async (wire) => {
    const topic = await filled(wire);
    const frame = (sessionId: number, sessionEpoch: number) => ({
      sessionId,
      sessionEpoch,
      from: 7,
    });
    await ask(wire, 'unknown id', topic, {}, frame(12_345, 1));
    await ask(wire, 'unknown id, epoch 0', topic, {}, frame(12_345, 0));
    await ask(wire, 'unknown id, to be closed', topic, {}, frame(12_345, -1));
    await ask(wire, 'no id, epoch 1', topic, {}, frame(0, 1));
    await ask(wire, 'epoch -2', topic, {}, frame(0, -2));
  });

  raw.test('rows 35, 87: sessions by name and by id', async (wire) => {
    const topic = await filled(wire);
    const steps = new Session(wire, topic, 12, 'by name');
    await steps.ask('created', [{}]);
    steps.version = 13;
    await steps.ask('then by id', [{}]);
    const byId = new Session(wire, topic, 13, 'by id');
    await byId.ask('created', [{}]);
    byId.version = 12;
    await byId.ask('then by name', [{}]);
  });

  raw.test('row 35: a session of a topic that is deleted', async (wire) => {
    for (const version of [12, 13]) {
      const topic = await filled(wire, `t${version}`);
      const gone = await filled(wire, `gone${version}`);
      const steps = new Session(wire, topic, version, `v${version}`);
      await steps.ask('created', [{ fetchOffset: 6 }, { ...topicOf(gone), fetchOffset: 6 }]);
      await wire.quietly(deleteTopics, 5, { topicNames: [gone.name], timeoutMs: 5_000 });
      await wire.untilGone(gone.name);
      await steps.ask('the topic is gone', []);
      await steps.ask('it still is', []);
      await steps.ask('forgotten', [], [topicOf(gone)]);
      await steps.ask('nothing new', []);
    }
  });

  raw.test('row 86: an unknown topic in a session', async (wire) => {
    for (const version of [12, 13]) {
      const topic = await filled(wire, `t${version}`);
      const steps = new Session(wire, topic, version, `v${version}`);
      const unknown = { topic: wire.name('unknown'), topicId: unknownId };
      await steps.ask('created', [{ fetchOffset: 6 }, unknown]);
      await steps.ask('again', []);
    }
  });
});

const topicOf = ({ name, topicId }: Topic): FetchWish => ({ topic: name, topicId });

/** A client's fetch session. */
class Session {
  id = 0;
  epoch = 0;
  private step = 0;

  constructor(
    private readonly wire: Wire,
    private readonly topic: Topic,
    public version: number,
    private readonly title: string,
  ) {}

  async ask(
    what: string,
    wishes: readonly FetchWish[],
    forgotten: readonly FetchWish[] = [],
    frame: FetchFrame = {},
  ): Promise<void> {
    const mine = topicOf(this.topic);
    const request: RequestInput<typeof fetch> = fetchRequest(
      wishes.map((wish) => ({ ...mine, ...wish })),
      {
        sessionId: this.id,
        sessionEpoch: this.epoch,
        forgotten: forgotten.map((wish) => ({ ...mine, ...wish })),
        ...frame,
      },
    );
    this.step += 1;
    let response: ResponseOf<typeof fetch> | undefined;
    const question = `${this.title}, ${this.step}. ${what}`;
    const at = { from: this.version, to: this.version };
    await this.wire.ask(
      question,
      fetch,
      () => request,
      at,
      (answer) => (response = answer),
    );
    if (response?.errorCode === 0) {
      this.id = response.sessionId;
      this.epoch += 1;
    }
  }
}

async function session(wire: Wire, version: number, topic: Topic, other: Topic): Promise<void> {
  const steps = new Session(wire, topic, version, `v${version}`);
  const end = (partition: number) => ({ partition, fetchOffset: 6 });
  await steps.ask('created', [{ fetchOffset: 5 }, end(1), { ...topicOf(other), fetchOffset: 6 }]);
  await steps.ask('the same offsets', []);
  await steps.ask('moved on', [end(0)]);
  await steps.ask('nothing new', []);
  await steps.ask('a wait', [], [], { maxWaitMs: 30 });
  await put(wire, topic, ['g'], { partition: 1 });
  await steps.ask('one has more', []);
  await steps.ask('still', []);
  await steps.ask('moved on', [{ partition: 1, fetchOffset: 7 }]);
  await steps.ask('one is added', [{ partition: 2, fetchOffset: 5 }]);
  await steps.ask('an unknown one is added', [{ partition: 9 }]);
  await steps.ask('it is told of again', []);
  await steps.ask('one is forgotten', [], [{ partition: 9 }]);
  await steps.ask('forgotten without being known', [], [{ partition: 8 }]);
  await steps.ask('all are moved on', [{ partition: 2, fetchOffset: 6 }]);
  await wire.quietly(deleteRecords, 2, {
    topics: [{ name: topic.name, partitions: [{ partitionIndex: 0, offset: 2 }] }],
    timeoutMs: 5_000,
  });
  await steps.ask('the start has moved', []);
  await steps.ask('nothing new again', []);
  await steps.ask('out of range', [{ partition: 0, fetchOffset: 90 }]);
  await steps.ask('still out of range', []);
  await steps.ask('back in range', [end(0)]);
  await steps.ask(
    'forgotten and added in one',
    [{ partition: 1, fetchOffset: 6 }],
    [{ partition: 1 }],
  );
  await steps.ask('wrong epoch', [], [], { sessionEpoch: 90 });
  await steps.ask('the session lives on', []);
  await steps.ask('closed', [{ fetchOffset: 5 }], [], { sessionEpoch: -1 });
  await steps.ask('it is gone', [], [], {
    sessionId: steps.id === 0 ? 99 : steps.id,
    sessionEpoch: 5,
  });
  const empty = new Session(wire, topic, version, `v${version} without partitions`);
  await empty.ask('created', []);
  await empty.ask('one is added', [{ partition: 2, fetchOffset: 5 }]);
  await empty.ask('all are forgotten', [], [{ partition: 2 }]);
}
