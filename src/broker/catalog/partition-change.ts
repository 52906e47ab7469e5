import type { Uuid } from '../../protocol/uuid.ts';
import type { PartitionImage } from './image.ts';
import type { MetadataRecord } from './metadata-record.ts';
import { partitionChanged } from './metadata-record.ts';

/**
 * How a leader is chosen.
 * - preferred: the first replica when it is in sync, else as online
 * - online: the present leader stays while it can; else the first replica in sync
 * - unclean: as online, but rather a replica that may lack records than none
 */
export type Election = 'preferred' | 'online' | 'unclean';

export interface PartitionRef {
  readonly topicId: Uuid;
  readonly partition: number;
}

export interface PartitionTarget {
  /** The ISR there shall be, before a choice of leader; default: the present one. */
  readonly isr?: readonly number[];
  readonly election?: Election;
  /** Whether a broker may lead now. */
  readonly canLead: (broker: number) => boolean;
  /** Give the leadership a new epoch even when the leader stays. */
  readonly newEpoch?: boolean;
}

const noLeader = -1;

/**
 * The record that brings a partition to what is wanted: its leader, its in-sync replicas. The last
 * in-sync replica is kept when its broker goes, so that it alone may lead again (no ELR).
 *
 * @returns undefined when nothing would change
 */
export function changePartition(
  ref: PartitionRef,
  partition: PartitionImage,
  { isr = partition.isr, election = 'online', canLead, newEpoch = false }: PartitionTarget,
): MetadataRecord | undefined {
  const elected = elect(partition, isr.length > 0 ? isr : lastInSync(partition), election, canLead);
  const isAlone = elected.unclean || (isr.length === 0 && elected.leader !== noLeader);
  const targetIsr = isAlone ? [elected.leader] : isr;
  const leaderChanges = elected.leader !== partition.leader;
  const isrChanges = targetIsr.length > 0 && !sameList(targetIsr, partition.isr);
  const bumps = newEpoch && elected.leader !== noLeader;
  if (!leaderChanges && !isrChanges && !bumps) return undefined;
  return partitionChanged(ref.topicId, ref.partition, {
    ...((leaderChanges || bumps) && { leader: elected.leader }),
    ...(isrChanges && { isr: targetIsr }),
    ...(elected.unclean && partition.recovering !== true && { leaderRecoveryState: 1 }),
    ...(hasElr(partition) && { eligibleLeaderReplicas: [], lastKnownElr: [] }),
  });
}

/**
 * Who may lead without loss. Kafka 4.3 lets the in-sync replicas run empty and remembers the last
 * ones apart (KIP-966); its folders are taken over as they are, but we do not write such lists.
 */
export function lastInSync(partition: PartitionImage): readonly number[] {
  if (partition.isr.length > 0) return partition.isr;
  const { eligibleLeaderReplicas = [], lastKnownElr = [] } = partition;
  return eligibleLeaderReplicas.length > 0 ? eligibleLeaderReplicas : lastKnownElr;
}

const hasElr = (partition: PartitionImage): boolean =>
  partition.eligibleLeaderReplicas !== undefined || partition.lastKnownElr !== undefined;

function elect(
  partition: PartitionImage,
  isr: readonly number[],
  election: Election,
  canLead: (broker: number) => boolean,
): { leader: number; unclean: boolean } {
  const isEligible = (broker: number): boolean => isr.includes(broker) && canLead(broker);
  const [preferred] = partition.replicas;
  if (election === 'preferred' && preferred !== undefined && isEligible(preferred)) {
    return { leader: preferred, unclean: false };
  }
  if (isEligible(partition.leader)) return { leader: partition.leader, unclean: false };
  const inSync = partition.replicas.find(isEligible);
  if (inSync !== undefined) return { leader: inSync, unclean: false };
  const anyone = election === 'unclean' ? partition.replicas.find(canLead) : undefined;
  return anyone === undefined
    ? { leader: noLeader, unclean: false }
    : { leader: anyone, unclean: true };
}

const sameList = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index]);
