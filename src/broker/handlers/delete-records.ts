import type { Logger } from '../../host/logger.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import {
  deleteRecords,
  type DeleteRecordsResponse,
} from '../../protocol/messages/delete-records.ts';
import { isInternalTopic } from '../catalog/topic-name.ts';
import { defineHandler } from '../handler.ts';
import type { LedPartitions } from '../replica/led-partitions.ts';

export interface DeleteRecordsParts {
  readonly partitions: LedPartitions;
  readonly logger: Logger;
}

type PartitionAnswer = DeleteRecordsResponse['topics'][number]['partitions'][number];

/** Asks for all that is committed to go. */
const highWatermark = -1;
const noWatermark = -1;

export const deleteRecordsHandler = ({ partitions, logger }: DeleteRecordsParts) =>
  defineHandler(deleteRecords, {
    async answer(request) {
      const deletePartition = async (topic: string, partition: number, offset: number) => {
        try {
          const lowWatermark = await deleteBefore(partitions, topic, partition, offset);
          return answer(partition, errorCodes.NONE, lowWatermark);
        } catch (error) {
          if (error instanceof KafkaError) return answer(partition, errorCodes[error.code]);
          logger.error('records cannot be deleted', { topic, partition, error });
          return answer(partition, errorCodes.UNKNOWN_SERVER_ERROR);
        }
      };
      const topics = request.topics.map(async ({ name, partitions: asked }) => ({
        name,
        partitions: await Promise.all(
          asked.map(({ partitionIndex, offset }) => deletePartition(name, partitionIndex, offset)),
        ),
      }));
      return { throttleTimeMs: 0, topics: await Promise.all(topics) };
    },
    refuse: (errorCode, _message, request) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ name, partitions: asked }) => ({
        name,
        partitions: asked.map(({ partitionIndex }) => answer(partitionIndex, errorCode)),
      })),
    }),
  });

/** @returns the new log start offset */
async function deleteBefore(
  partitions: LedPartitions,
  topicName: string,
  partition: number,
  wanted: number,
): Promise<number> {
  await partitions.opening(topicName, partition);
  const { log, settings } = partitions.lead(topicName, partition);
  if (isInternalTopic(topicName)) {
    const words = `Cannot delete records of internal topic ${topicName}`;
    throw new KafkaError('INVALID_TOPIC_EXCEPTION', words);
  }
  if (settings.log.cleanupCompact && !settings.log.cleanupDelete) {
    const words = `records of ${topicName}-${partition} are compacted, never deleted`;
    throw new KafkaError('POLICY_VIOLATION', words);
  }
  const offset = wanted === highWatermark ? log.highWatermark : wanted;
  if (offset < 0 || offset > log.highWatermark) {
    throw new KafkaError('OFFSET_OUT_OF_RANGE', `${offset} is not in ${topicName}-${partition}`);
  }
  return log.deleteBefore(offset);
}

function answer(
  partitionIndex: number,
  errorCode: number,
  lowWatermark = noWatermark,
): PartitionAnswer {
  return { partitionIndex, errorCode, lowWatermark };
}
