import type { MetadataImage } from '../catalog/image.ts';
import { configKey } from '../catalog/image.ts';
import { ConfigError } from './config-error.ts';
import type { ConfigKey, ParsedValue, ValueOf } from './config-key.ts';
import { parse } from './config-key.ts';
import { checkTogether } from './consistency.ts';
import { brokerKeys } from './keys/broker-keys.ts';
import type { BrokerKey } from './keys/broker-keys.ts';
import { brokerSynonyms, withoutListenerPrefix } from './synonyms.ts';

export type BrokerValue<K extends BrokerKey> = ValueOf<(typeof brokerKeys)[K]>;

/** Broker keys whose value is a number. */
export type NumericBrokerKey = {
  [K in BrokerKey]: BrokerValue<K> extends number ? K : never;
}[BrokerKey];

export interface BrokerConfigOptions {
  /** By Kafka's names, as in `server.properties`. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Of this broker, when one process runs several; default: `node.id`. */
  readonly nodeId?: number;
  /** Brokers of the cluster: internal topics get no more replicas by default. Default: 1. */
  readonly brokers?: number;
}

/** Where a value comes from, by Kafka's ids (DescribeConfigs). */
export const configSources = {
  TOPIC: 1,
  DYNAMIC_BROKER: 2,
  DYNAMIC_DEFAULT_BROKER: 3,
  STATIC_BROKER: 4,
  DEFAULT: 5,
  DYNAMIC_BROKER_LOGGER: 6,
  CLIENT_METRICS: 7,
  GROUP: 8,
} as const;

type Texts = ReadonlyMap<string, string>;
const nothing: Texts = new Map();

/** Keys whose default never asks for more replicas than there are brokers. */
const replicaKeys: ReadonlySet<string> = new Set([
  'offsets.topic.replication.factor',
  'transaction.state.log.replication.factor',
  'transaction.state.log.min.isr',
  'share.coordinator.state.topic.replication.factor',
  'share.coordinator.state.topic.min.isr',
]);

/** Settings of plug-ins, which only these understand. */
const foreignPrefixes = ['rlmm.config.', 'rsm.config.', 'config.providers.'];

const tableKey = (name: string): ConfigKey | undefined =>
  Object.hasOwn(brokerKeys, name) ? brokerKeys[name as BrokerKey] : undefined;

/**
 * Definition of a broker's value, also for names with a listener's prefix; undefined for a name that
 * Kafka does not know.
 */
export function brokerKey(name: string): ConfigKey | undefined {
  const base = withoutListenerPrefix(name);
  return tableKey(name) ?? (base === undefined ? undefined : tableKey(base));
}

/**
 * The configuration of one broker, as it is now: what it was started with, overlaid by the cluster's
 * dynamic default, overlaid by its own dynamic values.
 */
export class BrokerConfig {
  readonly nodeId: number;
  /** As given at the start. */
  readonly staticTexts: Texts;
  /** Names given at the start that Kafka does not know; kept, and worth one warning. */
  readonly unknownNames: readonly string[];
  private readonly brokers: number;
  private clusterDynamic: Texts = nothing;
  private ownDynamic: Texts = nothing;
  private effective: Map<string, string>;
  private readonly parsed = new Map<string, ParsedValue>();

  /** @throws {ConfigError} naming key, value and what would be right */
  constructor({ properties = {}, nodeId, brokers = 1 }: BrokerConfigOptions = {}) {
    const given = withIds(new Map(Object.entries(properties)), nodeId);
    for (const [name, text] of given) {
      const key = brokerKey(name);
      if (key !== undefined) parse(name, key, text);
    }
    this.brokers = brokers;
    this.staticTexts = given;
    this.unknownNames = [...given.keys()].filter(
      (name) =>
        brokerKey(name) === undefined && !foreignPrefixes.some((prefix) => name.startsWith(prefix)),
    );
    this.effective = new Map(given);
    this.nodeId = this.get('node.id');
    checkTogether(this);
  }

  /** The value in force. */
  get<K extends BrokerKey>(name: K): BrokerValue<K> {
    const parsed = this.parsed.get(name) ?? this.parseNow(name);
    return parsed.value as BrokerValue<K>; // the table's builders tie value and key
  }

