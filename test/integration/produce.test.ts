import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { errorCodes } from '../../src/protocol/error-codes.ts';
import {
  buildControlBatch,
  encodeEndTransactionMarker,
} from '../../src/protocol/control-record.ts';
import { findCoordinator } from '../../src/protocol/messages/find-coordinator.ts';
import { initProducerId } from '../../src/protocol/messages/init-producer-id.ts';
import { produce } from '../../src/protocol/messages/produce.ts';
import {
  attributesAt,
  baseOffsetAt,
  compressionAt,
  crcAt,
  isLogAppendTimeAt,
  maxTimestampAt,
  partitionLeaderEpochAt,
} from '../../src/protocol/record-batch.ts';
import { crc32c } from '../../src/protocol/crc32c.ts';
import { startBroker, type RunningBroker } from '../../src/broker/start-broker.ts';
import { RawClient } from '../support/raw-client.ts';
import {
  batchOf,
  createTopic,
  describeTopic,
  fetchOne,
  produceBatch,
  produceRequest,
  produceValues,
  rangeOf,
  valuesOf,
} from '../support/requests.ts';

let broker: RunningBroker;
let client: RawClient;
let topic = '';
let topics = 0;

beforeAll(async () => {
  broker = await startBroker();
});

afterAll(() => broker.close());

beforeEach(async () => {
  client = await RawClient.connect(broker.bootstrapServers);
  topic = `t${topics++}`;
  await createTopic(client, topic);
});

afterEach(() => client.close());

/** Sets bytes of a batch and makes its checksum right again. */
function patched(batch: Buffer, change: (batch: Buffer) => void): Buffer {
  const copy = Buffer.from(batch);
  change(copy);
  copy.writeUInt32BE(crc32c(copy, 21, copy.length), 17);
  return copy;
}

const fetchStored = async (name = topic): Promise<Buffer> => {
  const { records } = await fetchOne(client, { topic: name });
  return Buffer.from(records!.buffer.subarray(records!.start, records!.end));
};

describe('row 48: exactly one batch of format 2', () => {
  it.each([
    ['none', Buffer.alloc(0)],
    ['two', Buffer.concat([batchOf(['a']), batchOf(['b'])])],
    ['one of format 1', patched(batchOf(['a']), (batch) => batch.writeInt8(1, 16))],
  ])('%s is refused', async (_what, records) => {
    const { errorCode, baseOffset } = await produceBatch(client, records, { topic });
    expect(errorCode).toBe(errorCodes.INVALID_RECORD);
    expect(baseOffset).toBe(-1);
  });

  it('spoils no other partition of the request', async () => {
    await createTopic(client, `${topic}-2`, {}, 2);
    const response = await client.request(produce, 11, {
      acks: -1,
      timeoutMs: 1000,
      topicData: [
        {
          name: `${topic}-2`,
          partitionData: [
            { index: 0, records: rangeOf(Buffer.alloc(0)) },
            { index: 1, records: rangeOf(batchOf(['good'])) },
          ],
        },
      ],
    });
    const answers = response.responses[0]!.partitionResponses;
    expect(answers.map(({ errorCode }) => errorCode)).toEqual([errorCodes.INVALID_RECORD, 0]);
  });
});

describe('row 49: a batch is checked', () => {
  it.each([
    ['a base offset that is not 0', (batch: Buffer) => batch.writeBigInt64BE(5n, 0)],
    ['a count that does not agree', (batch: Buffer) => batch.writeInt32BE(3, 57)],
    ['a last offset delta that does not agree', (batch: Buffer) => batch.writeInt32BE(4, 23)],
    ['a producer without a sequence', (batch: Buffer) => batch.writeBigInt64BE(7n, 43)],
  ])('%s is refused', async (_what, change) => {
    const { errorCode } = await produceBatch(client, patched(batchOf(['a', 'b']), change), {
      topic,
    });
    expect(errorCode).toBe(errorCodes.INVALID_RECORD);
  });

  it('control batches do not come from clients', async () => {
    const marker = buildControlBatch({
      type: 'COMMIT',
      value: encodeEndTransactionMarker(0),
      producerId: 1,
      producerEpoch: 0,
      timestamp: Date.now(),
    });
    const { errorCode } = await produceBatch(client, marker, { topic });
    expect(errorCode).not.toBe(errorCodes.NONE);
  });

  it('a wrong checksum is CORRUPT_MESSAGE', async () => {
    const batch = batchOf(['a']);
    batch[batch.length - 1] = batch[batch.length - 1]! ^ 1;
    expect((await produceBatch(client, batch, { topic })).errorCode).toBe(
      errorCodes.CORRUPT_MESSAGE,
    );
  });
});

