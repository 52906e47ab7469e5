import { KafkaError } from '../../protocol/kafka-error.ts';
import { requireTopicName } from '../catalog/topic-name.ts';
import { configOf, type MetadataImage } from '../catalog/image.ts';
import { brokerKey, configSources, type BrokerConfig } from './broker-config.ts';
import { ConfigError } from './config-error.ts';
import { parse, type ConfigKey, type ConfigType, type KeyTable } from './config-key.ts';
import { brokerKeys } from './keys/broker-keys.ts';
import { clientMetricsKeys } from './keys/client-metrics-keys.ts';
import { groupResourceKeys, type GroupKey } from './keys/group-resource-keys.ts';
import { topicKeys, type TopicKey } from './keys/topic-keys.ts';
import { brokerSynonyms, groupSynonyms, topicSynonyms } from './synonyms.ts';
import { TopicConfig } from './topic-config.ts';

/** One place where a value is given, the strongest first. */
export interface ConfigSynonym {
  readonly name: string;
  readonly value: string | null;
  readonly source: number;
}

/** One described value, as DescribeConfigs answers it. */
export interface DescribedConfig {
  readonly name: string;
  readonly value: string | null;
  readonly readOnly: boolean;
  readonly configSource: number;
  readonly isSensitive: boolean;
  readonly synonyms: readonly ConfigSynonym[];
  readonly configType: number;
  readonly documentation: string | null;
}

/** Whether a key is asked for. */
export type Wanted = (name: string) => boolean;

/** Kafka's ids of types; a key that nobody knows has 0. */
const typeIds: Readonly<Record<ConfigType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
};
const unknownType = 0;

/** A topic: what it has itself, else what the broker gives it. */
export function describeTopic(
  image: MetadataImage,
  name: string,
  broker: BrokerConfig,
  wanted: Wanted,
): DescribedConfig[] {
  requireTopicName(name);
  if (!image.topics.has(name)) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', '');
  const own = configOf(image, 'TOPIC', name);
  const config = new TopicConfig(own, broker);
  return shownNames(topicKeys, own, wanted).map((key) => {
    const value = config.parsed(key as TopicKey).text;
    const synonym = topicSynonyms[key as TopicKey]?.[0];
    const inherited = synonym === undefined ? [] : brokerValues(broker, synonym.name);
    const given = { name: key, value, source: configSources.TOPIC };
    return described(key, topicKeys[key as TopicKey], {
      value,
      synonyms: own.has(key) ? [given, ...inherited] : inherited,
    });
  });
}

/** One broker: every key, and what else was given to it. */
export function describeBroker(broker: BrokerConfig, wanted: Wanted): DescribedConfig[] {
  const names = Object.entries<ConfigKey>(brokerKeys)
    .filter(([name, key]) => broker.staticTexts.has(name) || !key.internal)
    .filter(([, key]) => !key.dynamicOnly)
    .map(([name]) => name);
  return [...names, ...broker.foreignNames()]
    .filter(wanted)
    .sort()
    .map((name) =>
      describedOfBroker(name, broker.textOf(name), brokerValues(broker, name), broker),
    );
}

/** What is set as the default of all brokers. */
export function describeClusterDefault(
  image: MetadataImage,
  broker: BrokerConfig,
  wanted: Wanted,
): DescribedConfig[] {
  return [...configOf(image, 'BROKER', '')]
    .filter(([name]) => wanted(name))
    .sort()
    .map(([name, text]) => {
      const values = brokerValues(broker, name).filter(
        ({ source }) => source === configSources.DYNAMIC_DEFAULT_BROKER,
      );
      return describedOfBroker(name, text, values, broker);
    });
}

