import type { Caller } from '../host/caller.ts';
import type { Timer } from '../host/clock.ts';
import type { ErrorName } from '../protocol/error-codes.ts';
import { KafkaError } from '../protocol/kafka-error.ts';
import type { Uuid } from '../protocol/uuid.ts';
import type { PartitionLog } from '../storage/partition-log.ts';
import type { Join } from './decide-join.ts';
import { refuseJoinAtOnce } from './decide-join.ts';
import type { Heartbeat, Leaver, LeaverResult, Sync } from './decide-membership.ts';
import type { OffsetCommit, OffsetDelete, TopicResult } from './decide-offsets.ts';
import type { JoinReply, SyncReply } from './decision.ts';
import type { GroupDescription, GroupListing } from './describe-group.ts';
import { describeGroup, listGroup } from './describe-group.ts';
import type { GroupOffsets } from './group.ts';
import type { GroupLog, OffsetTransaction } from './group-log.ts';
import { PartitionGroupLog } from './group-log.ts';
import type { CoordinatorHost } from './group-partition.ts';
import { GroupPartition } from './group-partition.ts';
import { hasPendingOffset } from './group-state.ts';
import { partitionFor } from './partition-for.ts';
import type { TransactionMarker } from './transactions/peer-client.ts';

/** The topic that holds all groups and their offsets. */
const offsetsTopicName = '__consumer_offsets';

/** What a group has committed, as far as it is asked for. */
export interface FetchedOffsets {
  readonly offsets: GroupOffsets | undefined;
  /** Whether a transaction that is still open holds an offset for the partition. */
  isUnstable(topic: string, partition: number): boolean;
}

/** For ListGroups; in any case of letters. Empty = all. */
export interface GroupFilter {
  readonly states: readonly string[];
  readonly types: readonly string[];
}

/**
 * The group coordinator of one broker: in charge of the groups whose partition of
 * `__consumer_offsets` the broker leads. Everything it knows is in those logs.
 *
 * Every question about a group throws a KafkaError NOT_COORDINATOR where the broker does not lead,
 * COORDINATOR_LOAD_IN_PROGRESS while the log is still being read, and INVALID_GROUP_ID for an empty
 * id where Kafka refuses one.
 */
export class GroupCoordinator {
  private readonly partitions = new Map<number, GroupPartition>();
  private readonly leaderEpochs = new Map<number, number>();
  private expiryTimer: Timer | undefined;

  constructor(private readonly host: CoordinatorHost) {}

  // ---- told by the broker

  /**
   * The broker leads a partition of `__consumer_offsets` from now on.
   *
   * @returns resolved once its groups are there; until then they answer that they are loading
   * @throws what keeps the log from being read
   */
  async onLeadership(index: number, log: PartitionLog, leaderEpoch: number): Promise<void> {
    if ((this.leaderEpochs.get(index) ?? -1) >= leaderEpoch) return;
    this.leaderEpochs.set(index, leaderEpoch);
    const { clock, logger } = this.host;
    await this.lead(index, new PartitionGroupLog(log, leaderEpoch, clock, logger));
  }

  /** As `onLeadership`, over any log. */
  async lead(index: number, log: GroupLog): Promise<void> {
    this.partitions.get(index)?.close();
    const partition = new GroupPartition(log, this.host);
    this.partitions.set(index, partition);
    this.scheduleExpiry();
    const startMs = this.host.clock.monotonicMs();
    try {
      await partition.load();
    } catch (error) {
      // Clients hear NOT_COORDINATOR, until a new leadership brings another attempt.
      partition.close();
      throw error;
    }
    const { groups } = partition.state;
    if (groups.size === 0) return;
    const tookMs = Math.round(this.host.clock.monotonicMs() - startMs);
    this.host.logger.debug(`read ${groups.size} groups of ${offsetsTopicName}-${index}`, {
      tookMs,
    });
  }

  /** The broker leads the partition no more: who waits there is sent to look for the new leader. */
  onResignation(index: number): void {
    this.partitions.get(index)?.close();
    this.partitions.delete(index);
    this.leaderEpochs.delete(index);
  }

  /**
   * Topics were deleted: so are their offsets, in every group of ours.
   *
   * @param topics  their ids by name; there may be a new topic of that name by now
   */
  async onTopicsDeleted(topics: ReadonlyMap<string, Uuid>): Promise<void> {
    await this.forEachActive((partition) => partition.deleteTopics(topics));
  }

  /** Lets old offsets and groups go. Runs by itself, every `offsets.retention.check.interval.ms`. */
  async expire(): Promise<void> {
    await this.forEachActive((partition) => partition.expire());
  }

  /** Ends all of it; nothing is left behind. */
  close(): void {
    for (const index of [...this.partitions.keys()]) this.onResignation(index);
    this.expiryTimer?.cancel();
    this.expiryTimer = undefined;
  }

  // ---- members

  async join(join: Join, caller?: Caller): Promise<JoinReply> {
    const refusal = refuseJoinAtOnce(join, this.host.settings());
    return refusal ?? this.of(join.groupId).join(join, caller);
  }

  async sync(sync: Sync, caller?: Caller): Promise<SyncReply> {
    return this.ofNamed(sync.groupId).sync(sync, caller);
  }

  /** @returns NONE or REBALANCE_IN_PROGRESS */
  async heartbeat(heartbeat: Heartbeat): Promise<ErrorName> {
    const { groupId } = heartbeat;
    // Who is a member is not known yet; none must be lost meanwhile.
    if (groupId !== '' && this.isLoading(groupId)) return 'NONE';
    return this.ofNamed(groupId).heartbeat(heartbeat);
  }