describe('row 50: size limits', () => {
  it('max.message.bytes counts the whole batch, compressed', async () => {
    const batch = batchOf(['x'.repeat(1000)]);
    await createTopic(client, `${topic}-small`, { 'max.message.bytes': String(batch.length) });
    const wish = { topic: `${topic}-small` };
    expect((await produceBatch(client, batch, wish)).errorCode).toBe(errorCodes.NONE);
    const larger = batchOf(['x'.repeat(1001)]);
    expect((await produceBatch(client, larger, wish)).errorCode).toBe(errorCodes.MESSAGE_TOO_LARGE);
    const squeezed = batchOf(['x'.repeat(5000)], { compression: 'gzip' });
    expect((await produceBatch(client, squeezed, wish)).errorCode).toBe(errorCodes.NONE);
  });

  it('a batch larger than a segment is RECORD_LIST_TOO_LARGE', async () => {
    const config = { 'max.message.bytes': '5000000', 'segment.bytes': '1048576' };
    await createTopic(client, `${topic}-seg`, config);
    const { errorCode } = await produceBatch(client, batchOf(['x'.repeat(2_000_000)]), {
      topic: `${topic}-seg`,
    });
    expect(errorCode).toBe(errorCodes.RECORD_LIST_TOO_LARGE);
  });
});

describe('row 51: acks', () => {
  it.each([-2, 2, 17])('%i is refused', async (acks) => {
    const { errorCode } = await produceBatch(client, batchOf(['a']), { topic, acks });
    expect(errorCode).toBe(errorCodes.INVALID_REQUIRED_ACKS);
  });

  it.each([-1, 1])('%i is served', async (acks) => {
    const { errorCode } = await produceBatch(client, batchOf(['a']), { topic, acks });
    expect(errorCode).toBe(errorCodes.NONE);
  });
});

describe('row 53: zstd', () => {
  it('needs Produce 7', async () => {
    const batch = batchOf(['a'], { compression: 'zstd' });
    const at = (version: number) => produceBatch(client, batch, { topic, version });
    expect((await at(6)).errorCode).toBe(errorCodes.UNSUPPORTED_COMPRESSION_TYPE);
    expect((await at(7)).errorCode).toBe(errorCodes.NONE);
    expect(valuesOf(await fetchOne(client, { topic }, { version: 4 }))).toHaveLength(1);
  });
});

