import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from '@jest/globals';
import { BrokerConfig } from '../../../../src/broker/config/broker-config.ts';
import type { ConfigKey, KeyTable } from '../../../../src/broker/config/config-key.ts';
import { javaDouble, parse } from '../../../../src/broker/config/config-key.ts';
import { brokerKeys } from '../../../../src/broker/config/keys/broker-keys.ts';
import { clientMetricsKeys } from '../../../../src/broker/config/keys/client-metrics-keys.ts';
import { groupResourceKeys } from '../../../../src/broker/config/keys/group-resource-keys.ts';
import { topicKeys } from '../../../../src/broker/config/keys/topic-keys.ts';
import {
  brokerSynonyms,
  groupSynonyms,
  topicSynonyms,
} from '../../../../src/broker/config/synonyms.ts';

const lines = readFileSync(join(__dirname, '../../../data/config/facts.tsv'), 'utf8')
  .split('\n')
  .map((line) => line.split('\t'));

const tables: Record<string, KeyTable> = {
  BROKER: brokerKeys,
  TOPIC: topicKeys,
  GROUP: groupResourceKeys,
  CLIENT_METRICS: clientMetricsKeys,
};

/** Where we differ on purpose: Kafka's default, ours. */
const otherDefaults: Record<string, readonly [kafka: string, ours: string]> = {
  'node.id': ['none', '=1'],
  'process.roles': ['none', '=broker,controller'],
  'controller.listener.names': ['none', '='],
  'group.initial.rebalance.delay.ms': ['=3000', '=0'],
  listeners: ['=PLAINTEXT://:9092', '=PLAINTEXT://127.0.0.1:9092'],
  'log.dir': ['=/tmp/kafka-logs', '=./data'],
};

/** Values we keep without looking into them: they speak of controllers, which we do not call. */
const otherRanges: Record<string, readonly [kafka: string, ours: string]> = {
  'controller.listener.names': ['non-empty list', 'list'],
  'controller.quorum.bootstrap.servers': ['non-empty list', 'list'],
  'controller.quorum.voters': ['non-empty list', 'list'],
  'authorizer.class.name': ['non-null string', ''],
};

const facts = (scope: string) => lines.filter(([kind, of]) => kind === 'key' && of === scope);

