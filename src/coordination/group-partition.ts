import type { Caller } from '../host/caller.ts';
import type { Clock } from '../host/clock.ts';
import type { Logger } from '../host/logger.ts';
import type { Random } from '../host/random.ts';
import type { ErrorName } from '../protocol/error-codes.ts';
import { KafkaError } from '../protocol/kafka-error.ts';
import type { Uuid } from '../protocol/uuid.ts';
import type { Join } from './decide-join.ts';
import { decideJoin, newGroupRecord } from './decide-join.ts';
import type { Heartbeat, Leaver, LeaverResult, Sync } from './decide-membership.ts';
import {
  decideHeartbeat,
  decideJoinTimeout,
  decideLeave,
  decideOversize,
  decideSessionTimeout,
  decideSync,
  decideSyncTimeout,
} from './decide-membership.ts';
import type {
  OffsetCommit,
  OffsetDelete,
  OffsetsDecision,
  StoredOffsets,
  TopicResult,
} from './decide-offsets.ts';
import {
  decideCommit,
  decideExpiry,
  decideGroupDelete,
  decideOffsetDelete,
  decideTopicsDeleted,
} from './decide-offsets.ts';
import { Deadlines } from './deadlines.ts';
import type { DeadlineKey, Decision, Effect, JoinReply, SyncReply } from './decision.ts';
import { refusedJoin, refusedSync } from './decision.ts';
import type { Group } from './group.ts';
import type { GroupLog, OffsetTransaction } from './group-log.ts';
import type { GroupRecord } from './group-record.ts';
import type { GroupsState } from './group-state.ts';
import {
  applyRecord,
  applyTransactionMarker,
  hasPendingOffset,
  newGroupsState,
  pendingOffsetsOf,
} from './group-state.ts';
import { Parked } from './parked.ts';
import type { GroupSettings } from './settings.ts';
import type { TransactionMarker } from './transactions/peer-client.ts';
import { Turns } from './turns.ts';
import { uuidText } from './uuid-text.ts';

/** What a coordinator takes from outside. */
export interface CoordinatorHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Read anew for each decision: settings change while the broker runs. */
  readonly settings: () => GroupSettings;
  /** Whether the log of a partition that the broker leads is still being opened. */
  readonly isOpening?: (partition: number) => boolean;
}

/** Soft: what one group has going on beside its state. */
interface Running {
  readonly turns: Turns;
  readonly deadlines: Deadlines<DeadlineKey>;
  readonly joins: Parked<JoinReply>;
  readonly syncs: Parked<SyncReply>;
  /** Commits on their way into the log: they do not keep the turn while they are written. */
  readonly commits: Set<Promise<void>>;
}

/** An answer that may take longer than a turn; in an object, or the turn would wait for it. */
interface Eventually<R> {
  readonly answer: Promise<R>;
}

/**
 * The groups of one partition of `__consumer_offsets`, for one leadership: decides, has the records
 * written, applies them, answers. Commands of a group take turns, and hold theirs until what they
 * decided is written. A parked JoinGroup or SyncGroup keeps its promise, not its turn.
 */
export class GroupPartition {
  readonly state: GroupsState = newGroupsState();
  private readonly running = new Map<string, Running>();
  /** Commits of transactions on their way into the log, of all groups. */
  private readonly transactionalCommits = new Set<Promise<void>>();
  private status: 'loading' | 'active' | 'closed' = 'loading';

  constructor(
    private readonly log: GroupLog,
    private readonly host: CoordinatorHost,
  ) {}

  /** Rebuilds all groups from the log, and gives every member a whole session from now. */
  async load(): Promise<void> {
    await this.log.replay({
      record: (record, origin) => applyRecord(this.state, record, origin),
      transactionMarker: (producerId, isCommit) =>
        applyTransactionMarker(this.state, producerId, isCommit),
    });
    if (this.isClosed) return;
    this.status = 'active';
    for (const group of this.state.groups.values()) this.revive(group);
  }

