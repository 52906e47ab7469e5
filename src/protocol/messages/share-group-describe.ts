// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bool,
  defineApi,
  int16,
  int32,
  nullableString,
  string,
  struct,
  uuid,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

const topicPartitions = {
  topicId: uuid,
  topicName: string,
  partitions: array(int32),
};
const assignment = {
  topicPartitions: array(topicPartitions),
};
/** ShareGroupDescribe (key 77): state, members and assignments of share groups. */
export const shareGroupDescribe = defineApi({
  key: 77,
  name: 'ShareGroupDescribe',
  versions: [1, 1],
  flexibleSince: 0,
  request: {
    groupIds: array(string),
    includeAuthorizedOperations: bool,
  },
  response: {
    throttleTimeMs: int32,
    groups: array({
      errorCode: int16,
      errorMessage: withDefault(nullableString, null),
      groupId: string,
      groupState: string,
      groupEpoch: int32,
      assignmentEpoch: int32,
      assignorName: string,
      members: array({
        memberId: string,
        rackId: withDefault(nullableString, null),
        memberEpoch: int32,
        clientId: string,
        clientHost: string,
        subscribedTopicNames: array(string),
        assignment: struct(assignment),
      }),
      authorizedOperations: withDefault(int32, -2147483648),
    }),
  },
});
export type ShareGroupDescribeRequest = RequestOf<typeof shareGroupDescribe>;
export type ShareGroupDescribeResponse = ResponseInput<typeof shareGroupDescribe>;