/** A group, whether it exists or not. */
export function describeGroup(
  image: MetadataImage,
  name: string,
  broker: BrokerConfig,
  wanted: Wanted,
): DescribedConfig[] {
  if (name === '') throw new KafkaError('INVALID_REQUEST', 'Group name must not be empty');
  const own = configOf(image, 'GROUP', name);
  return shownNames(groupResourceKeys, own, wanted).map((key) => {
    const definition: ConfigKey = groupResourceKeys[key as GroupKey];
    const synonym = groupSynonyms[key as GroupKey];
    const inherited: ConfigSynonym[] =
      synonym === undefined
        ? [{ name: key, value: definition.defaultText, source: configSources.DEFAULT }]
        : brokerValues(broker, synonym);
    const text = own.get(key);
    const value =
      text === undefined
        ? synonym === undefined
          ? definition.defaultText
          : broker.textOf(synonym)
        : printed(key, definition, text);
    const given = { name: key, value, source: configSources.GROUP };
    return described(key, definition, {
      value,
      synonyms: text === undefined ? inherited : [given, ...inherited],
    });
  });
}

/** A client metrics subscription, whether it exists or not. */
export function describeClientMetrics(
  image: MetadataImage,
  name: string,
  wanted: Wanted,
): DescribedConfig[] {
  if (name === '') {
    throw new KafkaError('INVALID_REQUEST', 'Client metrics subscription name must not be empty');
  }
  const own = configOf(image, 'CLIENT_METRICS', name);
  const table: KeyTable = clientMetricsKeys;
  return shownNames(table, own, wanted).map((key) => {
    const definition = table[key];
    const text = own.get(key);
    const value =
      text === undefined || definition === undefined
        ? (definition?.defaultText ?? null)
        : printed(key, definition, text);
    const given = { name: key, value, source: configSources.CLIENT_METRICS };
    return described(key, definition, { value, synonyms: text === undefined ? [] : [given] });
  });
}

/** Names of a table that are asked for, internal ones only when they are set; sorted. */
function shownNames(table: KeyTable, own: ReadonlyMap<string, string>, wanted: Wanted): string[] {
  return Object.entries(table)
    .filter(([name, key]) => wanted(name) && (!key.internal || own.has(name)))
    .map(([name]) => name)
    .sort();
}

const brokerSources = [
  configSources.DYNAMIC_BROKER,
  configSources.DYNAMIC_DEFAULT_BROKER,
  configSources.STATIC_BROKER,
  configSources.DEFAULT,
] as const;

/**
 * Everywhere a broker's value is given, the strongest first. As in Kafka the list begins where the
 * key itself does: what is given only under another name does not count.
 */
function brokerValues(broker: BrokerConfig, name: string): ConfigSynonym[] {
  const isSensitive = isSecret(brokerKey(name));
  const values: ConfigSynonym[] = [];
  for (const source of brokerSources) {
    for (const synonym of brokerSynonyms(name)) {
      const text = broker.textIn(source, synonym);
      if (text === undefined || (values.length === 0 && synonym !== name)) continue;
      values.push({ name: synonym, value: isSensitive ? null : text, source });
    }
  }
  return values;
}

/** A key that nobody knows may hold a secret. */
const isSecret = (key: ConfigKey | undefined): boolean =>
  key === undefined || key.type === 'password';

function describedOfBroker(
  name: string,
  value: string | null,
  synonyms: readonly ConfigSynonym[],
  broker: BrokerConfig,
): DescribedConfig {
  const exact: ConfigKey | undefined = (brokerKeys as KeyTable)[name];
  const key = exact ?? brokerKey(name);
  return {
    ...described(name, key, { value: value ?? broker.textOf(name), synonyms }),
    readOnly: exact === undefined || exact.update === 'read-only',
    documentation: key?.documentation ?? null,
  };
}

function described(
  name: string,
  key: ConfigKey | undefined,
  { value, synonyms }: { value: string | null; synonyms: readonly ConfigSynonym[] },
): DescribedConfig {
  const isSensitive = isSecret(key);
  return {
    name,
    value: isSensitive ? null : value,
    readOnly: false,
    configSource: synonyms[0]?.source ?? configSources.DEFAULT,
    isSensitive,
    synonyms,
    configType: key === undefined ? unknownType : typeIds[key.type],
    documentation: key?.documentation ?? null,
  };
}

/** A stored text as Kafka prints it; one that this version does not take is shown as it is. */
function printed(name: string, key: ConfigKey, text: string): string | null {
  try {
    return parse(name, key, text).text;
  } catch (error) {
    if (error instanceof ConfigError) return text;
    throw error;
  }
}
