import type { ErrorName } from '../protocol/error-codes.ts';
import { KafkaError } from '../protocol/kafka-error.ts';
import type { Uuid } from '../protocol/uuid.ts';
import { zeroUuid } from '../protocol/uuid.ts';
import type { Effect } from './decision.ts';
import type { Group, GroupOffsets } from './group.ts';
import { isConsumerGroup, isSubscribedTo, requireAlive, requireMember } from './group.ts';
import type {
  CommittedOffset,
  GroupRecord,
  OffsetCommitRecord,
  OffsetTombstone,
} from './group-record.ts';
import type { GroupSettings } from './settings.ts';

/** An OffsetCommit request for topics and partitions that exist. */
export interface OffsetCommit {
  readonly groupId: string;
  /** -1 = from outside of the group: a simple consumer, or a tool. */
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  /** -1 = the broker's retention. */
  readonly retentionTimeMs: number;
  /** Knows GROUP_ID_NOT_FOUND (v9+). */
  readonly takesGroupIdNotFound: boolean;
  /**
   * Part of a transaction: whoever names no member and no generation may commit (clients before v3 of
   * TxnOffsetCommit cannot), and a rebalance that is under way does not matter.
   */
  readonly isTransactional: boolean;
  readonly topics: readonly {
    readonly name: string;
    readonly topicId: Uuid;
    readonly partitions: readonly {
      readonly partition: number;
      readonly offset: number;
      readonly leaderEpoch: number;
      readonly metadata: string | null;
    }[];
  }[];
}

export interface PartitionResult {
  readonly partition: number;
  readonly error: ErrorName;
}

export interface TopicResult {
  readonly name: string;
  readonly topicId: Uuid;
  readonly partitions: readonly PartitionResult[];
}

/** A decision that leaves the group itself alone: records about offsets, and what to answer. */
export interface OffsetsDecision<R> {
  readonly records: readonly GroupRecord[];
  readonly effects: readonly Effect[];
  readonly result: R;
}

/**
 * @throws {KafkaError} when the one who commits may not (now); it holds for all partitions
 */
export function decideCommit(
  group: Group | undefined,
  commit: OffsetCommit,
  settings: GroupSettings,
  nowMs: number,
): OffsetsDecision<readonly TopicResult[]> {
  const effects = requireCommitter(group, commit);
  const records: GroupRecord[] = [];
  const { groupId, retentionTimeMs } = commit;
  const expireTimestampMs = retentionTimeMs === -1 ? -1 : nowMs + retentionTimeMs;
  const result = commit.topics.map(({ name, topicId, partitions }) => ({
    name,
    topicId,
    partitions: partitions.map(({ partition, offset, leaderEpoch, metadata }): PartitionResult => {
      if (metadata !== null && metadata.length > settings.maxOffsetMetadataBytes) {
        return { partition, error: 'OFFSET_METADATA_TOO_LARGE' };
      }
      const committed: CommittedOffset = {
        offset,
        leaderEpoch,
        metadata: metadata ?? '',
        commitTimestampMs: nowMs,
        expireTimestampMs,
        topicId,
      };
      records.push({ type: 'offset', groupId, topic: name, partition, committed });
      return { partition, error: 'NONE' };
    }),
  }));
  return { records, effects, result };
}

/** Who may commit, and what that does to its session: a commit is as good as a heartbeat. */
function requireCommitter(group: Group | undefined, commit: OffsetCommit): readonly Effect[] {
  const { generationId, memberId, groupInstanceId } = commit;
  if (!group) {
    // A simple group comes into being with its first offset.
    if (generationId < 0) return [];
    throw new KafkaError(commit.takesGroupIdNotFound ? 'GROUP_ID_NOT_FOUND' : 'ILLEGAL_GENERATION');
  }
  requireAlive(group);
  if (generationId < 0 && group.state === 'Empty') return [];
  if (generationId < 0 && memberId === '' && groupInstanceId === null) {
    if (commit.isTransactional) return [];
    throw new KafkaError('UNKNOWN_MEMBER_ID', 'the group has members: only they may commit');
  }
  const member = requireMember(group, memberId, groupInstanceId);
  if (generationId !== group.generationId) throw new KafkaError('ILLEGAL_GENERATION');
  if (commit.isTransactional) return [];
  if (group.state === 'CompletingRebalance') throw new KafkaError('REBALANCE_IN_PROGRESS');
  const delayMs = member.sessionTimeoutMs;
  return [{ do: 'setDeadline', key: `session:${memberId}`, delayMs }];
}

/** An OffsetDelete request for topics and partitions that exist. */
export interface OffsetDelete {
  readonly groupId: string;
  readonly topics: readonly { readonly name: string; readonly partitions: readonly number[] }[];
}

/**
 * @param isStored  whether there is anything to delete for a partition
 * @throws {KafkaError} GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP
 */
