// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineApi,
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

const topicPartitions = {
  topicId: uuid,
  partitions: array(int32),
};
/** ShareGroupHeartbeat (key 76): the whole life of a member of a share group. */
export const shareGroupHeartbeat = defineApi({
  key: 76,
  name: 'ShareGroupHeartbeat',
  versions: [1, 1],
  flexibleSince: 0,
  request: {
    groupId: string,
    memberId: string,
    memberEpoch: int32,
    rackId: withDefault(nullableString, null),
    subscribedTopicNames: withDefault(nullableArray(string), null),
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
export type ShareGroupHeartbeatRequest = RequestOf<typeof shareGroupHeartbeat>;
export type ShareGroupHeartbeatResponse = ResponseInput<typeof shareGroupHeartbeat>;
