// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bytes,
  defineRecord,
  ignorable,
  int32,
  int64,
  int8,
  nullableArray,
  nullableString,
  nullableStruct,
  string,
  tagged,
  uuid,
  withDefault,
} from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** ConsumerGroupMetadataKey (type 3): a KIP-848 group. */
export const consumerGroupMetadataKey = defineRecord({
  apiKey: 3,
  name: 'ConsumerGroupMetadataKey',
  versions: [0, 0],
  fields: {
    groupId: string,
  },
});
export type ConsumerGroupMetadataKey = RecordOf<typeof consumerGroupMetadataKey>;

/** ConsumerGroupMetadataValue (type 3): epoch of a KIP-848 group. */
export const consumerGroupMetadataValue = defineRecord({
  apiKey: 3,
  name: 'ConsumerGroupMetadataValue',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    epoch: int32,
    metadataHash: tagged(0, 0, int64, 0),
  },
});
export type ConsumerGroupMetadataValue = RecordOf<typeof consumerGroupMetadataValue>;

/** ConsumerGroupPartitionMetadataKey (type 4): a group whose partition counts were once kept here. */
export const consumerGroupPartitionMetadataKey = defineRecord({
  apiKey: 4,
  name: 'ConsumerGroupPartitionMetadataKey',
  versions: [0, 0],
  fields: {
    groupId: string,
  },
});
export type ConsumerGroupPartitionMetadataKey = RecordOf<typeof consumerGroupPartitionMetadataKey>;

/** ConsumerGroupPartitionMetadataValue (type 4): partition counts as earlier versions kept them. */
export const consumerGroupPartitionMetadataValue = defineRecord({
  apiKey: 4,
  name: 'ConsumerGroupPartitionMetadataValue',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    topics: array({
      topicId: uuid,
      topicName: string,
      numPartitions: int32,
      partitionMetadata: array({
        partition: int32,
        racks: array(string),
      }),
    }),
  },
});
export type ConsumerGroupPartitionMetadataValue = RecordOf<
  typeof consumerGroupPartitionMetadataValue
>;

/** ConsumerGroupMemberMetadataKey (type 5): a member of a KIP-848 group. */
export const consumerGroupMemberMetadataKey = defineRecord({
  apiKey: 5,
  name: 'ConsumerGroupMemberMetadataKey',
  versions: [0, 0],
  fields: {
    groupId: string,
    memberId: string,
  },
});
export type ConsumerGroupMemberMetadataKey = RecordOf<typeof consumerGroupMemberMetadataKey>;

/** ConsumerGroupMemberMetadataValue (type 5): what a member of a KIP-848 group said of itself. */
export const consumerGroupMemberMetadataValue = defineRecord({
  apiKey: 5,
  name: 'ConsumerGroupMemberMetadataValue',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    instanceId: nullableString,
    rackId: nullableString,
    clientId: string,
    clientHost: string,
    subscribedTopicNames: array(string),
    subscribedTopicRegex: nullableString,
    rebalanceTimeoutMs: withDefault(int32, -1),
    serverAssignor: nullableString,
    classicMemberMetadata: tagged(
      0,
      0,
      nullableStruct({
        sessionTimeoutMs: int32,
        supportedProtocols: array({
          name: string,
          metadata: bytes,
        }),
      }),
      { sessionTimeoutMs: 0, supportedProtocols: [] },
    ),
  },
});
export type ConsumerGroupMemberMetadataValue = RecordOf<typeof consumerGroupMemberMetadataValue>;

/** ConsumerGroupTargetAssignmentMetadataKey (type 6): a group that has a target assignment. */
export const consumerGroupTargetAssignmentMetadataKey = defineRecord({
  apiKey: 6,
  name: 'ConsumerGroupTargetAssignmentMetadataKey',
  versions: [0, 0],
  fields: {
    groupId: string,
  },
});
export type ConsumerGroupTargetAssignmentMetadataKey = RecordOf<
  typeof consumerGroupTargetAssignmentMetadataKey
