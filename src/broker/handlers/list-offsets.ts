import type { Logger } from '../../host/logger.ts';
import { errorCodes, type ErrorName } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import {
  listOffsets,
  type ListOffsetsRequest,
  type ListOffsetsResponse,
} from '../../protocol/messages/list-offsets.ts';
import type { OffsetAndTimestamp, ReadLimit } from '../../storage/partition-log.ts';
import { defineHandler, type RequestContext } from '../handler.ts';
import { endOf } from '../fetch/read-partitions.ts';
import type { LedPartition } from '../replica/led-partition.ts';
import type { LedPartitions } from '../replica/led-partitions.ts';

export interface ListOffsetsParts {
  readonly partitions: LedPartitions;
  readonly logger: Logger;
}

type TopicAsked = ListOffsetsRequest['topics'][number];
type PartitionAsked = TopicAsked['partitions'][number];
type PartitionAnswer = ListOffsetsResponse['topics'][number]['partitions'][number];

/** Timestamps that are questions, and the first version that may ask them. */
const latest = -1;
const earliest = -2;
const maxTimestamp = -3;
const earliestLocal = -4;
const latestTiered = -5;
const earliestPendingUpload = -6;
const firstVersionOf: ReadonlyMap<number, number> = new Map([
  [latest, 1],
  [earliest, 1],
  [maxTimestamp, 7],
  [earliestLocal, 8],
  [latestTiered, 9],
  [earliestPendingUpload, 11],
]);
const firstVersionWithOffsetNotAvailable = 5;

const consumerReplica = -1;
const readCommitted = 1;
const noTimestamp = -1;
const nothingFound: OffsetAndTimestamp = { offset: -1, timestamp: noTimestamp, leaderEpoch: -1 };

export const listOffsetsHandler = (parts: ListOffsetsParts) =>
  defineHandler(listOffsets, {
    async answer(request, context) {
      const asked = new Map<string, number>();
      for (const { name, partitions } of request.topics) {
        for (const { partitionIndex } of partitions) {
          const key = `${name}-${partitionIndex}`;
          asked.set(key, (asked.get(key) ?? 0) + 1);
        }
      }
      const isRepeated = (name: string, partition: number): boolean =>
        (asked.get(`${name}-${partition}`) ?? 0) > 1;
      const topics = request.topics.map(async (topic) => ({
        name: topic.name,
        partitions: await Promise.all(
          distinct(topic.partitions).map((partition) =>
            answerPartition(parts, request, topic.name, partition, isRepeated, context),
          ),
        ),
      }));
      return { topics: await Promise.all(topics) };
    },
    refuse: (errorCode, _message, request) => ({
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
      })),
    }),
  });

/** A partition that is asked for repeatedly is refused once. */
function distinct(partitions: readonly PartitionAsked[]): readonly PartitionAsked[] {
  if (partitions.length === 1) return partitions;
  return [...new Map(partitions.map((one) => [one.partitionIndex, one])).values()];
}

async function answerPartition(
  parts: ListOffsetsParts,
  request: ListOffsetsRequest,
  topicName: string,
  asked: PartitionAsked,
  isRepeated: (topicName: string, partition: number) => boolean,
  { apiVersion }: RequestContext,
): Promise<PartitionAnswer> {
  const { partitionIndex, timestamp } = asked;
  const refuse = (error: ErrorName): PartitionAnswer => ({
    partitionIndex,
    errorCode: errorCodes[error],
  });
  if (isRepeated(topicName, partitionIndex)) return refuse('INVALID_REQUEST');
  if (timestamp < 0 && apiVersion < (firstVersionOf.get(timestamp) ?? Infinity)) {
    return refuse('UNSUPPORTED_VERSION');
  }
  try {
    await parts.partitions.opening(topicName, partitionIndex);
    const led = parts.partitions.lead(topicName, partitionIndex);
    led.checkEpoch(asked.currentLeaderEpoch);
    const limit = limitOf(request);
    const { offset, timestamp: foundTimestamp, leaderEpoch } = await look(led, timestamp, limit);
    return {
      partitionIndex,
      errorCode: errorCodes.NONE,
      offset,
      timestamp: foundTimestamp,
      leaderEpoch: apiVersion >= 4 ? leaderEpoch : -1,
    };
  } catch (error) {
    if (error instanceof KafkaError) {
      const isUnknownName =
        error.code === 'OFFSET_NOT_AVAILABLE' && apiVersion < firstVersionWithOffsetNotAvailable;
      return refuse(isUnknownName ? 'LEADER_NOT_AVAILABLE' : error.code);
    }
    const where = { topic: topicName, partition: partitionIndex };
    parts.logger.error('offsets cannot be listed', { ...where, error });
    return refuse('UNKNOWN_SERVER_ERROR');
  }
}

function limitOf({ replicaId, isolationLevel }: ListOffsetsRequest): ReadLimit {
  if (replicaId !== consumerReplica) return 'logEndOffset';
  return isolationLevel === readCommitted ? 'lastStableOffset' : 'highWatermark';
}

async function look(
  led: LedPartition,
  timestamp: number,
  limit: ReadLimit,
): Promise<OffsetAndTimestamp> {
  const { log } = led;
  switch (timestamp) {
    case latest:
      requireEnd(led, limit);
      return { offset: endOf(limit, log), timestamp: noTimestamp, leaderEpoch: log.leaderEpoch };
    case earliest:
    case earliestLocal: {
      const offset = log.logStartOffset;
      return { offset, timestamp: noTimestamp, leaderEpoch: log.epochForOffset(offset) };
    }
    case latestTiered:
    case earliestPendingUpload:
      return nothingFound; // no tiered storage
    case maxTimestamp:
      return visible(await log.offsetOfMaxTimestamp(), led, limit);
    default:
      return visible(await log.offsetForTimestamp(timestamp), led, limit);
  }
}

/** What lies beyond the reader's view is not there yet. */
function visible(
  found: OffsetAndTimestamp | undefined,
  led: LedPartition,
  limit: ReadLimit,
): OffsetAndTimestamp {
  if (found !== undefined && found.offset < endOf(limit, led.log)) return found;
  requireEnd(led, limit);
  return nothingFound;
}

/** @throws {KafkaError} OFFSET_NOT_AVAILABLE while a new leader does not know it */
function requireEnd(led: LedPartition, limit: ReadLimit): void {
  if (limit === 'logEndOffset' || led.knowsHighWatermark) return;
  const where = `${led.topicName}-${led.partition}`;
  throw new KafkaError('OFFSET_NOT_AVAILABLE', `the new leader of ${where} does not know its end`);
}
