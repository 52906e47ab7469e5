import type { Decision, SyncReply } from './decision.ts';
import { Draft, reply } from './decision.ts';
import type { ErrorName } from '../protocol/error-codes.ts';
import { KafkaError } from '../protocol/kafka-error.ts';
import type { Group, Member } from './group.ts';
import { hasAllJoined, noAssignment, requireAlive, requireMember, staticMember } from './group.ts';
import {
  changeMembers,
  completeJoin,
  completeJoinIfAllCame,
  endJoinPhase,
  failAssignment,
  groupRecord,
  prepareRebalance,
  putMember,
  rebalanceOrCompleteJoin,
  removeMember,
  renewSession,
  without,
} from './rebalance.ts';
import type { GroupSettings } from './settings.ts';

/** A SyncGroup request: from the leader with everybody's assignment, from the others with none. */
export interface Sync {
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  /** null in versions that do not send it. */
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[];
}

/** A Heartbeat request. */
export interface Heartbeat {
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

/** One member of a LeaveGroup request; with an empty id it is removed by its static name. */
export interface Leaver {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

export interface LeaverResult extends Leaver {
  readonly error: ErrorName;
}

/** @throws {KafkaError} when this member may not sync now */
export function decideSync(
  group: Group,
  sync: Sync,
  settings: GroupSettings,
  nowMs: number,
): Decision<SyncReply> {
  const draft = new Draft(group, settings, nowMs);
  const member = requireSyncer(group, sync);
  switch (group.state) {
    case 'PreparingRebalance':
      throw new KafkaError('REBALANCE_IN_PROGRESS');
    case 'CompletingRebalance':
      markSynced(draft, sync.memberId);
      putMember(draft, { ...member, awaitsSync: true });
      if (group.leaderId !== sync.memberId) return draft.decide({ parkedAs: sync.memberId });
      return handOut(draft, sync);
    case 'Stable':
      markSynced(draft, sync.memberId);
      return draft.decide(reply(syncReply(group, member.assignment)));
    case 'Empty':
    case 'Dead':
      throw new KafkaError('UNKNOWN_MEMBER_ID');
  }
}

function requireSyncer(group: Group, sync: Sync): Member {
  requireAlive(group);
  const member = requireMember(group, sync.memberId, sync.groupInstanceId);
  if (sync.generationId !== group.generationId) throw new KafkaError('ILLEGAL_GENERATION');
  if (
    differs(sync.protocolType, group.protocolType) ||
    differs(sync.protocolName, group.protocolName)
  ) {
    throw new KafkaError('INCONSISTENT_GROUP_PROTOCOL');
  }
  return member;
}

function differs(asked: string | null, known: string | null): boolean {
  return asked !== null && known !== null && asked !== known;
}

function markSynced(draft: Draft, memberId: string): void {
  const pendingSyncs = without(draft.group.pendingSyncs, memberId);
  draft.change({ pendingSyncs });
  if (pendingSyncs.size === 0) draft.cancelDeadline('sync');
}

function syncReply(group: Group, assignment: Buffer): SyncReply {
  const { protocolType, protocolName } = group;
  return { error: 'NONE', protocolType, protocolName, assignment };
}

/**
 * The leader sent the assignment: it is written, and only then anybody hears of it. Members that
 * the leader left out get nothing.
 */
function handOut(draft: Draft, sync: Sync): Decision<SyncReply> {
  const waiting = draft.group;
  const assignments = new Map(sync.assignments.map((each) => [each.memberId, each.assignment]));
  changeMembers(draft, (member) => {
    if (!member.awaitsSync) return member;
    const { memberId } = member;
    const assignment = assignments.get(memberId) ?? noAssignment;
    draft.effects.push({ do: 'answerSync', memberId, reply: syncReply(waiting, assignment) });
    renewSession(draft, member);
    return { ...member, awaitsSync: false };
  });
  const { settings, nowMs } = draft;
  const record = { ...groupRecord(draft.group, assignments), currentStateTimestampMs: nowMs };
  draft.records.push(record);
  return {
    ...draft.decide<SyncReply>({ parkedAs: sync.memberId }),
    otherwise: (error) => {
      const failed = new Draft(waiting, settings, nowMs);
      failAssignment(failed, error);
      rebalanceOrCompleteJoin(failed);
      return failed.decide({ parkedAs: sync.memberId });
    },
  };
}

/**
 * @returns NONE, or REBALANCE_IN_PROGRESS: the member lives, and has to rejoin
 * @throws {KafkaError} when it is no member of this generation
 */
export function decideHeartbeat(
  group: Group,
  heartbeat: Heartbeat,
  settings: GroupSettings,
  nowMs: number,
): Decision<ErrorName> {
  requireAlive(group);
  const member = requireMember(group, heartbeat.memberId, heartbeat.groupInstanceId);
  if (heartbeat.generationId !== group.generationId) throw new KafkaError('ILLEGAL_GENERATION');
  const draft = new Draft(group, settings, nowMs);
  renewSession(draft, member);
  const isPreparing = group.state === 'PreparingRebalance';
  return draft.decide(reply(isPreparing ? 'REBALANCE_IN_PROGRESS' : 'NONE'));
}

/** Every member of the request has a result of its own. */
export function decideLeave(
  group: Group,
  leavers: readonly Leaver[],
  settings: GroupSettings,
  nowMs: number,
): Decision<readonly LeaverResult[]> {
  requireAlive(group);
  const draft = new Draft(group, settings, nowMs);
  const results = leavers.map((leaver) => ({ ...leaver, error: leave(draft, leaver) }));
  if (results.some(({ error }) => error === 'NONE')) {
    if (draft.group.state === 'PreparingRebalance') completeJoinIfAllCame(draft);
    else if (draft.group.state !== 'Empty') rebalanceOrCompleteJoin(draft);
  }
  return draft.decide(reply(results));
}

function leave(draft: Draft, { memberId, groupInstanceId }: Leaver): ErrorName {
  const { group } = draft;
  if (memberId === '') {
    const member = groupInstanceId === null ? undefined : staticMember(group, groupInstanceId);
    if (!member) return 'UNKNOWN_MEMBER_ID';
    removeMember(draft, member.memberId);
    return 'NONE';
  }
  if (!group.pendingJoins.has(memberId)) {
    try {
      requireMember(group, memberId, groupInstanceId);
    } catch (error) {
      if (error instanceof KafkaError) return error.code;
      throw error;
    }
  }
  removeMember(draft, memberId);
  return 'NONE';
}

/** The deadline of a join phase came. */
export function decideJoinTimeout(
  group: Group,
  settings: GroupSettings,
  nowMs: number,
): Decision<undefined> {
  const draft = new Draft(group, settings, nowMs);
  if (group.state === 'PreparingRebalance') endJoinPhase(draft);
  return draft.decide(reply(undefined));
}

/** The deadline for fetching the assignment came: who has not asked for it is out. */
export function decideSyncTimeout(
  group: Group,
  settings: GroupSettings,
  nowMs: number,
): Decision<undefined> {
  const draft = new Draft(group, settings, nowMs);
  const isRunning = group.state === 'CompletingRebalance' || group.state === 'Stable';
  if (isRunning && group.pendingSyncs.size > 0) {
    for (const memberId of group.pendingSyncs) removeMember(draft, memberId);
    prepareRebalance(draft);
  }
  return draft.decide(reply(undefined));
}

/** Nothing was heard of a member for a whole session. */
export function decideSessionTimeout(
  group: Group,
  memberId: string,
  settings: GroupSettings,
  nowMs: number,
): Decision<undefined> {
  const draft = new Draft(group, settings, nowMs);
  const member = group.members.get(memberId);
  // What is parked is a sign of life, except from a new member (see newMemberJoinTimeoutMs).
  const isHeardOf = member && !member.isNew && (member.awaitsJoin || member.awaitsSync);
  if (!isHeardOf && (member || group.pendingJoins.has(memberId))) {
    removeMember(draft, memberId);
    const { state } = draft.group;
    if (state === 'PreparingRebalance') {
      if (hasAllJoined(draft.group)) completeJoin(draft);
    } else if (member && state !== 'Empty') {
      rebalanceOrCompleteJoin(draft);
    }
  }
  return draft.decide(reply(undefined));
}

/** After a reload: a group larger than is allowed by now rebalances, so that some are left out. */
export function decideOversize(
  group: Group,
  settings: GroupSettings,
  nowMs: number,
): Decision<undefined> {
  const draft = new Draft(group, settings, nowMs);
  if (group.members.size > settings.maxGroupSize) prepareRebalance(draft);
  return draft.decide(reply(undefined));
}
