import { KafkaError } from '../../protocol/kafka-error.ts';
import type { BrokerImage } from './image.ts';

export interface PlacementRequest {
  readonly firstPartition: number;
  readonly partitionCount: number;
  readonly replicationFactor: number;
  /** Where the stripe begins (>= 0), so that topics of one partition do not all share a leader. */
  readonly start: number;
}

/**
 * Chooses replicas, one list per partition, the preferred leader first. Leaders go round all
 * brokers that serve; the followers of a leader shift by one with every round, so that its load
 * spreads over all others when it stops. Replicas of a partition sit in different racks as far as
 * there are racks. Brokers that are down are followers, and only when the others do not suffice.
 *
 * @throws {KafkaError} INVALID_REPLICATION_FACTOR, in the words Kafka's tools print
 */
export function placeReplicas(
  brokers: readonly BrokerImage[],
  { firstPartition, partitionCount, replicationFactor, start }: PlacementRequest,
): number[][] {
  const sorted = [...brokers].sort((a, b) => a.id - b.id);
  const live = sorted.filter((broker) => !broker.fenced);
  const down = sorted.filter((broker) => broker.fenced);
  requirePlaceable(replicationFactor, live.length, brokers.length);
  return Array.from({ length: partitionCount }, (_, index) => {
    const stripe = start + firstPartition + index;
    return replicasAt(stripe, live, down, replicationFactor);
  });
}

function requirePlaceable(replicationFactor: number, live: number, registered: number): void {
  if (replicationFactor <= 0) {
    refuse(
      `Invalid replication factor ${replicationFactor}: the replication factor must be positive.`,
    );
  }
  if (live === 0) {
    refuse('All brokers are currently fenced, or have all their log directories cordoned.');
  }
  if (replicationFactor > registered) {
    refuse(
      `The target replication factor of ${replicationFactor} cannot be reached because only ` +
        `${registered} broker(s) are registered or some brokers have all their log directories cordoned.`,
    );
  }
}

function refuse(message: string): never {
  throw new KafkaError('INVALID_REPLICATION_FACTOR', message);
}

function replicasAt(
  stripe: number,
  live: readonly BrokerImage[],
  down: readonly BrokerImage[],
  replicationFactor: number,
): number[] {
  const leaderIndex = stripe % live.length;
  const round = Math.floor(stripe / live.length);
  const behind = [...live.slice(leaderIndex + 1), ...live.slice(0, leaderIndex)];
  const candidates = [...live.slice(leaderIndex, leaderIndex + 1), ...rotate(behind, round)];
  const chosen = spreadOverRacks(candidates, replicationFactor);
  return [...chosen, ...rotate(down, stripe)].slice(0, replicationFactor).map(({ id }) => id);
}

/** The first candidate, then always the first one in the rack that is used least. */
function spreadOverRacks(candidates: readonly BrokerImage[], count: number): BrokerImage[] {
  const left = [...candidates];
  const usesOfRack = new Map<string | null, number>();
  const uses = (broker: BrokerImage): number => usesOfRack.get(broker.rack) ?? 0;
  const chosen: BrokerImage[] = [];
  while (chosen.length < count && left.length > 0) {
    const next = left.reduce((best, broker) => (uses(broker) < uses(best) ? broker : best));
    left.splice(left.indexOf(next), 1);
    usesOfRack.set(next.rack, uses(next) + 1);
    chosen.push(next);
  }
  return chosen;
}

function rotate<T>(list: readonly T[], by: number): T[] {
  if (list.length === 0) return [];
  const shift = by % list.length;
  return [...list.slice(shift), ...list.slice(0, shift)];
}
