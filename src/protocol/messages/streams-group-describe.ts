// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bool,
  defineApi,
  int16,
  int32,
  int64,
  nullableArray,
  nullableString,
  nullableStruct,
  string,
  struct,
  uint16,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

const keyValue = {
  key: string,
  value: string,
};
const topicInfo = {
  name: string,
  partitions: int32,
  replicationFactor: int16,
  topicConfigs: array(keyValue),
};
const endpoint = {
  host: string,
  port: uint16,
};
const taskOffset = {
  subtopologyId: string,
  partition: int32,
  offset: int64,
};
const taskIds = {
  subtopologyId: string,
  partitions: array(int32),
};
const assignment = {
  activeTasks: array(taskIds),
  standbyTasks: array(taskIds),
  warmupTasks: array(taskIds),
};
/** StreamsGroupDescribe (key 89): topology, members and tasks of streams groups. */
export const streamsGroupDescribe = defineApi({
  key: 89,
  name: 'StreamsGroupDescribe',
  versions: [0, 0],
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
      topology: withDefault(
        nullableStruct({
          epoch: int32,
          subtopologies: withDefault(
            nullableArray({
              subtopologyId: string,
              sourceTopics: array(string),
              repartitionSinkTopics: array(string),
              stateChangelogTopics: array(topicInfo),
              repartitionSourceTopics: array(topicInfo),
            }),
            null,
          ),
        }),
        null,
      ),
      members: array({
        memberId: string,
        memberEpoch: int32,
        instanceId: withDefault(nullableString, null),
        rackId: withDefault(nullableString, null),
        clientId: string,
        clientHost: string,
        topologyEpoch: int32,
        processId: string,
        userEndpoint: withDefault(nullableStruct(endpoint), null),
        clientTags: array(keyValue),
        taskOffsets: array(taskOffset),
        taskEndOffsets: array(taskOffset),
        assignment: struct(assignment),
        targetAssignment: struct(assignment),
        isClassic: bool,
      }),
      authorizedOperations: withDefault(int32, -2147483648),
    }),
  },
});
export type StreamsGroupDescribeRequest = RequestOf<typeof streamsGroupDescribe>;
export type StreamsGroupDescribeResponse = ResponseInput<typeof streamsGroupDescribe>;
