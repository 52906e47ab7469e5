import { KafkaError } from '../../protocol/kafka-error.ts';
import type { LogSettings } from '../../storage/partition-log.ts';
import type { MetadataImage } from '../catalog/image.ts';
import { configKey } from '../catalog/image.ts';
import { configSources, type BrokerConfig } from './broker-config.ts';
import { ConfigError } from './config-error.ts';
import { parse, type ConfigKey, type ParsedValue, type ValueOf } from './config-key.ts';
import { topicKeys, type TopicKey } from './keys/topic-keys.ts';
import { topicSynonyms, type Synonym } from './synonyms.ts';

export type TopicTexts = ReadonlyMap<string, string>;
export type TopicValue<K extends TopicKey> = ValueOf<(typeof topicKeys)[K]>;

const nothing: TopicTexts = new Map();

const isTopicKey = (name: string): name is TopicKey => Object.hasOwn(topicKeys, name);

const synonymsOf = (name: string): readonly Synonym[] =>
  isTopicKey(name) ? (topicSynonyms[name] ?? []) : [];

/** A topic's own settings. */
const ownTopicTexts = (image: MetadataImage, topicName: string): TopicTexts =>
  image.configs.get(configKey('TOPIC', topicName)) ?? nothing;

/** The settings in force of one topic: its own, else the broker's, else Kafka's. */
export class TopicConfig {
  constructor(
    private readonly own: TopicTexts,
    private readonly broker: BrokerConfig,
  ) {}

  get<K extends TopicKey>(name: K): TopicValue<K> {
    return this.parsed(name).value as TopicValue<K>; // the table's builders tie value and key
  }

  /** The value in force and its text as Kafka prints it. */
  parsed(name: TopicKey): ParsedValue {
    const key: ConfigKey = topicKeys[name];
    const text = this.own.get(name);
    if (text !== undefined) {
      try {
        return parse(name, key, text);
      } catch (error) {
        // Somebody else wrote what this version does not take: it counts as not given.
        if (!(error instanceof ConfigError)) throw error;
      }
    }
    const inherited = inheritedText(name, this.broker) ?? key.defaultText;
    return inherited === null ? { value: null, text: null } : parse(name, key, inherited);
  }
}

/** What the broker's configuration gives a topic, in the topic's units. */
function inheritedText(name: TopicKey, broker: BrokerConfig): string | null {
  for (const { name: synonym, factor } of synonymsOf(name)) {
    const text = broker.textOf(synonym);
    if (text !== null) return unlimited(name, scaled(text, factor));
  }
  return null;
}

const scaled = (text: string, factor: number): string =>
  factor === 1 ? text : String(BigInt(text) * BigInt(factor));

/** Any negative retention time of a broker means: no limit. */
const unlimited = (name: TopicKey, text: string): string =>
  name === 'retention.ms' && text.startsWith('-') ? '-1' : text;

/** What the logs of a topic need to know. */
export function topicSettings(
  image: MetadataImage,
  topicName: string,
  broker: BrokerConfig,
): LogSettings {
  const config = new TopicConfig(ownTopicTexts(image, topicName), broker.follow(image));
  const policy = config.get('cleanup.policy');
  const compact = policy.includes('compact');
  const segmentMs = config.get('segment.ms');
  const compression = config.get('compression.type') as LogSettings['compression'];
  return {
    segmentBytes: config.get('internal.segment.bytes') ?? config.get('segment.bytes'),
    segmentMs: compact ? Math.min(segmentMs, config.get('max.compaction.lag.ms')) : segmentMs,
    segmentJitterMs: config.get('segment.jitter.ms'),
    segmentIndexBytes: config.get('segment.index.bytes'),
    indexIntervalBytes: config.get('index.interval.bytes'),
    retentionMs: config.get('retention.ms'),
    retentionBytes: config.get('retention.bytes'),
    maxMessageBytes: config.get('max.message.bytes'),
    cleanupDelete: policy.includes('delete'),
    cleanupCompact: compact,
    deleteRetentionMs: config.get('delete.retention.ms'),
    minCompactionLagMs: config.get('min.compaction.lag.ms'),
    maxCompactionLagMs: config.get('max.compaction.lag.ms'),
    minCleanableDirtyRatio: config.get('min.cleanable.dirty.ratio'),
    compression,
    compressionLevel: compressionLevel(compression, config),
    timestampType: config.get('message.timestamp.type') as LogSettings['timestampType'],
    timestampBeforeMaxMs: config.get('message.timestamp.before.max.ms'),
    timestampAfterMaxMs: config.get('message.timestamp.after.max.ms'),
    fileDeleteDelayMs: config.get('file.delete.delay.ms'),
    flushMessages: config.get('flush.messages'),
    flushMs: config.get('flush.ms'),
    producerIdExpirationMs: broker.get('producer.id.expiration.ms'),
  };
}

