import { errorCodes } from '../../protocol/error-codes.ts';
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
    answer: (request) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partition) => describe(partitions, name, partition)),
      })),
    }),
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

function describe(
  partitions: LedPartitions,
  topicName: string,
  partitionIndex: number,
): PartitionAnswer {
  try {
    requireTopicName(topicName);
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
    return {
      partitionIndex,
      errorCode: errorCodes[code],
      errorMessage: message,
      activeProducers: [],
    };
  }
}
