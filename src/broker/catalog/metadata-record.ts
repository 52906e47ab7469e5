import type { RecordSchema, RecordOf } from '../../protocol/schema.ts';
import type { Uuid } from '../../protocol/uuid.ts';
import { abortTransactionRecord } from '../../protocol/records/abort-transaction-record.ts';
import { accessControlEntryRecord } from '../../protocol/records/access-control-entry-record.ts';
import { beginTransactionRecord } from '../../protocol/records/begin-transaction-record.ts';
import { brokerRegistrationChangeRecord } from '../../protocol/records/broker-registration-change-record.ts';
import { clearElrRecord } from '../../protocol/records/clear-elr-record.ts';
import { clientQuotaRecord } from '../../protocol/records/client-quota-record.ts';
import { configRecord } from '../../protocol/records/config-record.ts';
import { delegationTokenRecord } from '../../protocol/records/delegation-token-record.ts';
import { endTransactionRecord } from '../../protocol/records/end-transaction-record.ts';
import { featureLevelRecord } from '../../protocol/records/feature-level-record.ts';
import { fenceBrokerRecord } from '../../protocol/records/fence-broker-record.ts';
import { noOpRecord } from '../../protocol/records/no-op-record.ts';
import { partitionChangeRecord } from '../../protocol/records/partition-change-record.ts';
import { partitionRecord } from '../../protocol/records/partition-record.ts';
import { producerIdsRecord } from '../../protocol/records/producer-ids-record.ts';
import { registerBrokerRecord } from '../../protocol/records/register-broker-record.ts';
import { registerControllerRecord } from '../../protocol/records/register-controller-record.ts';
import { removeAccessControlEntryRecord } from '../../protocol/records/remove-access-control-entry-record.ts';
import { removeDelegationTokenRecord } from '../../protocol/records/remove-delegation-token-record.ts';
import { removeTopicRecord } from '../../protocol/records/remove-topic-record.ts';
import { removeUserScramCredentialRecord } from '../../protocol/records/remove-user-scram-credential-record.ts';
import { topicRecord } from '../../protocol/records/topic-record.ts';
import { unfenceBrokerRecord } from '../../protocol/records/unfence-broker-record.ts';
import { unregisterBrokerRecord } from '../../protocol/records/unregister-broker-record.ts';
import { userScramCredentialRecord } from '../../protocol/records/user-scram-credential-record.ts';
import { zkMigrationStateRecord } from '../../protocol/records/zk-migration-state-record.ts';
import type { ConfigResourceType, PartitionImage } from './image.ts';

/** Kafka's metadata records by name: the whole vocabulary in which the cluster changes. */
export const metadataRecordSchemas = {
  RegisterBrokerRecord: registerBrokerRecord,
  UnregisterBrokerRecord: unregisterBrokerRecord,
  TopicRecord: topicRecord,
  PartitionRecord: partitionRecord,
  ConfigRecord: configRecord,
  PartitionChangeRecord: partitionChangeRecord,
  FenceBrokerRecord: fenceBrokerRecord,
  UnfenceBrokerRecord: unfenceBrokerRecord,
  RemoveTopicRecord: removeTopicRecord,
  DelegationTokenRecord: delegationTokenRecord,
  UserScramCredentialRecord: userScramCredentialRecord,
  FeatureLevelRecord: featureLevelRecord,
  ClientQuotaRecord: clientQuotaRecord,
  ProducerIdsRecord: producerIdsRecord,
  BrokerRegistrationChangeRecord: brokerRegistrationChangeRecord,
  AccessControlEntryRecord: accessControlEntryRecord,
  RemoveAccessControlEntryRecord: removeAccessControlEntryRecord,
  NoOpRecord: noOpRecord,
  ZkMigrationStateRecord: zkMigrationStateRecord,
  RemoveUserScramCredentialRecord: removeUserScramCredentialRecord,
  BeginTransactionRecord: beginTransactionRecord,
  EndTransactionRecord: endTransactionRecord,
  AbortTransactionRecord: abortTransactionRecord,
  RemoveDelegationTokenRecord: removeDelegationTokenRecord,
  RegisterControllerRecord: registerControllerRecord,
  ClearElrRecord: clearElrRecord,
} as const satisfies Record<string, RecordSchema>;

type Schemas = typeof metadataRecordSchemas;
export type MetadataRecordType = keyof Schemas;

/** The fields of one type of record. */
export type MetadataRecordData<T extends MetadataRecordType> = RecordOf<Schemas[T]>;

/** One record: its type, the version it is written in, its fields. */
export type MetadataRecord = {
  [T in MetadataRecordType]: {
    readonly type: T;
    readonly version: number;
    readonly data: MetadataRecordData<T>;
  };
}[MetadataRecordType];

/** What a PartitionChangeRecord's `leader` says when the leader stays and its epoch too. */
export const noLeaderChange = -2;

