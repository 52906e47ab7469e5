import type { BrokerKey } from './keys/broker-keys.ts';
import type { TopicKey } from './keys/topic-keys.ts';
import type { GroupKey } from './keys/group-resource-keys.ts';

/** A broker's key that stands in for another key, and what its value is multiplied by. */
export interface Synonym {
  readonly name: BrokerKey;
  readonly factor: number;
}

const msPerMinute = 60_000;
const msPerHour = 3_600_000;

const same = (name: BrokerKey): readonly Synonym[] => [{ name, factor: 1 }];

/** Broker keys that are the default of a topic's key; the first that has a value counts. */
export const topicSynonyms: Readonly<Partial<Record<TopicKey, readonly Synonym[]>>> = {
  'cleanup.policy': same('log.cleanup.policy'),
  'compression.gzip.level': same('compression.gzip.level'),
  'compression.lz4.level': same('compression.lz4.level'),
  'compression.type': same('compression.type'),
  'compression.zstd.level': same('compression.zstd.level'),
  'delete.retention.ms': same('log.cleaner.delete.retention.ms'),
  'file.delete.delay.ms': same('log.segment.delete.delay.ms'),
  'flush.messages': same('log.flush.interval.messages'),
  'flush.ms': [
    { name: 'log.flush.interval.ms', factor: 1 },
    { name: 'log.flush.scheduler.interval.ms', factor: 1 },
  ],
  'index.interval.bytes': same('log.index.interval.bytes'),
  'local.retention.bytes': same('log.local.retention.bytes'),
  'local.retention.ms': same('log.local.retention.ms'),
  'max.compaction.lag.ms': same('log.cleaner.max.compaction.lag.ms'),
  'max.message.bytes': same('message.max.bytes'),
  'message.timestamp.after.max.ms': same('log.message.timestamp.after.max.ms'),
  'message.timestamp.before.max.ms': same('log.message.timestamp.before.max.ms'),
  'message.timestamp.type': same('log.message.timestamp.type'),
  'min.cleanable.dirty.ratio': same('log.cleaner.min.cleanable.ratio'),
  'min.compaction.lag.ms': same('log.cleaner.min.compaction.lag.ms'),
  'min.insync.replicas': same('min.insync.replicas'),
  preallocate: same('log.preallocate'),
  'retention.bytes': same('log.retention.bytes'),
  'retention.ms': [
    { name: 'log.retention.ms', factor: 1 },
    { name: 'log.retention.minutes', factor: msPerMinute },
    { name: 'log.retention.hours', factor: msPerHour },
  ],
  'segment.bytes': same('log.segment.bytes'),
  'segment.index.bytes': same('log.index.size.max.bytes'),
  'segment.jitter.ms': [
    { name: 'log.roll.jitter.ms', factor: 1 },
    { name: 'log.roll.jitter.hours', factor: msPerHour },
  ],
  'segment.ms': [
    { name: 'log.roll.ms', factor: 1 },
    { name: 'log.roll.hours', factor: msPerHour },
  ],
  'unclean.leader.election.enable': same('unclean.leader.election.enable'),
};

/** The broker key that is the default of a group's key. */
export const groupSynonyms: Readonly<Partial<Record<GroupKey, BrokerKey>>> = {
  'consumer.assignment.interval.ms': 'group.consumer.assignment.interval.ms',
  'consumer.heartbeat.interval.ms': 'group.consumer.heartbeat.interval.ms',
  'consumer.session.timeout.ms': 'group.consumer.session.timeout.ms',
  'share.assignment.interval.ms': 'group.share.assignment.interval.ms',
  'share.delivery.count.limit': 'group.share.delivery.count.limit',
  'share.heartbeat.interval.ms': 'group.share.heartbeat.interval.ms',
  'share.partition.max.record.locks': 'group.share.partition.max.record.locks',
  'share.record.lock.duration.ms': 'group.share.record.lock.duration.ms',
  'share.session.timeout.ms': 'group.share.session.timeout.ms',
  'streams.assignment.interval.ms': 'group.streams.assignment.interval.ms',
  'streams.heartbeat.interval.ms': 'group.streams.heartbeat.interval.ms',
  'streams.initial.rebalance.delay.ms': 'group.streams.initial.rebalance.delay.ms',
  'streams.num.standby.replicas': 'group.streams.num.standby.replicas',
  'streams.session.timeout.ms': 'group.streams.session.timeout.ms',
};

const families: readonly (readonly string[])[] = [
  ['log.roll.ms', 'log.roll.hours'],
  ['log.roll.jitter.ms', 'log.roll.jitter.hours'],
  ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'],
];
const flushFamily = ['log.flush.interval.ms', 'log.flush.scheduler.interval.ms'];

const listenerPrefix = /^listener\.name\.[^.]*\.(.*)$/;

/** Keys whose listener form has the mechanism before their own name. */
const mechanismKeys = [
  'sasl.jaas.config',
  'sasl.login.callback.handler.class',
  'sasl.login.class',
  'sasl.server.callback.handler.class',
  'connections.max.reauth.ms',
];

/** The key without `listener.name.<name>.` (and without the mechanism); undefined when it has none. */
export function withoutListenerPrefix(name: string): string | undefined {
  const rest = listenerPrefix.exec(name)?.[1];
  if (rest === undefined) return undefined;
  return mechanismKeys.find((key) => rest.endsWith(key)) ?? rest;
}

/** Names under which a broker's value may be given, the strongest first; the name itself is one. */
export function brokerSynonyms(name: string): readonly string[] {
  const family = families.find((names) => names.includes(name));
  if (family !== undefined) return family;
  if (name === 'log.flush.interval.ms') return flushFamily;
  const base = withoutListenerPrefix(name);
  return base === undefined ? [name] : [name, base];
}
