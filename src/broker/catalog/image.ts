import type { Uuid } from '../../protocol/uuid.ts';

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

export interface BrokerImage {
  readonly id: number;
  readonly epoch: number;
  readonly incarnationId: Uuid;
  readonly endpoints: readonly BrokerEndpoint[];
  readonly rack: string | null;
  readonly fenced: boolean;
  readonly directories: readonly Uuid[];
}

/** Kafka's ConfigResource types that are stored. */
export type ConfigResourceType = 'TOPIC' | 'BROKER' | 'CLIENT_METRICS' | 'GROUP';

/** The cluster as of one offset of the catalog. */
export interface MetadataImage {
  readonly clusterId: string;
  /** Last applied catalog offset and its epoch. */
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
}

export const configKey = (type: ConfigResourceType, name: string): string => `${type}:${name}`;