  private revive(group: Group): void {
    if (group.members.size === 0) return;
    const { deadlines } = this.runningOf(group.groupId);
    for (const { memberId, sessionTimeoutMs } of group.members.values()) {
      deadlines.set(`session:${memberId}`, sessionTimeoutMs);
    }
    if (group.members.size > this.host.settings().maxGroupSize) {
      this.inBackground(group.groupId, (now) => decideOversize(now, ...this.circumstances()));
    }
  }

  /** Gives the groups up: everything parked is answered, no timer stays. */
  close(): void {
    this.status = 'closed';
    for (const { deadlines, joins, syncs } of this.running.values()) {
      deadlines.clear();
      joins.answerAll((memberId) => refusedJoin('NOT_COORDINATOR', memberId));
      syncs.answerAll(() => refusedSync('NOT_COORDINATOR'));
    }
    this.running.clear();
  }

  get isLoading(): boolean {
    return this.status === 'loading';
  }

  /** A getter, because a check once made says nothing about what an `await` brings. */
  get isClosed(): boolean {
    return this.status === 'closed';
  }

  /** @throws {KafkaError} COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR */
  requireActive(): void {
    if (this.isLoading) throw new KafkaError('COORDINATOR_LOAD_IN_PROGRESS', 'reading the groups');
    if (this.isClosed) throw new KafkaError('NOT_COORDINATOR', 'the groups have moved away');
  }

  // ---- members

  async join(join: Join, caller?: Caller): Promise<JoinReply> {
    const { groupId, memberId } = join;
    const { answer } = await this.inTurn(groupId, async (running) => {
      if (!this.state.groups.has(groupId)) {
        if (memberId !== '') return now(refusedJoin('UNKNOWN_MEMBER_ID', memberId));
        await this.write([newGroupRecord(groupId, this.host.clock.wallMs())]);
        this.requireActive();
      }
      const prefix = join.groupInstanceId ?? join.clientId;
      const newMemberId = `${prefix}-${uuidText(this.host.random.bytes16())}`;
      const group = this.requireGroup(groupId);
      const decision = decideJoin(group, join, newMemberId, ...this.circumstances());
      const givenUp = refusedJoin('COORDINATOR_NOT_AVAILABLE', memberId);
      return this.carryOut(running, decision, running.joins, givenUp, caller);
    });
    return answer;
  }

  async sync(sync: Sync, caller?: Caller): Promise<SyncReply> {
    const { answer } = await this.inTurn(sync.groupId, (running) => {
      const group = this.requireGroup(sync.groupId);
      const decision = decideSync(group, sync, ...this.circumstances());
      const givenUp = refusedSync('COORDINATOR_NOT_AVAILABLE');
      return this.carryOut(running, decision, running.syncs, givenUp, caller);
    });
    return answer;
  }

  async heartbeat(heartbeat: Heartbeat): Promise<ErrorName> {
    return this.decideInTurn(heartbeat.groupId, (group) =>
      decideHeartbeat(group, heartbeat, ...this.circumstances()),
    );
  }

  async leave(groupId: string, leavers: readonly Leaver[]): Promise<readonly LeaverResult[]> {
    return this.decideInTurn(groupId, (group) =>
      decideLeave(group, leavers, ...this.circumstances()),
    );
  }

  // ---- offsets

  /**
   * Commits of one group are written side by side, in the order in which they came.
   *
   * @param transaction  undefined: they count at once
   */
  async commit(
    commit: OffsetCommit,
    transaction?: OffsetTransaction,
  ): Promise<readonly TopicResult[]> {
    const { answer } = await this.inTurn(commit.groupId, (running) => {
      const group = this.state.groups.get(commit.groupId);
      const decision = decideCommit(group, commit, ...this.circumstances());
      this.take(running, decision.effects);
      const written = this.write(decision.records, transaction);
      const over = written
        .catch(() => undefined) // the one who asked hears of it
        .then(() => {
          running.commits.delete(over);
          this.transactionalCommits.delete(over);
          this.forgetWhenIdle(commit.groupId, running);
        });
      running.commits.add(over);
      if (transaction) this.transactionalCommits.add(over);
      return { answer: written.then(() => decision.result) };
    });
    return answer;
  }

