import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { errorCodes } from '../../src/protocol/error-codes.ts';
import { createPartitions } from '../../src/protocol/messages/create-partitions.ts';
import { deleteTopics } from '../../src/protocol/messages/delete-topics.ts';
import { deleteRecords } from '../../src/protocol/messages/delete-records.ts';
import { fetch } from '../../src/protocol/messages/fetch.ts';
import { zeroUuid } from '../../src/protocol/uuid.ts';
import { startBroker, type RunningBroker } from '../../src/broker/start-broker.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { RawClient } from '../support/raw-client.ts';
import {
  batchOf,
  createTopic,
  describeTopic,
  fetchAll,
  fetchOne,
  fetchRequest,
  produceBatch,
  produceValues,
  valuesOf,
  type FetchFrame,
  type FetchWish,
} from '../support/requests.ts';

let broker: RunningBroker;
let clock: ManualClock;
let client: RawClient;
let other: RawClient;
let topic = '';
let topics = 0;

beforeAll(async () => {
  clock = new ManualClock(Date.now());
  broker = await startBroker({ clock });
});

afterAll(() => broker.close());

beforeEach(async () => {
  client = await RawClient.connect(broker.bootstrapServers);
  other = await RawClient.connect(broker.bootstrapServers);
  topic = `t${topics++}`;
  await createTopic(client, topic, {}, 2);
});

afterEach(() => {
  client.close();
  other.close();
});

/** A fetch that is expected to wait, once it has reached the broker. */
async function parked(wishes: readonly FetchWish[], frame: FetchFrame): Promise<number> {
  const id = client.send(fetch, frame.version ?? 11, fetchRequest(wishes, frame));
  await settle(20);
  expect(client.unread).toBe(0);
  return id;
}

const answerTo = async (id: number, version = 11) => {
  const { responses } = await client.response(fetch, version, id);
  return responses[0]!.partitions[0]!;
};

describe('row 73: a fetch', () => {
  it('that may not wait is answered at once', async () => {
    expect(valuesOf(await fetchOne(client, { topic }))).toEqual([]);
  });

  it('without partitions is answered at once', async () => {
    const { responses } = await fetchAll(client, [], { maxWaitMs: 10_000 });
    expect(responses).toEqual([]);
  });

  it('with an error in one partition is answered at once', async () => {
    const wishes = [{ topic }, { topic, partition: 7 }];
    const { responses } = await fetchAll(client, wishes, { maxWaitMs: 10_000 });
    const codes = responses.flatMap(({ partitions }) => partitions.map((one) => one.errorCode));
    expect(codes).toEqual([0, errorCodes.UNKNOWN_TOPIC_OR_PARTITION]);
  });

  it('waits for maxWait and then answers with what there is', async () => {
    const id = await parked([{ topic }], { maxWaitMs: 500 });
    await clock.advance(499);
    await settle(5);
    expect(client.unread).toBe(0);
    await clock.advance(1);
    expect(valuesOf(await answerTo(id))).toEqual([]);
  });

  it('waits for minBytes in all its partitions together', async () => {
    const wishes = [{ topic }, { topic, partition: 1 }];
    const size = batchOf(['x'.repeat(100)]).length;
    const id = await parked(wishes, { maxWaitMs: 60_000, minBytes: size * 2 });
    await produceValues(other, ['x'.repeat(100)], { topic });
    await settle(5);
    expect(client.unread).toBe(0);
    await produceValues(other, ['y'.repeat(100)], { topic, partition: 1 });
    const { responses } = await client.response(fetch, 11, id);
    const found = responses.flatMap(({ partitions }) => partitions.map(valuesOf));
    expect(found.map((values) => values.length)).toEqual([1, 1]);
  });

  it('counts what was there before it began to wait', async () => {
    const size = batchOf(['x'.repeat(100)]).length;
    await produceValues(other, ['x'.repeat(100)], { topic });
    const id = await parked([{ topic }], { maxWaitMs: 60_000, minBytes: size * 3 });
    await produceValues(other, ['x'.repeat(100)], { topic });
    await settle(5);
    expect(client.unread).toBe(0);
    await produceValues(other, ['x'.repeat(100)], { topic });
    expect(valuesOf(await answerTo(id))).toHaveLength(3);
  });

  it('wants no more than maxBytes, whatever minBytes says', async () => {
    const id = await parked([{ topic }], { maxWaitMs: 60_000, minBytes: 1_000_000, maxBytes: 50 });
    await produceValues(other, ['x'.repeat(100)], { topic });
    expect(valuesOf(await answerTo(id))).toHaveLength(1);
  });
});

