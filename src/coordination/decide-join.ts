import type { Decision, JoinReply } from './decision.ts';
import { Draft, refusedJoin, refusedSync, reply } from './decision.ts';
import { KafkaError } from '../protocol/kafka-error.ts';
import type { Group, Member, MemberProtocol } from './group.ts';
import {
  emptyGroup,
  hasSameProtocols,
  joinedCount,
  noAssignment,
  requireMember,
  selectProtocol,
  staticMember,
  supportsProtocols,
} from './group.ts';
import {
  changeMembers,
  completeJoinIfAllCame,
  describeMembers,
  groupRecord,
  joinReply,
  prepareRebalance,
  putMember,
  rebalanceOrCompleteJoin,
  removeMember,
  renewSession,
  without,
} from './rebalance.ts';
import type { GroupRecord } from './group-record.ts';
import type { GroupSettings } from './settings.ts';
import { newMemberJoinTimeoutMs } from './settings.ts';

/** A JoinGroup request. */
export interface Join {
  readonly groupId: string;
  /** '' = not known yet. */
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  /** As Java prints an address: `/127.0.0.1`. */
  readonly clientHost: string;
  readonly protocolType: string;
  readonly protocols: readonly MemberProtocol[];
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** The client knows MEMBER_ID_REQUIRED and comes back with the id it was given (v4+). */
  readonly takesMemberId: boolean;
  /** The client knows that a leader may be told not to assign (v9+). */
  readonly takesSkipAssignment: boolean;
}

/** What may be said about a join without looking at its group; undefined when nothing is wrong. */
export function refuseJoinAtOnce(join: Join, settings: GroupSettings): JoinReply | undefined {
  if (join.groupId === '') return refusedJoin('INVALID_GROUP_ID', join.memberId);
  const { minSessionTimeoutMs, maxSessionTimeoutMs } = settings;
  if (join.sessionTimeoutMs < minSessionTimeoutMs || join.sessionTimeoutMs > maxSessionTimeoutMs) {
    return refusedJoin('INVALID_SESSION_TIMEOUT', join.memberId);
  }
  return undefined;
}

/** A group that nobody has heard of is written down as empty before its first member is let in. */
export function newGroupRecord(groupId: string, nowMs: number): GroupRecord {
  return groupRecord(emptyGroup(groupId, nowMs), new Map());
}

/**
 * @param newMemberId  the id that the member gets if it has none; used only then
 */
export function decideJoin(
  group: Group,
  join: Join,
  newMemberId: string,
  settings: GroupSettings,
  nowMs: number,
): Decision<JoinReply> {
  const draft = new Draft(group, settings, nowMs);
  if (group.state === 'Dead') {
    return draft.decide(reply(refusedJoin('COORDINATOR_NOT_AVAILABLE', join.memberId)));
  }
  if (!hasRoomFor(group, join.memberId, settings)) {
    removeMember(draft, join.memberId);
    // Kafka does not look whether it was the last one that the others waited for: they sit out the
    // rebalance timeout.
    completeJoinIfAllCame(draft);
    return draft.decide(reply(refusedJoin('GROUP_MAX_SIZE_REACHED')));
  }
  if (!supportsProtocols(group, join.protocolType, join.protocols)) {
    return draft.decide(reply(refusedJoin('INCONSISTENT_GROUP_PROTOCOL', join.memberId)));
  }
  if (join.memberId !== '') return decideRejoin(draft, join);
  if (join.groupInstanceId === null) return decideFirstJoin(draft, join, newMemberId);
  const owner = staticMember(group, join.groupInstanceId);
  if (!owner) return addMember(draft, join, newMemberId);
  return replaceStaticMember(draft, join, owner, newMemberId);
}

/**
 * Whether the group takes this member. While members are collected, those that came are counted and
 * not those expected: so the last to rejoin are left out of a group that is too large.
 */
