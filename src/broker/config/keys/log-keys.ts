import {
  boolean,
  double,
  int,
  javaClass,
  list,
  long,
  longMax,
  oneOf,
  string,
} from '../config-key.ts';
import { gzipLevel } from '../checks.ts';

/** Logs of partitions, and the defaults of topics. */
export const logKeys = {
  'alter.config.policy.class.name': javaClass(
    null,
    'Class that may refuse changes of configuration.',
  ),
  'auto.create.topics.enable': boolean(
    true,
    'Whether a topic comes into being when a client asks for it.',
  ),
  'compression.gzip.level': int(
    -1,
    "Level when the broker compresses with gzip; -1: the codec's default.",
    { update: 'cluster-wide', check: gzipLevel },
  ),
  'compression.lz4.level': int(9, 'Level when the broker compresses with lz4.', {
    update: 'cluster-wide',
    min: 1,
    max: 17,
  }),
  'compression.type': string(
    'producer',
    'Codec of stored batches; `producer` keeps what the producer chose.',
    {
      update: 'cluster-wide',
      check: oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'),
    },
  ),
  'compression.zstd.level': int(3, 'Level when the broker compresses with zstd.', {
    update: 'cluster-wide',
    min: -131_072,
    max: 22,
  }),
  'cordoned.log.dirs': list(
    '',
    'Log directories that get no new partitions in Kafka, `*` means all; here it is only kept.',
    {
      update: 'per-broker',
    },
  ),
  'create.topic.policy.class.name': javaClass(null, 'Class that may refuse new topics.'),
  'log.cleaner.backoff.ms': long(15_000, 'Pause of the cleaner when there is nothing to compact.', {
    update: 'cluster-wide',
    min: 0,
  }),
  'log.cleaner.dedupe.buffer.size': long(134_217_728, "Memory for the cleaner's map of keys.", {
    update: 'cluster-wide',
  }),
  'log.cleaner.delete.retention.ms': long(
    86_400_000,
    'How long the mark of a deleted key stays in a compacted log.',
    { update: 'cluster-wide', min: 0 },
  ),
  'log.cleaner.enable': boolean(true, 'Whether logs are compacted at all.'),
  'log.cleaner.io.buffer.load.factor': double(0.9, "How full the cleaner's map of keys may get.", {
    update: 'cluster-wide',
  }),
  'log.cleaner.io.buffer.size': int(524_288, "Memory for the cleaner's reads and writes.", {
    update: 'cluster-wide',
    min: 0,
  }),
  'log.cleaner.io.max.bytes.per.second': double(
    '1.7976931348623157E308',
    "Limit of the cleaner's reads and writes.",
    { update: 'cluster-wide' },
  ),
  'log.cleaner.max.compaction.lag.ms': long(
    longMax,
    'A record is compacted at the latest after this time.',
    { update: 'cluster-wide', min: 1 },
  ),
  'log.cleaner.min.cleanable.ratio': double(
    0.5,
    'Part of a log that must be uncompacted before it is compacted again.',
    { update: 'cluster-wide', min: 0, max: 1 },
  ),
  'log.cleaner.min.compaction.lag.ms': long(
    0,
    'A record is compacted at the earliest after this time.',
    { update: 'cluster-wide', min: 0 },
  ),
  'log.cleaner.threads': int(
    1,
    'Threads of the cleaner in Kafka; here one cleans all logs, and this is only kept.',
    { update: 'cluster-wide', min: 0 },
  ),
  'log.cleanup.policy': list(
    'delete',
    'What happens to old data: `delete`, `compact`, or both; empty keeps everything.',
    { update: 'cluster-wide', of: ['compact', 'delete'] },
  ),
  'log.dir': list('./data', 'Folder of the data; used when `log.dirs` is not given.', {
    mayBeEmpty: false,
  }),
  'log.dir.failure.timeout.ms': long(
    30_000,
    'How long a broker may fail to report a bad log directory before it stops.',
    { min: 1 },
  ),
  'log.dirs': list(null, 'Folders of the data, separated by commas.', { mayBeEmpty: false }),
  'log.flush.interval.messages': long(
    longMax,
    'Records after which a log is flushed to the disk.',
    { update: 'cluster-wide', min: 1 },
  ),
  'log.flush.interval.ms': long(null, 'Time after which a log is flushed to the disk.', {
    update: 'cluster-wide',
  }),
  'log.flush.offset.checkpoint.interval.ms': int(
    60_000,
    'How often it is noted how far logs are flushed.',
    { min: 0 },
  ),
  'log.flush.scheduler.interval.ms': long(longMax, 'How often logs are looked at for flushing.'),
  'log.flush.start.offset.checkpoint.interval.ms': int(
    60_000,
    'How often it is noted where logs start.',
    { min: 0 },
  ),
  'log.index.interval.bytes': int(4096, 'Bytes of a log between two entries of its offset index.', {
    update: 'cluster-wide',
    min: 0,
  }),
  'log.index.size.max.bytes': int(
    10_485_760,
    'Largest index file; a fuller one makes the segment roll.',
    { update: 'cluster-wide', min: 4 },
  ),
  'log.initial.task.delay.ms': long(30_000, 'Wait before the first round of log maintenance.', {
    min: 0,
    internal: true,
  }),
  'log.local.retention.bytes': long(
    -2,
    'Size kept on local disk of a tiered log; -2: the same as the whole log.',
    { update: 'cluster-wide', min: -2 },
  ),
  'log.local.retention.ms': long(
    -2,
    'Age kept on local disk of a tiered log; -2: the same as the whole log.',
    { update: 'cluster-wide', min: -2 },
  ),
  'log.message.timestamp.after.max.ms': long(
    3_600_000,
    "How far a record's timestamp may lie in the future.",
    { update: 'cluster-wide', min: 0 },
  ),
  'log.message.timestamp.before.max.ms': long(
    longMax,
    "How far a record's timestamp may lie in the past.",
    { update: 'cluster-wide', min: 0 },
  ),
  'log.message.timestamp.type': string(
    'CreateTime',
    'Whether records keep the time they were created or get the time they were appended.',
    { update: 'cluster-wide', check: oneOf('CreateTime', 'LogAppendTime') },
  ),
  'log.preallocate': boolean(false, 'Whether segment files get their full size at once.', {
    update: 'cluster-wide',
  }),
  'log.retention.bytes': long(-1, 'Size up to which a partition is kept; -1: no limit.', {
    update: 'cluster-wide',
  }),
  'log.retention.check.interval.ms': long(300_000, 'How often logs are looked at for old data.', {
    min: 1,
  }),
  'log.retention.hours': int(168, 'Age up to which data is kept, in hours.'),
  'log.retention.minutes': int(null, 'Age up to which data is kept, in minutes; wins over hours.'),
  'log.retention.ms': long(
    null,
    'Age up to which data is kept, in milliseconds; wins over minutes; -1: no limit.',
    { update: 'cluster-wide' },
  ),
  'log.roll.hours': int(168, 'Time after which a log starts a new segment, in hours.', { min: 1 }),
  'log.roll.jitter.hours': int(0, 'Random part by which that time is shortened, in hours.', {
    min: 0,
  }),
  'log.roll.jitter.ms': long(
    null,
    'Random part by which the rolling of segments is spread; wins over hours.',
    { update: 'cluster-wide' },
  ),
  'log.roll.ms': long(null, 'Time after which a log starts a new segment; wins over hours.', {
    update: 'cluster-wide',
  }),
  'log.segment.bytes': int(1_073_741_824, 'Size at which a log starts a new segment.', {
    update: 'cluster-wide',
    min: 1_048_576,
  }),
  'log.segment.delete.delay.ms': long(
    60_000,
    'Wait before the files of a deleted segment are removed.',
    { update: 'cluster-wide', min: 0 },
  ),
  'message.max.bytes': int(1_048_588, 'Largest record batch that is accepted.', {
    update: 'cluster-wide',
    min: 0,
  }),
  'min.insync.replicas': int(
    1,
    'Replicas that must have a record before it is acknowledged to acks=all.',
    { update: 'cluster-wide', min: 1 },
  ),
  'num.partitions': int(1, 'Partitions of a new topic that names no number.', { min: 1 }),
  'num.recovery.threads.per.data.dir': int(
    2,
    'Threads that recover logs in Kafka; here a number that is only kept.',
    { update: 'cluster-wide', min: 1 },
  ),
  'unclean.leader.election.enable': boolean(
    false,
    'Whether a replica that is behind may become leader, losing data.',
    { update: 'cluster-wide' },
  ),
};
