// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bool,
  defineApi,
  ignorable,
  int16,
  int32,
  int8,
  nullableString,
  since,
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
/** ConsumerGroupDescribe (key 69): state, members and assignments of KIP-848 groups. */
export const consumerGroupDescribe = defineApi({
  key: 69,
  name: 'ConsumerGroupDescribe',
  versions: [0, 1],
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
        instanceId: withDefault(nullableString, null),
        rackId: withDefault(nullableString, null),
        memberEpoch: int32,
        clientId: string,
        clientHost: string,
        subscribedTopicNames: array(string),
        subscribedTopicRegex: withDefault(nullableString, null),
        assignment: struct(assignment),
        targetAssignment: struct(assignment),
        memberType: ignorable(since(1, int8, -1)),
      }),
      authorizedOperations: withDefault(int32, -2147483648),
    }),
  },
});
export type ConsumerGroupDescribeRequest = RequestOf<typeof consumerGroupDescribe>;
export type ConsumerGroupDescribeResponse = ResponseInput<typeof consumerGroupDescribe>;
