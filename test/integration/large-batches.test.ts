import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { startBroker, type RunningBroker } from '../../src/broker/start-broker.ts';
import { crc32c } from '../../src/protocol/crc32c.ts';
import { errorCodes } from '../../src/protocol/error-codes.ts';
import { listOffsets } from '../../src/protocol/messages/list-offsets.ts';
import { initProducerId } from '../../src/protocol/messages/init-producer-id.ts';
import { batchHeaderSize, buildBatch, readRecords } from '../../src/protocol/record-batch.ts';
import { ConnectionClosed, RawClient } from '../support/raw-client.ts';
import { batchOf, createTopic, fetchOne, produceBatch } from '../support/requests.ts';

/*
 * Batches whose records are too many bytes for the event loop to decompress: they are looked at elsewhere, and nobody
 * notices.
 */
const codecs = ['gzip', 'snappy', 'lz4', 'zstd'] as const;
/** Decompressed, and not what the topic's codec can do nothing with. */
const large = 'abcdefgh'.repeat(400_000);

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
});

afterEach(() => client.close());

async function firstChars(): Promise<string[]> {
  const found: string[] = [];
  for (;;) {
    const { records } = await fetchOne(client, { topic, fetchOffset: found.length });
    const read = records === null ? [] : readRecords(records);
    if (read.length === 0) return found;
    for (const { value } of read) found.push(value!.toString('latin1', 0, 1));
  }
}

describe.each(codecs)('a large batch of %s', (compression) => {
  it('is appended before what its connection sends behind it', async () => {
    await createTopic(client, topic);
    const sent = ['1', '2', '3', '4'].map((first) =>
      produceBatch(
        client,
        first === '2' || first === '4'
          ? batchOf([first])
          : batchOf([first + large], { compression }),
        { topic },
      ),
    );
    const answers = await Promise.all(sent);
    expect(answers.map(({ errorCode }) => errorCode)).toEqual([0, 0, 0, 0]);
    expect(answers.map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 2, 3]);
    expect(await firstChars()).toEqual(['1', '2', '3', '4']);
  });

  it('is known again by its sequence number', async () => {
    await createTopic(client, topic);
    const { producerId, producerEpoch } = await client.request(initProducerId, 4, {
      transactionalId: null,
      transactionTimeoutMs: 0,
    });
    const batch = (baseSequence: number) =>
      batchOf(['x' + large], { compression, producerId, producerEpoch, baseSequence });
    const sent = [0, 1, 0].map((sequence) => produceBatch(client, batch(sequence), { topic }));
    const answers = await Promise.all(sent);
    expect(answers.map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 0]);
    const gap = await produceBatch(client, batch(7), { topic });
    expect(gap.errorCode).toBe(errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER);
  });

  it("gets the broker's time", async () => {
    await createTopic(client, topic, { 'message.timestamp.type': 'LogAppendTime' });
    const answer = await produceBatch(client, batchOf(['x' + large], { compression }), { topic });
    expect(answer).toMatchObject({ errorCode: 0, baseOffset: 0 });
    const { records } = await fetchOne(client, { topic });
    const [record] = readRecords(records!);
    expect(record!.timestamp).toBe(answer.logAppendTimeMs);
    const { buffer, start, end } = records!;
    expect(crc32c(buffer, start + 21, end)).toBe(buffer.readUInt32BE(start + 17));
  });

  it('is built anew for a topic of another codec', async () => {
    const other = compression === 'gzip' ? 'lz4' : 'gzip';
    await createTopic(client, topic, { 'compression.type': other });
    const answer = await produceBatch(client, batchOf(['x' + large], { compression }), { topic });
    expect(answer).toMatchObject({ errorCode: 0, baseOffset: 0 });
    expect(await firstChars()).toEqual(['x']);
  });

  it('is refused with the record that is to blame', async () => {
    await createTopic(client, topic, { 'cleanup.policy': 'compact' });
    const answer = await produceBatch(client, batchOf(['x' + large], { compression }), { topic });
    expect(answer).toMatchObject({
      errorCode: errorCodes.INVALID_RECORD,
      recordErrors: [{ batchIndex: 0 }],
    });
    expect(answer.errorMessage).toContain('1 record errors in total');
  });
});

it('a large batch that fails with acks=0 costs the connection', async () => {
  await createTopic(client, topic, { 'cleanup.policy': 'compact' });
  const batch = batchOf(['x' + large], { compression: 'gzip' });
  const sent = produceBatch(client, batch, { topic, acks: 0 }).catch((error: unknown) => error);
  await client.closed;
  expect(await sent).toBeInstanceOf(ConnectionClosed);
});

it('a batch that is a bomb is refused, and spoils nothing', async () => {
  await createTopic(client, topic);
  const header = batchOf(['x'], { compression: 'gzip' }).subarray(0, batchHeaderSize);
  const zeros = gzipSync(Buffer.alloc(140 * 1024 * 1024));
  const bomb = Buffer.concat([header, zeros]);
  bomb.writeInt32BE(bomb.length - 12, 8);
  bomb.writeUInt32BE(crc32c(bomb, 21, bomb.length), 17);
  const answers = await Promise.all([
    produceBatch(client, bomb, { topic }),
    produceBatch(client, batchOf(['y']), { topic }),
  ]);
  expect(answers).toMatchObject([
    { errorCode: errorCodes.INVALID_RECORD, baseOffset: -1 },
    { errorCode: 0, baseOffset: 0 },
  ]);
});

it.each(codecs)('a record of a large batch of %s is found by its time', async (compression) => {
  await createTopic(client, topic);
  const records = [1_000, 2_000, 3_000].map((timestamp, index) => ({
    timestamp,
    value: Buffer.from(index === 0 ? large : 'small'),
  }));
  await produceBatch(client, buildBatch({ records, compression }), { topic });
  const { topics: found } = await client.request(listOffsets, 7, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [
      {
        name: topic,
        partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: 1_500 }],
      },
    ],
  });
  expect(found[0]!.partitions[0]).toMatchObject({ errorCode: 0, offset: 1, timestamp: 2_000 });
});
