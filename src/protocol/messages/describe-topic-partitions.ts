// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bool,
  defineApi,
  ignorable,
  int16,
  int32,
  nullableArray,
  nullableString,
  nullableStruct,
  string,
  uuid,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** DescribeTopicPartitions (key 75): topics and their partitions in pages, for clusters with very many. */
export const describeTopicPartitions = defineApi({
  key: 75,
  name: 'DescribeTopicPartitions',
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    topics: array({
      name: string,
    }),
    responsePartitionLimit: withDefault(int32, 2000),
    cursor: withDefault(
      nullableStruct({
        topicName: string,
        partitionIndex: int32,
      }),
      null,
    ),
  },
  response: {
    throttleTimeMs: ignorable(int32),
    topics: array({
      errorCode: int16,
      name: nullableString,
      topicId: ignorable(uuid),
      isInternal: ignorable(withDefault(bool, false)),
      partitions: array({
        errorCode: int16,
        partitionIndex: int32,
        leaderId: int32,
        leaderEpoch: ignorable(withDefault(int32, -1)),
        replicaNodes: array(int32),
        isrNodes: array(int32),
        eligibleLeaderReplicas: withDefault(nullableArray(int32), null),
        lastKnownElr: withDefault(nullableArray(int32), null),
        offlineReplicas: ignorable(array(int32)),
      }),
      topicAuthorizedOperations: withDefault(int32, -2147483648),
    }),
    nextCursor: withDefault(
      nullableStruct({
        topicName: string,
        partitionIndex: int32,
      }),
      null,
    ),
  },
});
export type DescribeTopicPartitionsRequest = RequestOf<typeof describeTopicPartitions>;
export type DescribeTopicPartitionsResponse = ResponseInput<typeof describeTopicPartitions>;
