import type { Uuid } from '../../protocol/uuid.ts';
import type { MetadataRecord } from './metadata-record.ts';

/** Everything here is immutable: a change makes a new image that shares what did not change. */

export interface PartitionImage {
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly addingReplicas: readonly number[];
  readonly removingReplicas: readonly number[];
  readonly directories: readonly Uuid[];
  /** Broker id; -1 = no leader. */
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  /** Set after an unclean election until the leader has recovered; absent = recovered. */
  readonly recovering?: boolean;
  /** KIP-966, only in a log that another broker wrote; absent = empty. */
  readonly eligibleLeaderReplicas?: readonly number[];
  readonly lastKnownElr?: readonly number[];
}

export interface TopicImage {
  readonly id: Uuid;
  readonly name: string;
  /** By partition index. */
  readonly partitions: readonly PartitionImage[];
}

export interface BrokerEndpoint {
  readonly listener: string;
  readonly host: string;
  readonly port: number;
  /** Kafka's SecurityProtocol id; 0 = PLAINTEXT. */
  readonly securityProtocol: number;
}

/** Feature levels a broker can serve. */
export interface SupportedFeature {
  readonly name: string;
  readonly minSupportedVersion: number;
  readonly maxSupportedVersion: number;
}

export interface BrokerImage {
  readonly id: number;
  readonly epoch: number;
  readonly incarnationId: Uuid;
  readonly endpoints: readonly BrokerEndpoint[];
  readonly rack: string | null;
  /** Registered, but not (or no longer) serving. */
  readonly fenced: boolean;
  readonly directories: readonly Uuid[];
  /** Absent = false. */
  readonly inControlledShutdown?: boolean;
  /** Absent = none said. */
  readonly features?: readonly SupportedFeature[];
  /** Directories that take no new partitions; absent = none. */
  readonly cordonedDirectories?: readonly Uuid[];
}

/** Kafka's ConfigResource types that are stored. */
export type ConfigResourceType = 'TOPIC' | 'BROKER' | 'CLIENT_METRICS' | 'GROUP';

/** The cluster as of one offset of the catalog. */
export interface MetadataImage {
  readonly clusterId: string;
  /** Last applied catalog offset and its epoch; -1 before the first record. */
  readonly offset: number;
  readonly epoch: number;
  readonly topics: ReadonlyMap<string, TopicImage>;
  readonly topicsById: ReadonlyMap<Uuid, TopicImage>;
  readonly brokers: ReadonlyMap<number, BrokerImage>;
  /** Key: `configKey(type, name)`; the cluster default of brokers has the name ''. */
  readonly configs: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Finalized feature levels. */
  readonly features: ReadonlyMap<string, number>;
  readonly nextProducerId: number;
  /**
   * The record that is in force for everything that is stored but has no field of its own (ACLs,
   * SCRAM credentials, quotas, delegation tokens, controllers). Key: `keptKey(record)`.
   */
  readonly kept: ReadonlyMap<string, MetadataRecord>;
}

export const configKey = (type: ConfigResourceType, name: string): string => `${type}:${name}`;

const noConfig: ReadonlyMap<string, string> = new Map();

/** What is set dynamically on a resource; empty when nothing is. */
export function configOf(
  image: MetadataImage,
  type: ConfigResourceType,
  name: string,
): ReadonlyMap<string, string> {
  return image.configs.get(configKey(type, name)) ?? noConfig;
}

/** May hold replicas, lead partitions and be told to clients. */
export function isActive(broker: BrokerImage | undefined): boolean {
  return broker !== undefined && !broker.fenced && broker.inControlledShutdown !== true;
}

/** The image before the first record. */
export function emptyImage(clusterId: string): MetadataImage {
  return {
    clusterId,
    offset: -1,
    epoch: 0,
    topics: new Map(),
    topicsById: new Map(),
    brokers: new Map(),
    configs: new Map(),
    features: new Map(),
    nextProducerId: 0,
    kept: new Map(),
  };
}
