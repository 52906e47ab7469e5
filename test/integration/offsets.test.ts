import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { errorCodes } from '../../src/protocol/error-codes.ts';
import { deleteRecords } from '../../src/protocol/messages/delete-records.ts';
import { describeLogDirs } from '../../src/protocol/messages/describe-log-dirs.ts';
import { describeProducers } from '../../src/protocol/messages/describe-producers.ts';
import { listOffsets } from '../../src/protocol/messages/list-offsets.ts';
import { offsetForLeaderEpoch } from '../../src/protocol/messages/offset-for-leader-epoch.ts';
import { startBroker, type RunningBroker } from '../../src/broker/start-broker.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { RawClient } from '../support/raw-client.ts';
import {
  batchOf,
  createTopic,
  describeTopic,
  fetchOne,
  produceBatch,
  produceValues,
  valuesOf,
} from '../support/requests.ts';

let broker: RunningBroker;
let clock: ManualClock;
let client: RawClient;
let topic = '';
let topics = 0;

beforeAll(async () => {
  clock = new ManualClock(Date.now());
  broker = await startBroker({ clock, properties: { 'log.retention.check.interval.ms': '1000' } });
});

afterAll(() => broker.close());

beforeEach(async () => {
  client = await RawClient.connect(broker.bootstrapServers);
  topic = `t${topics++}`;
  await createTopic(client, topic);
});

afterEach(() => client.close());

const latest = -1;
const earliest = -2;
const maxTimestamp = -3;
const earliestLocal = -4;
const latestTiered = -5;
const earliestPendingUpload = -6;

async function list(
  timestamp: number,
  { version = 11, isolationLevel = 0, currentLeaderEpoch = -1, partition = 0, name = topic } = {},
) {
  const response = await client.request(listOffsets, version, {
    replicaId: -1,
    isolationLevel,
    topics: [{ name, partitions: [{ partitionIndex: partition, currentLeaderEpoch, timestamp }] }],
  });
  return response.topics[0]!.partitions[0]!;
}

/** One batch of records at these times. */
async function produceAt(...timestamps: number[]): Promise<void> {
  const records = timestamps.map((timestamp) => ({ timestamp, value: Buffer.from('v') }));
  const { errorCode } = await produceBatch(client, batchOf([], { records }), { topic });
  expect(errorCode).toBe(0);
}

describe('row 89: ListOffsets', () => {
  it('-1 is the end, -2 the start', async () => {
    await produceValues(client, ['a', 'b'], { topic });
    expect(await list(latest)).toMatchObject({ errorCode: 0, offset: 2 });
    expect(await list(latest, { isolationLevel: 1 })).toMatchObject({ offset: 2 });
    expect(await list(earliest)).toMatchObject({ errorCode: 0, offset: 0 });
    expect(await list(earliestLocal)).toMatchObject({ errorCode: 0, offset: 0 });
  });

  it.each([
    [maxTimestamp, 7],
    [earliestLocal, 8],
    [latestTiered, 9],
    [earliestPendingUpload, 11],
  ])('%i is a question from version %i on', async (timestamp, version) => {
    expect((await list(timestamp, { version: version - 1 })).errorCode).toBe(
      errorCodes.UNSUPPORTED_VERSION,
    );
    expect((await list(timestamp, { version })).errorCode).toBe(errorCodes.NONE);
  });

  it('an unknown negative timestamp is refused', async () => {
    expect((await list(-9)).errorCode).toBe(errorCodes.UNSUPPORTED_VERSION);
  });

  it('unknown partitions and wrong epochs are refused', async () => {
    const unknown = errorCodes.UNKNOWN_TOPIC_OR_PARTITION;
    expect((await list(latest, { partition: 4 })).errorCode).toBe(unknown);
    expect((await list(latest, { name: 'nowhere' })).errorCode).toBe(unknown);
    const { errorCode } = await list(latest, { currentLeaderEpoch: 99 });
    expect(errorCode).toBe(errorCodes.UNKNOWN_LEADER_EPOCH);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])('version %i is served', async (version) => {
    await produceValues(client, ['a'], { topic });
    const found = await list(latest, { version });
    expect(found).toMatchObject({ errorCode: 0, offset: 1, timestamp: -1 });
  });
});

