import type { Logger } from '../../host/logger.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import {
  offsetForLeaderEpoch,
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderEpochResponse,
} from '../../protocol/messages/offset-for-leader-epoch.ts';
import { defineHandler } from '../handler.ts';
import type { LedPartitions } from '../replica/led-partitions.ts';

export interface OffsetForLeaderEpochParts {
  readonly partitions: LedPartitions;
  readonly logger: Logger;
}

type PartitionAsked = OffsetForLeaderEpochRequest['topics'][number]['partitions'][number];
type PartitionAnswer = OffsetForLeaderEpochResponse['topics'][number]['partitions'][number];

export const offsetForLeaderEpochHandler = ({ partitions, logger }: OffsetForLeaderEpochParts) =>
  defineHandler(offsetForLeaderEpoch, {
    async answer(request) {
      const look = async (topic: string, asked: PartitionAsked): Promise<PartitionAnswer> => {
        const { partition } = asked;
        try {
          await partitions.opening(topic, partition);
          const led = partitions.lead(topic, partition);
          led.checkEpoch(asked.currentLeaderEpoch);
          // An epoch the log has never heard of is no error: -1 in both fields says so.
          const end = led.log.endOffsetForEpoch(asked.leaderEpoch);
          return { errorCode: errorCodes.NONE, partition, ...end };
        } catch (error) {
          if (error instanceof KafkaError) return { errorCode: errorCodes[error.code], partition };
          logger.error('an epoch cannot be looked up', { topic, partition, error });
          return { errorCode: errorCodes.UNKNOWN_SERVER_ERROR, partition };
        }
      };
      const topics = request.topics.map(async ({ topic, partitions: asked }) => ({
        topic,
        partitions: await Promise.all(asked.map((one) => look(topic, one))),
      }));
      return { throttleTimeMs: 0, topics: await Promise.all(topics) };
    },
    refuse: (errorCode, _message, request) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ topic, partitions: asked }) => ({
        topic,
        partitions: asked.map(({ partition }) => ({ errorCode, partition })),
      })),
    }),
  });
