// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bool,
  defineApi,
  int16,
  int32,
  int64,
  int8,
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
const taskIds = {
  subtopologyId: string,
  partitions: array(int32),
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
const status = {
  statusCode: int8,
  statusDetail: string,
};
const topicPartition = {
  topic: string,
  partitions: array(int32),
};
/** StreamsGroupHeartbeat (key 88): the whole life of a member of a KIP-1071 streams group. */
export const streamsGroupHeartbeat = defineApi({
  key: 88,
  name: 'StreamsGroupHeartbeat',
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    groupId: string,
    memberId: string,
    memberEpoch: int32,
    endpointInformationEpoch: int32,
    instanceId: withDefault(nullableString, null),
    rackId: withDefault(nullableString, null),
    rebalanceTimeoutMs: withDefault(int32, -1),
    topology: withDefault(
      nullableStruct({
        epoch: int32,
        subtopologies: array({
          subtopologyId: string,
          sourceTopics: array(string),
          sourceTopicRegex: array(string),
          stateChangelogTopics: array(topicInfo),
          repartitionSinkTopics: array(string),
          repartitionSourceTopics: array(topicInfo),
          copartitionGroups: array({
            sourceTopics: array(int16),
            sourceTopicRegex: array(int16),
            repartitionSourceTopics: array(int16),
          }),
        }),
      }),
      null,
    ),
    activeTasks: withDefault(nullableArray(taskIds), null),
    standbyTasks: withDefault(nullableArray(taskIds), null),
    warmupTasks: withDefault(nullableArray(taskIds), null),
    processId: withDefault(nullableString, null),
    userEndpoint: withDefault(nullableStruct(endpoint), null),
    clientTags: withDefault(nullableArray(keyValue), null),
    taskOffsets: withDefault(nullableArray(taskOffset), null),
    taskEndOffsets: withDefault(nullableArray(taskOffset), null),
    shutdownApplication: withDefault(bool, false),
  },
  response: {
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: withDefault(nullableString, null),
    memberId: string,
    memberEpoch: int32,
    heartbeatIntervalMs: int32,
    acceptableRecoveryLag: int32,
    taskOffsetIntervalMs: int32,
    status: nullableArray(status),
    activeTasks: withDefault(nullableArray(taskIds), null),
    standbyTasks: withDefault(nullableArray(taskIds), null),
    warmupTasks: withDefault(nullableArray(taskIds), null),
    endpointInformationEpoch: int32,
    partitionsByUserEndpoint: withDefault(
      nullableArray({
        userEndpoint: struct(endpoint),
        activePartitions: array(topicPartition),
        standbyPartitions: array(topicPartition),
      }),
      null,
    ),
  },
});
export type StreamsGroupHeartbeatRequest = RequestOf<typeof streamsGroupHeartbeat>;
export type StreamsGroupHeartbeatResponse = ResponseInput<typeof streamsGroupHeartbeat>;
