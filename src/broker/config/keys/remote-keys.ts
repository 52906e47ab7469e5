import { boolean, double, int, long, longMax, nonEmpty, string } from '../config-key.ts';

/** Tiered storage: known, not served. */
export const remoteKeys = {
  'remote.fetch.max.wait.ms': int(500, 'How long a fetch waits for data of the remote tier.', {
    update: 'cluster-wide',
    min: 1,
  }),
  'remote.list.offsets.request.timeout.ms': long(
    30_000,
    'How long a look-up of offsets in the remote tier may take.',
    { update: 'cluster-wide', min: 1 },
  ),
  'remote.log.index.file.cache.total.size.bytes': long(
    1_073_741_824,
    'Disk space for cached indexes of remote segments.',
    { update: 'cluster-wide', min: 1 },
  ),
  'remote.log.index.file.cache.ttl.ms': long(
    900_000,
    'How long an unused cached index stays; -1: for ever.',
    { min: -1, internal: true },
  ),
  'remote.log.manager.copier.thread.pool.size': int(
    10,
    'Threads that copy segments to the remote tier.',
    { update: 'cluster-wide', min: 1 },
  ),
  'remote.log.manager.copy.max.bytes.per.second': long(
    longMax,
    'Limit of copying to the remote tier.',
    { update: 'cluster-wide', min: 1 },
  ),
  'remote.log.manager.copy.quota.window.num': int(11, 'Samples kept for that limit.', { min: 1 }),
  'remote.log.manager.copy.quota.window.size.seconds': int(1, 'Length of such a sample.', {
    min: 1,
  }),
  'remote.log.manager.expiration.thread.pool.size': int(
    10,
    'Threads that delete expired remote segments.',
    { update: 'cluster-wide', min: 1 },
  ),
  'remote.log.manager.fetch.max.bytes.per.second': long(
    longMax,
    'Limit of reading from the remote tier.',
    { update: 'cluster-wide', min: 1 },
  ),
  'remote.log.manager.fetch.quota.window.num': int(11, 'Samples kept for that limit.', { min: 1 }),
  'remote.log.manager.fetch.quota.window.size.seconds': int(1, 'Length of such a sample.', {
    min: 1,
  }),
  'remote.log.manager.follower.thread.pool.size': int(
    2,
    "Threads of followers' work with the remote tier.",
    { update: 'cluster-wide', min: 1 },
  ),
  'remote.log.manager.task.interval.ms': long(30_000, "How often the remote tier's work is done.", {
    min: 1,
  }),
  'remote.log.manager.task.retry.backoff.max.ms': long(
    30_000,
    'Longest wait before that work is retried.',
    { min: 1, internal: true },
  ),
  'remote.log.manager.task.retry.backoff.ms': long(500, 'First wait before that work is retried.', {
    min: 1,
    internal: true,
  }),
  'remote.log.manager.task.retry.jitter': double(0.2, 'Random part of that wait.', {
    min: 0,
    max: 0.5,
    internal: true,
  }),
  'remote.log.manager.thread.pool.size': int(2, "Threads that schedule the remote tier's work.", {
    min: 1,
  }),
  'remote.log.metadata.custom.metadata.max.bytes': int(
    128,
    'Largest custom metadata of a remote segment.',
    { min: 0 },
  ),
  'remote.log.metadata.manager.class.name': string(
    'org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager',
    'Class that keeps the metadata of remote segments.',
    { check: nonEmpty },
  ),
  'remote.log.metadata.manager.class.path': string(null, 'Where that class is found.'),
  'remote.log.metadata.manager.impl.prefix': string(
    'rlmm.config.',
    'Prefix of the settings passed to that class.',
    { check: nonEmpty },
  ),
  'remote.log.metadata.manager.listener.name': string(
    null,
    'Listener through which that class reaches the brokers.',
    { check: nonEmpty },
  ),
  'remote.log.reader.max.pending.tasks': int(100, 'Most reads of the remote tier that may wait.', {
    min: 1,
  }),
  'remote.log.reader.threads': int(10, 'Threads that read from the remote tier.', {
    update: 'cluster-wide',
    min: 1,
  }),
  'remote.log.storage.manager.class.name': string(null, 'Class that stores remote segments.', {
    check: nonEmpty,
  }),
  'remote.log.storage.manager.class.path': string(null, 'Where that class is found.'),
  'remote.log.storage.manager.impl.prefix': string(
    'rsm.config.',
    'Prefix of the settings passed to that class.',
    { check: nonEmpty },
  ),
  'remote.log.storage.system.enable': boolean(false, 'Whether tiered storage is on.'),
};
