// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineApi,
  int16,
  int32,
  nullableArray,
  nullableString,
  nullableStruct,
  since,
  string,
  uuid,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

const topicPartitions = {
  topicId: uuid,
  partitions: array(int32),
};
/** ConsumerGroupHeartbeat (key 68): the whole life of a member of a KIP-848 group: joining, assignment, leaving. */
export const consumerGroupHeartbeat = defineApi({
  key: 68,
  name: 'ConsumerGroupHeartbeat',
  versions: [0, 1],
  flexibleSince: 0,
  request: {
    groupId: string,
    memberId: string,
    memberEpoch: int32,
    instanceId: withDefault(nullableString, null),
    rackId: withDefault(nullableString, null),
    rebalanceTimeoutMs: withDefault(int32, -1),
    subscribedTopicNames: withDefault(nullableArray(string), null),
    subscribedTopicRegex: since(1, nullableString, null),
    serverAssignor: withDefault(nullableString, null),
    topicPartitions: withDefault(
      nullableArray({
        topicId: uuid,
        partitions: array(int32),
      }),
      null,
    ),
  },
  response: {
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: withDefault(nullableString, null),
    memberId: withDefault(nullableString, null),
    memberEpoch: int32,
    heartbeatIntervalMs: int32,
    assignment: withDefault(
      nullableStruct({
        topicPartitions: array(topicPartitions),
      }),
      null,
    ),
  },
});
export type ConsumerGroupHeartbeatRequest = RequestOf<typeof consumerGroupHeartbeat>;
export type ConsumerGroupHeartbeatResponse = ResponseInput<typeof consumerGroupHeartbeat>;