describe('row 74: a waiting fetch', () => {
  it('is woken by records that are committed', async () => {
    const id = await parked([{ topic }], { maxWaitMs: 60_000 });
    await produceValues(other, ['news'], { topic });
    expect(valuesOf(await answerTo(id))).toEqual([{ offset: 0, value: 'news' }]);
  });

  it('ends when its topic is deleted', async () => {
    const id = await parked([{ topic }], { maxWaitMs: 60_000 });
    await other.request(deleteTopics, 6, {
      topics: [{ name: topic, topicId: zeroUuid }],
      timeoutMs: 1000,
    });
    expect((await answerTo(id)).errorCode).toBe(errorCodes.UNKNOWN_TOPIC_OR_PARTITION);
  });

  it('ends when the log begins behind its offset', async () => {
    await produceValues(other, ['a', 'b'], { topic });
    const id = await parked([{ topic }], { maxWaitMs: 60_000, minBytes: 1_000_000 });
    await other.request(deleteRecords, 2, {
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, offset: 2 }] }],
      timeoutMs: 1000,
    });
    expect((await answerTo(id)).errorCode).toBe(errorCodes.OFFSET_OUT_OF_RANGE);
  });

  it('goes on in a topic that gets more partitions', async () => {
    const id = await parked([{ topic }], { maxWaitMs: 60_000 });
    await other.request(createPartitions, 3, {
      topics: [{ name: topic, count: 3, assignments: null }],
      timeoutMs: 1000,
      validateOnly: false,
    });
    await produceValues(other, ['news'], { topic });
    expect(valuesOf(await answerTo(id))).toHaveLength(1);
  });

  it('is answered when the broker stops', async () => {
    const stopping = await startBroker({ topics: ['orders'], clock });
    const reader = await RawClient.connect(stopping.bootstrapServers);
    const wishes = fetchRequest([{ topic: 'orders' }], { maxWaitMs: 60_000 });
    const id = reader.send(fetch, 11, wishes);
    await settle(20);
    expect(reader.unread).toBe(0);
    const stopped = stopping.close();
    const { responses } = await reader.response(fetch, 11, id);
    expect(responses[0]!.partitions[0]!.errorCode).toBe(errorCodes.NOT_LEADER_OR_FOLLOWER);
    reader.close();
    await stopped;
  });

  it('is forgotten when its client goes', async () => {
    await parked([{ topic }], { maxWaitMs: 60_000 });
    const timers = clock.pendingTimers;
    client.close();
    await settle(20);
    await clock.advance(60_000);
    expect(clock.pendingTimers).toBeLessThanOrEqual(timers);
  });
});

describe('row 75: at least one batch', () => {
  it('comes whole, however little is asked for', async () => {
    await produceValues(other, ['x'.repeat(1000)], { topic });
    const found = await fetchOne(client, { topic, partitionMaxBytes: 10 }, { maxBytes: 10 });
    expect(valuesOf(found)).toHaveLength(1);
  });

  it('comes from the first partition that has one, the others get what is left', async () => {
    for (const partition of [0, 1])
      await produceValues(other, ['x'.repeat(1000)], { topic, partition });
    const wishes = [{ topic }, { topic, partition: 1 }];
    const { responses } = await fetchAll(client, wishes, { maxBytes: 1500 });
    const [first, second] = responses[0]!.partitions;
    expect(valuesOf(first!)).toHaveLength(1);
    expect(second).toMatchObject({ errorCode: 0, highWatermark: 1 });
    expect(valuesOf(second!)).toHaveLength(0);
  });
});