  /** A transaction ended: its offsets begin to count, or are forgotten, in all groups of ours. */
  async completeTransaction(marker: TransactionMarker): Promise<void> {
    this.requireActive();
    const before = [...this.transactionalCommits];
    await this.log.appendMarker(marker);
    await Promise.all(before); // what stands before the marker in the log is applied before it
    applyTransactionMarker(this.state, marker.producerId, marker.isCommit);
  }

  async deleteOffsets(request: OffsetDelete): Promise<readonly Omit<TopicResult, 'topicId'>[]> {
    const { groupId } = request;
    return this.changeOffsets(groupId, () => {
      const offsets = this.state.offsets.get(groupId);
      const isStored = (topic: string, partition: number) =>
        offsets?.get(topic)?.has(partition) === true ||
        hasPendingOffset(this.state, groupId, topic, partition);
      return decideOffsetDelete(this.state.groups.get(groupId), request, isStored);
    });
  }

  async deleteGroup(groupId: string): Promise<void> {
    await this.changeOffsets(groupId, () =>
      onlyRecords(
        decideGroupDelete(groupId, this.state.groups.get(groupId), this.offsetsOf(groupId)),
      ),
    );
  }

  /** @param topics  those that are no more: ids by name */
  async deleteTopics(topics: ReadonlyMap<string, Uuid>): Promise<void> {
    for (const groupId of [...this.state.groups.keys()]) {
      await this.changeOffsets(groupId, () =>
        onlyRecords(decideTopicsDeleted(groupId, this.offsetsOf(groupId), topics)),
      );
    }
  }

  /** Forgets offsets past their retention, and groups that have nothing left. */
  async expire(): Promise<void> {
    for (const groupId of [...this.state.groups.keys()]) {
      await this.changeOffsets(groupId, () => {
        const group = this.state.groups.get(groupId);
        if (!group) return onlyRecords([]);
        return onlyRecords(decideExpiry(group, this.offsetsOf(groupId), ...this.circumstances()));
      });
    }
  }

  private offsetsOf(groupId: string): StoredOffsets {
    return {
      committed: this.state.offsets.get(groupId),
      pending: pendingOffsetsOf(this.state, groupId),
    };
  }

  private async changeOffsets<R>(groupId: string, decide: () => OffsetsDecision<R>): Promise<R> {
    return this.inTurn(groupId, async (running) => {
      // What is being written is not in the state yet, and a deletion must not miss it.
      await Promise.all(running.commits);
      this.requireActive();
      const { records, result } = decide();
      await this.write(records);
      return result;
    });
  }

  // ---- turns

  /** Does the work when it is the group's turn, provided the groups are (still) ours then. */
  private async inTurn<T>(
    groupId: string,
    work: (running: Running) => T | Promise<T>,
  ): Promise<Awaited<T>> {
    this.requireActive();
    const running = this.runningOf(groupId);
    try {
      return await running.turns.run(() => {
        this.requireActive();
        return work(running);
      });
    } finally {
      this.forgetWhenIdle(groupId, running);
    }
  }

  private async decideInTurn<R>(
    groupId: string,
    decide: (group: Group) => Decision<R>,
  ): Promise<R> {
    return this.inTurn(groupId, async (running) => {
      const { outcome } = await this.settle(running, decide(this.requireGroup(groupId)));
      if ('reply' in outcome) return outcome.reply;
      throw new Error('such a decision cannot be parked');
    });
  }

  /** For what nobody waits for: a failure is written to the log of the broker. */
  private inBackground(
    groupId: string,
    decide: (group: Group, running: Running) => Decision<undefined> | undefined,
  ): void {
    const work = this.inTurn(groupId, async (running) => {
      const group = this.state.groups.get(groupId);
      const decision = group && decide(group, running);
      if (decision) await this.settle(running, decision);
    });
    work.catch((error: unknown) => {
      if (error instanceof KafkaError && error.code === 'NOT_COORDINATOR') return;
      this.host.logger.error(`group ${groupId} could not go on`, { error });
    });
  }

  private onDue(groupId: string, key: DeadlineKey): void {
    this.inBackground(groupId, (group, { deadlines }) => {
      // By the time of the turn it may have been put off.
      if (deadlines.has(key)) return undefined;
      if (key === 'join') return decideJoinTimeout(group, ...this.circumstances());
      if (key === 'sync') return decideSyncTimeout(group, ...this.circumstances());
      const memberId = key.slice('session:'.length);
      return decideSessionTimeout(group, memberId, ...this.circumstances());
    });
  }

