import type { GroupSettings } from '../coordination/settings.ts';
import type { TransactionSettings } from '../coordination/transactions/transaction-partition.ts';
import type { Random } from '../host/random.ts';
import { randomUuid } from '../protocol/uuid.ts';
import type { BrokerOptions } from './broker-options.ts';
import type { Catalog } from './catalog/catalog.ts';
import type { TopicCreationSettings } from './catalog/topic-creation.ts';
import type { BrokerConfig } from './config/broker-config.ts';
import { listenersOf, type ListenerConfig } from './config/listeners.ts';
import {
  createdTopicConfigs,
  minInsyncReplicas,
  topicSettings,
  validateTopicConfigs,
} from './config/topic-config.ts';
import type { DescribeTopicConfigs } from './handlers/create-topics.ts';
import type { ConnectionLimits } from './network/listener.ts';
import type { SettingsOf } from './replica/led-partitions.ts';
import type { VerificationSettings } from './transactions/verification.ts';

/**
 * What one broker reads of its configuration. Functions are asked anew each time: their values may
 * change while the broker runs.
 */
export interface NodeSettings {
  /** Everything, for those who tell of it and change it. */
  readonly config: BrokerConfig;
  readonly nodeId: number;
  readonly rack: string | null;
  readonly listeners: readonly ListenerConfig[];
  readonly connections: ConnectionLimits;
  /** Bytes of requests in memory, over all connections. */
  readonly maxRequestBytesInMemory: number;
  /** Of a socket that large fetches are sent to; not above 0: the system's default. */
  readonly sendBufferBytes: number;
  readonly fetchSessionSlots: number;
  readonly topics: TopicCreationSettings;
  readonly topicSettings: SettingsOf;
  readonly describeTopicConfigs: DescribeTopicConfigs;
  fetchMaxBytes(): number;
  autoCreateTopics(): boolean;
  deleteTopics(): boolean;
  topicPartitionsPerResponse(): number;
  groups(): GroupSettings;
  /** Apart from what the catalog says: the version and the size of the topic. */
  transactions(): Omit<TransactionSettings, 'version'>;
  verification(): VerificationSettings;
}

/** Used when `queued.max.request.bytes` sets no limit: Kafka's "unlimited" would be our memory. */
const defaultRequestBytesInMemory = 256 * 1024 * 1024;
const msPerMinute = 60_000;

/**
 * A broker's configuration as its parts read it.
 *
 * @param index  of the broker in its process: it moves the ports
 */
export function nodeSettings(
  config: BrokerConfig,
  options: BrokerOptions,
  index: number,
  catalog: Catalog,
  random: Random,
): NodeSettings {
  /** With the dynamic values of now. */
  const now = (): BrokerConfig => config.follow(catalog.image);
  const queuedBytes = config.get('queued.max.request.bytes');
  return {
    config,
    nodeId: config.nodeId,
    rack: config.get('broker.rack'),
    listeners: listenersWith(config, options, index),
    connections: {
      get maxConnections() {
        return now().get('max.connections');
      },
      get maxConnectionsPerIp() {
        return now().get('max.connections.per.ip');
      },
      get maxConnectionsPerIpOverrides() {
        return numbersByAddress(now().get('max.connections.per.ip.overrides'));
      },
      maxRequestBytes: config.get('socket.request.max.bytes'),
      maxIdleMs: config.get('connections.max.idle.ms'),
    },
    sendBufferBytes: config.get('socket.send.buffer.bytes'),
    maxRequestBytesInMemory: queuedBytes > 0 ? queuedBytes : defaultRequestBytesInMemory,
    fetchSessionSlots: config.get('max.incremental.fetch.session.cache.slots'),
    topics: {
      get numPartitions() {
        return now().get('num.partitions');
      },
      get replicationFactor() {
        return now().get('default.replication.factor');
      },
      numberOf: (property) => now().numberOf(property),
      validateConfigs: (texts) => validateTopicConfigs(texts, now()),
      newTopicId: () => randomUuid(() => random.bytes16()),
    },
    topicSettings: (image, topicName) => ({
      log: topicSettings(image, topicName, config),
      minInsyncReplicas: minInsyncReplicas(image, topicName, config),
    }),
    describeTopicConfigs: (image, texts) => createdTopicConfigs(image, texts, config),
    fetchMaxBytes: () => now().get('fetch.max.bytes'),
    autoCreateTopics: () => now().get('auto.create.topics.enable'),
    deleteTopics: () => now().get('delete.topic.enable'),
    topicPartitionsPerResponse: () => now().get('max.request.partition.size.limit'),
    groups: () => groupSettings(now()),
    transactions: () => transactionSettings(now()),
    verification: () => verificationSettings(now()),
  };
}

function groupSettings(config: BrokerConfig): GroupSettings {
  return {
    offsetsTopicPartitions: config.get('offsets.topic.num.partitions'),
    minSessionTimeoutMs: config.get('group.min.session.timeout.ms'),
    maxSessionTimeoutMs: config.get('group.max.session.timeout.ms'),
    initialRebalanceDelayMs: config.get('group.initial.rebalance.delay.ms'),
    maxGroupSize: config.get('group.max.size'),
    maxOffsetMetadataBytes: config.get('offset.metadata.max.bytes'),
    offsetsRetentionMs: config.get('offsets.retention.minutes') * msPerMinute,
    offsetsRetentionCheckIntervalMs: config.get('offsets.retention.check.interval.ms'),
  };
}

function transactionSettings(config: BrokerConfig): Omit<TransactionSettings, 'version'> {
  return {
    stateTopicPartitions: config.get('transaction.state.log.num.partitions'),
    maxTimeoutMs: config.get('transaction.max.timeout.ms'),
    idExpirationMs: config.get('transactional.id.expiration.ms'),
    timeoutCheckMs: config.get('transaction.abort.timed.out.transaction.cleanup.interval.ms'),
    expiryCheckMs: config.get('transaction.remove.expired.transaction.cleanup.interval.ms'),
  };
}

function verificationSettings(config: BrokerConfig): VerificationSettings {
  return {
    isEnabled: config.get('transaction.partition.verification.enable'),
    retryMs: config.get('add.partitions.to.txn.retry.backoff.ms'),
    retryForMs: Math.min(
      config.get('add.partitions.to.txn.retry.backoff.max.ms'),
      config.get('request.timeout.ms'),
    ),
  };
}

/** `address:number,...` */
function numbersByAddress(text: string): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  for (const pair of text.split(',')) {
    const colon = pair.lastIndexOf(':');
    if (colon > 0) numbers.set(pair.slice(0, colon).trim(), Number(pair.slice(colon + 1)));
  }
  return numbers;
}

/** Without listeners in the properties: a free port of this machine, for this machine only. */
function listenersWith(
  config: BrokerConfig,
  { host, port, properties = {} }: BrokerOptions,
  index: number,
): ListenerConfig[] {
  const isGiven = properties['listeners'] !== undefined;
  const wantedHost = host ?? (isGiven ? undefined : '127.0.0.1');
  const wantedPort = port ?? (isGiven ? undefined : 0);
  const overrides = {
    ...(wantedHost !== undefined && { host: wantedHost }),
    ...(wantedPort !== undefined && { port: wantedPort }),
  };
  return listenersOf(config, overrides, index);
}
