import type { Group, GroupOffsets, Member } from './group.ts';
import { computeSubscribedTopics, emptyGroup } from './group.ts';
import type {
  CommittedOffset,
  GroupMetadataRecord,
  GroupRecord,
  OffsetCommitRecord,
} from './group-record.ts';

/** Offsets that a transaction wrote and has not committed yet, by group, topic and partition. */
type PendingOffsets = Map<string, { record: OffsetCommitRecord; recordOffset: number }>;

/**
 * All groups of one partition of `__consumer_offsets`. It is rebuilt from the log by `applyRecord`
 * and `applyTransactionMarker`, and changed by nothing else, apart from what groups call soft.
 */
export interface GroupsState {
  readonly groups: Map<string, Group>;
  readonly offsets: Map<string, GroupOffsets>;
  /** By producer id. */
  readonly pendingOffsets: Map<number, PendingOffsets>;
  /** Where in the log a committed offset stands: of two for a partition the later one counts. */
  readonly recordOffsets: WeakMap<object, number>;
}

export function newGroupsState(): GroupsState {
  return {
    groups: new Map(),
    offsets: new Map(),
    pendingOffsets: new Map(),
    recordOffsets: new WeakMap(),
  };
}

/** Where a record was read: its offset, and the producer when it is part of a transaction. */
export interface RecordOrigin {
  readonly recordOffset: number;
  /** -1 outside of a transaction. */
  readonly producerId: number;
}

const outsideTransaction: RecordOrigin = { recordOffset: -1, producerId: -1 };

/** What a written record makes of the state; for live decisions and for the replay alike. */
export function applyRecord(
  state: GroupsState,
  record: GroupRecord,
  origin: RecordOrigin = outsideTransaction,
): void {
  switch (record.type) {
    case 'group':
      state.groups.set(record.groupId, applyMetadata(state.groups.get(record.groupId), record));
      return;
    case 'group-tombstone':
      state.groups.delete(record.groupId);
      return;
    case 'offset':
      applyOffset(state, record, origin);
      return;
    case 'offset-tombstone':
      removeOffset(state, record.groupId, record.topic, record.partition);
      return;
  }
}

/**
 * The group as the record tells it: Stable with members, Empty without. What only memory knows of
 * members that stay (further protocols, parked requests) is kept.
 */
function applyMetadata(before: Group | undefined, record: GroupMetadataRecord): Group {
  const members = new Map<string, Member>();
  for (const written of record.members) {
    const member = loadedMember(written, record.protocolName);
    const known = before?.members.get(written.memberId);
    members.set(written.memberId, known ? withWhatIsSoft(member, known) : member);
  }
  const group: Group = {
    ...(before ?? emptyGroup(record.groupId, undefined)),
    state: members.size > 0 ? 'Stable' : 'Empty',
    stateSinceMs:
      record.currentStateTimestampMs === -1 ? undefined : record.currentStateTimestampMs,
    generationId: record.generationId,
    protocolType: record.protocolType === '' ? null : record.protocolType,
    protocolName: record.protocolName,
    leaderId: record.leaderId,
    members,
    initialRebalance: undefined,
  };
  return { ...group, subscribedTopics: computeSubscribedTopics(group) };
}

function loadedMember(
  written: GroupMetadataRecord['members'][number],
  protocolName: string | null,
): Member {
  return {
    memberId: written.memberId,
    groupInstanceId: written.groupInstanceId,
    clientId: written.clientId,
    clientHost: written.clientHost,
    // Records before v1 have none; then the session is all the time there is.
    rebalanceTimeoutMs:
      written.rebalanceTimeoutMs === -1 ? written.sessionTimeoutMs : written.rebalanceTimeoutMs,
    sessionTimeoutMs: written.sessionTimeoutMs,
    protocols:
      protocolName === null ? [] : [{ name: protocolName, metadata: written.subscription }],
    assignment: written.assignment,
    isNew: false,
    awaitsJoin: false,
    awaitsSync: false,
  };
}

