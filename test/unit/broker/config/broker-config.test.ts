import { describe, expect, it, test } from '@jest/globals';
import { configKey, emptyImage } from '../../../../src/broker/catalog/image.ts';
import type { ConfigResourceType, MetadataImage } from '../../../../src/broker/catalog/image.ts';
import { BrokerConfig } from '../../../../src/broker/config/broker-config.ts';
import {
  minInsyncReplicas,
  topicSettings,
  validateTopicConfig,
} from '../../../../src/broker/config/topic-config.ts';
import { KafkaError } from '../../../../src/protocol/kafka-error.ts';
import { testClusterId } from '../../../support/test-cluster.ts';

type Given = Partial<Record<string, Record<string, string>>>;

/** An image in which these resources, as `TYPE:name`, have these values. */
function imageWith(given: Given): MetadataImage {
  const configs = Object.entries(given).map(([key, values]) => {
    const [type, name = ''] = key.split(':');
    const texts = new Map(Object.entries(values ?? {}));
    return [configKey(type as ConfigResourceType, name), texts] as const;
  });
  return { ...emptyImage(testClusterId), configs: new Map(configs) };
}

const settingsOf = (given: Given, properties: Record<string, string> = {}) =>
  topicSettings(imageWith(given), 't', new BrokerConfig({ properties }));

describe('the configuration of a broker', () => {
  test.each([
    [
      'log.segment.bytes',
      '5',
      'Invalid value 5 for configuration log.segment.bytes: Value must be',
    ],
    [
      'num.partitions',
      'x',
      'Invalid value x for configuration num.partitions: Not a number of type',
    ],
    [
      'group.min.session.timeout.ms',
      '2000000',
      'must not be larger than group.max.session.timeout',
    ],
    ['log.retention.ms', '0', 'log.retention.ms (0) must be at least 1, or -1 for no limit'],
    ['log.roll.ms', '0', 'log.roll.ms (0) must be at least 1'],
    ['queued.max.request.bytes', '1000', 'must be at least socket.request.max.bytes'],
    ['max.connections.per.ip', '0', 'may be 0 only together with'],
    ['process.roles', 'king', 'String must be one of: broker, controller'],
    ['process.roles', 'broker', 'process.roles (broker) must be broker,controller'],
    ['controller.quorum.voters', '1@a:1,2@b:2', 'must name one node at most'],
  ])('%s=%s is refused', (name, value, message) => {
    expect(() => new BrokerConfig({ properties: { [name]: value } })).toThrow(message);
  });

  it('has its id by either name, and by its place in a process', () => {
    expect(new BrokerConfig().nodeId).toBe(1);
    expect(new BrokerConfig({ properties: { 'broker.id': '7' } }).nodeId).toBe(7);
    expect(new BrokerConfig({ properties: { 'node.id': '7' }, nodeId: 9 }).nodeId).toBe(9);
  });

  it('lays own dynamic values over those of the cluster, over static ones, over defaults', () => {
    const config = new BrokerConfig({ properties: { 'message.max.bytes': '3' } });
    expect(config.get('message.max.bytes')).toBe(3);
    config.follow(imageWith({ 'BROKER:': { 'message.max.bytes': '2' } }));
    expect(config.get('message.max.bytes')).toBe(2);
    config.follow(
      imageWith({
        'BROKER:': { 'message.max.bytes': '2' },
        'BROKER:1': { 'message.max.bytes': '1' },
      }),
    );
    expect(config.get('message.max.bytes')).toBe(1);
    config.follow(imageWith({}));
    expect(config.get('message.max.bytes')).toBe(3);
  });

  it('does not take a dynamic value that its key does not take', () => {
    const config = new BrokerConfig({ properties: { 'message.max.bytes': '3' } });
    config.follow(imageWith({ 'BROKER:': { 'message.max.bytes': 'x' } }));
    expect(config.get('message.max.bytes')).toBe(3);
  });

  it('asks for no more replicas of internal topics than there are brokers, unless it is told to', () => {
    const factor = (brokers: number, properties = {}) =>
      new BrokerConfig({ brokers, properties }).get('offsets.topic.replication.factor');
    expect([factor(1), factor(2), factor(3), factor(5)]).toEqual([1, 2, 3, 3]);
    expect(factor(1, { 'offsets.topic.replication.factor': '3' })).toBe(3);
  });
});

