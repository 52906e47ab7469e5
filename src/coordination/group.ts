import type { CommittedOffset } from './group-record.ts';
import { KafkaError } from '../protocol/kafka-error.ts';
import { subscribedTopicsOf } from './subscription.ts';

/**
 * Where a classic group stands in its round of rebalancing.
 *
 * - `Empty`: no members. Keeps offsets; also what a group is that only ever commits offsets. Answers
 *   joins; everything that names a member is UNKNOWN_MEMBER_ID. Left by a first join, or removed
 *   when its offsets are gone.
 * - `PreparingRebalance`: collects joins and parks them until all members rejoined or time is up.
 *   Heartbeats and syncs hear REBALANCE_IN_PROGRESS, commits of the last generation are accepted.
 * - `CompletingRebalance`: joins are answered, the leader computes the assignment; syncs are parked
 *   until it arrives. Heartbeats are fine, commits hear REBALANCE_IN_PROGRESS.
 * - `Stable`: the assignment is written and handed out. Any change of members begins a new round.
 * - `Dead`: the coordinator gave the group up (moved away or deleted); nothing follows.
 */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

/** From each state, the states that may follow. */
const moves: Readonly<Record<GroupState, readonly GroupState[]>> = {
  Empty: ['PreparingRebalance', 'Dead'],
  PreparingRebalance: ['CompletingRebalance', 'Empty', 'Dead'],
  CompletingRebalance: ['Stable', 'PreparingRebalance', 'Dead'],
  Stable: ['PreparingRebalance', 'Dead'],
  Dead: ['Dead'],
};

/** A way of assigning that a member offers, with what it wants the leader to know. */
export interface MemberProtocol {
  readonly name: string;
  readonly metadata: Buffer;
}

export interface Member {
  readonly memberId: string;
  /** Set for a static member (KIP-345): the name that outlives member ids. */
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  /** In order of preference. After a reload only the chosen one is known. */
  readonly protocols: readonly MemberProtocol[];
  readonly assignment: Buffer;
  /** Soft: has not been through a whole join yet, so it does not know its id and cannot heartbeat. */
  readonly isNew: boolean;
  /** Soft: its JoinGroup is parked. */
  readonly awaitsJoin: boolean;
  /** Soft: its SyncGroup is parked. */
  readonly awaitsSync: boolean;
}

/** Soft: the first rebalance of an empty group waits a little for more members. */
export interface InitialRebalance {
  readonly delayMs: number;
  readonly remainingMs: number;
  readonly memberAdded: boolean;
}

/**
 * A classic group: a value, replaced as a whole by every change.
 *
 * What the log holds of it is its last `Empty` or `Stable` round. While a rebalance runs, memory is
 * ahead of the log, and a restart falls back to the round before: its members find out and rejoin.
 */
export interface Group {
  readonly groupId: string;
  readonly state: GroupState;
  /** Wall time of the last move; undefined when the log (of an old broker) does not tell. */
  readonly stateSinceMs: number | undefined;
  readonly generationId: number;
  /** null for a group that only commits offsets. */
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leaderId: string | null;
  /** By member id, oldest first. */
  readonly members: ReadonlyMap<string, Member>;
  /** Soft: ids given out with MEMBER_ID_REQUIRED that have not joined yet. */
  readonly pendingJoins: ReadonlySet<string>;
  /** Soft: members of this generation that have not sent SyncGroup yet. */
  readonly pendingSyncs: ReadonlySet<string>;
  /** Topics of all members; undefined when unknown or not a consumer group. */
  readonly subscribedTopics: ReadonlySet<string> | undefined;
  readonly initialRebalance: InitialRebalance | undefined;
}

/** Offsets of one group: by topic, then by partition. Only `applyRecord` changes them. */
export type GroupOffsets = Map<string, Map<number, CommittedOffset>>;

export const noAssignment: Buffer = Buffer.alloc(0);

/** Protocol type of groups that share partitions by Kafka's consumer protocol. */
const consumerProtocolType = 'consumer';

export function emptyGroup(groupId: string, stateSinceMs: number | undefined): Group {
  return {
    groupId,
    state: 'Empty',
    stateSinceMs,
    generationId: 0,
    protocolType: null,
    protocolName: null,
    leaderId: null,
    members: new Map(),
    pendingJoins: new Set(),
    pendingSyncs: new Set(),
    subscribedTopics: undefined,
    initialRebalance: undefined,
  };
}

export function moveTo(group: Group, state: GroupState, nowMs: number): Group {
  if (!moves[group.state].includes(state)) {
    throw new Error(`group ${group.groupId} cannot go from ${group.state} to ${state}`);
  }
  return { ...group, state, stateSinceMs: nowMs };
}

export function mayRebalance(group: Group): boolean {
  return moves[group.state].includes('PreparingRebalance');
}

export function isConsumerGroup(group: Group): boolean {
  return group.protocolType === consumerProtocolType;
}

