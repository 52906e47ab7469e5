import type { Draft, JoinReply } from './decision.ts';
import { refusedJoin, refusedSync } from './decision.ts';
import type { ErrorName } from '../protocol/error-codes.ts';
import type { Group, Member } from './group.ts';
import {
  computeSubscribedTopics,
  hasAllJoined,
  mayRebalance,
  metadataFor,
  moveTo,
  noAssignment,
  rebalanceTimeoutMs,
  selectProtocol,
} from './group.ts';
import type { GroupMetadataRecord } from './group-record.ts';

/** A rebalance timeout of 0 must not make a group without anybody in it spin. */
const shortestRetryMs = 100;

/*
 * The steps every rebalance is made of. Each changes a draft; none waits, none writes.
 */

/** Begins a round when the group is in none, otherwise ends the running one when it can end. */
export function rebalanceOrCompleteJoin(draft: Draft): void {
  if (mayRebalance(draft.group)) prepareRebalance(draft);
  else completeJoinIfAllCame(draft);
}

/** Begins a round: everybody has to rejoin. */
export function prepareRebalance(draft: Draft): void {
  if (draft.group.state === 'CompletingRebalance') failAssignment(draft, 'REBALANCE_IN_PROGRESS');
  draft.change({ pendingSyncs: new Set() });
  draft.cancelDeadline('sync');
  if (draft.group.state === 'Empty') {
    waitForFirstMembers(draft);
    draft.group = moveTo(draft.group, 'PreparingRebalance', draft.nowMs);
    return;
  }
  draft.group = moveTo(draft.group, 'PreparingRebalance', draft.nowMs);
  if (hasAllJoined(draft.group)) completeJoin(draft);
  else draft.setDeadline('join', rebalanceTimeoutMs(draft.group));
}

function waitForFirstMembers(draft: Draft): void {
  const delayMs = draft.settings.initialRebalanceDelayMs;
  const remainingMs = Math.max(rebalanceTimeoutMs(draft.group) - delayMs, 0);
  draft.change({ initialRebalance: { delayMs, remainingMs, memberAdded: false } });
  draft.setDeadline('join', delayMs);
}

/**
 * Ends the join phase when nobody is missing. A first rebalance is not ended early: its delay is
 * there to let more members come.
 */
export function completeJoinIfAllCame(draft: Draft): void {
  const { group } = draft;
  if (group.state !== 'PreparingRebalance' || group.initialRebalance) return;
  if (hasAllJoined(group)) completeJoin(draft);
}

/** Time is up for the join phase: a first rebalance may take more, any other is completed. */
export function endJoinPhase(draft: Draft): void {
  const { initialRebalance } = draft.group;
  if (!initialRebalance?.memberAdded || initialRebalance.remainingMs === 0) {
    completeJoin(draft);
    return;
  }
  const { delayMs, remainingMs } = initialRebalance;
  const nextDelayMs = Math.min(draft.settings.initialRebalanceDelayMs, remainingMs);
  draft.change({
    initialRebalance: {
      delayMs: nextDelayMs,
      remainingMs: Math.max(remainingMs - delayMs, 0),
      memberAdded: false,
    },
  });
  draft.setDeadline('join', nextDelayMs);
}

/**
 * Ends the join phase. Dynamic members that did not rejoin are out; static ones stay until their
 * session ends. With members left the next generation begins, with none the group is empty.
 */
export function completeJoin(draft: Draft): void {
  draft.cancelDeadline('join');
  for (const member of draft.group.members.values()) {
    if (!member.awaitsJoin && member.groupInstanceId === null) removeMember(draft, member.memberId);
  }
  if (draft.group.members.size === 0) {
    becomeEmpty(draft);
  } else if (electJoinedLeader(draft)) {
    beginGeneration(draft);
  } else {
    // Only static members are left and none of them came: wait on, their sessions decide.
    draft.setDeadline('join', Math.max(rebalanceTimeoutMs(draft.group), shortestRetryMs));
  }
}

/** Keeps a leader that rejoined, otherwise takes the oldest member that did. */
function electJoinedLeader(draft: Draft): boolean {
  const { leaderId, members } = draft.group;
  if (leaderId !== null && members.get(leaderId)?.awaitsJoin) return true;
  for (const member of members.values()) {
    if (!member.awaitsJoin) continue;
    draft.change({ leaderId: member.memberId });
    return true;
  }
  return false;
}

function becomeEmpty(draft: Draft): void {
  const emptied: Group = {
    ...moveTo(draft.group, 'Empty', draft.nowMs),
    generationId: draft.group.generationId + 1,
    protocolName: null,
    pendingSyncs: new Set(),
    initialRebalance: undefined,
  };
  draft.group = { ...emptied, subscribedTopics: computeSubscribedTopics(emptied) };
  draft.records.push(groupRecord(draft.group, new Map()));
}

