import { expect } from '@jest/globals';
import { errorCodes } from '../../../src/protocol/error-codes.ts';
import { createPartitions } from '../../../src/protocol/messages/create-partitions.ts';
import { deleteRecords } from '../../../src/protocol/messages/delete-records.ts';
import { deleteTopics } from '../../../src/protocol/messages/delete-topics.ts';
import { findCoordinator } from '../../../src/protocol/messages/find-coordinator.ts';
import { listOffsets } from '../../../src/protocol/messages/list-offsets.ts';
import { incrementalAlterConfigs } from '../../../src/protocol/messages/incremental-alter-configs.ts';
import { initProducerId } from '../../../src/protocol/messages/init-producer-id.ts';
import { offsetCommit } from '../../../src/protocol/messages/offset-commit.ts';
import { buildBatch, type BatchInput } from '../../../src/protocol/record-batch.ts';
import type { RecordInput } from '../../../src/protocol/record.ts';
import { RawClient } from '../../support/raw-client.ts';
import { createTopic, fetchOne, produceBatch } from '../../support/requests.ts';
import { until } from './kafkajs-client.ts';

/*
 * What a cluster's users do to it, so that its folder holds some of everything. Each step works on
 * whichever broker has the folder, and goes on from where the other one was left.
 */

const startMs = 1_700_000_000_000;
const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
const outOfOrder = 45;

/** A producer that lives on while brokers come and go. */
interface Producer {
  readonly producerId: number;
  readonly producerEpoch: number;
  sequence: number;
  last?: { readonly batch: Buffer; readonly baseOffset: number };
}

export class Filling {
  readonly groups = ['settled', 'moving'];
  /** Where the topic `cut` begins. */
  cutAt = 0;
  private readonly producers = new Map<number, Producer>();
  private round = 0;

  /** Does the work of one client on a broker. */
  async on<T>(bootstrapServers: string, work: (client: RawClient) => Promise<T>): Promise<T> {
    const client = await RawClient.connect(bootstrapServers);
    try {
      return await work(client);
    } finally {
      client.close();
    }
  }

  /** Topics of all kinds, with records of all kinds. */
  async begin(client: RawClient): Promise<void> {
    await createTopic(
      client,
      'codecs',
      { 'retention.ms': '-1', 'max.message.bytes': '2000000' },
      2,
    );
    await createTopic(client, 'rolled', { 'retention.ms': '-1', 'segment.ms': '1' });
    await createTopic(client, 'cut', { 'retention.ms': '-1', 'segment.ms': '1' });
    await createTopic(client, 'expired', { 'retention.ms': '500000000000', 'segment.ms': '1' });
    await createTopic(client, 'stamped', { 'message.timestamp.type': 'LogAppendTime' });
    await createTopic(client, 'repeated', { 'retention.ms': '-1' }, 2);
    await createTopic(client, 'grown', {}, 1);
    await createTopic(client, 'empty', { 'flush.messages': '1' }, 3);
    await createTopic(client, 'doomed', {}, 2);
    await createTopic(client, 'compacted', {
      'cleanup.policy': 'compact',
      'min.cleanable.dirty.ratio': '0.01',
      'segment.ms': '1',
    });
    await this.put(client, 'doomed', recordsOf('doomed', 3));
    await this.put(client, 'expired', recordsOf('old', 3, 1_000_000_000_000));
    await this.put(client, 'expired', recordsOf('older', 3, 1_000_000_100_000));
    for (const [n, compression] of codecs.entries()) {
      await this.put(client, 'codecs', recordsOf(compression, 40, startMs + n * 1000), {
        compression,
      });
    }
    await this.put(client, 'codecs', oddRecords, {}, 1);
    await client.request(deleteTopics, 4, { topicNames: ['doomed'], timeoutMs: 5_000 });
    await untilStartsAt(client, 'expired', 6); // Kafka expires the last segment, too
    await this.goOn(client);
  }

