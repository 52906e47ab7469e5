import { boolean, double, int, list, long, longMax, oneOf, string } from '../config-key.ts';
import { gzipLevel, throttledReplicas } from '../checks.ts';

/** Settings of a topic. */
export const topicKeys = {
  'cleanup.policy': list(
    'delete',
    'What happens to old data: `delete`, `compact`, or both; empty keeps everything.',
    { of: ['compact', 'delete'] },
  ),
  'compression.gzip.level': int(
    -1,
    "Level when the broker compresses with gzip; -1: the codec's default.",
    { check: gzipLevel },
  ),
  'compression.lz4.level': int(9, 'Level when the broker compresses with lz4.', {
    min: 1,
    max: 17,
  }),
  'compression.type': string(
    'producer',
    'Codec of stored batches; `producer` keeps what the producer chose.',
    { check: oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer') },
  ),
  'compression.zstd.level': int(3, 'Level when the broker compresses with zstd.', {
    min: -131_072,
    max: 22,
  }),
  'delete.retention.ms': long(
    86_400_000,
    'How long the mark of a deleted key stays in a compacted log.',
    { min: 0 },
  ),
  'file.delete.delay.ms': long(60_000, 'Wait before the files of a deleted segment are removed.', {
    min: 0,
  }),
  'flush.messages': long(
    longMax,
    'Records after which the log is flushed; 1: every acknowledged record is on the disk.',
    { min: 1 },
  ),
  'flush.ms': long(longMax, 'Time after which the log is flushed.', { min: 0 }),
  'follower.replication.throttled.replicas': list(
    '',
    'Replicas whose replication is throttled at the follower, or `*`.',
    { check: throttledReplicas },
  ),
  'index.interval.bytes': int(4096, 'Bytes of a log between two entries of its offset index.', {
    min: 0,
  }),
  'internal.segment.bytes': int(null, 'Segment size below the usual minimum, for tests.', {
    internal: true,
  }),
  'leader.replication.throttled.replicas': list(
    '',
    'Replicas whose replication is throttled at the leader, or `*`.',
    { check: throttledReplicas },
  ),
  'local.retention.bytes': long(
    -2,
    'Size kept on local disk of a tiered topic; -2: as `retention.bytes`.',
    { min: -2 },
  ),
  'local.retention.ms': long(
    -2,
    'Age kept on local disk of a tiered topic; -2: as `retention.ms`.',
    { min: -2 },
  ),
  'max.compaction.lag.ms': long(longMax, 'A record is compacted at the latest after this time.', {
    min: 1,
  }),
  'max.message.bytes': int(1_048_588, 'Largest record batch that is accepted.', { min: 0 }),
  'message.timestamp.after.max.ms': long(
    3_600_000,
    "How far a record's timestamp may lie in the future.",
    { min: 0 },
  ),
  'message.timestamp.before.max.ms': long(
    longMax,
    "How far a record's timestamp may lie in the past.",
    { min: 0 },
  ),
  'message.timestamp.type': string(
    'CreateTime',
    'Whether records keep the time they were created or get the time they were appended.',
    { check: oneOf('CreateTime', 'LogAppendTime') },
  ),
  'min.cleanable.dirty.ratio': double(
    0.5,
    'Part of the log that must be uncompacted before it is compacted again.',
    { min: 0, max: 1 },
  ),
  'min.compaction.lag.ms': long(0, 'A record is compacted at the earliest after this time.', {
    min: 0,
  }),
  'min.insync.replicas': int(
    1,
    'Replicas that must have a record before it is acknowledged to acks=all.',
    { min: 1 },
  ),
  preallocate: boolean(false, 'Whether segment files get their full size at once.'),
  'remote.log.copy.disable': boolean(
    false,
    'Whether a tiered topic stops copying to the remote tier.',
  ),
  'remote.log.delete.on.disable': boolean(
    false,
    'Whether switching tiering off deletes what is in the remote tier.',
  ),
  'remote.storage.enable': boolean(false, 'Whether the topic is tiered.'),
  'retention.bytes': long(-1, 'Size up to which a partition is kept; -1: no limit.'),
  'retention.ms': long(604_800_000, 'Age up to which data is kept; -1: no limit.', { min: -1 }),
  'segment.bytes': int(1_073_741_824, 'Size at which the log starts a new segment.', {
    min: 1_048_576,
  }),
  'segment.index.bytes': int(
    10_485_760,
    'Largest index file; a fuller one makes the segment roll.',
    { min: 4 },
  ),
  'segment.jitter.ms': long(0, 'Random part by which the rolling of segments is spread.', {
    min: 0,
  }),
  'segment.ms': long(604_800_000, 'Time after which the log starts a new segment.', { min: 1 }),
  'unclean.leader.election.enable': boolean(
    false,
    'Whether a replica that is behind may become leader, losing data.',
  ),
};

export type TopicKey = keyof typeof topicKeys;