/**
 * A member of the record, with what only memory knows of it. An older record may have told of it
 * too, and then of other protocols: those are kept only where they agree with the new record.
 */
function withWhatIsSoft(member: Member, known: Member): Member {
  const { isNew, awaitsJoin, awaitsSync } = known;
  const agrees = member.protocols.every(({ name, metadata }) =>
    known.protocols.some((other) => other.name === name && other.metadata.equals(metadata)),
  );
  const protocols = agrees ? known.protocols : member.protocols;
  return { ...member, protocols, isNew, awaitsJoin, awaitsSync };
}

function applyOffset(state: GroupsState, record: OffsetCommitRecord, origin: RecordOrigin): void {
  const { groupId, topic, partition } = record;
  // Offsets alone make a group: a simple one, without members or protocol.
  if (!state.groups.has(groupId)) state.groups.set(groupId, emptyGroup(groupId, undefined));
  if (origin.producerId >= 0) {
    const pending = state.pendingOffsets.get(origin.producerId) ?? (new Map() as PendingOffsets);
    state.pendingOffsets.set(origin.producerId, pending);
    const { recordOffset } = origin;
    pending.set(pendingKey(groupId, topic, partition), { record, recordOffset });
    return;
  }
  putOffset(state, record, origin.recordOffset);
}

function putOffset(state: GroupsState, record: OffsetCommitRecord, recordOffset: number): void {
  const { groupId, topic, partition, committed } = record;
  let byTopic = state.offsets.get(groupId);
  if (!byTopic)
    state.offsets.set(groupId, (byTopic = new Map<string, Map<number, CommittedOffset>>()));
  let byPartition = byTopic.get(topic);
  if (!byPartition) byTopic.set(topic, (byPartition = new Map<number, CommittedOffset>()));
  byPartition.set(partition, committed);
  state.recordOffsets.set(committed, recordOffset);
}

function removeOffset(state: GroupsState, groupId: string, topic: string, partition: number): void {
  const byTopic = state.offsets.get(groupId);
  const byPartition = byTopic?.get(topic);
  if (byTopic && byPartition?.delete(partition)) {
    if (byPartition.size === 0) byTopic.delete(topic);
    if (byTopic.size === 0) state.offsets.delete(groupId);
  }
  for (const pending of state.pendingOffsets.values()) {
    pending.delete(pendingKey(groupId, topic, partition));
  }
}

/** A transaction ended: its offsets become visible, or are forgotten. */
export function applyTransactionMarker(
  state: GroupsState,
  producerId: number,
  isCommit: boolean,
): void {
  const pending = state.pendingOffsets.get(producerId);
  if (!pending) return;
  state.pendingOffsets.delete(producerId);
  if (!isCommit) return;
  for (const { record, recordOffset } of pending.values()) {
    const present = state.offsets.get(record.groupId)?.get(record.topic)?.get(record.partition);
    const presentOffset = present ? (state.recordOffsets.get(present) ?? -1) : -1;
    // A plain commit that came after it counts more (and compaction may have kept only that one).
    if (!present || recordOffset > presentOffset) putOffset(state, record, recordOffset);
  }
}

/** Whether an open transaction holds an offset for this partition. */
export function hasPendingOffset(
  state: GroupsState,
  groupId: string,
  topic: string,
  partition: number,
): boolean {
  if (state.pendingOffsets.size === 0) return false;
  const key = pendingKey(groupId, topic, partition);
  for (const pending of state.pendingOffsets.values()) if (pending.has(key)) return true;
  return false;
}

/** What open transactions hold of a group. */
export function pendingOffsetsOf(state: GroupsState, groupId: string): OffsetCommitRecord[] {
  const found: OffsetCommitRecord[] = [];
  for (const pending of state.pendingOffsets.values()) {
    for (const { record } of pending.values()) if (record.groupId === groupId) found.push(record);
  }
  return found;
}

function pendingKey(groupId: string, topic: string, partition: number): string {
  return JSON.stringify([groupId, topic, partition]);
}