describe('row 76: the size of a response', () => {
  it('stays below fetch.max.bytes', async () => {
    const small = await startBroker({
      topics: ['orders'],
      properties: { 'fetch.max.bytes': '2048' },
    });
    const reader = await RawClient.connect(small.bootstrapServers);
    for (let i = 0; i < 5; i++) await produceValues(reader, ['x'.repeat(900)]);
    expect(valuesOf(await fetchOne(reader))).toHaveLength(2);
    reader.close();
    await small.close();
  });

  it('stays below the bytes asked for', async () => {
    for (let i = 0; i < 5; i++) await produceValues(other, ['x'.repeat(900)], { topic });
    expect(valuesOf(await fetchOne(client, { topic, partitionMaxBytes: 3000 }))).toHaveLength(3);
  });
});

describe('row 77: an offset inside a batch', () => {
  it('gives the whole batch', async () => {
    await produceValues(other, ['a', 'b', 'c'], { topic });
    await produceValues(other, ['d'], { topic });
    const found = valuesOf(await fetchOne(client, { topic, fetchOffset: 2 }));
    expect(found.map(({ offset }) => offset)).toEqual([0, 1, 2, 3]);
  });
});

describe('row 78: offsets', () => {
  it('at the end give nothing and no error', async () => {
    await produceValues(other, ['a'], { topic });
    const found = await fetchOne(client, { topic, fetchOffset: 1 });
    expect(found).toMatchObject({ errorCode: 0, highWatermark: 1 });
    expect(valuesOf(found)).toEqual([]);
  });

  it.each([2, -1])('%i are out of range', async (fetchOffset) => {
    await produceValues(other, ['a'], { topic });
    const found = await fetchOne(client, { topic, fetchOffset });
    expect(found).toMatchObject({ errorCode: errorCodes.OFFSET_OUT_OF_RANGE, highWatermark: -1 });
    expect(valuesOf(found)).toEqual([]);
  });
});

describe('row 79: who sees what', () => {
  it.each([
    ['a consumer', -1, 0],
    ['a consumer of committed records', -1, 1],
    ['a debugging reader', -2, 0],
  ])('%s sees what is committed', async (_who, replicaId, isolationLevel) => {
    await produceValues(other, ['a'], { topic });
    const found = await fetchOne(client, { topic }, { replicaId, isolationLevel });
    expect(valuesOf(found)).toHaveLength(1);
  });
});

describe('rows 80 to 82: what else is told', () => {
  it('row 80: aborted transactions are a list for read_committed, else null', async () => {
    await produceValues(other, ['a'], { topic });
    const committed = await fetchOne(client, { topic }, { isolationLevel: 1 });
    expect(committed.abortedTransactions).toEqual([]);
    expect((await fetchOne(client, { topic })).abortedTransactions).toBeNull();
  });

  it('rows 81 and 82: the three offsets, also without records', async () => {
    await produceValues(other, ['a', 'b'], { topic });
    const found = await fetchOne(client, { topic, fetchOffset: 2 });
    expect(found).toMatchObject({ highWatermark: 2, lastStableOffset: 2, logStartOffset: 0 });
  });
});

describe('row 83: the leader epoch', () => {
  it('is checked when the client has one', async () => {
    const { partitions } = await describeTopic(client, topic);
    const epoch = partitions[0]!.leaderEpoch;
    const at = (currentLeaderEpoch: number) => fetchOne(client, { topic, currentLeaderEpoch });
    expect((await at(epoch)).errorCode).toBe(0);
    expect((await at(-1)).errorCode).toBe(0);
    expect((await at(epoch + 1)).errorCode).toBe(errorCodes.UNKNOWN_LEADER_EPOCH);
    if (epoch > 0) {
      expect((await at(epoch - 1)).errorCode).toBe(errorCodes.FENCED_LEADER_EPOCH);
    }
  });
});

