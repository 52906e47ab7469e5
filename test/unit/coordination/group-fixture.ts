import { silentLogger } from '../../../src/host/logger.ts';
import type { Join } from '../../../src/coordination/decide-join.ts';
import type { Sync } from '../../../src/coordination/decide-membership.ts';
import type { OffsetCommit } from '../../../src/coordination/decide-offsets.ts';
import type { JoinReply, SyncReply } from '../../../src/coordination/decision.ts';
import { GroupCoordinator } from '../../../src/coordination/group-coordinator.ts';
import type {
  GroupLog,
  GroupLogReader,
  OffsetTransaction,
} from '../../../src/coordination/group-log.ts';
import type { GroupRecord } from '../../../src/coordination/group-record.ts';
import {
  readGroupRecord,
  writeGroupRecord,
} from '../../../src/coordination/group-record-format.ts';
import type { GroupSettings } from '../../../src/coordination/settings.ts';
import type { TransactionMarker } from '../../../src/coordination/transactions/peer-client.ts';
import type { ErrorName } from '../../../src/protocol/error-codes.ts';
import { KafkaError } from '../../../src/protocol/kafka-error.ts';
import { zeroUuid } from '../../../src/protocol/uuid.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

/** A log in memory that keeps bytes, so that every test goes through Kafka's record formats. */
export class MemoryGroupLog implements GroupLog {
  readonly written: { key: Buffer; value: Buffer | null; producerId: number }[] = [];
  /** Ends of transactions, and where in the log they stand. */
  readonly markers: { at: number; producerId: number; isCommit: boolean }[] = [];
  /** Set: the next append fails with it. */
  failure: ErrorName | undefined;
  /** Set: appends wait for it. */
  gate: Promise<void> | undefined;

  async append(records: readonly GroupRecord[], transaction?: OffsetTransaction): Promise<number> {
    this.maybeFail();
    const baseOffset = this.written.length;
    const producerId = transaction?.producerId ?? -1;
    this.written.push(...records.map((record) => ({ ...writeGroupRecord(record), producerId })));
    await this.gate;
    return baseOffset;
  }

  async appendMarker({ producerId, isCommit }: TransactionMarker): Promise<void> {
    this.maybeFail();
    this.markers.push({ at: this.written.length, producerId, isCommit });
    await this.gate;
  }

  async replay(reader: GroupLogReader): Promise<void> {
    await this.gate;
    const markersAt = (offset: number) => {
      for (const { at, producerId, isCommit } of this.markers) {
        if (at === offset) reader.transactionMarker(producerId, isCommit);
      }
    };
    this.written.forEach(({ key, value, producerId }, recordOffset) => {
      markersAt(recordOffset);
      const record = readGroupRecord(key, value);
      if (record) reader.record(record, { recordOffset, producerId });
    });
    markersAt(this.written.length);
  }

  private maybeFail(): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure) throw new KafkaError(failure);
  }

  get records(): GroupRecord[] {
    return this.written.flatMap(({ key, value }) => readGroupRecord(key, value) ?? []);
  }

  /** As it would be found after a crash: with its first records only. */
  prefix(length: number): MemoryGroupLog {
    const log = new MemoryGroupLog();
    log.written.push(...this.written.slice(0, length));
    log.markers.push(...this.markers.filter(({ at }) => at <= length));
    return log;
  }
}

/** Those of Kafka, but for the delay before a first rebalance and the number of partitions. */
const defaultSettings: GroupSettings = {
  offsetsTopicPartitions: 1,
  minSessionTimeoutMs: 6_000,
  maxSessionTimeoutMs: 1_800_000,
  initialRebalanceDelayMs: 0,
  maxGroupSize: 2_147_483_647,
  maxOffsetMetadataBytes: 4_096,
  offsetsRetentionMs: 7 * 24 * 60 * 60 * 1_000,
  offsetsRetentionCheckIntervalMs: 600_000,
};

/** A coordinator in charge of everything (one partition), on a clock that the test moves. */
export class Fixture {
  readonly clock = new ManualClock();
  readonly log: MemoryGroupLog;
  readonly coordinator: GroupCoordinator;
  settings: GroupSettings;

  /** Partitions whose logs are being opened. */
  readonly opening = new Set<number>();

  constructor(settings: Partial<GroupSettings> = {}, log = new MemoryGroupLog(), seed = 1) {
    this.settings = { ...defaultSettings, ...settings };
    this.log = log;
    this.coordinator = new GroupCoordinator({
      clock: this.clock,
      random: new SeededRandom(seed),
      logger: silentLogger,
      settings: () => this.settings,
      isOpening: (partition) => this.opening.has(partition),
    });
  }

  static async started(settings: Partial<GroupSettings> = {}, log?: MemoryGroupLog) {
    const fixture = new Fixture(settings, log);
    await fixture.coordinator.lead(0, fixture.log);
    return fixture;
  }

  /** The broker stops and another one reads what was written. */
  async restarted(): Promise<Fixture> {
    this.coordinator.close();
    const next = new Fixture(this.settings, this.log, 2);
    await next.clock.advance(this.clock.monotonicMs());
    await next.coordinator.lead(0, next.log);
    return next;
  }

  join(more: Partial<Join> = {}): Watched<JoinReply> {
    return watch(this.coordinator.join(joinOf(more)));
  }