  /** Some more of everything, and a check that producers are remembered. */
  async goOn(client: RawClient): Promise<void> {
    const round = this.round++;
    const atMs = startMs + round * 100_000;
    const compression = codecs[round % codecs.length]!;
    await this.put(client, 'codecs', recordsOf(`round ${round}`, 30, atMs), { compression });
    for (let n = 0; n < 3; n++)
      await this.put(client, 'rolled', recordsOf('r', 5, atMs + n * 10_000));
    await this.put(client, 'expired', recordsOf('young', 2, Date.now() - 1_000));
    await this.put(client, 'stamped', recordsOf('s', 4, atMs), { compression });
    for (const key of ['a', 'b', 'c', 'a', 'b', `only ${round}`]) {
      const value = key === 'b' && round % 2 === 1 ? null : Buffer.from(`${key} of ${round}`);
      await this.put(client, 'compacted', [
        { timestamp: Date.now(), key: Buffer.from(key), value },
      ]);
    }
    const end = await this.put(client, 'cut', recordsOf('c', 7, atMs));
    this.cutAt = end + 3;
    await this.cut(client, 'cut', this.cutAt);
    await this.repeat(client, 0);
    await this.repeat(client, 1);
    await createTopic(client, `made-in-${round}`, { 'retention.bytes': String(1000 + round) }, 2);
    await this.grow(client, round + 2);
    await this.configure(client, round);
    await this.commit(client, 'moving', 'codecs', 10 + round, `round ${round}`);
    if (round === 0) await this.commit(client, 'settled', 'rolled', 7, 'for ever');
  }

  /** An idempotent producer goes on: what it repeats is told apart, what it skipped is missed. */
  private async repeat(client: RawClient, partition: number): Promise<void> {
    const place = { topic: 'repeated', partition };
    const producer = this.producers.get(partition) ?? (await newProducer(client));
    this.producers.set(partition, producer);
    const { producerId, producerEpoch, last } = producer;
    const batch = (baseSequence: number): Buffer =>
      buildBatch({
        ...{ producerId, producerEpoch, baseSequence },
        records: recordsOf('p', 2, Date.now() - 1_000), // producers are forgotten a day after their last record
      });
    if (last !== undefined) {
      const again = await produceBatch(client, last.batch, place);
      expect(again).toMatchObject({ errorCode: errorCodes.NONE, baseOffset: last.baseOffset });
      const early = await produceBatch(client, batch(producer.sequence + 5), place);
      expect(early.errorCode).toBe(outOfOrder);
    }
    for (let n = 0; n < 2; n++) {
      const next = batch(producer.sequence);
      const { errorCode, baseOffset } = await produceBatch(client, next, place);
      expect(errorCode).toBe(errorCodes.NONE);
      producer.sequence += 2;
      producer.last = { batch: next, baseOffset };
    }
  }

  /** Appends one batch; the offset of its first record. */
  private async put(
    client: RawClient,
    topic: string,
    records: readonly RecordInput[],
    more: Partial<BatchInput> = {},
    partition = 0,
  ): Promise<number> {
    let offset = -1;
    await until(`${topic}-${partition} takes records`, async () => {
      const answer = await produceBatch(client, buildBatch({ records, ...more }), {
        topic,
        partition,
      });
      if (answer.errorCode === 0) offset = answer.baseOffset;
      else expect([3, 5, 6]).toContain(answer.errorCode); // it is not led yet
      return answer.errorCode === 0;
    });
    return offset;
  }