describe('row 84: a diverging epoch', () => {
  it('is told instead of records', async () => {
    await produceValues(other, ['a', 'b'], { topic });
    const epoch = (await describeTopic(client, topic)).partitions[0]!.leaderEpoch;
    const frame = { version: 12 };
    const agreed = await fetchOne(
      client,
      { topic, fetchOffset: 1, lastFetchedEpoch: epoch },
      frame,
    );
    expect(valuesOf(agreed)).toHaveLength(2);
    const beyond = await fetchOne(
      client,
      { topic, fetchOffset: 9, lastFetchedEpoch: epoch },
      frame,
    );
    expect(beyond).toMatchObject({ errorCode: 0, divergingEpoch: { epoch, endOffset: 2 } });
    expect(valuesOf(beyond)).toEqual([]);
  });

  it('that the log has never heard of is out of range', async () => {
    await produceValues(other, ['a'], { topic });
    const wish = { topic, fetchOffset: 1, lastFetchedEpoch: 1_000 };
    const found = await fetchOne(client, wish, { version: 12 });
    expect(found.errorCode).toBe(errorCodes.OFFSET_OUT_OF_RANGE);
  });
});

describe('rows 85 to 87: sessions', () => {
  const start = async (wishes: readonly FetchWish[]) => {
    const { sessionId } = await fetchAll(client, wishes, { sessionId: 0, sessionEpoch: 0 });
    expect(sessionId).toBeGreaterThan(0);
    return sessionId;
  };
  const next = (sessionId: number, sessionEpoch: number, frame: FetchFrame = {}) =>
    fetchAll(client, [], { sessionId, sessionEpoch, ...frame });

  it('row 85: epoch -1 has none', async () => {
    const { sessionId } = await fetchAll(client, [{ topic }], { sessionEpoch: -1 });
    expect(sessionId).toBe(0);
  });

  it('row 85: an unknown id and a wrong epoch are refused as a whole', async () => {
    expect(await next(987_654, 1)).toMatchObject({
      errorCode: errorCodes.FETCH_SESSION_ID_NOT_FOUND,
      responses: [],
    });
    const sessionId = await start([{ topic }]);
    expect(await next(sessionId, 5)).toMatchObject({
      errorCode: errorCodes.INVALID_FETCH_SESSION_EPOCH,
      responses: [],
    });
  });

  it('row 86: an incremental response tells what is new, and no more', async () => {
    const sessionId = await start([{ topic }, { topic, partition: 1 }]);
    expect((await next(sessionId, 1)).responses).toEqual([]);
    await produceValues(other, ['a'], { topic, partition: 1 });
    const third = await next(sessionId, 2);
    expect(third.responses[0]!.partitions.map((one) => one.partitionIndex)).toEqual([1]);
    // The client moves on; the partition is known to it as it is.
    const moved = await fetchAll(client, [{ topic, partition: 1, fetchOffset: 1 }], {
      sessionId,
      sessionEpoch: 3,
    });
    expect(moved).toMatchObject({ sessionId, errorCode: 0, responses: [] });
  });

  it('row 86: forgotten partitions are left out', async () => {
    const sessionId = await start([{ topic }, { topic, partition: 1 }]);
    await produceValues(other, ['a'], { topic });
    const { responses } = await next(sessionId, 1, { forgotten: [{ topic }] });
    expect(responses).toEqual([]);
  });

  it('row 86: an incremental fetch waits for all of its partitions', async () => {
    const sessionId = await start([{ topic }, { topic, partition: 1 }]);
    const id = await parked([], { sessionId, sessionEpoch: 1, maxWaitMs: 60_000 });
    await produceValues(other, ['a'], { topic, partition: 1 });
    expect(valuesOf(await answerTo(id))).toHaveLength(1);
  });

  it('row 85: one that waits is refused when another request has used its session', async () => {
    const sessionId = await start([{ topic }]);
    const id = await parked([], { sessionId, sessionEpoch: 1, maxWaitMs: 60_000 });
    await fetchAll(other, [], { sessionId, sessionEpoch: 2 });
    await produceValues(other, ['a'], { topic });
    const { errorCode } = await client.response(fetch, 11, id);
    expect(errorCode).toBe(errorCodes.INVALID_FETCH_SESSION_EPOCH);
  });

  it('row 87: names and ids do not mix', async () => {
    const sessionId = await start([{ topic }]);
    const { errorCode } = await next(sessionId, 1, { version: 13 });
    expect(errorCode).toBe(errorCodes.FETCH_SESSION_TOPIC_ID_ERROR);
  });
});