describe.each(Object.keys(tables))('the table of %s keys', (scope) => {
  const table = tables[scope]!;

  it('has the names that Kafka 4.3 has', () => {
    const names = facts(scope).map(([, , name]) => name!);
    expect(Object.keys(table).sort()).toEqual(names.sort());
  });

  test.each(facts(scope))(
    '%s %s %s',
    (_kind, _scope, name, type, value, range, _i, internal, mode) => {
      const key: ConfigKey = table[name]!;
      const defaultText = key.defaultText === null ? 'null' : `=${key.defaultText}`;
      expect(key.type).toBe(type.toLowerCase());
      expect([name, defaultText]).toEqual([name, other(otherDefaults, name, value)]);
      expect([name, key.check?.range ?? '']).toEqual([name, other(otherRanges, name, range)]);
      expect(key.internal).toBe(internal === 'internal');
      if (scope === 'BROKER') expect(key.update).toBe(mode);
      expect(key.documentation).toMatch(/^[A-Z`].*\.$/);
    },
  );

  it('has defaults that are right by their own rules, and printed as Kafka prints them', () => {
    for (const [name, key] of Object.entries(table)) {
      if (key.defaultText === null) continue;
      expect([name, parse(name, key, key.defaultText).text]).toEqual([name, key.defaultText]);
    }
  });
});

function other(
  differences: Record<string, readonly [string, string]>,
  name: string,
  kafka: string,
): string {
  const difference = Object.hasOwn(differences, name) ? differences[name] : undefined;
  if (difference === undefined) return kafka;
  expect(kafka).toBe(difference[0]);
  return difference[1];
}

describe('synonyms', () => {
  const synonyms = (of: string) =>
    lines.filter(([kind, scope]) => kind === 'synonym' && scope === of);

  it('of topics are those of Kafka, with the same units', () => {
    const ours = Object.entries(topicSynonyms).map(([name, list]) => [
      name,
      list.map((synonym) => `${synonym.name}*${synonym.factor}`).join(','),
    ]);
    expect(ours).toEqual(synonyms('topic').map(([, , name, others]) => [name, others]));
  });

  it('of groups are those of Kafka', () => {
    const expected = synonyms('group').map(([, , name, other]) => [name, other]);
    expect(Object.entries(groupSynonyms)).toEqual(expected);
  });

  it('of brokers are those of Kafka', () => {
    const expected = new Map(synonyms('broker').map(([, , name, others]) => [name, others]));
    for (const name of Object.keys(brokerKeys)) {
      expect([name, brokerSynonyms(name).join(',')]).toEqual([name, expected.get(name) ?? name]);
    }
  });
});

describe('parsing a value', () => {
  const text = (type: keyof typeof samples, value: string) =>
    parse('key', samples[type] as ConfigKey, value).text;
  const samples = {
    int: brokerKeys['node.id'],
    long: topicKeys['retention.bytes'],
    short: brokerKeys['offsets.topic.replication.factor'],
    double: topicKeys['min.cleanable.dirty.ratio'],
    boolean: topicKeys.preallocate,
    list: topicKeys['cleanup.policy'],
    password: brokerKeys['ssl.key.password'],
  };

  test.each([
    ['int', ' +7 ', '7'],
    ['long', '9223372036854775807', '9223372036854775807'],
    ['short', '32767', '32767'],
    ['double', '0.50', '0.5'],
    ['double', '1e-5', '1.0E-5'],
    ['double', '1', '1.0'],
    ['boolean', ' TRUE', 'true'],
    ['list', ' compact , delete', 'compact,delete'],
    ['list', 'delete,delete', 'delete'],
    ['list', '', ''],
    ['password', ' secret ', 'secret'],
  ] as const)('of type %s: %j is %j', (type, given, printed) => {
    expect(text(type, given)).toBe(printed);
  });

  test.each([
    [
      'int',
      '2147483648',
      'Invalid value 2147483648 for configuration key: Not a number of type INT',
    ],
    ['int', '1.5', 'Invalid value 1.5 for configuration key: Not a number of type INT'],
    ['int', '-1', 'Invalid value -1 for configuration key: Value must be at least 0'],
    ['short', '32768', 'Invalid value 32768 for configuration key: Not a number of type SHORT'],
    ['long', '', 'Invalid value  for configuration key: Not a number of type LONG'],
    ['double', 'x', 'Invalid value x for configuration key: Not a number of type DOUBLE'],
    ['double', '2', 'Invalid value 2.0 for configuration key: Value must be no more than 1'],
    [
      'boolean',
      'yes',
      'Invalid value yes for configuration key: Expected value to be either true or false',
    ],
    ['list', 'a', 'Invalid value a for configuration key: String must be one of: compact, delete'],
    ['list', 'compact,,delete', "Configuration 'key' values must not be empty."],
  ] as const)('of type %s: %j is refused', (type, given, message) => {
    expect(() => text(type, given)).toThrow(message);
  });

  test.each([
    [0, '0.0'],
    [0.001, '0.001'],
    [0.000999, '9.99E-4'],
    [9_999_999, '9999999.0'],
    [10_000_000, '1.0E7'],
    [1.7976931348623157e308, '1.7976931348623157E308'],
    [-0.25, '-0.25'],
  ])('%d is printed as Java prints it', (value, printed) => {
    expect(javaDouble(value)).toBe(printed);
  });
});

describe('typed access', () => {
  it('knows the type of every key', () => {
    const config = new BrokerConfig();
    const segmentBytes: number = config.get('log.segment.bytes');
    const retentionMs: number | null = config.get('log.retention.ms');
    const listeners: readonly string[] = config.get('listeners');
    const isAllowed: boolean = config.get('delete.topic.enable');
    expect([segmentBytes, retentionMs, listeners, isAllowed]).toEqual([
      1_073_741_824,
      null,
      ['PLAINTEXT://127.0.0.1:9092'],
      true,
    ]);
    // @ts-expect-error Kafka has no such key
    expect(() => config.get('log.segment.byte')).toThrow('Kafka has no configuration');
  });
});