  async leave(groupId: string, leavers: readonly Leaver[]): Promise<readonly LeaverResult[]> {
    try {
      return await this.ofNamed(groupId).leave(groupId, leavers);
    } catch (error) {
      if (!(error instanceof KafkaError) || error.code !== 'UNKNOWN_MEMBER_ID') throw error;
      return leavers.map((leaver) => ({ ...leaver, error: 'UNKNOWN_MEMBER_ID' }));
    }
  }

  // ---- offsets

  async commit(commit: OffsetCommit): Promise<readonly TopicResult[]> {
    return this.of(commit.groupId).commit(commit);
  }

  /** Offsets that count once their transaction commits, and never when it aborts. */
  async commitInTransaction(
    commit: OffsetCommit,
    transaction: OffsetTransaction,
  ): Promise<readonly TopicResult[]> {
    return this.ofNamed(commit.groupId).commit(commit, transaction);
  }

  /**
   * Writes the marker of a transaction into a partition of `__consumer_offsets`.
   *
   * @throws {KafkaError} NOT_COORDINATOR, COORDINATOR_LOAD_IN_PROGRESS, or why it is refused
   */
  async completeTransaction(index: number, marker: TransactionMarker): Promise<void> {
    const partition = this.partitions.get(index);
    if (!partition) throw new KafkaError('NOT_COORDINATOR', `not in charge of partition ${index}`);
    await partition.completeTransaction(marker);
  }

  /** Everything the group has committed. A group that nobody knows has committed nothing. */
  fetchOffsets(groupId: string): FetchedOffsets {
    const partition = this.of(groupId);
    partition.requireActive();
    const { state } = partition;
    return {
      offsets: state.groups.has(groupId) ? state.offsets.get(groupId) : undefined,
      isUnstable: (topic, index) => hasPendingOffset(state, groupId, topic, index),
    };
  }

  /** @throws {KafkaError} GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP */
  async deleteOffsets(request: OffsetDelete): Promise<readonly Omit<TopicResult, 'topicId'>[]> {
    return this.ofNamed(request.groupId).deleteOffsets(request);
  }

  // ---- groups

  /** @throws {KafkaError} GROUP_ID_NOT_FOUND */
  describe(groupId: string): GroupDescription {
    const partition = this.of(groupId);
    partition.requireActive();
    const group = partition.state.groups.get(groupId);
    if (!group) throw new KafkaError('GROUP_ID_NOT_FOUND', `Group ${groupId} not found.`);
    return describeGroup(group);
  }

  /** @throws {KafkaError} COORDINATOR_LOAD_IN_PROGRESS while any of them cannot be told */
  list({ states, types }: GroupFilter): readonly GroupListing[] {
    const wantedStates = states.map((state) => state.toLowerCase().trim());
    const wantedTypes = types.map((type) => type.toLowerCase());
    const listings: GroupListing[] = [];
    const { offsetsTopicPartitions } = this.host.settings();
    for (let index = 0; index < offsetsTopicPartitions; index++) this.requireOpen(index);
    for (const partition of this.partitions.values()) {
      if (partition.isClosed) continue;
      partition.requireActive();
      for (const group of partition.state.groups.values()) listings.push(listGroup(group));
    }
    return listings.filter(
      ({ state, type }) =>
        (states.length === 0 || wantedStates.includes(state.toLowerCase())) &&
        (types.length === 0 || wantedTypes.includes(type)),
    );
  }

  /** @throws {KafkaError} GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP */
  async deleteGroup(groupId: string): Promise<void> {
    await this.of(groupId).deleteGroup(groupId);
  }

  // ---- partitions

  /** The partition of `__consumer_offsets` in charge of a group. */
  partitionFor(groupId: string): number {
    return partitionFor(groupId, this.host.settings().offsetsTopicPartitions);
  }

  private of(groupId: string): GroupPartition {
    const index = this.partitionFor(groupId);
    const partition = this.partitions.get(index);
    if (partition) return partition;
    this.requireOpen(index);
    throw new KafkaError('NOT_COORDINATOR', `not in charge of ${groupId}`);
  }

  /** Whether the log that a group is in is being read, or opened. */
  private isLoading(groupId: string): boolean {
    const index = this.partitionFor(groupId);
    return this.partitions.get(index)?.isLoading ?? this.host.isOpening?.(index) === true;
  }

  /** @throws {KafkaError} COORDINATOR_LOAD_IN_PROGRESS: groups may be there that nobody has read */
  private requireOpen(index: number): void {
    if (this.host.isOpening?.(index) !== true) return;
    const log = `${offsetsTopicName}-${index}`;
    throw new KafkaError('COORDINATOR_LOAD_IN_PROGRESS', `${log} is being opened`);
  }

  private ofNamed(groupId: string): GroupPartition {
    if (groupId === '') throw new KafkaError('INVALID_GROUP_ID', 'the group id is empty');
    return this.of(groupId);
  }

  /** Does something in all partitions that are loaded; a failure in one leaves the others alone. */
  private async forEachActive(work: (partition: GroupPartition) => Promise<void>): Promise<void> {
    for (const [index, partition] of [...this.partitions]) {
      if (partition.isLoading || partition.isClosed) continue;
      try {
        await work(partition);
      } catch (error) {
        this.host.logger.warn(`clearing ${offsetsTopicName}-${index} was cut short`, { error });
      }
    }
  }

  private scheduleExpiry(): void {
    if (this.expiryTimer) return;
    const { offsetsRetentionCheckIntervalMs } = this.host.settings();
    this.expiryTimer = this.host.clock.schedule(offsetsRetentionCheckIntervalMs, () => {
      this.expiryTimer = undefined;
      if (this.partitions.size === 0) return;
      void this.expire().finally(() => {
        if (this.partitions.size > 0) this.scheduleExpiry();
      });
    });
  }
}