export function decideOffsetDelete(
  group: Group | undefined,
  { groupId, topics }: OffsetDelete,
  isStored: (topic: string, partition: number) => boolean,
): OffsetsDecision<readonly Omit<TopicResult, 'topicId'>[]> {
  if (!group || group.state === 'Dead') throw notFound(groupId);
  // What members of another protocol are using, we cannot tell.
  if (group.state !== 'Empty' && !isConsumerGroup(group)) throw new KafkaError('NON_EMPTY_GROUP');
  const records: GroupRecord[] = [];
  const result = topics.map(({ name, partitions }) => {
    const isUsed = isSubscribedTo(group, name);
    return {
      name,
      partitions: partitions.map((partition): PartitionResult => {
        if (isUsed) return { partition, error: 'GROUP_SUBSCRIBED_TO_TOPIC' };
        if (isStored(name, partition)) {
          records.push({ type: 'offset-tombstone', groupId, topic: name, partition });
        }
        return { partition, error: 'NONE' };
      }),
    };
  });
  return { records, effects: [], result };
}

/** The offsets of a group: those that count, and those of transactions that are still open. */
export interface StoredOffsets {
  readonly committed: GroupOffsets | undefined;
  readonly pending: readonly OffsetCommitRecord[];
}

/** @throws {KafkaError} GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP */
export function decideGroupDelete(
  groupId: string,
  group: Group | undefined,
  offsets: StoredOffsets,
): readonly GroupRecord[] {
  if (!group || group.state === 'Dead') throw notFound(groupId);
  if (group.state !== 'Empty') throw new KafkaError('NON_EMPTY_GROUP');
  return [...tombstones(groupId, offsets, () => true), { type: 'group-tombstone', groupId }];
}

/** Deleted topics take their committed offsets with them; a new topic of that name keeps its own. */
export function decideTopicsDeleted(
  groupId: string,
  offsets: StoredOffsets,
  topics: ReadonlyMap<string, Uuid>,
): readonly GroupRecord[] {
  return tombstones(groupId, offsets, (topic, { topicId }) => {
    const deleted = topics.get(topic);
    // After a restart nobody knows which of the topics of that name an offset was for.
    return deleted !== undefined && (topicId === zeroUuid || topicId === deleted);
  });
}

/** One for each partition that a group has an offset for, if only a pending one. */
function tombstones(
  groupId: string,
  { committed, pending }: StoredOffsets,
  isToGo: (topic: string, offset: CommittedOffset) => boolean,
): OffsetTombstone[] {
  const found: OffsetTombstone[] = [];
  for (const [topic, byPartition] of committed ?? []) {
    for (const [partition, offset] of byPartition) {
      if (isToGo(topic, offset)) found.push(tombstone(groupId, topic, partition));
    }
  }
  for (const { topic, partition, committed: offset } of pending) {
    const isFound = found.some((one) => one.topic === topic && one.partition === partition);
    if (!isFound && isToGo(topic, offset)) found.push(tombstone(groupId, topic, partition));
  }
  return found;
}

function tombstone(groupId: string, topic: string, partition: number): OffsetTombstone {
  return { type: 'offset-tombstone', groupId, topic, partition };
}

/** What of a group is too old to be kept. An empty group goes with its last offset. */
export function decideExpiry(
  group: Group,
  { committed: offsets, pending }: StoredOffsets,
  { offsetsRetentionMs }: GroupSettings,
  nowMs: number,
): readonly GroupRecord[] {
  const { groupId } = group;
  const records: GroupRecord[] = [];
  const ageSince = retentionBase(group);
  let isAllGone = pending.length === 0;
  for (const [topic, byPartition] of offsets ?? []) {
    for (const [partition, committed] of byPartition) {
      const isExpired =
        ageSince !== undefined &&
        !isSubscribedTo(group, topic) &&
        !pending.some((one) => one.topic === topic && one.partition === partition) &&
        (committed.expireTimestampMs === -1
          ? nowMs - ageSince(committed) >= offsetsRetentionMs
          : nowMs >= committed.expireTimestampMs);
      if (isExpired) records.push(tombstone(groupId, topic, partition));
      else isAllGone = false;
    }
  }
  if (isAllGone && group.state === 'Empty' && group.pendingJoins.size === 0) {
    records.push({ type: 'group-tombstone', groupId });
  }
  return records;
}

/**
 * From when on an offset ages: since the group lost its last member; for a simple group, and for
 * topics that a stable consumer group no longer reads, since the commit. undefined: not at all,
 * while members may still be using it.
 */
function retentionBase(group: Group): ((committed: CommittedOffset) => number) | undefined {
  const sinceCommit = (committed: CommittedOffset) => committed.commitTimestampMs;
  if (group.protocolType === null) return sinceCommit;
  if (group.state === 'Empty') {
    return (committed) => group.stateSinceMs ?? committed.commitTimestampMs;
  }
  const isReadable = isConsumerGroup(group) && group.subscribedTopics !== undefined;
  return isReadable && group.state === 'Stable' ? sinceCommit : undefined;
}

function notFound(groupId: string): KafkaError {
  return new KafkaError('GROUP_ID_NOT_FOUND', `Group ${groupId} not found.`);
}