describe('the settings of a topic', () => {
  it('are Kafka’s defaults', () => {
    expect(settingsOf({})).toEqual({
      segmentBytes: 1_073_741_824,
      segmentMs: 604_800_000,
      segmentJitterMs: 0,
      segmentIndexBytes: 10_485_760,
      indexIntervalBytes: 4_096,
      retentionMs: 604_800_000,
      retentionBytes: -1,
      maxMessageBytes: 1_048_588,
      cleanupDelete: true,
      cleanupCompact: false,
      deleteRetentionMs: 86_400_000,
      minCompactionLagMs: 0,
      maxCompactionLagMs: 2 ** 63,
      minCleanableDirtyRatio: 0.5,
      compression: 'producer',
      compressionLevel: undefined,
      timestampType: 'CreateTime',
      timestampBeforeMaxMs: 2 ** 63,
      timestampAfterMaxMs: 3_600_000,
      fileDeleteDelayMs: 60_000,
      flushMessages: 2 ** 63,
      flushMs: 2 ** 63,
      producerIdExpirationMs: 86_400_000,
    });
  });

  test.each<[about: string, given: Given, properties: Record<string, string>, retentionMs: number]>(
    [
      ['hours', {}, { 'log.retention.hours': '2' }, 7_200_000],
      [
        'minutes win over hours',
        {},
        { 'log.retention.hours': '2', 'log.retention.minutes': '1' },
        60_000,
      ],
      ['milliseconds win', {}, { 'log.retention.minutes': '1', 'log.retention.ms': '5' }, 5],
      ['any negative value is no limit', {}, { 'log.retention.hours': '-1' }, -1],
      [
        'the cluster’s default',
        { 'BROKER:': { 'log.retention.ms': '6' } },
        { 'log.retention.ms': '5' },
        6,
      ],
      [
        'the broker’s',
        { 'BROKER:': { 'log.retention.ms': '6' }, 'BROKER:1': { 'log.retention.ms': '7' } },
        {},
        7,
      ],
      [
        'another broker’s does not count',
        { 'BROKER:2': { 'log.retention.ms': '7' } },
        { 'log.retention.ms': '5' },
        5,
      ],
      [
        'the topic’s own',
        { 'BROKER:1': { 'log.retention.ms': '7' }, 'TOPIC:t': { 'retention.ms': '8' } },
        {},
        8,
      ],
      [
        'another topic’s does not count',
        { 'TOPIC:u': { 'retention.ms': '8' } },
        { 'log.retention.ms': '5' },
        5,
      ],
    ],
  )('take retention from %s', (_about, given, properties, retentionMs) => {
    expect(settingsOf(given, properties).retentionMs).toBe(retentionMs);
  });

  test.each<[properties: Record<string, string>, segmentMs: number, segmentJitterMs: number]>([
    [{}, 604_800_000, 0],
    [{ 'log.roll.hours': '2', 'log.roll.jitter.hours': '1' }, 7_200_000, 3_600_000],
    [{ 'log.roll.hours': '2', 'log.roll.ms': '5' }, 5, 0],
    [{ 'log.roll.jitter.hours': '1', 'log.roll.jitter.ms': '7' }, 604_800_000, 7],
  ])('roll after %j', (properties, segmentMs, segmentJitterMs) => {
    expect(settingsOf({}, properties)).toMatchObject({ segmentMs, segmentJitterMs });
  });

  it('do not keep less for the sake of tiers that there are not', () => {
    const given = { 'local.retention.ms': '1000', 'local.retention.bytes': '1' };
    const { retentionMs, retentionBytes } = settingsOf({ 'TOPIC:t': given });
    expect([retentionMs, retentionBytes]).toEqual([604_800_000, -1]);
  });

  it('of a compacted topic roll before records must be compacted', () => {
    const given = { 'TOPIC:t': { 'cleanup.policy': 'compact', 'max.compaction.lag.ms': '1000' } };
    expect(settingsOf(given)).toMatchObject({
      cleanupCompact: true,
      cleanupDelete: false,
      segmentMs: 1_000,
    });
  });

  test.each([
    ['gzip', '', undefined],
    ['gzip', '4', 4],
    ['zstd', '', 3],
    ['lz4', '', 9],
    ['snappy', '', undefined],
    ['uncompressed', '', undefined],
  ])('compress with %s at level %j', (compression, level, expected) => {
    const given = {
      'compression.type': compression,
      ...(level !== '' && { [`compression.${compression}.level`]: level }),
    };
    expect(settingsOf({ 'TOPIC:t': given })).toMatchObject({
      compression,
      compressionLevel: expected,
    });
  });

  it('name the replicas that acks=all waits for', () => {
    const image = imageWith({ 'BROKER:': { 'min.insync.replicas': '2' } });
    expect(minInsyncReplicas(image, 't', new BrokerConfig())).toBe(2);
  });

  it('are refused by name and by value', () => {
    expect(() => validateTopicConfig('no.such', '1')).toThrow('Unknown topic config name: no.such');
    expect(() => validateTopicConfig('segment.bytes', '1')).toThrow(
      new KafkaError(
        'INVALID_CONFIG',
        'Invalid value 1 for configuration segment.bytes: Value must be at least 1048576',
      ),
    );
    expect(() => validateTopicConfig('segment.bytes', '1048576')).not.toThrow();
  });
});
