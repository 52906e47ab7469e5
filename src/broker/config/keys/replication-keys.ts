import { boolean, int, long, longMax, string } from '../config-key.ts';

/** Replication and quotas. */
export const replicationKeys = {
  'alter.log.dirs.replication.quota.window.num': int(
    11,
    'Samples kept for the quota of moves between log directories.',
    { min: 1 },
  ),
  'alter.log.dirs.replication.quota.window.size.seconds': int(1, 'Length of such a sample.', {
    min: 1,
  }),
  'controller.quota.window.num': int(
    11,
    'Samples kept for the quota of topic creations and deletions.',
    { min: 1 },
  ),
  'controller.quota.window.size.seconds': int(1, 'Length of such a sample.', { min: 1 }),
  'default.replication.factor': int(1, 'Replicas of a new topic that names no number.'),
  'delete.records.purgatory.purge.interval.requests': int(
    1,
    'Requests after which finished DeleteRecords waits are swept.',
  ),
  'fetch.purgatory.purge.interval.requests': int(
    1000,
    'Requests after which finished fetch waits are swept.',
  ),
  'follower.fetch.last.tiered.offset.enable': boolean(
    false,
    'Whether an empty follower of a tiered topic starts at the last tiered offset.',
    { update: 'cluster-wide' },
  ),
  'follower.replication.throttled.rate': long(
    longMax,
    'Bytes a second at which throttled followers replicate.',
    { update: 'cluster-wide', min: 0, dynamicOnly: true },
  ),
  'leader.imbalance.check.interval.seconds': long(
    300,
    'How often the preferred leaders are looked at.',
    { min: 1 },
  ),
  'leader.replication.throttled.rate': long(
    longMax,
    'Bytes a second at which throttled leaders serve their followers.',
    { update: 'cluster-wide', min: 0, dynamicOnly: true },
  ),
  'num.replica.alter.log.dirs.threads': int(
    null,
    'Threads that move replicas between log directories.',
  ),
  'num.replica.fetchers': int(1, 'Threads that replicate from each broker.', {
    update: 'cluster-wide',
    min: 1,
  }),
  'producer.purgatory.purge.interval.requests': int(
    1000,
    'Requests after which finished produce waits are swept.',
  ),
  'quota.window.num': int(11, 'Samples kept for client quotas.', { min: 1 }),
  'quota.window.size.seconds': int(1, 'Length of such a sample.', { min: 1 }),
  'replica.alter.log.dirs.io.max.bytes.per.second': long(
    longMax,
    'Bytes a second that moves between log directories may take.',
    { update: 'cluster-wide', min: 0, dynamicOnly: true },
  ),
  'replica.fetch.backoff.ms': int(1000, 'Wait of a follower after a failed fetch.', { min: 0 }),
  'replica.fetch.max.bytes': int(1_048_576, 'Bytes a follower asks of each partition.', { min: 0 }),
  'replica.fetch.min.bytes': int(
    1,
    'Bytes a follower waits for, up to `replica.fetch.wait.max.ms`.',
  ),
  'replica.fetch.response.max.bytes': int(
    10_485_760,
    'Bytes a follower asks in one fetch altogether.',
    { min: 0 },
  ),
  'replica.fetch.wait.max.ms': int(500, "Longest wait of a follower's fetch."),
  'replica.high.watermark.checkpoint.interval.ms': long(
    5000,
    'How often high watermarks are noted on disk.',
  ),
  'replica.lag.time.max.ms': long(
    30_000,
    'A follower that has not caught up for this long leaves the in-sync replicas.',
  ),
  'replica.selector.class': string(null, 'Class that chooses the replica a consumer reads from.'),
  'replica.socket.receive.buffer.bytes': int(65_536, "Receive buffer of a follower's socket."),
  'replica.socket.timeout.ms': int(30_000, 'Socket timeout of a follower.'),
  'replication.quota.window.num': int(11, 'Samples kept for replication quotas.', { min: 1 }),
  'replication.quota.window.size.seconds': int(1, 'Length of such a sample.', { min: 1 }),
};
