import type { ErrorName } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import type { ProducerIdentity } from './decide-init.ts';
import type { PartitionSet, Transaction, TransactionVersion } from './transaction.ts';
import { isCompleting, moveTo } from './transaction.ts';

/** A producer (or the leader of a partition for it) adds partitions to its transaction. */
export interface AddPartitions extends ProducerIdentity {
  readonly transactionalId: string;
  readonly partitions: PartitionSet;
  readonly clientVersion: TransactionVersion;
}

/**
 * @returns the transaction with the partitions; undefined when it has them already
 * @throws {KafkaError} INVALID_PRODUCER_ID_MAPPING, CONCURRENT_TRANSACTIONS, PRODUCER_FENCED
 */
export function decideAddPartitions(
  known: Transaction | undefined,
  request: AddPartitions,
  nowMs: number,
): Transaction | undefined {
  const transaction = requireKnown(known, request.transactionalId);
  // First of all: the producer may be using an id that takes over only when this is complete.
  refuseWhileCompleting(transaction);
  requireProducer(transaction, request);
  const { state, partitions, startTimestampMs } = transaction;
  const isOngoing = state === 'Ongoing';
  if (isOngoing && [...request.partitions.keys()].every((key) => partitions.has(key))) {
    return undefined;
  }
  return moveTo(transaction, 'Ongoing', {
    partitions: new Map([...partitions, ...request.partitions]),
    startTimestampMs: isOngoing ? startTimestampMs : nowMs,
    lastUpdateTimestampMs: nowMs,
    clientVersion: request.clientVersion,
  });
}

/**
 * The leader of partitions asks whether a transaction has them.
 *
 * @returns an error for each, by key: NONE or TRANSACTION_ABORTABLE
 * @throws {KafkaError} INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS
 */
export function decideVerification(
  known: Transaction | undefined,
  request: Omit<AddPartitions, 'clientVersion'>,
): ReadonlyMap<string, ErrorName> {
  const transaction = requireKnown(known, request.transactionalId);
  requireProducer(transaction, request);
  refuseWhileCompleting(transaction);
  const errors = new Map<string, ErrorName>();
  for (const key of request.partitions.keys()) {
    errors.set(key, transaction.partitions.has(key) ? 'NONE' : 'TRANSACTION_ABORTABLE');
  }
  return errors;
}

/** @throws {KafkaError} INVALID_PRODUCER_ID_MAPPING */
export function requireKnown(
  transaction: Transaction | undefined,
  transactionalId: string,
): Transaction {
  if (transaction !== undefined) return transaction;
  throw new KafkaError('INVALID_PRODUCER_ID_MAPPING', `nobody knows ${transactionalId}`);
}

/** @throws {KafkaError} CONCURRENT_TRANSACTIONS */
export function refuseWhileCompleting(transaction: Transaction): void {
  if (!isCompleting(transaction)) return;
  const words = `the last transaction of ${transaction.transactionalId} is still completing`;
  throw new KafkaError('CONCURRENT_TRANSACTIONS', words);
}

function requireProducer(
  transaction: Transaction,
  { producerId, producerEpoch }: ProducerIdentity,
) {
  requireProducerId(transaction, producerId);
  if (transaction.producerEpoch !== producerEpoch) throw epochRefused(transaction, producerEpoch);
}

/** @throws {KafkaError} INVALID_PRODUCER_ID_MAPPING */
export function requireProducerId(transaction: Transaction, producerId: number): void {
  if (transaction.producerId === producerId) return;
  throw new KafkaError(
    'INVALID_PRODUCER_ID_MAPPING',
    `${transaction.transactionalId} belongs to producer ${transaction.producerId}, not ${producerId}`,
  );
}

export function epochRefused(transaction: Transaction, producerEpoch: number): KafkaError {
  return new KafkaError(
    'PRODUCER_FENCED',
    `epoch ${producerEpoch} of ${transaction.transactionalId}; it is at ${transaction.producerEpoch}`,
  );
}