function beginGeneration(draft: Draft): void {
  const next: Group = {
    ...moveTo(draft.group, 'CompletingRebalance', draft.nowMs),
    generationId: draft.group.generationId + 1,
    protocolName: selectProtocol(draft.group),
    pendingSyncs: new Set(draft.group.members.keys()),
    initialRebalance: undefined,
  };
  draft.group = { ...next, subscribedTopics: computeSubscribedTopics(next) };
  const { group } = draft;
  changeMembers(draft, (member) => {
    const { memberId } = member;
    const reply = joinReply(group, memberId);
    if (member.awaitsJoin) draft.effects.push({ do: 'answerJoin', memberId, reply });
    renewSession(draft, member);
    return { ...member, awaitsJoin: false, isNew: false };
  });
  draft.setDeadline('sync', rebalanceTimeoutMs(draft.group));
}

/** What a member of the present generation is told. Only the leader learns who the members are. */
export function joinReply(group: Group, memberId: string): JoinReply {
  return {
    error: 'NONE',
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leaderId: group.leaderId ?? '',
    skipAssignment: false,
    memberId,
    members: group.leaderId === memberId ? describeMembers(group) : [],
  };
}

export function describeMembers(group: Group): JoinReply['members'] {
  return [...group.members.values()].map((member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    metadata: metadataFor(member, group.protocolName),
  }));
}

/** The round fails before its assignment is known: whoever waits for it hears `error`. */
export function failAssignment(draft: Draft, error: ErrorName): void {
  changeMembers(draft, (member) => {
    const { memberId } = member;
    if (member.awaitsSync) {
      draft.effects.push({ do: 'answerSync', memberId, reply: refusedSync(error) });
      renewSession(draft, member);
    }
    return { ...member, assignment: noAssignment, awaitsSync: false };
  });
}

/** Gives a member a whole session from now. */
export function renewSession(draft: Draft, member: Member): void {
  draft.setDeadline(`session:${member.memberId}`, member.sessionTimeoutMs);
}

export function changeMembers(draft: Draft, change: (member: Member) => Member): void {
  const members = new Map<string, Member>();
  for (const [memberId, member] of draft.group.members) members.set(memberId, change(member));
  draft.change({ members });
}

/** Replaces a member by its id, or adds it behind the others. */
export function putMember(draft: Draft, member: Member): void {
  draft.change({ members: new Map(draft.group.members).set(member.memberId, member) });
}

/**
 * Takes a member (or a pending id) out of the group. What it has parked is answered, and when it led
 * the group the oldest of the others leads now. The caller decides whether a rebalance follows.
 */
export function removeMember(draft: Draft, memberId: string): void {
  const member = draft.group.members.get(memberId);
  if (member?.awaitsJoin) {
    // It will come again if it still lives.
    const reply = refusedJoin('UNKNOWN_MEMBER_ID');
    draft.effects.push({ do: 'answerJoin', memberId, reply });
  }
  if (member?.awaitsSync) {
    draft.effects.push({ do: 'answerSync', memberId, reply: refusedSync('UNKNOWN_MEMBER_ID') });
  }
  draft.cancelDeadline(`session:${memberId}`);
  const members = new Map(draft.group.members);
  members.delete(memberId);
  const leaderId =
    draft.group.leaderId === memberId ? ([...members.keys()][0] ?? null) : draft.group.leaderId;
  draft.change({
    members,
    leaderId,
    pendingJoins: without(draft.group.pendingJoins, memberId),
    pendingSyncs: without(draft.group.pendingSyncs, memberId),
  });
}

/** What goes into the log when a group became Stable or Empty. */
export function groupRecord(
  group: Group,
  assignments: ReadonlyMap<string, Buffer>,
): GroupMetadataRecord {
  return {
    type: 'group',
    groupId: group.groupId,
    protocolType: group.protocolType ?? '',
    generationId: group.generationId,
    protocolName: group.protocolName,
    leaderId: group.leaderId,
    currentStateTimestampMs: group.stateSinceMs ?? -1,
    members: [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      sessionTimeoutMs: member.sessionTimeoutMs,
      subscription: metadataFor(member, group.protocolName),
      assignment: assignments.get(member.memberId) ?? noAssignment,
    })),
  };
}

export function without(ids: ReadonlySet<string>, id: string): ReadonlySet<string> {
  if (!ids.has(id)) return ids;
  const rest = new Set(ids);
  rest.delete(id);
  return rest;
}
