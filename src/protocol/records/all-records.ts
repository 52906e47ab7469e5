// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import type { MessageSchema } from '../schema.ts';
import {
  legacyOffsetCommitKey,
  legacyOffsetCommitValue,
  offsetCommitKey,
  offsetCommitValue,
  groupMetadataKey,
  groupMetadataValue,
} from './consumer-offsets.ts';
import {
  consumerGroupMetadataKey,
  consumerGroupMetadataValue,
  consumerGroupPartitionMetadataKey,
  consumerGroupPartitionMetadataValue,
  consumerGroupMemberMetadataKey,
  consumerGroupMemberMetadataValue,
  consumerGroupTargetAssignmentMetadataKey,
  consumerGroupTargetAssignmentMetadataValue,
  consumerGroupTargetAssignmentMemberKey,
  consumerGroupTargetAssignmentMemberValue,
  consumerGroupCurrentMemberAssignmentKey,
  consumerGroupCurrentMemberAssignmentValue,
  consumerGroupRegularExpressionKey,
  consumerGroupRegularExpressionValue,
} from './consumer-groups.ts';
import {
  shareGroupMemberMetadataKey,
  shareGroupMemberMetadataValue,
  shareGroupMetadataKey,
  shareGroupMetadataValue,
  shareGroupTargetAssignmentMetadataKey,
  shareGroupTargetAssignmentMetadataValue,
  shareGroupTargetAssignmentMemberKey,
  shareGroupTargetAssignmentMemberValue,
  shareGroupCurrentMemberAssignmentKey,
  shareGroupCurrentMemberAssignmentValue,
  shareGroupStatePartitionMetadataKey,
  shareGroupStatePartitionMetadataValue,
} from './share-groups.ts';
import {
  streamsGroupMetadataKey,
  streamsGroupMetadataValue,
  streamsGroupMemberMetadataKey,
  streamsGroupMemberMetadataValue,
  streamsGroupTargetAssignmentMetadataKey,
  streamsGroupTargetAssignmentMetadataValue,
  streamsGroupTargetAssignmentMemberKey,
  streamsGroupTargetAssignmentMemberValue,
  streamsGroupCurrentMemberAssignmentKey,
  streamsGroupCurrentMemberAssignmentValue,
  streamsGroupTopologyKey,
  streamsGroupTopologyValue,
} from './streams-groups.ts';
import { transactionLogKey, transactionLogValue } from './transaction-state.ts';
import {
  shareSnapshotKey,
  shareSnapshotValue,
  shareUpdateKey,
  shareUpdateValue,
} from './share-group-state.ts';
import {
  controlRecordTypeSchema,
  endTxnMarker,
  kRaftVersionRecord,
  leaderChangeMessage,
  snapshotFooterRecord,
  snapshotHeaderRecord,
  votersRecord,
} from './control-records.ts';
import { quorumStateData } from './quorum-state.ts';
import { consumerProtocolAssignment, consumerProtocolSubscription } from './consumer-protocol.ts';
import { abortTransactionRecord } from './abort-transaction-record.ts';
import { topicRecord } from './topic-record.ts';
import { noOpRecord } from './no-op-record.ts';
import { removeDelegationTokenRecord } from './remove-delegation-token-record.ts';
import { beginTransactionRecord } from './begin-transaction-record.ts';
import { clientQuotaRecord } from './client-quota-record.ts';
import { featureLevelRecord } from './feature-level-record.ts';
import { removeUserScramCredentialRecord } from './remove-user-scram-credential-record.ts';
import { producerIdsRecord } from './producer-ids-record.ts';
import { removeTopicRecord } from './remove-topic-record.ts';
import { accessControlEntryRecord } from './access-control-entry-record.ts';
import { clearElrRecord } from './clear-elr-record.ts';
import { delegationTokenRecord } from './delegation-token-record.ts';
import { partitionRecord } from './partition-record.ts';
import { unfenceBrokerRecord } from './unfence-broker-record.ts';
import { unregisterBrokerRecord } from './unregister-broker-record.ts';
import { brokerRegistrationChangeRecord } from './broker-registration-change-record.ts';
import { zkMigrationStateRecord } from './zk-migration-state-record.ts';
import { partitionChangeRecord } from './partition-change-record.ts';
import { registerBrokerRecord } from './register-broker-record.ts';
import { userScramCredentialRecord } from './user-scram-credential-record.ts';
import { registerControllerRecord } from './register-controller-record.ts';
import { endTransactionRecord } from './end-transaction-record.ts';
import { removeAccessControlEntryRecord } from './remove-access-control-entry-record.ts';
import { fenceBrokerRecord } from './fence-broker-record.ts';
import { configRecord } from './config-record.ts';