describe('topic ids', () => {
  it('row 35: a topic made anew has another id, which old sessions hear of', async () => {
    const { topicId } = await describeTopic(client, topic);
    const frame = { version: 13, sessionId: 0, sessionEpoch: 0 };
    const { sessionId } = await fetchAll(client, [{ topic: '', topicId }], frame);
    const remove = { topics: [{ name: topic, topicId: zeroUuid }], timeoutMs: 1000 };
    await other.request(deleteTopics, 6, remove);
    const gone = await fetchAll(client, [], { version: 13, sessionId, sessionEpoch: 1 });
    expect(gone.responses[0]!.partitions[0]!.errorCode).toBe(errorCodes.UNKNOWN_TOPIC_OR_PARTITION);
    await createTopic(other, topic);
    const again = await fetchAll(client, [], { version: 13, sessionId, sessionEpoch: 2 });
    expect(again.responses[0]!.partitions[0]!.errorCode).toBe(errorCodes.INCONSISTENT_TOPIC_ID);
    const fresh = await fetchOne(client, { topic: '', topicId }, { version: 13 });
    expect(fresh.errorCode).toBe(errorCodes.UNKNOWN_TOPIC_ID);
  });
});

describe('every version of Fetch', () => {
  it.each([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18])(
    '%i is served',
    async (version) => {
      await produceValues(other, ['a'], { topic });
      const { topicId } = await describeTopic(client, topic);
      const wish = version < 13 ? { topic } : { topic: '', topicId };
      // From 15 on the replica is told in a tagged field.
      const found = await fetchOne(client, wish, { version });
      expect(valuesOf(found)).toEqual([{ offset: 0, value: 'a' }]);
    },
  );
});

describe('fetching while producing', () => {
  it('loses and repeats nothing', async () => {
    const total = 300;
    const writing = (async () => {
      for (let i = 0; i < total; i++) {
        await produceBatch(other, batchOf([String(i)]), { topic, acks: i % 2 === 0 ? -1 : 1 });
      }
    })();
    const seen: string[] = [];
    while (seen.length < total) {
      const found = valuesOf(
        await fetchOne(client, { topic, fetchOffset: seen.length }, { maxWaitMs: 10_000 }),
      );
      seen.push(...found.map(({ value }) => value));
    }
    await writing;
    expect(seen).toEqual(Array.from({ length: total }, (_, i) => String(i)));
  });
});

describe('partitions of a request', () => {
  /** Topic entries, each with its partitions and where they are fetched from. */
  async function partitionsAnswered(
    entries: readonly (readonly (readonly [partition: number, fetchOffset: number])[])[],
  ) {
    const id = client.send(fetch, 11, {
      ...fetchRequest([{ topic }], { maxWaitMs: 0 }),
      topics: entries.map((partitions) => ({
        topic,
        topicId: zeroUuid,
        partitions: partitions.map(([partition, fetchOffset]) => ({
          partition,
          currentLeaderEpoch: -1,
          fetchOffset,
          lastFetchedEpoch: -1,
          logStartOffset: -1,
          partitionMaxBytes: 1_000,
        })),
      })),
    });
    const { responses } = await client.response(fetch, 11, id);
    return responses.flatMap(({ partitions }) =>
      partitions.map(({ partitionIndex, errorCode }) => [partitionIndex, errorCode]),
    );
  }
  const { OFFSET_OUT_OF_RANGE: outOfRange } = errorCodes;

  it.each([
    ['in order', [[[0, 0] as const, [1, 0] as const]]],
    ['in another order', [[[1, 0] as const, [0, 0] as const]]],
    ['in two entries of their topic', [[[1, 0] as const], [[0, 0] as const]]],
  ])('that are named once, %s', async (_order, entries) => {
    expect(await partitionsAnswered(entries)).toEqual(entries.flat());
  });

  it.each([
    ['one after the other', [[[1, 9] as const, [1, 0] as const, [0, 9] as const]]],
    ['apart', [[[1, 9] as const, [0, 9] as const, [1, 0] as const]]],
    ['in two entries', [[[1, 9] as const, [0, 9] as const], [[1, 0] as const]]],
  ])('named twice count as the last one says, %s', async (_where, entries) => {
    expect(await partitionsAnswered(entries)).toEqual([
      [1, errorCodes.NONE],
      [0, outOfRange],
    ]);
  });
});
