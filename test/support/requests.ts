import { fetch, type FetchResponse } from '../../src/protocol/messages/fetch.ts';
import { produce } from '../../src/protocol/messages/produce.ts';
import { metadata } from '../../src/protocol/messages/metadata.ts';
import { createTopics } from '../../src/protocol/messages/create-topics.ts';
import { offsetCommit } from '../../src/protocol/messages/offset-commit.ts';
import { buildBatch, readRecords, type BatchInput } from '../../src/protocol/record-batch.ts';
import type { ByteRange } from '../../src/protocol/byte-range.ts';
import type { RequestInput, ResponseOf } from '../../src/protocol/schema.ts';
import { zeroUuid, type Uuid } from '../../src/protocol/uuid.ts';
import type { RawClient } from './raw-client.ts';

/*
 * Requests of one partition, with what a test does not care about left to defaults.
 */

export const rangeOf = (buffer: Buffer): ByteRange => ({ buffer, start: 0, end: buffer.length });

/** A batch of records with these values and the time of now. */
export function batchOf(values: readonly string[], more: Partial<BatchInput> = {}): Buffer {
  const timestamp = Date.now();
  const records = values.map((value) => ({ timestamp, value: Buffer.from(value) }));
  return buildBatch({ records, ...more });
}

export type ProducedPartition = ResponseOf<
  typeof produce
>['responses'][number]['partitionResponses'][number];

export interface ProduceWish {
  readonly topic?: string;
  readonly topicId?: Uuid;
  readonly partition?: number;
  readonly acks?: number;
  readonly version?: number;
  readonly timeoutMs?: number;
  readonly transactionalId?: string | null;
}

/** A Produce request of one partition. */
export function produceRequest(
  records: Buffer | null,
  wish: ProduceWish = {},
): RequestInput<typeof produce> {
  const { topic = 'orders', topicId = zeroUuid, partition = 0, acks = -1 } = wish;
  return {
    transactionalId: wish.transactionalId ?? null,
    acks,
    timeoutMs: wish.timeoutMs ?? 5_000,
    topicData: [
      {
        name: topic,
        topicId,
        partitionData: [{ index: partition, records: records === null ? null : rangeOf(records) }],
      },
    ],
  };
}

/** Produces one batch; what is said of its partition. */
export async function produceBatch(
  client: RawClient,
  records: Buffer | null,
  wish: ProduceWish = {},
): Promise<ProducedPartition> {
  const version = wish.version ?? 11;
  const response = await client.request(produce, version, produceRequest(records, wish));
  return response.responses[0]!.partitionResponses[0]!;
}

/** Produces values; the offset of the first. */
export async function produceValues(
  client: RawClient,
  values: readonly string[],
  wish: ProduceWish = {},
): Promise<number> {
  const { errorCode, baseOffset } = await produceBatch(client, batchOf(values), wish);
  if (errorCode !== 0) throw new Error(`produce failed with error ${errorCode}`);
  return baseOffset;
}

export interface FetchWish {
  readonly topic?: string;
  readonly topicId?: Uuid;
  readonly partition?: number;
  readonly fetchOffset?: number;
  readonly currentLeaderEpoch?: number;
  readonly lastFetchedEpoch?: number;
  readonly partitionMaxBytes?: number;
}

export interface FetchFrame {
  readonly version?: number;
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly isolationLevel?: number;
  readonly sessionId?: number;
  readonly sessionEpoch?: number;
  readonly replicaId?: number;
  readonly forgotten?: readonly FetchWish[];
}

