import { boolean, int, oneOf, string } from '../config-key.ts';
import { offsetReset } from '../checks.ts';

/** Settings of a group. */
export const groupResourceKeys = {
  'consumer.assignment.interval.ms': int(
    1000,
    'Shortest time between two assignments of the consumer group.',
    { min: 0 },
  ),
  'consumer.heartbeat.interval.ms': int(
    5000,
    'How often members of the consumer group shall send a heartbeat.',
    { min: 1 },
  ),
  'consumer.session.timeout.ms': int(
    45_000,
    'A member of the consumer group that is silent for longer is removed.',
    { min: 1 },
  ),
  'share.assignment.interval.ms': int(
    1000,
    'Shortest time between two assignments of the share group.',
    { min: 0 },
  ),
  'share.auto.offset.reset': string(
    'latest',
    'Where the share group begins: `latest`, `earliest` or `by_duration:` and an ISO 8601 duration back.',
    { check: offsetReset },
  ),
  'share.delivery.count.limit': int(
    5,
    'How often a record is delivered to the share group at most.',
    { min: 2 },
  ),
  'share.heartbeat.interval.ms': int(
    5000,
    'How often members of the share group shall send a heartbeat.',
    { min: 1 },
  ),
  'share.isolation.level': string(
    'read_uncommitted',
    'Whether the share group sees records of open or aborted transactions.',
    { check: oneOf('read_committed', 'read_uncommitted') },
  ),
  'share.partition.max.record.locks': int(
    2000,
    'Most records of a partition that are locked at once for the share group.',
    { min: 100 },
  ),
  'share.record.lock.duration.ms': int(
    30_000,
    'How long a delivered record stays locked for its consumer.',
    { min: 1000 },
  ),
  'share.renew.acknowledge.enable': boolean(
    true,
    'Whether a consumer may prolong the lock of a record.',
  ),
  'share.session.timeout.ms': int(
    45_000,
    'A member of the share group that is silent for longer is removed.',
    { min: 1 },
  ),
  'streams.assignment.interval.ms': int(
    1000,
    'Shortest time between two assignments of the streams group.',
    { min: 0 },
  ),
  'streams.heartbeat.interval.ms': int(
    5000,
    'How often members of the streams group shall send a heartbeat.',
    { min: 1 },
  ),
  'streams.initial.rebalance.delay.ms': int(
    3000,
    'How long the empty streams group waits for more members.',
    { min: 0 },
  ),
  'streams.num.standby.replicas': int(0, 'Standby replicas of each stateful task.', { min: 0 }),
  'streams.session.timeout.ms': int(
    45_000,
    'A member of the streams group that is silent for longer is removed.',
    { min: 1 },
  ),
};

export type GroupKey = keyof typeof groupResourceKeys;