  private async cut(client: RawClient, name: string, offset: number): Promise<void> {
    const { topics } = await client.request(deleteRecords, 2, {
      topics: [{ name, partitions: [{ partitionIndex: 0, offset }] }],
      timeoutMs: 5_000,
    });
    expect(topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, lowWatermark: offset });
    // Apache Kafka finds no record by time as long as it has segments of which all is deleted.
    await until(`the segments of ${name} below ${offset} are gone`, async () => {
      const answer = await client.request(listOffsets, 8, {
        replicaId: -1,
        topics: [{ name, partitions: [{ partitionIndex: 0, timestamp: 0 }] }],
      });
      return answer.topics[0]!.partitions[0]!.offset === offset;
    });
  }

  private async grow(client: RawClient, count: number): Promise<void> {
    const { results } = await client.request(createPartitions, 3, {
      topics: [{ name: 'grown', count, assignments: null }],
      timeoutMs: 5_000,
      validateOnly: false,
    });
    expect(results[0]!.errorCode).toBe(0);
    await this.put(client, 'grown', recordsOf('g', 3, Date.now() - 1_000), {}, count - 1);
  }

  private async configure(client: RawClient, round: number): Promise<void> {
    const { responses } = await client.request(incrementalAlterConfigs, 1, {
      resources: [
        {
          resourceType: 2,
          resourceName: 'grown',
          configs: [{ name: 'retention.ms', configOperation: 0, value: String(3_600_000 + round) }],
        },
        {
          resourceType: 4,
          resourceName: '',
          configs: [
            { name: 'log.retention.ms', configOperation: 0, value: String(7_200_000 + round) },
          ],
        },
      ],
      validateOnly: false,
    });
    expect(responses.map(({ errorCode }) => errorCode)).toEqual([0, 0]);
  }

  private async commit(
    client: RawClient,
    groupId: string,
    name: string,
    committedOffset: number,
    committedMetadata: string,
  ): Promise<void> {
    await until(`the coordinator of ${groupId} is there`, async () => {
      await client.request(findCoordinator, 4, { keyType: 0, coordinatorKeys: [groupId] });
      const { topics } = await client.request(offsetCommit, 8, {
        groupId,
        generationIdOrMemberEpoch: -1,
        memberId: '',
        groupInstanceId: null,
        topics: [
          {
            name,
            partitions: [
              { partitionIndex: 0, committedOffset, committedLeaderEpoch: 0, committedMetadata },
            ],
          },
        ],
      });
      return topics[0]!.partitions[0]!.errorCode === 0;
    });
  }
}

/** Kafka has no ids to give away for a moment after its start. */
async function newProducer(client: RawClient): Promise<Producer> {
  let producer: Producer | undefined;
  await until('there are producer ids', async () => {
    const { errorCode, producerId, producerEpoch } = await client.request(initProducerId, 4, {
      transactionalId: null,
      transactionTimeoutMs: 0,
      producerId: -1,
      producerEpoch: -1,
    });
    if (errorCode === 0) producer = { producerId, producerEpoch, sequence: 0 };
    return errorCode === 0;
  });
  return producer!;
}

/** Records whose size shows that they were compressed. */
function recordsOf(what: string, count: number, firstMs = startMs): RecordInput[] {
  return Array.from({ length: count }, (_, n) => ({
    timestamp: firstMs + n * 100,
    key: Buffer.from(`${what}-${n % 7}`),
    value: Buffer.from(`${what} ${n} `.repeat(20)),
    headers: [{ key: 'n', value: Buffer.from(String(n)) }],
  }));
}

/** What a record may be, apart from a key and a value. */
const oddRecords: RecordInput[] = [
  { timestamp: startMs, key: null, value: null },
  { timestamp: startMs - 1, key: Buffer.from('tombstone'), value: null },
  { timestamp: startMs + 5, key: Buffer.alloc(0), value: Buffer.alloc(0) },
  {
    timestamp: startMs,
    key: Buffer.from([0, 255, 128]),
    value: Buffer.from('ünïcode'),
    headers: [
      { key: 'twice', value: Buffer.from('1') },
      { key: 'twice', value: Buffer.from('2') },
      { key: '', value: null },
    ],
  },
];

/** The log's start has moved up to where it is expected. */
export async function untilStartsAt(
  client: RawClient,
  topic: string,
  offset: number,
): Promise<void> {
  await until(`${topic} starts at ${offset}`, async () => {
    const { logStartOffset } = await fetchOne(client, { topic, fetchOffset: offset });
    return logStartOffset === offset;
  });
}
