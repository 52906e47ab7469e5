// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineRecord,
  ignorable,
  int16,
  int32,
  int64,
  int8,
  nullableArray,
  nullableString,
  nullableStruct,
  string,
  tagged,
  uint16,
  withDefault,
} from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** StreamsGroupMetadataKey (type 17): a streams group. */
export const streamsGroupMetadataKey = defineRecord({
  apiKey: 17,
  name: 'StreamsGroupMetadataKey',
  versions: [0, 0],
  fields: {
    groupId: string,
  },
});
export type StreamsGroupMetadataKey = RecordOf<typeof streamsGroupMetadataKey>;

const lastAssignmentConfig = {
  key: string,
  value: string,
};
/** StreamsGroupMetadataValue (type 17): epochs and settings of a streams group. */
export const streamsGroupMetadataValue = defineRecord({
  apiKey: 17,
  name: 'StreamsGroupMetadataValue',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    epoch: int32,
    metadataHash: int64,
    validatedTopologyEpoch: tagged(0, 0, int32, -1),
    lastAssignmentConfigs: tagged(1, 0, nullableArray(lastAssignmentConfig), []),
  },
});
export type StreamsGroupMetadataValue = RecordOf<typeof streamsGroupMetadataValue>;

/** StreamsGroupMemberMetadataKey (type 19): a member of a streams group. */
export const streamsGroupMemberMetadataKey = defineRecord({
  apiKey: 19,
  name: 'StreamsGroupMemberMetadataKey',
  versions: [0, 0],
  fields: {
    groupId: string,
    memberId: string,
  },
});
export type StreamsGroupMemberMetadataKey = RecordOf<typeof streamsGroupMemberMetadataKey>;

const endpoint = {
  host: string,
  port: uint16,
};
const keyValue = {
  key: string,
  value: string,
};
/** StreamsGroupMemberMetadataValue (type 19): what a member of a streams group said of itself. */
export const streamsGroupMemberMetadataValue = defineRecord({
  apiKey: 19,
  name: 'StreamsGroupMemberMetadataValue',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    instanceId: nullableString,
    rackId: nullableString,
    clientId: string,
    clientHost: string,
    rebalanceTimeoutMs: withDefault(int32, -1),
    topologyEpoch: int32,
    processId: string,
    userEndpoint: withDefault(nullableStruct(endpoint), null),
    clientTags: array(keyValue),
  },
});
export type StreamsGroupMemberMetadataValue = RecordOf<typeof streamsGroupMemberMetadataValue>;

/** StreamsGroupTargetAssignmentMetadataKey (type 20): a streams group that has a target assignment. */
export const streamsGroupTargetAssignmentMetadataKey = defineRecord({
  apiKey: 20,
  name: 'StreamsGroupTargetAssignmentMetadataKey',
  versions: [0, 0],
  fields: {
    groupId: string,
  },
});
export type StreamsGroupTargetAssignmentMetadataKey = RecordOf<
  typeof streamsGroupTargetAssignmentMetadataKey
>;

/** StreamsGroupTargetAssignmentMetadataValue (type 20): epoch of the target assignment of a streams group. */
export const streamsGroupTargetAssignmentMetadataValue = defineRecord({
  apiKey: 20,
  name: 'StreamsGroupTargetAssignmentMetadataValue',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    assignmentEpoch: int32,
    assignmentTimestamp: ignorable(tagged(0, 0, int64, 0)),
  },
});
export type StreamsGroupTargetAssignmentMetadataValue = RecordOf<
  typeof streamsGroupTargetAssignmentMetadataValue
>;

/** StreamsGroupTargetAssignmentMemberKey (type 21): a member of a streams group that has a target assignment. */
export const streamsGroupTargetAssignmentMemberKey = defineRecord({
  apiKey: 21,
  name: 'StreamsGroupTargetAssignmentMemberKey',
  versions: [0, 0],
  fields: {
    groupId: string,
    memberId: string,
  },
});
export type StreamsGroupTargetAssignmentMemberKey = RecordOf<
  typeof streamsGroupTargetAssignmentMemberKey
>;

const taskIds = {
  subtopologyId: string,
  partitions: array(int32),
};
/** StreamsGroupTargetAssignmentMemberValue (type 21): tasks that a member of a streams group is meant to have. */
export const streamsGroupTargetAssignmentMemberValue = defineRecord({
  apiKey: 21,
  name: 'StreamsGroupTargetAssignmentMemberValue',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    activeTasks: array(taskIds),
    standbyTasks: array(taskIds),
    warmupTasks: array(taskIds),
  },
});
export type StreamsGroupTargetAssignmentMemberValue = RecordOf<
  typeof streamsGroupTargetAssignmentMemberValue
>;

/** StreamsGroupCurrentMemberAssignmentKey (type 22): a member of a streams group that has been assigned tasks. */
export const streamsGroupCurrentMemberAssignmentKey = defineRecord({
  apiKey: 22,
  name: 'StreamsGroupCurrentMemberAssignmentKey',
  versions: [0, 0],
  fields: {
    groupId: string,
    memberId: string,
  },
});
export type StreamsGroupCurrentMemberAssignmentKey = RecordOf<
  typeof streamsGroupCurrentMemberAssignmentKey
>;

const streamsGroupCurrentMemberAssignmentValueTaskIds = {
  subtopologyId: string,
  partitions: array(int32),
  assignmentEpochs: tagged(0, 0, nullableArray(int32), []),
};
/** StreamsGroupCurrentMemberAssignmentValue (type 22): tasks that a member of a streams group has. */
export const streamsGroupCurrentMemberAssignmentValue = defineRecord({
  apiKey: 22,
  name: 'StreamsGroupCurrentMemberAssignmentValue',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    memberEpoch: int32,
    previousMemberEpoch: int32,
    state: int8,
    activeTasks: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
    standbyTasks: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
    warmupTasks: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
    activeTasksPendingRevocation: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
    standbyTasksPendingRevocation: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
    warmupTasksPendingRevocation: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
  },
});
export type StreamsGroupCurrentMemberAssignmentValue = RecordOf<
  typeof streamsGroupCurrentMemberAssignmentValue
>;

/** StreamsGroupTopologyKey (type 23): a streams group whose topology is known. */
export const streamsGroupTopologyKey = defineRecord({
  apiKey: 23,
  name: 'StreamsGroupTopologyKey',
  versions: [0, 0],
  fields: {
    groupId: string,
  },
});
export type StreamsGroupTopologyKey = RecordOf<typeof streamsGroupTopologyKey>;

const topicConfig = {
  key: string,
  value: string,
};
const topicInfo = {
  name: string,
  partitions: int32,
  replicationFactor: int16,
  topicConfigs: array(topicConfig),
};
/** StreamsGroupTopologyValue (type 23): topology of a streams group. */
export const streamsGroupTopologyValue = defineRecord({
  apiKey: 23,
  name: 'StreamsGroupTopologyValue',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
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
  },
});
export type StreamsGroupTopologyValue = RecordOf<typeof streamsGroupTopologyValue>;
