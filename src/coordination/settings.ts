/** What the coordinators need to know of the broker's configuration; Kafka's names beside them. */
export interface GroupSettings {
  /** Partitions that `__consumer_offsets` has (`offsets.topic.num.partitions` when it was made). */
  readonly offsetsTopicPartitions: number;
  /** `group.min.session.timeout.ms` */
  readonly minSessionTimeoutMs: number;
  /** `group.max.session.timeout.ms` */
  readonly maxSessionTimeoutMs: number;
  /** `group.initial.rebalance.delay.ms` */
  readonly initialRebalanceDelayMs: number;
  /** `group.max.size` */
  readonly maxGroupSize: number;
  /** `offset.metadata.max.bytes` */
  readonly maxOffsetMetadataBytes: number;
  /** `offsets.retention.minutes`, in milliseconds. */
  readonly offsetsRetentionMs: number;
  /** `offsets.retention.check.interval.ms` */
  readonly offsetsRetentionCheckIntervalMs: number;
}

/**
 * How long a new member may wait for its first JoinGroup to be answered (not configurable in Kafka
 * either). It does not know its id yet, so it cannot heartbeat, and nobody sees its connection break
 * while the request is parked.
 */
export const newMemberJoinTimeoutMs = 300_000;
