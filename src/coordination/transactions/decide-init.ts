import { KafkaError } from '../../protocol/kafka-error.ts';
import { decideFence } from './decide-end.ts';
import type { Circumstances, Decision } from './decision.ts';
import type { Transaction } from './transaction.ts';
import {
  bumped,
  isCompleting,
  isEpochExhausted,
  moveTo,
  newTransaction,
  noPartitions,
  none,
} from './transaction.ts';

/** A producer's id and epoch. */
export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** An InitProducerId request with a transactional id. */
export interface InitTransactions {
  readonly transactionalId: string;
  readonly timeoutMs: number;
  /** Set by a producer that goes on after an error (KIP-360): who it was until now. */
  readonly expected: ProducerIdentity | undefined;
}

/**
 * What is refused without looking at the transaction.
 *
 * @throws {KafkaError} INVALID_REQUEST, INVALID_TRANSACTION_TIMEOUT
 */
export function requireValidInit(request: InitTransactions, maxTimeoutMs: number): void {
  const { transactionalId, timeoutMs } = request;
  if (transactionalId === '') {
    throw new KafkaError('INVALID_REQUEST', 'the transactional id is empty');
  }
  if (timeoutMs > 0 && timeoutMs <= maxTimeoutMs) return;
  throw new KafkaError(
    'INVALID_TRANSACTION_TIMEOUT',
    `a transaction timeout of ${timeoutMs} ms; transaction.max.timeout.ms is ${maxTimeoutMs}`,
  );
}

/** Whether `decideInit` will want a new producer id. */
export function initNeedsProducerId(transaction: Transaction | undefined): boolean {
  return transaction === undefined || isEpochExhausted(transaction.producerEpoch);
}

/**
 * A producer takes over a transactional id. One that was there before is fenced by the new epoch; a
 * transaction it left open is aborted first, and the new producer is to ask again until that is done.
 *
 * @throws {KafkaError} CONCURRENT_TRANSACTIONS, PRODUCER_FENCED
 */
export function decideInit(
  known: Transaction | undefined,
  request: InitTransactions,
  circumstances: Circumstances,
): Decision<ProducerIdentity | 'CONCURRENT_TRANSACTIONS'> {
  const { transactionalId, timeoutMs, expected } = request;
  const { nowMs, newProducerId } = circumstances;
  const transaction =
    known ?? newTransaction(transactionalId, requireId(newProducerId), timeoutMs, nowMs);
  if (isCompleting(transaction)) {
    throw new KafkaError('CONCURRENT_TRANSACTIONS', `${transactionalId} is still completing`);
  }
  if (expected !== undefined && !isOwner(transaction, expected)) throw fenced(transaction);
  if (transaction.state === 'Ongoing') {
    // The epoch of this abort is given to nobody: who asks again gets the one behind it.
    return { next: decideFence(transaction, circumstances), result: 'CONCURRENT_TRANSACTIONS' };
  }
  const next = moveTo(transaction, 'Empty', {
    ...nextIdentity(transaction, expected, newProducerId),
    timeoutMs,
    partitions: noPartitions,
    startTimestampMs: none,
    lastUpdateTimestampMs: nowMs,
  });
  const { producerId, producerEpoch } = next;
  return { next, result: { producerId, producerEpoch } };
}

/** May a producer that says who it was go on? Whether its epoch is the present one is seen later. */
function isOwner(transaction: Transaction, { producerId, producerEpoch }: ProducerIdentity) {
  return (
    transaction.producerEpoch === none ||
    producerId === transaction.producerId ||
    // It may not have heard that its epochs were used up and it got a new id.
    (producerId === transaction.previousProducerId && isEpochExhausted(producerEpoch))
  );
}

function nextIdentity(
  transaction: Transaction,
  expected: ProducerIdentity | undefined,
  newProducerId: number | undefined,
) {
  const { producerId, producerEpoch, lastProducerEpoch } = transaction;
  const isCurrent = expected === undefined || expected.producerEpoch === producerEpoch;
  if (isEpochExhausted(producerEpoch) && isCurrent) {
    return {
      producerId: requireId(newProducerId),
      producerEpoch: 0,
      lastProducerEpoch: expected === undefined ? none : producerEpoch,
    };
  }
  if (expected === undefined) {
    return { producerId, producerEpoch: bumped(producerEpoch), lastProducerEpoch: none };
  }
  if (isCurrent || producerEpoch === none) {
    return { producerId, producerEpoch: bumped(producerEpoch), lastProducerEpoch: producerEpoch };
  }
  // The answer to the first time did not arrive; nobody else has asked since.
  if (expected.producerEpoch === lastProducerEpoch) {
    return { producerId, producerEpoch, lastProducerEpoch };
  }
  throw fenced(transaction);
}

function fenced({ transactionalId, producerId, producerEpoch }: Transaction): KafkaError {
  return new KafkaError(
    'PRODUCER_FENCED',
    `${transactionalId} belongs to producer ${producerId} of epoch ${producerEpoch} by now`,
  );
}

function requireId(producerId: number | undefined): number {
  if (producerId === undefined) throw new Error('no producer id was taken for this decision');
  return producerId;
}
