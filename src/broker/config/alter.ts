import { KafkaError } from '../../protocol/kafka-error.ts';
import { configOf, type ConfigResourceType, type MetadataImage } from '../catalog/image.ts';
import { configChanged, type MetadataRecord } from '../catalog/metadata-record.ts';
import { requireTopicName } from '../catalog/topic-name.ts';
import type { BrokerConfig } from './broker-config.ts';
import { validateBrokerChange } from './broker-change.ts';
import type { ConfigKey, KeyTable } from './config-key.ts';
import { validateClientMetrics, validateGroup } from './group-config.ts';
import { brokerKeys } from './keys/broker-keys.ts';
import { clientMetricsKeys } from './keys/client-metrics-keys.ts';
import { groupResourceKeys } from './keys/group-resource-keys.ts';
import { topicKeys } from './keys/topic-keys.ts';
import { validateTopicConfigs } from './topic-config.ts';

type Texts = ReadonlyMap<string, string>;

/** Kafka's operations of IncrementalAlterConfigs. */
const operations = { SET: 0, DELETE: 1, APPEND: 2, SUBTRACT: 3 } as const;

export interface ConfigOperation {
  readonly name: string;
  readonly configOperation: number;
  readonly value: string | null;
}

/** What is configured. */
export interface ConfigResource {
  readonly type: ConfigResourceType;
  readonly name: string;
}

const tables: Readonly<Record<ConfigResourceType, KeyTable>> = {
  TOPIC: topicKeys,
  BROKER: brokerKeys,
  CLIENT_METRICS: clientMetricsKeys,
  GROUP: groupResourceKeys,
};

/** Longest value that a record of the metadata log can hold, in Kafka. */
const longestValue = 32_767;

/**
 * Single changes of one resource's configuration: all of them, or a refusal.
 * @throws {KafkaError} what is wrong, in Kafka's words
 */
export function decideIncrementalChange(
  image: MetadataImage,
  resource: ConfigResource,
  changes: readonly ConfigOperation[],
  broker: BrokerConfig,
): MetadataRecord[] {
  requireChanges(changes);
  const before = configOf(image, resource.type, resource.name);
  const after = new Map(before);
  for (const change of changes) {
    const text = changed(resource.type, before.get(change.name), change);
    if (text === null) after.delete(change.name);
    else after.set(change.name, text);
  }
  validate(image, resource, after, broker);
  return recordsOf(
    resource,
    before,
    after,
    changes.map(({ name }) => name),
  );
}

/**
 * A whole new configuration of one resource: what is not named goes back to its default.
 * @throws {KafkaError} what is wrong, in Kafka's words
 */
export function decideReplacement(
  image: MetadataImage,
  resource: ConfigResource,
  values: readonly { readonly name: string; readonly value: string | null }[],
  broker: BrokerConfig,
): MetadataRecord[] {
  requireChanges(values);
  const before = configOf(image, resource.type, resource.name);
  const after = new Map(values.map(({ name, value }) => [name, value ?? '']));
  validate(image, resource, after, broker);
  return recordsOf(resource, before, after, [...new Set([...after.keys(), ...before.keys()])]);
}

/** @throws {KafkaError} INVALID_REQUEST a key named twice, or no value where one is needed */
export function requireChanges(
  changes: readonly {
    readonly name: string;
    readonly value: string | null;
    readonly configOperation?: number;
  }[],
): void {
  if (new Set(changes.map(({ name }) => name)).size < changes.length) {
    throw new KafkaError('INVALID_REQUEST', 'Error due to duplicate config keys');
  }
  const nulls = changes.filter(
    ({ value, configOperation }) => value === null && configOperation !== operations.DELETE,
  );
  if (nulls.length > 0) {
    const names = nulls.map(({ name }) => name).join(', ');
    throw new KafkaError('INVALID_REQUEST', `Null value not supported for : ${names}`);
  }
}

/** The new text of a value; null when it is taken away. */
function changed(
  type: ConfigResourceType,
  current: string | undefined,
  { name, configOperation, value }: ConfigOperation,
): string | null {
  switch (configOperation) {
    case operations.SET:
      return value;
    case operations.DELETE:
      return null;
    case operations.APPEND:
    case operations.SUBTRACT: {
      const isAppend = configOperation === operations.APPEND;
      const key = requireList(type, name, isAppend);
      // Kafka does not trim here: " delete" and "delete" are two elements.
      const old = (current ?? key.defaultText ?? '').split(',').filter((element) => element !== '');
      return (isAppend ? appended : subtracted)(old, (value ?? '').split(',')).join(',');
    }
    default:
      throw new KafkaError('INVALID_REQUEST', `Unknown operations type ${configOperation}`);
  }
}

function requireList(type: ConfigResourceType, name: string, isAppend: boolean): ConfigKey {
  const key = Object.hasOwn(tables[type], name) ? tables[type][name] : undefined;
  if (key?.type === 'list') return key;
  if (type !== 'BROKER') {
    const what = isAppend ? 'APPEND' : 'SUBTRACT';
    throw new KafkaError(
      'INVALID_CONFIG',
      `Can't ${what} to key ${name} because its type is not LIST.`,
    );
  }
  const what = isAppend ? 'append' : 'subtract';
  throw new KafkaError(
    'INVALID_CONFIG',
    key === undefined
      ? `Unknown config name: ${name}`
      : `Config value ${what} is not allowed for config key: ${name}`,
  );
}

const appended = (old: readonly string[], more: readonly string[]): string[] => [
  ...new Set([...old, ...more]),
];

function subtracted(old: readonly string[], less: readonly string[]): string[] {
  const left = [...old];
  for (const element of less) {
    const at = left.indexOf(element);
    if (at !== -1) left.splice(at, 1);
  }
  return left;
}

function validate(
  image: MetadataImage,
  { type, name }: ConfigResource,
  texts: Texts,
  broker: BrokerConfig,
): void {
  for (const text of texts.values()) {
    if (text.length > longestValue) {
      throw new KafkaError(
        'INVALID_CONFIG',
        'The configuration value cannot be added because it exceeds the maximum value size of ' +
          `${longestValue} bytes.`,
      );
    }
  }
  switch (type) {
    case 'TOPIC':
      validateTopic(image, name, texts, broker);
      break;
    case 'BROKER':
      validateBrokerChange(image, name, texts, broker);
      break;
    case 'GROUP':
      validateGroup(name, texts, broker);
      break;
    case 'CLIENT_METRICS':
      validateClientMetrics(name, texts);
      break;
  }
}

function validateTopic(
  image: MetadataImage,
  name: string,
  texts: Texts,
  broker: BrokerConfig,
): void {
  if (name === '') {
    throw new KafkaError('INVALID_REQUEST', 'Default topic resources are not allowed.');
  }
  requireTopicName(name);
  validateTopicConfigs(texts, broker);
  if (!image.topics.has(name)) {
    throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `The topic '${name}' does not exist.`);
  }
}

function recordsOf(
  { type, name }: ConfigResource,
  before: Texts,
  after: Texts,
  keys: readonly string[],
): MetadataRecord[] {
  // A key that is neither set nor was needs no record to be gone.
  return keys
    .filter((key) => before.get(key) !== after.get(key))
    .map((key) => configChanged(type, name, key, after.get(key) ?? null));
}
