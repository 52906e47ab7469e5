import type { Clock } from '../../host/clock.ts';
import type { Logger } from '../../host/logger.ts';
import type { ErrorName } from '../../protocol/error-codes.ts';
import { pause } from '../pause.ts';
import type { PartitionOutcome, PeerClient, TransactionMarker } from './peer-client.ts';
import type { PartitionSet, TopicPartition } from './transaction.ts';
import { partitionSet } from './transaction.ts';

/** Who leads what, by the newest image. */
export interface Leaders {
  /** Broker id; -1 while nobody leads; undefined: there is no such partition. */
  leaderOf(partition: TopicPartition): number | undefined;
}

export interface DeliveryParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly leaders: Leaders;
  readonly peers: PeerClient;
}

const firstPauseMs = 20;
const longestPauseMs = 1_000;

/**
 * Has the marker of a transaction written into all of its partitions, however often that takes, and
 * whoever leads them by then. Resolves when every partition that still exists has it.
 *
 * @param signal  aborted when the coordinator gives its partition up: it resolves at once then
 */
export async function deliverMarker(
  { clock, logger, leaders, peers }: DeliveryParts,
  marker: TransactionMarker,
  partitions: PartitionSet,
  signal: AbortSignal,
): Promise<void> {
  let remaining = partitions;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    const retried: TopicPartition[] = [];
    const sent = [...byLeader(remaining, leaders)].map(async ([leader, theirs]) => {
      for (const outcome of await ask(peers, leader, marker, theirs, logger)) {
        if (!isFinal(outcome, marker, logger)) retried.push(outcome);
      }
    });
    await Promise.all(sent);
    if (retried.length === 0) return;
    remaining = partitionSet(retried);
    await pause(clock, pauseMs, signal);
    if (signal.aborted) return;
  }
}

/** Partitions that are gone need no marker; those without a leader wait for one, under -1. */
function byLeader(partitions: PartitionSet, leaders: Leaders): Map<number, PartitionSet> {
  const groups = new Map<number, Map<string, TopicPartition>>();
  for (const [key, partition] of partitions) {
    const leader = leaders.leaderOf(partition);
    if (leader === undefined) continue;
    const group = groups.get(leader) ?? new Map<string, TopicPartition>();
    groups.set(leader, group.set(key, partition));
  }
  return groups;
}

async function ask(
  peers: PeerClient,
  leader: number,
  marker: TransactionMarker,
  partitions: PartitionSet,
  logger: Logger,
): Promise<readonly PartitionOutcome[]> {
  const all = (error: PartitionOutcome['error']) =>
    [...partitions.values()].map((partition) => ({ ...partition, error }));
  if (leader < 0) return all('LEADER_NOT_AVAILABLE');
  try {
    return await peers.writeMarker(leader, marker, partitions);
  } catch (error) {
    logger.debug(`broker ${leader} does not answer to a transaction marker`, { error });
    return all('NETWORK_EXCEPTION');
  }
}

/**
 * A later epoch was there before: of the producer, whose transaction is over then, or of another
 * coordinator, which fences us at our own log.
 */
const tooLate: ReadonlySet<ErrorName> = new Set([
  'INVALID_PRODUCER_EPOCH',
  'TRANSACTION_COORDINATOR_FENCED',
]);

/** What a moving leadership brings. */
const ordinary: ReadonlySet<ErrorName> = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'NOT_LEADER_OR_FOLLOWER',
  'LEADER_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
]);

/** Whether a partition needs no further attempt. */
function isFinal(outcome: PartitionOutcome, marker: TransactionMarker, logger: Logger): boolean {
  const { topic, partition, error } = outcome;
  if (error === 'NONE') return true;
  const where = { partition: `${topic}-${partition}`, producerId: marker.producerId, error };
  if (tooLate.has(error)) {
    logger.warn('a transaction marker came too late and is not written', where);
    return true;
  }
  const words = 'a transaction marker is not written yet, and sent again';
  if (ordinary.has(error)) logger.debug(words, where);
  else logger.warn(words, where);
  return false;
}