/** Everything that stands in a log or travels inside another message. */
export const allRecords: readonly MessageSchema<object, object>[] = [
  legacyOffsetCommitKey,
  legacyOffsetCommitValue,
  offsetCommitKey,
  offsetCommitValue,
  groupMetadataKey,
  groupMetadataValue,
  consumerGroupMetadataKey,
  consumerGroupMetadataValue,
  consumerGroupPartitionMetadataKey,
  consumerGroupPartitionMetadataValue,
  consumerGroupMemberMetadataKey,
  consumerGroupMemberMetadataValue,
  consumerGroupTargetAssignmentMetadataKey,
  consumerGroupTargetAssignmentMetadataValue,
  consumerGroupTargetAssignmentMemberKey,
  consumerGroupTargetAssignmentMemberValue,
  consumerGroupCurrentMemberAssignmentKey,
  consumerGroupCurrentMemberAssignmentValue,
  consumerGroupRegularExpressionKey,
  consumerGroupRegularExpressionValue,
  shareGroupMemberMetadataKey,
  shareGroupMemberMetadataValue,
  shareGroupMetadataKey,
  shareGroupMetadataValue,
  shareGroupTargetAssignmentMetadataKey,
  shareGroupTargetAssignmentMetadataValue,
  shareGroupTargetAssignmentMemberKey,
  shareGroupTargetAssignmentMemberValue,
  shareGroupCurrentMemberAssignmentKey,
  shareGroupCurrentMemberAssignmentValue,
  shareGroupStatePartitionMetadataKey,
  shareGroupStatePartitionMetadataValue,
  streamsGroupMetadataKey,
  streamsGroupMetadataValue,
  streamsGroupMemberMetadataKey,
  streamsGroupMemberMetadataValue,
  streamsGroupTargetAssignmentMetadataKey,
  streamsGroupTargetAssignmentMetadataValue,
  streamsGroupTargetAssignmentMemberKey,
  streamsGroupTargetAssignmentMemberValue,
  streamsGroupCurrentMemberAssignmentKey,
  streamsGroupCurrentMemberAssignmentValue,
  streamsGroupTopologyKey,
  streamsGroupTopologyValue,
  transactionLogKey,
  transactionLogValue,
  shareSnapshotKey,
  shareSnapshotValue,
  shareUpdateKey,
  shareUpdateValue,
  controlRecordTypeSchema,
  endTxnMarker,
  kRaftVersionRecord,
  leaderChangeMessage,
  snapshotFooterRecord,
  snapshotHeaderRecord,
  votersRecord,
  quorumStateData,
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  abortTransactionRecord,
  topicRecord,
  noOpRecord,
  removeDelegationTokenRecord,
  beginTransactionRecord,
  clientQuotaRecord,
  featureLevelRecord,
  removeUserScramCredentialRecord,
  producerIdsRecord,
  removeTopicRecord,
  accessControlEntryRecord,
  clearElrRecord,
  delegationTokenRecord,
  partitionRecord,
  unfenceBrokerRecord,
  unregisterBrokerRecord,
  brokerRegistrationChangeRecord,
  zkMigrationStateRecord,
  partitionChangeRecord,
  registerBrokerRecord,
  userScramCredentialRecord,
  registerControllerRecord,
  endTransactionRecord,
  removeAccessControlEntryRecord,
  fenceBrokerRecord,
  configRecord,
];