describe('row 90: by timestamp', () => {
  it('the ends have no timestamp', async () => {
    await produceValues(client, ['a'], { topic });
    expect((await list(latest)).timestamp).toBe(-1);
    expect((await list(earliest)).timestamp).toBe(-1);
  });

  it('finds the first record that is not older, inside its batch', async () => {
    const now = clock.wallMs();
    await produceAt(now + 10, now + 20, now + 30);
    await produceAt(now + 25, now + 40);
    expect(await list(now + 15)).toMatchObject({ offset: 1, timestamp: now + 20 });
    expect(await list(now + 30)).toMatchObject({ offset: 2, timestamp: now + 30 });
    expect(await list(now + 31)).toMatchObject({ offset: 4, timestamp: now + 40 });
    expect(await list(0)).toMatchObject({ offset: 0, timestamp: now + 10 });
  });

  it('finds nothing behind the last record, and that is no error', async () => {
    await produceAt(clock.wallMs());
    const late = clock.wallMs() + 1_000_000;
    expect(await list(late)).toMatchObject({ errorCode: 0, offset: -1, timestamp: -1 });
  });
});

describe('row 91: the largest timestamp', () => {
  it('is told with the record that has it, not the last one', async () => {
    const now = clock.wallMs();
    await produceAt(now + 10, now + 90, now + 30);
    await produceAt(now + 40);
    expect(await list(maxTimestamp)).toMatchObject({ offset: 1, timestamp: now + 90 });
  });

  it('is unknown in an empty partition, as is what tiers hold', async () => {
    const nothing = { errorCode: 0, offset: -1, timestamp: -1 };
    expect(await list(maxTimestamp)).toMatchObject(nothing);
    expect(await list(latestTiered)).toMatchObject(nothing);
  });
});

describe('row 92: a partition asked for twice', () => {
  it('is INVALID_REQUEST in ListOffsets', async () => {
    const partition = { partitionIndex: 0, currentLeaderEpoch: -1, timestamp: latest };
    const response = await client.request(listOffsets, 5, {
      replicaId: -1,
      topics: [{ name: topic, partitions: [partition, partition] }],
    });
    for (const { errorCode } of response.topics[0]!.partitions) {
      expect(errorCode).toBe(errorCodes.INVALID_REQUEST);
    }
  });
});

describe('row 93: OffsetForLeaderEpoch', () => {
  const ask = async (leaderEpoch: number, { version = 4, currentLeaderEpoch = -1 } = {}) => {
    const response = await client.request(offsetForLeaderEpoch, version, {
      replicaId: -1,
      topics: [{ topic, partitions: [{ partition: 0, currentLeaderEpoch, leaderEpoch }] }],
    });
    return response.topics[0]!.partitions[0]!;
  };

  it.each([2, 3, 4])(
    'version %i: the present epoch ends at the end of the log',
    async (version) => {
      await produceValues(client, ['a', 'b'], { topic });
      const epoch = (await describeTopic(client, topic)).partitions[0]!.leaderEpoch;
      expect(await ask(epoch, { version })).toMatchObject({
        errorCode: 0,
        leaderEpoch: epoch,
        endOffset: 2,
      });
    },
  );

  it('an epoch nobody knows is -1, and no error', async () => {
    await produceValues(client, ['a'], { topic });
    expect(await ask(1_000)).toMatchObject({ errorCode: 0, leaderEpoch: -1, endOffset: -1 });
  });

  it('the client may be behind or ahead', async () => {
    const { errorCode } = await ask(0, { currentLeaderEpoch: 99 });
    expect(errorCode).toBe(errorCodes.UNKNOWN_LEADER_EPOCH);
  });
});