function hasRoomFor(group: Group, memberId: string, { maxGroupSize }: GroupSettings): boolean {
  const member = group.members.get(memberId);
  switch (group.state) {
    case 'Empty':
    case 'Dead':
      return true;
    case 'PreparingRebalance':
      return member?.awaitsJoin === true || joinedCount(group) < maxGroupSize;
    case 'CompletingRebalance':
    case 'Stable':
      return member !== undefined || group.members.size < maxGroupSize;
  }
}

/** A dynamic member without an id. */
function decideFirstJoin(draft: Draft, join: Join, newMemberId: string): Decision<JoinReply> {
  if (!join.takesMemberId) return addMember(draft, join, newMemberId);
  // Whoever retries before its first answer would leave a ghost behind; so the id is given first.
  draft.change({ pendingJoins: new Set(draft.group.pendingJoins).add(newMemberId) });
  draft.setDeadline(`session:${newMemberId}`, join.sessionTimeoutMs);
  return draft.decide(reply(refusedJoin('MEMBER_ID_REQUIRED', newMemberId)));
}

function addMember(draft: Draft, join: Join, memberId: string): Decision<JoinReply> {
  const { group } = draft;
  if (group.initialRebalance) {
    draft.change({ initialRebalance: { ...group.initialRebalance, memberAdded: true } });
  }
  draft.change({
    protocolType: group.members.size === 0 ? join.protocolType : group.protocolType,
    leaderId: group.leaderId ?? memberId,
    pendingJoins: without(group.pendingJoins, memberId),
  });
  putMember(draft, {
    memberId,
    groupInstanceId: join.groupInstanceId,
    clientId: join.clientId,
    clientHost: join.clientHost,
    rebalanceTimeoutMs: join.rebalanceTimeoutMs,
    sessionTimeoutMs: join.sessionTimeoutMs,
    protocols: join.protocols,
    assignment: noAssignment,
    isNew: true,
    awaitsJoin: true,
    awaitsSync: false,
  });
  draft.setDeadline(`session:${memberId}`, newMemberJoinTimeoutMs);
  rebalanceOrCompleteJoin(draft);
  return draft.decide({ parkedAs: memberId });
}

/** A member that names itself: it has an id already, or was just given one. */
function decideRejoin(draft: Draft, join: Join): Decision<JoinReply> {
  const { group } = draft;
  const { memberId } = join;
  if (group.pendingJoins.has(memberId)) {
    // An id is only ever given to dynamic members; no client of Kafka adds a static name to it.
    if (join.groupInstanceId === null) return addMember(draft, join, memberId);
    return draft.decide(reply(refusedJoin('UNKNOWN_SERVER_ERROR')));
  }
  let member: Member;
  try {
    member = requireMember(group, memberId, join.groupInstanceId);
  } catch (error) {
    if (error instanceof KafkaError) return draft.decide(reply(refusedJoin(error.code, memberId)));
    throw error;
  }
  switch (group.state) {
    case 'PreparingRebalance':
      return updateMember(draft, join, member);
    case 'CompletingRebalance':
      // The same again: its first answer was lost on the way.
      if (hasSameProtocols(member, join.protocols)) {
        return draft.decide(reply(joinReply(group, memberId)));
      }
      return updateMember(draft, join, member);
    case 'Stable':
      // A leader that rejoins wants to assign anew, for reasons its metadata does not show.
      if (group.leaderId !== memberId && hasSameProtocols(member, join.protocols)) {
        return draft.decide(reply(joinReply(group, memberId)));
      }
      return updateMember(draft, join, member);
    case 'Empty':
    case 'Dead':
      return draft.decide(reply(refusedJoin('UNKNOWN_MEMBER_ID', memberId)));
  }
}

function updateMember(draft: Draft, join: Join, member: Member): Decision<JoinReply> {
  putMember(draft, rejoined(member, join));
  rebalanceOrCompleteJoin(draft);
  return draft.decide({ parkedAs: member.memberId });
}