  /**
   * A number, by a name that is only known when the program runs.
   * @throws {ConfigError} when there is no such number
   */
  readonly numberOf = (name: string): number => {
    const value = tableKey(name) && this.get(name as BrokerKey);
    if (typeof value === 'number') return value;
    throw new ConfigError(`${name} is no configuration with a number`);
  };

  /** The value in force as Kafka prints it, of any name; null when it has none. */
  textOf(name: string): string | null {
    if (tableKey(name) === undefined) return this.effective.get(name) ?? null;
    return (this.parsed.get(name) ?? this.parseNow(name)).text;
  }

  /** Default as text: Kafka's, or less where this cluster has too few brokers for it. */
  defaultTextOf(name: string): string | null {
    const text = tableKey(name)?.defaultText ?? null;
    if (text === null || !replicaKeys.has(name)) return text;
    return String(Math.min(Number(text), this.brokers));
  }

  /** Takes the dynamic values of an image; cheap when they are the same as before. */
  follow(image: MetadataImage): this {
    const cluster = image.configs.get(configKey('BROKER', '')) ?? nothing;
    const own = image.configs.get(configKey('BROKER', String(this.nodeId))) ?? nothing;
    if (cluster !== this.clusterDynamic || own !== this.ownDynamic) {
      this.clusterDynamic = cluster;
      this.ownDynamic = own;
      this.effective = overlaid(overlaid(this.staticTexts, cluster), own);
      this.parsed.clear();
    }
    return this;
  }

  /** The same broker with other dynamic values, to check them. */
  withDynamic(cluster: Texts, own: Texts): BrokerConfig {
    const other = new BrokerConfig({
      properties: Object.fromEntries(this.staticTexts),
      nodeId: this.nodeId,
      brokers: this.brokers,
    });
    other.clusterDynamic = cluster;
    other.ownDynamic = own;
    other.effective = overlaid(overlaid(other.staticTexts, cluster), own);
    other.parsed.clear();
    return other;
  }

  /** Names that have a value given by somebody and are not in Kafka's table. */
  foreignNames(): string[] {
    return [...this.effective.keys()].filter((name) => {
      const key = tableKey(name);
      return key === undefined || key.dynamicOnly;
    });
  }

  /** The texts of one source, by Kafka's id. */
  textIn(source: number, name: string): string | undefined {
    switch (source) {
      case configSources.DYNAMIC_BROKER:
        return this.ownDynamic.get(name);
      case configSources.DYNAMIC_DEFAULT_BROKER:
        return this.clusterDynamic.get(name);
      case configSources.STATIC_BROKER:
        return this.staticTexts.get(name);
      case configSources.DEFAULT:
        return tableKey(name)?.dynamicOnly ? undefined : (this.defaultTextOf(name) ?? undefined);
      default:
        return undefined;
    }
  }

  private parseNow(name: string): ParsedValue {
    const key = tableKey(name);
    if (key === undefined) throw new ConfigError(`Kafka has no configuration ${name}`);
    const text = this.effective.get(name) ?? this.defaultTextOf(name);
    const parsed = text === null ? { value: null, text } : this.parseOrDefault(name, key, text);
    this.parsed.set(name, parsed);
    return parsed;
  }

  /** A dynamic value that this version does not take (another wrote it) counts as not given. */
  private parseOrDefault(name: string, key: ConfigKey, text: string): ParsedValue {
    try {
      return parse(name, key, text);
    } catch (error) {
      const fallback = this.staticTexts.get(name) ?? this.defaultTextOf(name);
      if (!(error instanceof ConfigError) || fallback === text) throw error;
      return fallback === null ? { value: null, text: null } : parse(name, key, fallback);
    }
  }
}

/** `node.id` and its older name `broker.id` say the same; a broker always has one. */
function withIds(texts: Map<string, string>, nodeId: number | undefined): Map<string, string> {
  const given = texts.get('node.id') ?? texts.get('broker.id') ?? brokerKeys['node.id'].defaultText;
  const id = nodeId === undefined ? (given ?? '') : String(nodeId);
  return texts.set('node.id', id).set('broker.id', id);
}

/** A stronger layer also silences the other names of the value it gives. */
function overlaid(below: Texts, above: Texts): Map<string, string> {
  const texts = new Map(below);
  for (const [name, text] of above) {
    for (const synonym of brokerSynonyms(name)) {
      if (withoutListenerPrefix(name) === undefined) texts.delete(synonym);
    }
    texts.set(name, text);
  }
  return texts;
}