describe('row 94: DeleteRecords', () => {
  const remove = async (offset: number, name = topic, version = 2) => {
    const response = await client.request(deleteRecords, version, {
      topics: [{ name, partitions: [{ partitionIndex: 0, offset }] }],
      timeoutMs: 1_000,
    });
    return response.topics[0]!.partitions[0]!;
  };

  it.each([0, 1, 2])('version %i moves the start of the log', async (version) => {
    for (const value of ['a', 'b', 'c']) await produceValues(client, [value], { topic });
    expect(await remove(2, topic, version)).toMatchObject({ errorCode: 0, lowWatermark: 2 });
    expect(await list(earliest)).toMatchObject({ offset: 2 });
    const before = await fetchOne(client, { topic, fetchOffset: 1 });
    expect(before.errorCode).toBe(errorCodes.OFFSET_OUT_OF_RANGE);
    expect(valuesOf(await fetchOne(client, { topic, fetchOffset: 2 }))).toHaveLength(1);
  });

  it('-1 means all that is committed', async () => {
    await produceValues(client, ['a', 'b'], { topic });
    expect(await remove(-1)).toMatchObject({ errorCode: 0, lowWatermark: 2 });
  });

  it('beyond the end is refused', async () => {
    await produceValues(client, ['a'], { topic });
    expect(await remove(2)).toMatchObject({
      errorCode: errorCodes.OFFSET_OUT_OF_RANGE,
      lowWatermark: -1,
    });
  });

  it('is refused where nothing is ever deleted', async () => {
    await createTopic(client, `${topic}-c`, { 'cleanup.policy': 'compact' });
    expect((await remove(0, `${topic}-c`)).errorCode).toBe(errorCodes.POLICY_VIOLATION);
  });

  it('is refused where the topic is unknown', async () => {
    expect((await remove(0, 'nowhere')).errorCode).toBe(errorCodes.UNKNOWN_TOPIC_OR_PARTITION);
  });
});

/** More than there are logs: each takes one. */
const turnsOfRetention = 200;

describe('row 95: retention', () => {
  it('by time moves the start of the log, by the timestamps of the records', async () => {
    await createTopic(client, `${topic}-r`, { 'retention.ms': '60000' });
    const wish = { topic: `${topic}-r` };
    await produceValues(client, ['old'], wish);
    await clock.advance(30_000);
    expect(await list(earliest, { name: wish.topic })).toMatchObject({ offset: 0 });
    await clock.advance(40_000);
    await settle(turnsOfRetention);
    expect(await list(earliest, { name: wish.topic })).toMatchObject({ offset: 1 });
    expect(await produceValues(client, ['new'], wish)).toBe(1);
  });

  it('by size deletes whole segments', async () => {
    await createTopic(client, `${topic}-s`, {
      'retention.bytes': '1500000',
      'segment.bytes': '1048576',
    });
    const wish = { topic: `${topic}-s` };
    for (let i = 0; i < 8; i++) await produceValues(client, ['x'.repeat(500_000)], wish);
    await clock.advance(2_000);
    await settle(turnsOfRetention);
    const { offset } = await list(earliest, { name: wish.topic });
    expect(offset).toBeGreaterThan(0);
    expect(offset % 2).toBe(0); // two batches a segment
  });
});

describe('DescribeLogDirs', () => {
  it.each([1, 2, 3, 4, 5])('version %i tells the size of partitions', async (version) => {
    await produceValues(client, ['x'.repeat(1000)], { topic });
    const wish = { topics: [{ topic, partitions: [0] }] };
    const { results } = await client.request(describeLogDirs, version, wish);
    expect(results).toHaveLength(1);
    const [found] = results[0]!.topics;
    expect(found).toMatchObject({ name: topic });
    expect(found!.partitions[0]!.partitionSize).toBeGreaterThan(1000);
    expect(found!.partitions[0]).toMatchObject({ offsetLag: 0, isFutureKey: false });
  });

  it('tells of all partitions when asked for none in particular', async () => {
    const { results } = await client.request(describeLogDirs, 4, { topics: null });
    expect(results[0]!.topics.map(({ name }) => name)).toContain(topic);
  });
});

describe('DescribeProducers', () => {
  it('tells who wrote lately', async () => {
    const batch = batchOf(['a', 'b'], { producerId: 12, producerEpoch: 3, baseSequence: 0 });
    await produceBatch(client, batch, { topic });
    const ask = { topics: [{ name: topic, partitionIndexes: [0, 5] }] };
    const response = await client.request(describeProducers, 0, ask);
    const [known, unknown] = response.topics[0]!.partitions;
    expect(known!.activeProducers).toEqual([
      expect.objectContaining({
        producerId: 12,
        producerEpoch: 3,
        lastSequence: 1,
        currentTxnStartOffset: -1,
      }),
    ]);
    expect(unknown!.errorCode).toBe(errorCodes.UNKNOWN_TOPIC_OR_PARTITION);
  });
});
