// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineRecord,
  ignorable,
  int32,
  int64,
  int8,
  nullableString,
  string,
  tagged,
  uuid,
} from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** ShareGroupMemberMetadataKey (type 10): a member of a share group. */
export const shareGroupMemberMetadataKey = defineRecord({
  apiKey: 10,
  name: 'ShareGroupMemberMetadataKey',
  versions: [0, 0],
  fields: {
    groupId: string,
    memberId: string,
  },
});
export type ShareGroupMemberMetadataKey = RecordOf<typeof shareGroupMemberMetadataKey>;

/** ShareGroupMemberMetadataValue (type 10): what a member of a share group said of itself. */
export const shareGroupMemberMetadataValue = defineRecord({
  apiKey: 10,
  name: 'ShareGroupMemberMetadataValue',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    rackId: nullableString,
    clientId: string,
    clientHost: string,
    subscribedTopicNames: array(string),
  },
});
export type ShareGroupMemberMetadataValue = RecordOf<typeof shareGroupMemberMetadataValue>;

/** ShareGroupMetadataKey (type 11): a share group. */
export const shareGroupMetadataKey = defineRecord({
  apiKey: 11,
  name: 'ShareGroupMetadataKey',
  versions: [0, 0],
  fields: {
    groupId: string,
  },
});
export type ShareGroupMetadataKey = RecordOf<typeof shareGroupMetadataKey>;

/** ShareGroupMetadataValue (type 11): epoch of a share group. */
export const shareGroupMetadataValue = defineRecord({
  apiKey: 11,
  name: 'ShareGroupMetadataValue',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    epoch: int32,
    metadataHash: int64,
  },
});
export type ShareGroupMetadataValue = RecordOf<typeof shareGroupMetadataValue>;

/** ShareGroupTargetAssignmentMetadataKey (type 12): a share group that has a target assignment. */
export const shareGroupTargetAssignmentMetadataKey = defineRecord({
  apiKey: 12,
  name: 'ShareGroupTargetAssignmentMetadataKey',
  versions: [0, 0],
  fields: {
    groupId: string,
  },
});
export type ShareGroupTargetAssignmentMetadataKey = RecordOf<
  typeof shareGroupTargetAssignmentMetadataKey
>;

/** ShareGroupTargetAssignmentMetadataValue (type 12): epoch of the target assignment of a share group. */
export const shareGroupTargetAssignmentMetadataValue = defineRecord({
  apiKey: 12,
  name: 'ShareGroupTargetAssignmentMetadataValue',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    assignmentEpoch: int32,
    assignmentTimestamp: ignorable(tagged(0, 0, int64, 0)),
  },
});
export type ShareGroupTargetAssignmentMetadataValue = RecordOf<
  typeof shareGroupTargetAssignmentMetadataValue
>;

/** ShareGroupTargetAssignmentMemberKey (type 13): a member of a share group that has a target assignment. */
export const shareGroupTargetAssignmentMemberKey = defineRecord({
  apiKey: 13,
  name: 'ShareGroupTargetAssignmentMemberKey',
  versions: [0, 0],
  fields: {
    groupId: string,
    memberId: string,
  },
});
export type ShareGroupTargetAssignmentMemberKey = RecordOf<
  typeof shareGroupTargetAssignmentMemberKey
>;

/** ShareGroupTargetAssignmentMemberValue (type 13): partitions that a member of a share group is meant to have. */
export const shareGroupTargetAssignmentMemberValue = defineRecord({
  apiKey: 13,
  name: 'ShareGroupTargetAssignmentMemberValue',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    topicPartitions: array({
      topicId: uuid,
      partitions: array(int32),
    }),
  },
});
export type ShareGroupTargetAssignmentMemberValue = RecordOf<
  typeof shareGroupTargetAssignmentMemberValue
>;

/** ShareGroupCurrentMemberAssignmentKey (type 14): a member of a share group that has been assigned partitions. */
export const shareGroupCurrentMemberAssignmentKey = defineRecord({
  apiKey: 14,
  name: 'ShareGroupCurrentMemberAssignmentKey',
  versions: [0, 0],
  fields: {
    groupId: string,
    memberId: string,
  },
});
export type ShareGroupCurrentMemberAssignmentKey = RecordOf<
  typeof shareGroupCurrentMemberAssignmentKey
>;

const topicPartitions = {
  topicId: uuid,
  partitions: array(int32),
};
/** ShareGroupCurrentMemberAssignmentValue (type 14): partitions that a member of a share group has. */
export const shareGroupCurrentMemberAssignmentValue = defineRecord({
  apiKey: 14,
  name: 'ShareGroupCurrentMemberAssignmentValue',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    memberEpoch: int32,
    previousMemberEpoch: int32,
    state: int8,
    assignedPartitions: array(topicPartitions),
  },
});
export type ShareGroupCurrentMemberAssignmentValue = RecordOf<
  typeof shareGroupCurrentMemberAssignmentValue
>;

/** ShareGroupStatePartitionMetadataKey (type 15): a share group that has state in `__share_group_state`. */
export const shareGroupStatePartitionMetadataKey = defineRecord({
  apiKey: 15,
  name: 'ShareGroupStatePartitionMetadataKey',
  versions: [0, 0],
  fields: {
    groupId: string,
  },
});
export type ShareGroupStatePartitionMetadataKey = RecordOf<
  typeof shareGroupStatePartitionMetadataKey
>;

const topicPartitionsInfo = {
  topicId: uuid,
  topicName: string,
  partitions: array(int32),
};
const topicInfo = {
  topicId: uuid,
  topicName: string,
};
/** ShareGroupStatePartitionMetadataValue (type 15): topics whose share state is being made, exists, or goes. */
export const shareGroupStatePartitionMetadataValue = defineRecord({
  apiKey: 15,
  name: 'ShareGroupStatePartitionMetadataValue',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    initializingTopics: array(topicPartitionsInfo),
    initializedTopics: array(topicPartitionsInfo),
    deletingTopics: array(topicInfo),
  },
});
export type ShareGroupStatePartitionMetadataValue = RecordOf<
  typeof shareGroupStatePartitionMetadataValue
>;
