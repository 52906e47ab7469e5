import { errorCodes, type ErrorName } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import {
  describeProducers,
  type DescribeProducersResponse,
} from '../../protocol/messages/describe-producers.ts';
import { requireTopicName } from '../catalog/topic-name.ts';
import { defineHandler } from '../handler.ts';
import type { LedPartitions } from '../replica/led-partitions.ts';

type PartitionAnswer = DescribeProducersResponse['topics'][number]['partitions'][number];

export const describeProducersHandler = (partitions: LedPartitions) =>
  defineHandler(describeProducers, {
    async answer(request) {
      const topics = request.topics.map(async ({ name, partitionIndexes }) => ({
        name,
        partitions: await Promise.all(
          partitionIndexes.map((partition) => describe(partitions, name, partition)),
        ),
      }));
      return { throttleTimeMs: 0, topics: await Promise.all(topics) };
    },
    refuse: (errorCode, errorMessage, request) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({
          partitionIndex,
          errorCode,
          errorMessage,
          activeProducers: [],
        })),
      })),
    }),
  });

async function describe(
  partitions: LedPartitions,
  topicName: string,
  partitionIndex: number,
): Promise<PartitionAnswer> {
  try {
    requireTopicName(topicName);
    if (!partitions.applied.topics.has(topicName)) {
      const words = 'This server does not host this topic-partition.';
      return { ...refused(partitionIndex, 'UNKNOWN_TOPIC_OR_PARTITION'), errorMessage: words };
    }
    await partitions.opening(topicName, partitionIndex);
    const { log } = partitions.lead(topicName, partitionIndex);
    const activeProducers = log
      .activeProducers()
      .map(({ currentTransactionStartOffset, ...one }) => ({
        ...one,
        currentTxnStartOffset: currentTransactionStartOffset,
      }));
    return { partitionIndex, errorCode: errorCodes.NONE, activeProducers };
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    const { code, message } = error;
    // Kafka has words only for what it finds out before it asks the partition.
    const errorMessage = code === 'INVALID_TOPIC_EXCEPTION' ? message : null;
    return { ...refused(partitionIndex, code), errorMessage };
  }
}

function refused(partitionIndex: number, code: ErrorName): PartitionAnswer {
  return { partitionIndex, errorCode: errorCodes[code], activeProducers: [] };
}
