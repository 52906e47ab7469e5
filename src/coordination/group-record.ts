import type { Uuid } from '../protocol/uuid.ts';

/** What `__consumer_offsets` says about one group, free of the bytes (see group-record-format.ts). */
export type GroupRecord =
  GroupMetadataRecord | GroupTombstone | OffsetCommitRecord | OffsetTombstone;

/** A group as it was when it last became Stable or Empty. */
export interface GroupMetadataRecord {
  readonly type: 'group';
  readonly groupId: string;
  readonly protocolType: string;
  readonly generationId: number;
  readonly protocolName: string | null;
  readonly leaderId: string | null;
  /** -1 in records of old brokers. */
  readonly currentStateTimestampMs: number;
  readonly members: readonly GroupMetadataMember[];
}

export interface GroupMetadataMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  /** Metadata of the chosen protocol. */
  readonly subscription: Buffer;
  readonly assignment: Buffer;
}

/** The group is no more. */
export interface GroupTombstone {
  readonly type: 'group-tombstone';
  readonly groupId: string;
}

export interface OffsetCommitRecord {
  readonly type: 'offset';
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  readonly committed: CommittedOffset;
}

/** The committed offset is no more. */
export interface OffsetTombstone {
  readonly type: 'offset-tombstone';
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
}

export interface CommittedOffset {
  readonly offset: number;
  /** -1 = unknown. */
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly commitTimestampMs: number;
  /** Set by clients that sent a retention time (OffsetCommit v2-4); -1 = the broker's retention. */
  readonly expireTimestampMs: number;
  /** Zero when the record is of a version that has none. */
  readonly topicId: Uuid;
}