function rejoined(member: Member, join: Join): Member {
  return {
    ...member,
    protocols: join.protocols,
    rebalanceTimeoutMs: join.rebalanceTimeoutMs,
    sessionTimeoutMs: join.sessionTimeoutMs,
    awaitsJoin: true,
  };
}

/**
 * A static member came back without its id (it restarted): it takes over the place of its former
 * self under a new one, which is fenced. In a stable group that happens without a rebalance, unless
 * the protocol would change; it is written down, or a reload would not know the new id.
 */
function replaceStaticMember(
  draft: Draft,
  join: Join,
  owner: Member,
  memberId: string,
): Decision<JoinReply> {
  const before = draft.group;
  fence(draft, owner);
  const heir = { ...owner, memberId, isNew: false, awaitsJoin: false, awaitsSync: false };
  rename(draft, owner.memberId, heir);
  renewSession(draft, heir);
  putMember(draft, rejoined(heir, join));

  if (before.state === 'CompletingRebalance') {
    // The leader may be assigning to the old id just now.
    prepareRebalance(draft);
    return draft.decide({ parkedAs: memberId });
  }
  if (before.state !== 'Stable') {
    completeJoinIfAllCame(draft);
    return draft.decide({ parkedAs: memberId });
  }
  if (selectProtocol(draft.group) !== before.protocolName) {
    rebalanceOrCompleteJoin(draft);
    return draft.decide({ parkedAs: memberId });
  }
  return keepGeneration(draft, join, before, memberId);
}

/** What the former self has parked is answered: someone else goes by its name now. */
function fence(draft: Draft, { memberId, awaitsJoin, awaitsSync }: Member): void {
  if (awaitsJoin) {
    const fenced = refusedJoin('FENCED_INSTANCE_ID', memberId);
    draft.effects.push({ do: 'answerJoin', memberId, reply: fenced });
  }
  if (awaitsSync) {
    const fenced = refusedSync('FENCED_INSTANCE_ID');
    draft.effects.push({ do: 'answerSync', memberId, reply: fenced });
  }
  draft.cancelDeadline(`session:${memberId}`);
}

/** Puts a member in another's place, wherever its id stands. */
function rename(draft: Draft, oldMemberId: string, heir: Member): void {
  const { group } = draft;
  const members = new Map<string, Member>();
  for (const member of group.members.values()) {
    if (member.memberId === oldMemberId) members.set(heir.memberId, heir);
    else members.set(member.memberId, member);
  }
  const pendingSyncs = new Set(without(group.pendingSyncs, oldMemberId));
  if (group.pendingSyncs.has(oldMemberId)) pendingSyncs.add(heir.memberId);
  const leaderId = group.leaderId === oldMemberId ? heir.memberId : group.leaderId;
  draft.change({ members, pendingSyncs, leaderId });
}

function keepGeneration(
  draft: Draft,
  join: Join,
  before: Group,
  memberId: string,
): Decision<JoinReply> {
  changeMembers(draft, (member) => ({
    ...member,
    awaitsJoin: member.memberId === memberId ? false : member.awaitsJoin,
  }));
  const { group } = draft;
  const assignments = new Map([...group.members.values()].map((m) => [m.memberId, m.assignment]));
  draft.records.push(groupRecord(group, assignments));
  const isLeader = group.leaderId === memberId;
  const welcome: JoinReply = join.takesSkipAssignment
    ? {
        ...joinReply(group, memberId),
        members: isLeader ? describeMembers(group) : [],
        skipAssignment: isLeader,
      }
    : // An older leader is told that its former self leads, so that it does not assign.
      { ...joinReply(group, memberId), leaderId: before.leaderId ?? '', members: [] };
  // When it cannot be written, the old id stays what it was.
  return { ...draft.decide(reply(welcome)), otherwise: undefined };
}
