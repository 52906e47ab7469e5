import { int, list, long, oneOfIgnoringCase, short, string } from '../config-key.ts';

/** Group coordinator and committed offsets. */
export const groupKeys = {
  'group.consumer.assignment.interval.ms': int(
    1000,
    'Shortest time between two assignments of a consumer group.',
    { update: 'cluster-wide', min: 0 },
  ),
  'group.consumer.assignors': list(
    'uniform,range',
    'Server-side assignors of consumer groups; the first is the default.',
    { mayBeEmpty: false },
  ),
  'group.consumer.heartbeat.interval.ms': int(
    5000,
    'How often members of a consumer group shall send a heartbeat.',
    { min: 1 },
  ),
  'group.consumer.max.assignment.interval.ms': int(
    15_000,
    "Upper bound of a group's own assignment interval.",
    { min: 0 },
  ),
  'group.consumer.max.heartbeat.interval.ms': int(
    15_000,
    "Upper bound of a group's own heartbeat interval.",
    { min: 1 },
  ),
  'group.consumer.max.session.timeout.ms': int(
    60_000,
    "Upper bound of a group's own session timeout.",
    { min: 1 },
  ),
  'group.consumer.max.size': int(2_147_483_647, 'Most members of a consumer group.', { min: 1 }),
  'group.consumer.migration.policy': string(
    'bidirectional',
    'Which changes between the classic and the consumer protocol a living group may make.',
    { check: oneOfIgnoringCase('DISABLED', 'DOWNGRADE', 'UPGRADE', 'BIDIRECTIONAL') },
  ),
  'group.consumer.min.assignment.interval.ms': int(
    0,
    "Lower bound of a group's own assignment interval.",
    { min: 0 },
  ),
  'group.consumer.min.heartbeat.interval.ms': int(
    5000,
    "Lower bound of a group's own heartbeat interval.",
    { min: 1 },
  ),
  'group.consumer.min.session.timeout.ms': int(
    45_000,
    "Lower bound of a group's own session timeout.",
    { min: 1 },
  ),
  'group.consumer.regex.refresh.interval.ms': int(
    600_000,
    'How often regular expressions of subscriptions are resolved again.',
    { min: 10_000, internal: true },
  ),
  'group.consumer.session.timeout.ms': int(
    45_000,
    'A member of a consumer group that is silent for longer is removed.',
    { min: 1 },
  ),
  'group.coordinator.append.linger.ms': int(
    -1,
    'How long the coordinator gathers records before it writes them; -1: as it sees fit.',
    { min: -1 },
  ),
  'group.coordinator.background.threads': int(2, "Threads for the coordinator's longer work.", {
    min: 1,
  }),
  'group.coordinator.cached.buffer.max.bytes': int(
    1_048_588,
    'Largest write buffer the coordinator keeps for reuse.',
    { update: 'cluster-wide', min: 524_288 },
  ),
  'group.coordinator.rebalance.protocols': list(
    'classic,consumer,streams',
    'Group protocols that are served.',
    { mayBeEmpty: false, of: ['consumer', 'classic', 'share', 'streams'] },
  ),
  'group.coordinator.threads': int(4, 'Threads of the group coordinator.', { min: 1 }),
  'group.initial.rebalance.delay.ms': int(
    0,
    'How long an empty group waits for more members before its first rebalance.',
  ),
  'group.max.session.timeout.ms': int(
    1_800_000,
    'Longest session timeout that a member of a classic group may ask.',
  ),
  'group.max.size': int(2_147_483_647, 'Most members of a classic group.', { min: 1 }),
  'group.min.session.timeout.ms': int(
    6000,
    'Shortest session timeout that a member of a classic group may ask.',
  ),
  'group.streams.assignment.interval.ms': int(
    1000,
    'Shortest time between two assignments of a streams group.',
    { update: 'cluster-wide', min: 0 },
  ),
  'group.streams.heartbeat.interval.ms': int(
    5000,
    'How often members of a streams group shall send a heartbeat.',
    { min: 1 },
  ),
  'group.streams.initial.rebalance.delay.ms': int(
    3000,
    'How long an empty streams group waits for more members.',
    { min: 0 },
  ),
  'group.streams.max.assignment.interval.ms': int(
    15_000,
    "Upper bound of a streams group's own assignment interval.",
    { min: 0 },
  ),
  'group.streams.max.heartbeat.interval.ms': int(
    15_000,
    "Upper bound of a streams group's own heartbeat interval.",
    { min: 1 },
  ),
  'group.streams.max.session.timeout.ms': int(
    60_000,
    "Upper bound of a streams group's own session timeout.",
    { min: 1 },
  ),
  'group.streams.max.size': int(2_147_483_647, 'Most members of a streams group.', { min: 1 }),
  'group.streams.max.standby.replicas': int(
    2,
    "Upper bound of a streams group's own number of standby replicas.",
    { min: 0 },
  ),
  'group.streams.min.assignment.interval.ms': int(
    0,
    "Lower bound of a streams group's own assignment interval.",
    { min: 0 },
  ),
  'group.streams.min.heartbeat.interval.ms': int(
    5000,
    "Lower bound of a streams group's own heartbeat interval.",
    { min: 1 },
  ),
  'group.streams.min.session.timeout.ms': int(
    45_000,
    "Lower bound of a streams group's own session timeout.",
    { min: 1 },
  ),
  'group.streams.num.standby.replicas': int(0, 'Standby replicas of each stateful task.', {
    min: 0,
  }),
  'group.streams.session.timeout.ms': int(
    45_000,
    'A member of a streams group that is silent for longer is removed.',
    { min: 1 },
  ),
  'offset.metadata.max.bytes': int(4096, 'Largest text that may go with a committed offset.'),
  'offsets.commit.timeout.ms': int(5000, 'How long a commit may take to be replicated.', {
    min: 1,
  }),
  'offsets.load.buffer.size': int(
    5_242_880,
    'Bytes read at once when groups and offsets are loaded.',
    { min: 1 },
  ),
  'offsets.retention.check.interval.ms': long(
    600_000,
    'How often committed offsets are looked at for expiry.',
    { min: 1 },
  ),
  'offsets.retention.minutes': int(10_080, 'How long offsets outlive the use of their group.', {
    min: 1,
  }),
  'offsets.topic.compression.codec': int(0, 'Codec of the offsets topic, by number; 0: none.'),
  'offsets.topic.num.partitions': int(
    50,
    'Partitions of the offsets topic; never change it once the topic exists.',
    { min: 1 },
  ),
  'offsets.topic.replication.factor': short(3, 'Replicas of the offsets topic.', { min: 1 }),
  'offsets.topic.segment.bytes': int(104_857_600, 'Segment size of the offsets topic.', { min: 1 }),
};