export function staticMember(group: Group, groupInstanceId: string): Member | undefined {
  for (const member of group.members.values()) {
    if (member.groupInstanceId === groupInstanceId) return member;
  }
  return undefined;
}

export function hasAllJoined(group: Group): boolean {
  if (group.pendingJoins.size > 0) return false;
  for (const member of group.members.values()) if (!member.awaitsJoin) return false;
  return true;
}

export function joinedCount(group: Group): number {
  let count = 0;
  for (const member of group.members.values()) if (member.awaitsJoin) count++;
  return count;
}

/** How long a rebalance may take: as long as its slowest member asks for. */
export function rebalanceTimeoutMs(group: Group): number {
  let longest = 0;
  for (const member of group.members.values()) {
    longest = Math.max(longest, member.rebalanceTimeoutMs);
  }
  return longest;
}

/** Whether a member with these protocols fits in: one of them must be known to every member. */
export function supportsProtocols(
  group: Group,
  protocolType: string,
  protocols: readonly MemberProtocol[],
): boolean {
  if (group.state === 'Empty') return protocolType !== '' && protocols.length > 0;
  if (group.protocolType !== protocolType) return false;
  return protocols.some(({ name }) => isSupportedByAll(group, name));
}

function isSupportedByAll(group: Group, protocolName: string): boolean {
  for (const member of group.members.values()) {
    if (!member.protocols.some(({ name }) => name === protocolName)) return false;
  }
  return true;
}

/**
 * Every member votes for the first of its protocols that all share; most votes win. A tie goes to
 * the choice of the oldest member.
 */
export function selectProtocol(group: Group): string {
  const votes = new Map<string, number>();
  for (const member of group.members.values()) {
    const vote = member.protocols.find(({ name }) => isSupportedByAll(group, name));
    if (vote) votes.set(vote.name, (votes.get(vote.name) ?? 0) + 1);
  }
  let chosen: string | undefined;
  for (const [name, count] of votes) {
    if (chosen === undefined || count > (votes.get(chosen) ?? 0)) chosen = name;
  }
  if (chosen === undefined) throw new Error(`no protocol is common in group ${group.groupId}`);
  return chosen;
}

export function metadataFor(member: Member, protocolName: string | null): Buffer {
  return member.protocols.find(({ name }) => name === protocolName)?.metadata ?? noAssignment;
}

/** Whether a rejoin brings nothing new: same protocols, same order, same metadata. */
export function hasSameProtocols(member: Member, protocols: readonly MemberProtocol[]): boolean {
  return (
    member.protocols.length === protocols.length &&
    member.protocols.every((mine, index) => {
      const other = protocols[index];
      return other?.name === mine.name && other.metadata.equals(mine.metadata);
    })
  );
}

/**
 * Topics the members want, where the group is one of consumers and all of it can be read.
 * An empty consumer group wants none, which is different from not knowing.
 */
export function computeSubscribedTopics(group: Group): ReadonlySet<string> | undefined {
  if (!isConsumerGroup(group)) return undefined;
  const topics = new Set<string>();
  if (group.members.size === 0) return topics;
  if (group.protocolName === null) return undefined;
  for (const member of group.members.values()) {
    const wanted = subscribedTopicsOf(metadataFor(member, group.protocolName));
    if (!wanted) return undefined;
    for (const topic of wanted) topics.add(topic);
  }
  return topics;
}

/** When in doubt, a consumer group is taken to be subscribed, so that offsets in use are not lost. */
export function isSubscribedTo(group: Group, topic: string): boolean {
  return group.subscribedTopics ? group.subscribedTopics.has(topic) : isConsumerGroup(group);
}

/**
 * Checks that the one who asks is a member, and still the owner of its static name.
 *
 * @throws {KafkaError} UNKNOWN_MEMBER_ID, or FENCED_INSTANCE_ID when someone else took the name
 */
export function requireMember(
  group: Group,
  memberId: string,
  groupInstanceId: string | null,
): Member {
  if (groupInstanceId !== null) {
    const owner = staticMember(group, groupInstanceId);
    if (!owner) throw new KafkaError('UNKNOWN_MEMBER_ID', `no member is called ${groupInstanceId}`);
    if (owner.memberId !== memberId) {
      throw new KafkaError('FENCED_INSTANCE_ID', `${groupInstanceId} now has another member id`);
    }
  }
  const member = group.members.get(memberId);
  if (!member) throw new KafkaError('UNKNOWN_MEMBER_ID', `${memberId} is not a member`);
  return member;
}

/** @throws {KafkaError} COORDINATOR_NOT_AVAILABLE: the client looks for the coordinator again */
export function requireAlive(group: Group): void {
  if (group.state === 'Dead') {
    throw new KafkaError('COORDINATOR_NOT_AVAILABLE', `group ${group.groupId} is gone from here`);
  }
}