  private circumstances(): [GroupSettings, number] {
    return [this.host.settings(), this.host.clock.wallMs()];
  }

  private requireGroup(groupId: string): Group {
    const group = this.state.groups.get(groupId);
    if (!group) throw new KafkaError('UNKNOWN_MEMBER_ID', `there is no group ${groupId}`);
    return group;
  }

  // ---- write, apply, answer

  /**
   * Carries out a decision whose reply may have to wait. It is parked before anything is written,
   * because the effects may answer it at once.
   */
  private async carryOut<R>(
    running: Running,
    decision: Decision<R>,
    parked: Parked<R>,
    givenUp: R,
    caller: Caller | undefined,
  ): Promise<Eventually<R>> {
    const { outcome } = decision;
    if ('reply' in outcome) {
      await this.settle(running, decision);
      return now(outcome.reply);
    }
    const answer = parked.park(outcome.parkedAs, givenUp, caller);
    try {
      await this.settle(running, decision);
    } catch (error) {
      caller?.waitsFor?.giveUp();
      throw error;
    }
    return { answer };
  }

  /** Writes what was decided and lets it take effect; or what was planned for when that fails. */
  private async settle<R>(running: Running, decision: Decision<R>): Promise<Decision<R>> {
    const { groupId } = decision.group;
    let baseOffset: number;
    try {
      baseOffset = await this.append(decision.records);
    } catch (error) {
      if (!(error instanceof KafkaError) || !decision.otherwise) throw error;
      return this.settle(running, decision.otherwise(error.code));
    }
    this.state.groups.set(groupId, decision.group);
    this.apply(decision.records, baseOffset);
    this.take(running, decision.effects);
    return decision;
  }

  private async write(
    records: readonly GroupRecord[],
    transaction?: OffsetTransaction,
  ): Promise<void> {
    this.apply(records, await this.append(records, transaction), transaction?.producerId);
  }

  private async append(
    records: readonly GroupRecord[],
    transaction?: OffsetTransaction,
  ): Promise<number> {
    return records.length === 0 ? -1 : this.log.append(records, transaction);
  }

  private apply(records: readonly GroupRecord[], baseOffset: number, producerId = -1): void {
    records.forEach((record, index) => {
      applyRecord(this.state, record, { recordOffset: baseOffset + index, producerId });
    });
  }

  private take(running: Running, effects: readonly Effect[]): void {
    if (this.isClosed) return; // all is answered, and no deadline may be set any more
    for (const effect of effects) {
      switch (effect.do) {
        case 'answerJoin':
          running.joins.answer(effect.memberId, effect.reply);
          break;
        case 'answerSync':
          running.syncs.answer(effect.memberId, effect.reply);
          break;
        case 'setDeadline':
          running.deadlines.set(effect.key, effect.delayMs);
          break;
        case 'cancelDeadline':
          running.deadlines.cancel(effect.key);
          break;
      }
    }
  }

  private runningOf(groupId: string): Running {
    const known = this.running.get(groupId);
    if (known) return known;
    const running: Running = {
      turns: new Turns(),
      deadlines: new Deadlines(this.host.clock, (key) => this.onDue(groupId, key)),
      joins: new Parked(),
      syncs: new Parked(),
      commits: new Set(),
    };
    this.running.set(groupId, running);
    return running;
  }

  private forgetWhenIdle(groupId: string, running: Running): void {
    const { turns, deadlines, joins, syncs, commits } = running;
    if (!turns.isIdle || !joins.isEmpty || !syncs.isEmpty || commits.size > 0) return;
    if (!this.state.groups.has(groupId)) deadlines.clear();
    if (deadlines.isEmpty && this.running.get(groupId) === running) this.running.delete(groupId);
  }
}

function now<R>(reply: R): Eventually<R> {
  return { answer: Promise.resolve(reply) };
}

function onlyRecords(records: readonly GroupRecord[]): OffsetsDecision<undefined> {
  return { records, effects: [], result: undefined };
}