  sync(more: Partial<Sync> = {}): Watched<SyncReply> {
    return watch(this.coordinator.sync(syncOf(more)));
  }

  heartbeat(memberId: string, generationId: number, groupInstanceId: string | null = null) {
    return refusalOf(
      this.coordinator.heartbeat({ groupId: 'g', memberId, generationId, groupInstanceId }),
    );
  }

  commit(more: Partial<OffsetCommit> = {}) {
    return this.coordinator.commit(commitOf(more));
  }

  state(groupId = 'g') {
    return this.coordinator.describe(groupId).state;
  }

  committed(topic = 't', partition = 0, groupId = 'g'): number | undefined {
    return this.coordinator.fetchOffsets(groupId).offsets?.get(topic)?.get(partition)?.offset;
  }

  /** A new dynamic member joins as clients since v4 do: it asks twice. */
  async enter(more: Partial<Join> = {}): Promise<Watched<JoinReply>> {
    const first = await this.coordinator.join(joinOf({ ...more, memberId: '' }));
    if (first.error !== 'MEMBER_ID_REQUIRED') throw new Error(first.error);
    return this.join({ ...more, memberId: first.memberId });
  }

  /** A stable group of that many dynamic members; the first one leads. */
  async stable(members: number, more: Partial<Join> = {}): Promise<string[]> {
    const joins: Watched<JoinReply>[] = [];
    for (let index = 0; index < members; index++) joins.push(await this.enter(more));
    await this.clock.advance(this.settings.initialRebalanceDelayMs);
    const replies = await Promise.all(joins.map((join) => join.promise));
    return this.distribute(replies.map(({ memberId }) => memberId));
  }

  /** Everybody fetches an assignment that tells its own name. */
  async distribute(memberIds: string[]): Promise<string[]> {
    const { state, leaderId, generationId } = this.groupOf('g');
    if (state !== 'CompletingRebalance') throw new Error(state);
    const syncs = memberIds.map((memberId) =>
      this.sync({
        memberId,
        generationId,
        assignments:
          memberId === leaderId
            ? memberIds.map((each) => ({ memberId: each, assignment: Buffer.from(each) }))
            : [],
      }),
    );
    await Promise.all(syncs.map((sync) => sync.promise));
    return memberIds;
  }

  /** The only partition, past all interfaces. */
  partition() {
    const partition = this.coordinator['partitions'].get(0);
    if (!partition) throw new Error('no partition is led');
    return partition;
  }

  /** The state itself. */
  groupOf(groupId: string) {
    const group = this.partition().state.groups.get(groupId);
    if (!group) throw new Error(`no group ${groupId}`);
    return group;
  }

  /** The last group record in the log. */
  lastGroupRecord(): GroupRecord & { type: 'group' } {
    const record = this.log.records.reverse().find(({ type }) => type === 'group');
    if (record?.type !== 'group') throw new Error('no group was written');
    return record;
  }
}

/** A promise one can look at. */
export interface Watched<T> {
  readonly promise: Promise<T>;
  readonly value: T | undefined;
  readonly isAnswered: boolean;
}

export function watch<T>(promise: Promise<T>): Watched<T> {
  const watched = { promise, value: undefined as T | undefined, isAnswered: false };
  promise.then(
    (value) => {
      watched.value = value;
      watched.isAnswered = true;
    },
    () => (watched.isAnswered = true),
  );
  return watched;
}

/** What was answered, or the name of the error that was thrown. */
export async function refusalOf<T>(promise: Promise<T>): Promise<T | ErrorName> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof KafkaError) return error.code;
    throw error;
  }
}

export function joinOf(more: Partial<Join> = {}): Join {
  return {
    groupId: 'g',
    memberId: '',
    groupInstanceId: null,
    clientId: 'client',
    clientHost: '/127.0.0.1',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: subscription('t') }],
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 60_000,
    takesMemberId: true,
    takesSkipAssignment: true,
    ...more,
  };
}

export function syncOf(more: Partial<Sync> = {}): Sync {
  return {
    groupId: 'g',
    generationId: 1,
    memberId: '',
    groupInstanceId: null,
    protocolType: 'consumer',
    protocolName: 'range',
    assignments: [],
    ...more,
  };
}

/** One partition of a topic, with an offset to commit. */
export const topicOf = (name: string, offset = 42, metadata: string | null = 'm') => ({
  name,
  topicId: zeroUuid,
  partitions: [{ partition: 0, offset, leaderEpoch: 5, metadata }],
});

export function commitOf(more: Partial<OffsetCommit> = {}): OffsetCommit {
  return {
    groupId: 'g',
    generationId: -1,
    memberId: '',
    groupInstanceId: null,
    retentionTimeMs: -1,
    takesGroupIdNotFound: true,
    isTransactional: false,
    topics: [topicOf('t')],
    ...more,
  };
}

/** What a consumer sends to subscribe to topics (v0 of the consumer protocol). */
export function subscription(...topics: string[]): Buffer {
  const names = topics.map((topic) => {
    const name = Buffer.from(topic);
    const length = Buffer.alloc(2);
    length.writeInt16BE(name.length);
    return Buffer.concat([length, name]);
  });
  const head = Buffer.alloc(6);
  head.writeInt32BE(topics.length, 2);
  return Buffer.concat([head, ...names, Buffer.from([0xff, 0xff, 0xff, 0xff])]);
}

export { settle };