function compressionLevel(
  compression: LogSettings['compression'],
  config: TopicConfig,
): number | undefined {
  switch (compression) {
    case 'gzip': {
      const level = config.get('compression.gzip.level');
      return level === -1 ? undefined : level;
    }
    case 'lz4':
      return config.get('compression.lz4.level');
    case 'zstd':
      return config.get('compression.zstd.level');
    case 'producer':
    case 'uncompressed':
    case 'snappy':
      return undefined;
  }
}

/** Replicas that must have a record before acks=all is answered. */
export function minInsyncReplicas(
  image: MetadataImage,
  topicName: string,
  broker: BrokerConfig,
): number {
  const config = new TopicConfig(ownTopicTexts(image, topicName), broker.follow(image));
  return config.get('min.insync.replicas');
}

/**
 * Checks one setting of a topic by itself.
 * @throws {KafkaError} INVALID_CONFIG unknown name, or a value its key does not take
 */
export function validateTopicConfig(name: string, value: string): void {
  if (!isTopicKey(name)) {
    throw new KafkaError('INVALID_CONFIG', `Unknown topic config name: ${name}`);
  }
  const key: ConfigKey = topicKeys[name];
  refusing(() => parse(name, key, value));
}

/**
 * Checks all the settings that a topic shall have, each and together.
 * @throws {KafkaError} INVALID_CONFIG as Kafka words it
 */
export function validateTopicConfigs(texts: TopicTexts, broker: BrokerConfig): void {
  for (const name of texts.keys()) {
    if (!isTopicKey(name)) {
      throw new KafkaError('INVALID_CONFIG', `Unknown topic config name: ${name}`);
    }
  }
  for (const [name, value] of texts) validateTopicConfig(name, value);
  const config = new TopicConfig(texts, broker);
  const [earliest, latest] = [
    config.parsed('min.compaction.lag.ms'),
    config.parsed('max.compaction.lag.ms'),
  ];
  if (Number(earliest.value) > Number(latest.value)) {
    throw new KafkaError(
      'INVALID_CONFIG',
      'conflict topic config setting min.compaction.lag.ms ' +
        `(${earliest.text ?? ''}) > max.compaction.lag.ms (${latest.text ?? ''})`,
    );
  }
  if (config.get('remote.storage.enable')) {
    throw new KafkaError(
      'INVALID_CONFIG',
      'Tiered Storage functionality is disabled in the broker. ' +
        'Topic cannot be configured with remote log storage.',
    );
  }
}

/** Runs a check; what it finds becomes the refusal that clients know. */
export function refusing<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof ConfigError) throw new KafkaError('INVALID_CONFIG', error.message);
    throw error;
  }
}

/** One effective setting of a new topic, as CreateTopics answers it. */
export interface CreatedTopicConfig {
  readonly name: string;
  readonly value: string | null;
  readonly readOnly: boolean;
  readonly configSource: number;
  readonly isSensitive: boolean;
}

/**
 * All effective settings of a topic that has `texts` of its own, sorted by name. Values that somebody
 * gave are as given, spaces and all, and a broker's setting counts only where it was given.
 */
export function createdTopicConfigs(
  image: MetadataImage,
  texts: TopicTexts,
  broker: BrokerConfig,
): CreatedTopicConfig[] {
  broker.follow(image);
  const entries: CreatedTopicConfig[] = [];
  for (const name of Object.keys(topicKeys).sort() as TopicKey[]) {
    const given = texts.get(name);
    if (topicKeys[name].internal && given === undefined) continue;
    const { text, source } =
      given === undefined
        ? inheritedAsGiven(name, broker)
        : { text: given, source: configSources.TOPIC };
    entries.push({ name, value: text, readOnly: false, configSource: source, isSensitive: false });
  }
  return entries;
}

const givenSources = [
  configSources.DYNAMIC_BROKER,
  configSources.DYNAMIC_DEFAULT_BROKER,
  configSources.STATIC_BROKER,
] as const;

function inheritedAsGiven(
  name: TopicKey,
  broker: BrokerConfig,
): { text: string | null; source: number } {
  for (const source of givenSources) {
    for (const synonym of synonymsOf(name)) {
      const text = broker.textIn(source, synonym.name);
      if (text !== undefined) return { text: scaledAsGiven(text, synonym.factor), source };
    }
  }
  return { text: topicKeys[name].defaultText, source: configSources.DEFAULT };
}

const scaledAsGiven = (text: string, factor: number): string =>
  factor === 1 ? text : scaled(text.trim(), factor);
