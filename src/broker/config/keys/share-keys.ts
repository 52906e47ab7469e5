import { int, list, short, string } from '../config-key.ts';

/** Share groups and their coordinator. */
export const shareKeys = {
  'group.share.assignment.interval.ms': int(
    1000,
    'Shortest time between two assignments of a share group.',
    { update: 'cluster-wide', min: 0 },
  ),
  'group.share.assignors': list('simple', 'Server-side assignors of share groups.', {
    mayBeEmpty: false,
  }),
  'group.share.delivery.count.limit': int(
    5,
    'How often a record is delivered to a share group at most.',
    { min: 2, max: 10 },
  ),
  'group.share.heartbeat.interval.ms': int(
    5000,
    'How often members of a share group shall send a heartbeat.',
    { min: 1 },
  ),
  'group.share.initialize.retry.interval.ms': int(
    30_000,
    'Wait before the state of a share partition is initialized again.',
    { min: 1, internal: true },
  ),
  'group.share.max.assignment.interval.ms': int(
    15_000,
    "Upper bound of a share group's own assignment interval.",
    { min: 0 },
  ),
  'group.share.max.delivery.count.limit': int(
    10,
    "Upper bound of a share group's own delivery limit.",
    { min: 5, max: 25 },
  ),
  'group.share.max.heartbeat.interval.ms': int(
    15_000,
    "Upper bound of a share group's own heartbeat interval.",
    { min: 1 },
  ),
  'group.share.max.partition.max.record.locks': int(
    4000,
    "Upper bound of a share group's own limit of locked records.",
    { min: 2000, max: 10_000 },
  ),
  'group.share.max.record.lock.duration.ms': int(
    60_000,
    "Upper bound of a share group's own lock duration.",
    { min: 30_000, max: 3_600_000 },
  ),
  'group.share.max.session.timeout.ms': int(
    60_000,
    "Upper bound of a share group's own session timeout.",
    { min: 1 },
  ),
  'group.share.max.share.sessions': int(2000, 'Most share sessions of a broker.', { min: 1 }),
  'group.share.max.size': int(200, 'Most members of a share group.', { min: 1, max: 1000 }),
  'group.share.min.assignment.interval.ms': int(
    0,
    "Lower bound of a share group's own assignment interval.",
    { min: 0 },
  ),
  'group.share.min.delivery.count.limit': int(
    2,
    "Lower bound of a share group's own delivery limit.",
    { min: 2, max: 5 },
  ),
  'group.share.min.heartbeat.interval.ms': int(
    5000,
    "Lower bound of a share group's own heartbeat interval.",
    { min: 1 },
  ),
  'group.share.min.partition.max.record.locks': int(
    100,
    "Lower bound of a share group's own limit of locked records.",
    { min: 100, max: 2000 },
  ),
  'group.share.min.record.lock.duration.ms': int(
    15_000,
    "Lower bound of a share group's own lock duration.",
    { min: 1000, max: 30_000 },
  ),
  'group.share.min.session.timeout.ms': int(
    45_000,
    "Lower bound of a share group's own session timeout.",
    { min: 1 },
  ),
  'group.share.partition.max.record.locks': int(
    2000,
    'Most records of a share partition that are locked at once.',
    { min: 100, max: 10_000 },
  ),
  'group.share.persister.class.name': string(
    'org.apache.kafka.server.share.persister.DefaultStatePersister',
    'Class that keeps the state of share groups.',
    { internal: true },
  ),
  'group.share.record.lock.duration.ms': int(
    30_000,
    'How long a delivered record stays locked for its consumer.',
    { min: 1000, max: 3_600_000 },
  ),
  'group.share.session.timeout.ms': int(
    45_000,
    'A member of a share group that is silent for longer is removed.',
    { min: 1 },
  ),
  'share.coordinator.append.linger.ms': int(
    -1,
    'How long the share coordinator gathers records before it writes them.',
    { min: -1 },
  ),
  'share.coordinator.cached.buffer.max.bytes': int(
    1_048_588,
    'Largest write buffer the share coordinator keeps for reuse.',
    { update: 'cluster-wide', min: 524_288 },
  ),
  'share.coordinator.cold.partition.snapshot.interval.ms': int(
    300_000,
    'How often idle share partitions get a snapshot.',
    { min: 1, internal: true },
  ),
  'share.coordinator.load.buffer.size': int(
    5_242_880,
    'Bytes read at once when share state is loaded.',
    { min: 1 },
  ),
  'share.coordinator.snapshot.update.records.per.snapshot': int(
    500,
    'Updates between two snapshots of a share partition.',
    { min: 0, max: 500 },
  ),
  'share.coordinator.state.topic.compression.codec': int(
    0,
    'Codec of the share state topic, by number; 0: none.',
  ),
  'share.coordinator.state.topic.min.isr': short(
    2,
    '`min.insync.replicas` of the share state topic.',
    { min: 1 },
  ),
  'share.coordinator.state.topic.num.partitions': int(50, 'Partitions of the share state topic.', {
    min: 1,
  }),
  'share.coordinator.state.topic.prune.interval.ms': int(
    300_000,
    'How often superseded records of the share state topic are deleted.',
    { min: 1, internal: true },
  ),
  'share.coordinator.state.topic.replication.factor': short(
    3,
    'Replicas of the share state topic.',
    { min: 1 },
  ),
  'share.coordinator.state.topic.segment.bytes': int(
    104_857_600,
    'Segment size of the share state topic.',
    { min: 1 },
  ),
  'share.coordinator.threads': int(1, 'Threads of the share coordinator.', { min: 1 }),
  'share.coordinator.write.timeout.ms': int(5000, 'How long a write of share state may take.', {
    min: 1,
  }),
  'share.fetch.purgatory.purge.interval.requests': int(
    1000,
    'Requests after which finished share fetch waits are swept.',
  ),
};