describe('row 54: a compacted topic', () => {
  it('refuses records without a key, and says which', async () => {
    await createTopic(client, `${topic}-c`, { 'cleanup.policy': 'compact' });
    const answer = await produceBatch(client, batchOf(['a', 'b']), { topic: `${topic}-c` });
    expect(answer.errorCode).toBe(errorCodes.INVALID_RECORD);
    expect(answer.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([0, 1]);
    expect(answer.errorMessage).not.toBe('');
    expect(valuesOf(await fetchOne(client, { topic: `${topic}-c` }))).toEqual([]);
  });
});

describe('row 55: timestamps', () => {
  it('too far in the future are refused', async () => {
    const timestamp = Date.now() + 2 * 3_600_000;
    const batch = batchOf([], { records: [{ timestamp, value: Buffer.from('a') }] });
    const { errorCode } = await produceBatch(client, batch, { topic });
    expect(errorCode).toBe(errorCodes.INVALID_TIMESTAMP);
  });

  it('too far in the past are refused where the topic says so', async () => {
    await createTopic(client, `${topic}-past`, { 'message.timestamp.before.max.ms': '1000' });
    const old = batchOf([], {
      records: [{ timestamp: Date.now() - 5_000, value: Buffer.from('a') }],
    });
    const { errorCode } = await produceBatch(client, old, { topic: `${topic}-past` });
    expect(errorCode).toBe(errorCodes.INVALID_TIMESTAMP);
  });
});

describe('row 56: LogAppendTime', () => {
  it('is stamped by the broker', async () => {
    await createTopic(client, `${topic}-lat`, { 'message.timestamp.type': 'LogAppendTime' });
    const records = [{ timestamp: 5, value: Buffer.from('a') }];
    const wish = { topic: `${topic}-lat` };
    const { logAppendTimeMs } = await produceBatch(client, batchOf([], { records }), wish);
    expect(logAppendTimeMs).toBeGreaterThan(1_600_000_000_000);
    const stored = await fetchStored(`${topic}-lat`);
    expect(isLogAppendTimeAt(stored, 0)).toBe(true);
    expect(maxTimestampAt(stored, 0)).toBe(logAppendTimeMs);
    expect(crcAt(stored, 0)).toBe(crc32c(stored, 21, stored.length));
  });

  it('is not for clients to claim', async () => {
    await createTopic(client, `${topic}-mine`, { 'message.timestamp.type': 'LogAppendTime' });
    const claimed = batchOf(['a'], { logAppendTime: Date.now() });
    const wish = { topic: `${topic}-mine` };
    const { errorCode, logAppendTimeMs } = await produceBatch(client, claimed, wish);
    expect(errorCode).toBe(errorCodes.INVALID_TIMESTAMP);
    expect(logAppendTimeMs).toBe(-1);
  });
});

describe('row 57: compression.type', () => {
  it('other than producer recompresses', async () => {
    await createTopic(client, `${topic}-gz`, { 'compression.type': 'gzip' });
    await produceValues(client, ['x'.repeat(100)], { topic: `${topic}-gz` });
    expect(compressionAt(await fetchStored(`${topic}-gz`), 0)).toBe('gzip');
  });

  it('producer keeps the bytes', async () => {
    const batch = batchOf(['x'.repeat(100)], { compression: 'lz4' });
    await produceBatch(client, batch, { topic });
    const stored = await fetchStored();
    expect(stored.subarray(16)).toEqual(batch.subarray(16));
  });
});

describe('row 58: offsets and leader epoch', () => {
  it('are set outside of the checksum', async () => {
    await produceValues(client, ['a', 'b'], { topic });
    await produceValues(client, ['c'], { topic });
    const { records } = await fetchOne(client, { topic, fetchOffset: 2 });
    const at = records!.start;
    const { partitions } = await describeTopic(client, topic);
    expect(baseOffsetAt(records!.buffer, at)).toBe(2);
    expect(partitionLeaderEpochAt(records!.buffer, at)).toBe(partitions[0]!.leaderEpoch);
    expect(attributesAt(records!.buffer, at)).toBe(0);
  });
});

describe('row 59: what is answered', () => {
  it('is the offset and the start of the log, or -1 for both', async () => {
    const good = await produceBatch(client, batchOf(['a']), { topic });
    expect(good).toMatchObject({ baseOffset: 0, logStartOffset: 0, logAppendTimeMs: -1 });
    const bad = await produceBatch(client, Buffer.alloc(0), { topic });
    expect(bad).toMatchObject({ baseOffset: -1, logStartOffset: -1 });
  });
});

describe('row 60: where a batch goes', () => {
  it('an unknown topic or partition is refused', async () => {
    const batch = batchOf(['a']);
    for (const wish of [{ topic: 'nowhere' }, { topic, partition: 9 }, { topic, partition: -1 }]) {
      const { errorCode } = await produceBatch(client, batch, wish);
      expect(errorCode).toBe(errorCodes.UNKNOWN_TOPIC_OR_PARTITION);
    }
  });

  it('v13 goes by topic id', async () => {
    const { topicId } = await describeTopic(client, topic);
    const wish = { topic: '', version: 13 };
    const known = await produceBatch(client, batchOf(['a']), { ...wish, topicId });
    expect(known.errorCode).toBe(errorCodes.NONE);
    const unknown = await produceBatch(client, batchOf(['a']), {
      ...wish,
      topicId: 'oiwwT0xKQ2e8YxHM2T0c7A',
    });
    expect(unknown.errorCode).toBe(errorCodes.UNKNOWN_TOPIC_ID);
  });
});

describe('row 61: internal topics', () => {
  it('take batches from the admin tools only', async () => {
    await client.request(findCoordinator, 4, { keyType: 0, coordinatorKeys: ['g'] });
    const wish = { topic: '__consumer_offsets', partition: 3 };
    const records = [{ key: Buffer.from('k'), value: Buffer.from('v'), timestamp: Date.now() }];
    const batch = (): Buffer => batchOf([], { records });
    const refused = await produceBatch(client, batch(), wish);
    expect(refused.errorCode).toBe(errorCodes.INVALID_TOPIC_EXCEPTION);
    const admin = await RawClient.connect(broker.bootstrapServers, '__admin_client');
    expect((await produceBatch(admin, batch(), wish)).errorCode).toBe(errorCodes.NONE);
    admin.close();
  });
});

describe('every version of Produce', () => {
  it.each([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])('%i is served', async (version) => {
    const { topicId } = await describeTopic(client, topic);
    const wish = version < 13 ? { topic } : { topic: '', topicId };
    const answer = await produceBatch(client, batchOf(['a']), { ...wish, version });
    expect(answer).toMatchObject({ errorCode: 0, baseOffset: 0 });
  });
});

describe('idempotent producers', () => {
  const idempotent = (
    producerId: number,
    baseSequence: number,
    values = ['a'],
    producerEpoch = 0,
  ): Buffer => batchOf(values, { producerId, producerEpoch, baseSequence });

  const send = (batch: Buffer) => produceBatch(client, batch, { topic });

  it('row 63: the last five batches are known again, with their first offset', async () => {
    for (let i = 0; i < 6; i++) await send(idempotent(7, i));
    for (let i = 1; i < 6; i++) {
      expect(await send(idempotent(7, i))).toMatchObject({ errorCode: 0, baseOffset: i });
    }
    const tooOld = await send(idempotent(7, 0));
    expect(tooOld.errorCode).toBe(errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER);
    expect(valuesOf(await fetchOne(client, { topic }))).toHaveLength(6);
  });

  it('row 64: a gap is out of order', async () => {
    await send(idempotent(7, 0));
    const { errorCode } = await send(idempotent(7, 2));
    expect(errorCode).toBe(errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER);
  });

  it('row 64: 0 follows 2147483647', async () => {
    await send(idempotent(7, 2_147_483_646, ['a', 'b']));
    expect((await send(idempotent(7, 0))).errorCode).toBe(errorCodes.NONE);
  });

  it('row 65: a new epoch begins at 0, an old one is fenced', async () => {
    await send(idempotent(7, 0));
    const late = await send(idempotent(7, 1, ['a'], 1));
    expect(late.errorCode).toBe(errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER);
    expect((await send(idempotent(7, 0, ['a'], 1))).errorCode).toBe(errorCodes.NONE);
    const old = await send(idempotent(7, 1, ['a'], 0));
    expect(old.errorCode).toBe(errorCodes.INVALID_PRODUCER_EPOCH);
  });

  it('row 66: an unknown producer may begin anywhere', async () => {
    expect((await send(idempotent(8, 41))).errorCode).toBe(errorCodes.NONE);
  });

  it('row 68: a batch of n records takes n sequence numbers', async () => {
    await send(idempotent(7, 0, ['a', 'b', 'c']));
    expect((await send(idempotent(7, 3))).errorCode).toBe(errorCodes.NONE);
  });

  it('row 68: sequences count per partition', async () => {
    await createTopic(client, `${topic}-p`, {}, 2);
    for (const partition of [0, 1]) {
      const wish = { topic: `${topic}-p`, partition };
      expect((await produceBatch(client, idempotent(7, 0), wish)).errorCode).toBe(errorCodes.NONE);
    }
  });

  it('row 71: any broker gives ids, each once, with epoch 0', async () => {
    const ask = () =>
      client.request(initProducerId, 4, {
        transactionalId: null,
        transactionTimeoutMs: 60_000,
        producerId: -1,
        producerEpoch: -1,
      });
    const [first, second] = [await ask(), await ask()];
    expect([first.producerEpoch, second.producerEpoch]).toEqual([0, 0]);
    expect(second.producerId).not.toBe(first.producerId);
  });
});

describe('pipelined requests', () => {
  it('of several partitions and connections keep their offsets apart', async () => {
    const other = await RawClient.connect(broker.bootstrapServers);
    const ids: number[] = [];
    for (let i = 0; i < 50; i++) {
      ids.push(client.send(produce, 11, produceRequest(batchOf([`a${i}`]), { topic })));
      other.send(produce, 11, produceRequest(batchOf([`b${i}`]), { topic, acks: 0 }));
    }
    const offsets: number[] = [];
    for (const id of ids) {
      const { responses } = await client.response(produce, 11, id);
      offsets.push(responses[0]!.partitionResponses[0]!.baseOffset);
    }
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
    expect(new Set(offsets).size).toBe(50);
    other.close();
  });
});