/** Kafka's ConfigResource ids. */
export const configResourceIds = {
  TOPIC: 2,
  BROKER: 4,
  CLIENT_METRICS: 16,
  GROUP: 32,
} as const satisfies Record<ConfigResourceType, number>;

export const topicCreated = (name: string, topicId: Uuid): MetadataRecord => ({
  type: 'TopicRecord',
  version: 0,
  data: { name, topicId },
});

export const topicRemoved = (topicId: Uuid): MetadataRecord => ({
  type: 'RemoveTopicRecord',
  version: 0,
  data: { topicId },
});

/** The whole state of a partition. */
export function partitionState(
  topicId: Uuid,
  partitionId: number,
  partition: PartitionImage,
): MetadataRecord {
  const hasElr =
    partition.eligibleLeaderReplicas !== undefined || partition.lastKnownElr !== undefined;
  return {
    type: 'PartitionRecord',
    version: hasElr ? 2 : 1,
    data: {
      partitionId,
      topicId,
      replicas: partition.replicas,
      isr: partition.isr,
      removingReplicas: partition.removingReplicas,
      addingReplicas: partition.addingReplicas,
      leader: partition.leader,
      leaderRecoveryState: partition.recovering === true ? 1 : 0,
      leaderEpoch: partition.leaderEpoch,
      partitionEpoch: partition.partitionEpoch,
      directories: partition.directories,
      eligibleLeaderReplicas: partition.eligibleLeaderReplicas ?? null,
      lastKnownElr: partition.lastKnownElr ?? null,
    },
  };
}

type PartitionChange = MetadataRecordData<'PartitionChangeRecord'>;

/** What changes in a partition; a leader that is named, even the present one, gets a new epoch. */
export function partitionChanged(
  topicId: Uuid,
  partitionId: number,
  change: Partial<Omit<PartitionChange, 'topicId' | 'partitionId'>>,
): MetadataRecord {
  const hasElr = change.eligibleLeaderReplicas != null || change.lastKnownElr != null;
  return {
    type: 'PartitionChangeRecord',
    version: hasElr ? 2 : 1,
    data: {
      isr: null,
      leader: noLeaderChange,
      replicas: null,
      removingReplicas: null,
      addingReplicas: null,
      leaderRecoveryState: -1,
      directories: null,
      eligibleLeaderReplicas: null,
      lastKnownElr: null,
      ...change,
      topicId,
      partitionId,
    },
  };
}

/** Sets one dynamic configuration value; null takes it away. */
export const configChanged = (
  type: ConfigResourceType,
  resourceName: string,
  name: string,
  value: string | null,
): MetadataRecord => ({
  type: 'ConfigRecord',
  version: 0,
  data: { resourceType: configResourceIds[type], resourceName, name, value },
});

export const featureFinalized = (name: string, featureLevel: number): MetadataRecord => ({
  type: 'FeatureLevelRecord',
  version: 0,
  data: { name, featureLevel },
});

/** Where a record that is only kept belongs: the newest one of a key is in force. */
export function keptKey(record: MetadataRecord): string | undefined {
  switch (record.type) {
    case 'AccessControlEntryRecord':
    case 'RemoveAccessControlEntryRecord':
      return `acl:${record.data.id}`;
    case 'UserScramCredentialRecord':
    case 'RemoveUserScramCredentialRecord':
      return `scram:${record.data.mechanism}:${record.data.name}`;
    case 'DelegationTokenRecord':
    case 'RemoveDelegationTokenRecord':
      return `token:${record.data.tokenId}`;
    case 'ClientQuotaRecord':
      return `quota:${JSON.stringify([quotaEntity(record.data.entity), record.data.key])}`;
    case 'RegisterControllerRecord':
      return `controller:${record.data.controllerId}`;
    case 'ZkMigrationStateRecord':
      return 'zk-migration';
    case 'RegisterBrokerRecord':
    case 'UnregisterBrokerRecord':
    case 'TopicRecord':
    case 'PartitionRecord':
    case 'ConfigRecord':
    case 'PartitionChangeRecord':
    case 'FenceBrokerRecord':
    case 'UnfenceBrokerRecord':
    case 'RemoveTopicRecord':
    case 'FeatureLevelRecord':
    case 'ProducerIdsRecord':
    case 'BrokerRegistrationChangeRecord':
    case 'NoOpRecord':
    case 'BeginTransactionRecord':
    case 'EndTransactionRecord':
    case 'AbortTransactionRecord':
    case 'ClearElrRecord':
      return undefined;
  }
}

/** An entity is a set: whoever wrote its parts in another order meant the same one. */
const quotaEntity = (
  entity: MetadataRecordData<'ClientQuotaRecord'>['entity'],
): (string | null)[][] =>
  entity.map(({ entityType, entityName }) => [entityType, entityName]).sort();