export function fetchRequest(
  wishes: readonly FetchWish[],
  frame: FetchFrame = {},
): RequestInput<typeof fetch> {
  return {
    replicaId: frame.replicaId ?? -1,
    maxWaitMs: frame.maxWaitMs ?? 0,
    minBytes: frame.minBytes ?? 1,
    maxBytes: frame.maxBytes ?? 0x7fffffff,
    isolationLevel: frame.isolationLevel ?? 0,
    sessionId: frame.sessionId ?? 0,
    sessionEpoch: frame.sessionEpoch ?? -1,
    topics: wishes.map((wish) => ({
      topic: wish.topic ?? 'orders',
      topicId: wish.topicId ?? zeroUuid,
      partitions: [
        {
          partition: wish.partition ?? 0,
          currentLeaderEpoch: wish.currentLeaderEpoch ?? -1,
          fetchOffset: wish.fetchOffset ?? 0,
          lastFetchedEpoch: wish.lastFetchedEpoch ?? -1,
          partitionMaxBytes: wish.partitionMaxBytes ?? 0x7fffffff,
        },
      ],
    })),
    forgottenTopicsData: (frame.forgotten ?? []).map((wish) => ({
      topic: wish.topic ?? 'orders',
      topicId: wish.topicId ?? zeroUuid,
      partitions: [wish.partition ?? 0],
    })),
  };
}

export type Fetched = ResponseOf<typeof fetch>;
export type FetchedPartition = Fetched['responses'][number]['partitions'][number];
export type { FetchResponse };

export function fetchAll(
  client: RawClient,
  wishes: readonly FetchWish[],
  frame: FetchFrame = {},
): Promise<Fetched> {
  return client.request(fetch, frame.version ?? 11, fetchRequest(wishes, frame));
}

/** Fetches one partition. */
export async function fetchOne(
  client: RawClient,
  wish: FetchWish = {},
  frame: FetchFrame = {},
): Promise<FetchedPartition> {
  const response = await fetchAll(client, [wish], frame);
  return response.responses[0]!.partitions[0]!;
}

export interface ReadValue {
  readonly offset: number;
  readonly value: string;
}

export function valuesOf({ records }: FetchedPartition): ReadValue[] {
  if (records === null) return [];
  return readRecords(records).map(({ offset, value }) => ({ offset, value: String(value) }));
}

/** All that a topic of one partition holds. */
export async function readAll(client: RawClient, topic: string): Promise<ReadValue[]> {
  const values: ReadValue[] = [];
  for (let next = 0; ;) {
    const partition = await fetchOne(client, { topic, fetchOffset: next });
    if (partition.errorCode !== 0)
      throw new Error(`${topic}: error ${partition.errorCode} at ${next}`);
    const found = valuesOf(partition).filter(({ offset }) => offset >= next);
    if (found.length === 0) return values;
    values.push(...found);
    next = found.at(-1)!.offset + 1;
  }
}

export interface GroupWish {
  readonly groupId?: string;
  readonly topic?: string;
}

/** Commits an offset of the first partition from outside of the group; its error code. */
export async function commitOffset(
  client: RawClient,
  committedOffset: number,
  { groupId = 'g', topic = 'orders' }: GroupWish = {},
): Promise<number> {
  const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: null }];
  const response = await client.request(offsetCommit, 8, {
    groupId,
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [{ name: topic, partitions }],
  });
  return response.topics[0]!.partitions[0]!.errorCode;
}

/** A topic as Metadata tells it. */
export async function describeTopic(client: RawClient, name: string) {
  const response = await client.request(metadata, 12, {
    topics: [{ name, topicId: zeroUuid }],
    allowAutoTopicCreation: false,
  });
  return response.topics[0]!;
}

export async function createTopic(
  client: RawClient,
  name: string,
  config: Readonly<Record<string, string>> = {},
  numPartitions = 1,
): Promise<void> {
  const response = await client.request(createTopics, 7, {
    topics: [
      {
        name,
        numPartitions,
        replicationFactor: -1,
        assignments: [],
        configs: Object.entries(config).map(([key, value]) => ({ name: key, value })),
      },
    ],
    timeoutMs: 5_000,
    validateOnly: false,
  });
  const { errorCode, errorMessage } = response.topics[0]!;
  if (errorCode !== 0) throw new Error(`${name}: ${errorCode} ${errorMessage ?? ''}`);
}
