import { KafkaError } from '../../protocol/kafka-error.ts';
import { configOf, type MetadataImage } from '../catalog/image.ts';
import type { BrokerConfig } from './broker-config.ts';
import { brokerKey } from './broker-config.ts';
import { ConfigError, invalidValue } from './config-error.ts';
import { parse, type ConfigKey, type KeyTable } from './config-key.ts';
import { checkTogether } from './consistency.ts';
import { brokerKeys } from './keys/broker-keys.ts';
import { withoutListenerPrefix } from './synonyms.ts';

type Texts = ReadonlyMap<string, string>;

/** Secrets and stores of TLS, which may change for one listener only. */
const listenerOnly: ReadonlySet<string> = new Set([
  'ssl.keystore.type',
  'ssl.keystore.location',
  'ssl.keystore.password',
  'ssl.key.password',
  'ssl.truststore.type',
  'ssl.truststore.location',
  'ssl.truststore.password',
  'ssl.keystore.certificate.chain',
  'ssl.keystore.key',
  'ssl.truststore.certificates',
]);

/** Listener settings that may also be set for all brokers. */
const clusterWideOfListeners: ReadonlySet<string> = new Set([
  'max.connections',
  'max.connection.creation.rate',
  'num.network.threads',
]);

/** Sizes of thread pools, which Kafka changes only in small steps. */
const threadPools = [
  'num.io.threads',
  'num.replica.fetchers',
  'num.recovery.threads.per.data.dir',
  'background.threads',
] as const;

/**
 * Checks the dynamic values that a broker (or, with the name '', all of them) shall have.
 * @throws {KafkaError} INVALID_REQUEST, as Kafka answers
 */
export function validateBrokerChange(
  image: MetadataImage,
  name: string,
  texts: Texts,
  broker: BrokerConfig,
): void {
  if (name !== '') requireThisBroker(name, broker.nodeId);
  refusing(() => {
    const isPerBroker = name !== '';
    const names = [...texts.keys()];
    requireNone('Cannot update these configs dynamically', names.filter(isReadOnly));
    requireNone(
      'These security configs can be dynamically updated only per-listener using the listener prefix',
      names.filter((key) => listenerOnly.has(key)),
    );
    for (const [key, text] of texts) {
      const definition = brokerKey(key);
      if (definition !== undefined) parse(withoutListenerPrefix(key) ?? key, definition, text);
    }
    if (!isPerBroker) {
      requireNone(
        'Cannot update these configs at default cluster level, broker id must be specified',
        names.filter(isPerBrokerOnly),
      );
    }
    requireWorkingTogether(image, isPerBroker, texts, broker);
  });
}

/** @throws {KafkaError} INVALID_REQUEST for any other broker: only that one can check its values */
export function requireThisBroker(name: string, nodeId: number): void {
  if (!/^[+-]?\d+$/.test(name)) {
    throw new KafkaError('INVALID_REQUEST', `Node id must be an integer, but it is: ${name}`);
  }
  if (Number(name) !== nodeId) {
    throw new KafkaError(
      'INVALID_REQUEST',
      `Unexpected broker id, expected ${nodeId}, but received ${name}`,
    );
  }
}

const definitionOf = (name: string): ConfigKey | undefined =>
  Object.hasOwn(brokerKeys, name) ? (brokerKeys as KeyTable)[name] : undefined;

const isReadOnly = (name: string): boolean => definitionOf(name)?.update === 'read-only';

function isPerBrokerOnly(name: string): boolean {
  const base = withoutListenerPrefix(name);
  if (base !== undefined) return !clusterWideOfListeners.has(base);
  return definitionOf(name)?.update === 'per-broker';
}

function requireNone(what: string, names: readonly string[]): void {
  if (names.length > 0) throw new ConfigError(`${what}: [${names.join(', ')}]`);
}

function requireWorkingTogether(
  image: MetadataImage,
  isPerBroker: boolean,
  texts: Texts,
  broker: BrokerConfig,
): void {
  const next = broker.withDynamic(
    isPerBroker ? configOf(image, 'BROKER', '') : texts,
    isPerBroker ? texts : configOf(image, 'BROKER', String(broker.nodeId)),
  );
  checkTogether(next);
  for (const pool of threadPools) {
    const [before, after] = [broker.get(pool), next.get(pool)];
    const what = `Dynamic thread count update validation failed for ${pool}=${after}, value should`;
    if (after < Math.trunc(before / 2)) {
      throw notApplicable(`${what} be at least half the current value ${before}`);
    }
    if (after > before * 2) {
      throw notApplicable(`${what} not be greater than double the current value ${before}`);
    }
  }
  for (const key of ['listeners', 'listener.security.protocol.map'] as const) {
    if (next.textOf(key) !== broker.textOf(key)) {
      throw invalidValue(key, next.textOf(key), 'listeners cannot change while the broker runs');
    }
  }
}

/** Kafka wraps what a part of the broker refuses once more, with its exception's name. */
const notApplicable = (why: string): ConfigError =>
  new ConfigError(
    `Invalid value org.apache.kafka.common.config.ConfigException: ${why} ` +
      'for configuration Invalid dynamic configuration',
  );

function refusing(check: () => void): void {
  try {
    check();
  } catch (error) {
    // Not INVALID_CONFIG: Kafka keeps the older code for brokers (KAFKA-13609).
    if (error instanceof ConfigError) throw new KafkaError('INVALID_REQUEST', error.message);
    throw error;
  }
}
