/**
 * Where the transaction of a transactional id stands. Kafka's names, as its tools print them.
 *
 * - `Empty`: the id has a producer and no transaction yet. Takes partitions; a commit is refused.
 * - `Ongoing`: partitions belong to it, data may be written. Left by EndTxn, by its timeout, or by a
 *   new producer of the same id, which aborts it.
 * - `PrepareCommit`, `PrepareAbort`: the outcome is written and final. Markers are on their way to all
 *   partitions; whoever asks for something hears CONCURRENT_TRANSACTIONS until they are there. A
 *   coordinator that finds this in its log sends the markers (again).
 * - `CompleteCommit`, `CompleteAbort`: all markers are written. As `Empty`, but a repeated EndTxn is
 *   told how it ended.
 */
export type TransactionState =
  'Empty' | 'Ongoing' | 'PrepareCommit' | 'PrepareAbort' | 'CompleteCommit' | 'CompleteAbort';

/** From each state, the states that may follow. An id that is not used may also be forgotten. */
const moves: Readonly<Record<TransactionState, readonly TransactionState[]>> = {
  Empty: ['Empty', 'Ongoing', 'PrepareAbort'],
  Ongoing: ['Ongoing', 'PrepareCommit', 'PrepareAbort'],
  PrepareCommit: ['CompleteCommit'],
  PrepareAbort: ['CompleteAbort'],
  CompleteCommit: ['Empty', 'Ongoing', 'PrepareAbort'],
  CompleteAbort: ['Empty', 'Ongoing', 'PrepareAbort'],
};

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Partitions of a transaction, by `partitionKey`. */
export type PartitionSet = ReadonlyMap<string, TopicPartition>;

/** `transaction.version`: 1 writes flexible records, 2 gives every transaction its own epoch (KIP-890). */
export type TransactionVersion = 0 | 1 | 2;

/** The version that a number stands for; a later one is spoken as the last that is known. */
export function transactionVersionOf(level: number): TransactionVersion {
  return level >= 2 ? 2 : level === 1 ? 1 : 0;
}

/** What a coordinator knows of a transactional id: a value, replaced as a whole by every change. */
export interface Transaction {
  readonly transactionalId: string;
  readonly state: TransactionState;
  readonly producerId: number;
  /** The producer id before the last change: told apart from `producerId` only when that was new. */
  readonly previousProducerId: number;
  /** The id that takes over when this transaction is complete, as the epochs are used up; or -1. */
  readonly nextProducerId: number;
  /** -1 before the first InitProducerId was answered. */
  readonly producerEpoch: number;
  /** Soft: the epoch before the last bump, by which a repeated InitProducerId is known; or -1. */
  readonly lastProducerEpoch: number;
  readonly timeoutMs: number;
  readonly partitions: PartitionSet;
  /** Wall time; -1 when no transaction was begun. */
  readonly startTimestampMs: number;
  readonly lastUpdateTimestampMs: number;
  /** What the client (or the coordinator, when it aborts by itself) spoke at the last move. */
  readonly clientVersion: TransactionVersion;
}

export const none = -1;
/** Epochs end here: the coordinator needs one more to fence the last producer. */
const lastUsableEpoch = 32_766;
const largestEpoch = 32_767;

export const noPartitions: PartitionSet = new Map();

export function partitionKey({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

export function partitionSet(partitions: Iterable<TopicPartition>): PartitionSet {
  const set = new Map<string, TopicPartition>();
  for (const one of partitions) set.set(partitionKey(one), one);
  return set;
}

/** A transactional id that was never used; its first producer gets epoch 0. */
export function newTransaction(
  transactionalId: string,
  producerId: number,
  timeoutMs: number,
  nowMs: number,
): Transaction {
  return {
    transactionalId,
    state: 'Empty',
    producerId,
    previousProducerId: none,
    nextProducerId: none,
    producerEpoch: none,
    lastProducerEpoch: none,
    timeoutMs,
    partitions: noPartitions,
    startTimestampMs: none,
    lastUpdateTimestampMs: nowMs,
    clientVersion: 0,
  };
}

/** Partitions (or what became of them) as messages have them: topic by topic, in their order. */
export function groupedByTopic<T extends TopicPartition>(all: Iterable<T>): Map<string, T[]> {
  const topics = new Map<string, T[]>();
  for (const one of all) {
    const known = topics.get(one.topic);
    if (known) known.push(one);
    else topics.set(one.topic, [one]);
  }
  return topics;
}

/** The outcome is decided, and not all partitions know it yet. */
export function isCompleting({ state }: Transaction): boolean {
  return state === 'PrepareCommit' || state === 'PrepareAbort';
}

export function isEpochExhausted(producerEpoch: number): boolean {
  return producerEpoch >= lastUsableEpoch;
}

/** The next epoch. The largest one stays: nobody has it but a coordinator that fences. */
export function bumped(producerEpoch: number): number {
  return Math.min(producerEpoch + 1, largestEpoch);
}

/** KIP-890: a transaction that ends gives its producer a new epoch. */
export function bumpsEpoch(version: TransactionVersion): boolean {
  return version >= 2;
}

export function moveTo(
  transaction: Transaction,
  state: TransactionState,
  changes: Partial<Omit<Transaction, 'transactionalId' | 'state' | 'previousProducerId'>>,
): Transaction {
  if (!moves[transaction.state].includes(state)) {
    const { transactionalId, state: from } = transaction;
    throw new Error(`transaction ${transactionalId} cannot go from ${from} to ${state}`);
  }
  return { ...transaction, ...changes, state, previousProducerId: transaction.producerId };
}
