import { KafkaError } from '../../protocol/kafka-error.ts';
import type { BrokerConfig, NumericBrokerKey } from './broker-config.ts';
import { parse, type ConfigKey, type KeyTable } from './config-key.ts';
import { clientMetricsKeys } from './keys/client-metrics-keys.ts';
import { groupResourceKeys, type GroupKey } from './keys/group-resource-keys.ts';
import { groupSynonyms } from './synonyms.ts';
import { refusing } from './topic-config.ts';

type Texts = ReadonlyMap<string, string>;

/** Within which bounds of the broker a group's own value must lie. */
const bounds: readonly (readonly [GroupKey, NumericBrokerKey | null, NumericBrokerKey])[] = [
  [
    'consumer.heartbeat.interval.ms',
    'group.consumer.min.heartbeat.interval.ms',
    'group.consumer.max.heartbeat.interval.ms',
  ],
  [
    'consumer.session.timeout.ms',
    'group.consumer.min.session.timeout.ms',
    'group.consumer.max.session.timeout.ms',
  ],
  [
    'consumer.assignment.interval.ms',
    'group.consumer.min.assignment.interval.ms',
    'group.consumer.max.assignment.interval.ms',
  ],
  [
    'share.heartbeat.interval.ms',
    'group.share.min.heartbeat.interval.ms',
    'group.share.max.heartbeat.interval.ms',
  ],
  [
    'share.session.timeout.ms',
    'group.share.min.session.timeout.ms',
    'group.share.max.session.timeout.ms',
  ],
  [
    'share.record.lock.duration.ms',
    'group.share.min.record.lock.duration.ms',
    'group.share.max.record.lock.duration.ms',
  ],
  [
    'share.delivery.count.limit',
    'group.share.min.delivery.count.limit',
    'group.share.max.delivery.count.limit',
  ],
  [
    'share.partition.max.record.locks',
    'group.share.min.partition.max.record.locks',
    'group.share.max.partition.max.record.locks',
  ],
  [
    'share.assignment.interval.ms',
    'group.share.min.assignment.interval.ms',
    'group.share.max.assignment.interval.ms',
  ],
  [
    'streams.heartbeat.interval.ms',
    'group.streams.min.heartbeat.interval.ms',
    'group.streams.max.heartbeat.interval.ms',
  ],
  [
    'streams.session.timeout.ms',
    'group.streams.min.session.timeout.ms',
    'group.streams.max.session.timeout.ms',
  ],
  ['streams.num.standby.replicas', null, 'group.streams.max.standby.replicas'],
  [
    'streams.assignment.interval.ms',
    'group.streams.min.assignment.interval.ms',
    'group.streams.max.assignment.interval.ms',
  ],
];

/** A member must be able to miss a heartbeat. */
const sessions: readonly (readonly [session: GroupKey, heartbeat: GroupKey])[] = [
  ['consumer.session.timeout.ms', 'consumer.heartbeat.interval.ms'],
  ['share.session.timeout.ms', 'share.heartbeat.interval.ms'],
  ['streams.session.timeout.ms', 'streams.heartbeat.interval.ms'],
];

/**
 * Checks all settings that a group shall have, each, together and against the broker's bounds.
 * @throws {KafkaError} INVALID_REQUEST no name, INVALID_CONFIG otherwise, as Kafka words it
 */
export function validateGroup(name: string, texts: Texts, broker: BrokerConfig): void {
  if (name === '') {
    throw new KafkaError('INVALID_REQUEST', 'Default group resources are not allowed.');
  }
  const table: KeyTable = groupResourceKeys;
  for (const key of texts.keys()) {
    if (!Object.hasOwn(table, key)) refuse(`Unknown group config name: ${key}`);
  }
  refusing(() => {
    for (const [key, text] of texts) {
      const definition = table[key];
      if (definition !== undefined) parse(key, definition, text);
    }
  });
  const valueOf = (key: GroupKey): number => groupNumber(key, texts, broker);
  for (const [key, lowest, highest] of bounds) {
    const value = valueOf(key);
    if (lowest !== null && value < broker.get(lowest)) {
      refuse(`${key} must be greater than or equal to ${lowest}`);
    }
    if (value > broker.get(highest)) refuse(`${key} must be less than or equal to ${highest}`);
  }
  for (const [session, heartbeat] of sessions) {
    if (valueOf(session) <= valueOf(heartbeat)) {
      refuse(`${session} must be greater than ${heartbeat}`);
    }
  }
}

/** A group's number in force: its own, else the broker's. */
function groupNumber(key: GroupKey, texts: Texts, broker: BrokerConfig): number {
  const text = texts.get(key);
  const synonym = groupSynonyms[key];
  const definition: ConfigKey = groupResourceKeys[key];
  if (text !== undefined) return Number(parse(key, definition, text).value);
  return synonym === undefined ? Number(definition.defaultText) : broker.numberOf(synonym);
}

const matchable: ReadonlySet<string> = new Set([
  'client_instance_id',
  'client_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
]);
const pushIntervalMs = { lowest: 100, highest: 3_600_000 };

/**
 * Checks all settings that a client metrics subscription shall have.
 * @throws {KafkaError} INVALID_REQUEST, INVALID_CONFIG, as Kafka words it
 */
export function validateClientMetrics(name: string, texts: Texts): void {
  if (name === '') throw new KafkaError('INVALID_REQUEST', "Subscription name can't be empty");
  const table: KeyTable = clientMetricsKeys;
  for (const [key, text] of texts) {
    const definition = Object.hasOwn(table, key) ? table[key] : undefined;
    if (definition === undefined) {
      throw new KafkaError('INVALID_REQUEST', `Unknown client metrics configuration: ${key}`);
    }
    const { value } = refusing(() => parse(key, definition, text));
    if (key === 'interval.ms') requirePushInterval(Number(value));
    if (key === 'match') (value as readonly string[]).forEach(requireMatch);
  }
}

function requirePushInterval(ms: number): void {
  if (ms < pushIntervalMs.lowest || ms > pushIntervalMs.highest) {
    throw new KafkaError(
      'INVALID_REQUEST',
      `Invalid value ${ms} for interval.ms, interval must be between 100 and 3600000 (1 hour)`,
    );
  }
}

function requireMatch(pattern: string): void {
  const [property = '', expression, ...more] = pattern.split('=');
  if (!matchable.has(property.trim()) || !expression || more.length > 0 || !compiles(expression)) {
    refuse(`Illegal client matching pattern: ${pattern}`);
  }
}

function compiles(expression: string): boolean {
  try {
    new RegExp(expression.trim());
    return true;
  } catch {
    return false; // not a regular expression: the answer
  }
}

function refuse(message: string): never {
  throw new KafkaError('INVALID_CONFIG', message);
}