>;

/** ConsumerGroupTargetAssignmentMetadataValue (type 6): epoch of the target assignment. */
export const consumerGroupTargetAssignmentMetadataValue = defineRecord({
  apiKey: 6,
  name: 'ConsumerGroupTargetAssignmentMetadataValue',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    assignmentEpoch: int32,
    assignmentTimestamp: ignorable(tagged(0, 0, int64, 0)),
  },
});
export type ConsumerGroupTargetAssignmentMetadataValue = RecordOf<
  typeof consumerGroupTargetAssignmentMetadataValue
>;

/** ConsumerGroupTargetAssignmentMemberKey (type 7): a member that has a target assignment. */
export const consumerGroupTargetAssignmentMemberKey = defineRecord({
  apiKey: 7,
  name: 'ConsumerGroupTargetAssignmentMemberKey',
  versions: [0, 0],
  fields: {
    groupId: string,
    memberId: string,
  },
});
export type ConsumerGroupTargetAssignmentMemberKey = RecordOf<
  typeof consumerGroupTargetAssignmentMemberKey
>;

/** ConsumerGroupTargetAssignmentMemberValue (type 7): partitions that a member is meant to have. */
export const consumerGroupTargetAssignmentMemberValue = defineRecord({
  apiKey: 7,
  name: 'ConsumerGroupTargetAssignmentMemberValue',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    topicPartitions: array({
      topicId: uuid,
      partitions: array(int32),
    }),
  },
});
export type ConsumerGroupTargetAssignmentMemberValue = RecordOf<
  typeof consumerGroupTargetAssignmentMemberValue
>;

/** ConsumerGroupCurrentMemberAssignmentKey (type 8): a member that has been assigned partitions. */
export const consumerGroupCurrentMemberAssignmentKey = defineRecord({
  apiKey: 8,
  name: 'ConsumerGroupCurrentMemberAssignmentKey',
  versions: [0, 0],
  fields: {
    groupId: string,
    memberId: string,
  },
});
export type ConsumerGroupCurrentMemberAssignmentKey = RecordOf<
  typeof consumerGroupCurrentMemberAssignmentKey
>;

const topicPartitions = {
  topicId: uuid,
  partitions: array(int32),
  assignmentEpochs: tagged(0, 0, nullableArray(int32), []),
};
/** ConsumerGroupCurrentMemberAssignmentValue (type 8): partitions that a member has, or has to give up. */
export const consumerGroupCurrentMemberAssignmentValue = defineRecord({
  apiKey: 8,
  name: 'ConsumerGroupCurrentMemberAssignmentValue',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    memberEpoch: int32,
    previousMemberEpoch: int32,
    state: int8,
    assignedPartitions: array(topicPartitions),
    partitionsPendingRevocation: array(topicPartitions),
  },
});
export type ConsumerGroupCurrentMemberAssignmentValue = RecordOf<
  typeof consumerGroupCurrentMemberAssignmentValue
>;

/** ConsumerGroupRegularExpressionKey (type 16): a regular expression that members subscribe to. */
export const consumerGroupRegularExpressionKey = defineRecord({
  apiKey: 16,
  name: 'ConsumerGroupRegularExpressionKey',
  versions: [0, 0],
  fields: {
    groupId: string,
    regularExpression: string,
  },
});
export type ConsumerGroupRegularExpressionKey = RecordOf<typeof consumerGroupRegularExpressionKey>;

/** ConsumerGroupRegularExpressionValue (type 16): topics that a regular expression matched. */
export const consumerGroupRegularExpressionValue = defineRecord({
  apiKey: 16,
  name: 'ConsumerGroupRegularExpressionValue',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    topics: array(string),
    version: int64,
    timestamp: int64,
  },
});
export type ConsumerGroupRegularExpressionValue = RecordOf<
  typeof consumerGroupRegularExpressionValue
>;
