import type { Circumstances } from '../../../../src/coordination/transactions/decision.ts';
import type { InitTransactions } from '../../../../src/coordination/transactions/decide-init.ts';
import type {
  Transaction,
  TransactionState,
} from '../../../../src/coordination/transactions/transaction.ts';
import {
  newTransaction,
  partitionSet,
} from '../../../../src/coordination/transactions/transaction.ts';
import { KafkaError } from '../../../../src/protocol/kafka-error.ts';

export const nowMs = 1_700_000_000_000;
/** What the next producer id would be. */
export const freshId = 2_000;

export const orders = (partition = 0) => ({ topic: 'orders', partition });

/** An id that producer 1000 took with its first InitProducerId: Empty, epoch 0. */
export function transaction(changes: Partial<Transaction> = {}): Transaction {
  const made = newTransaction('tx', 1_000, 60_000, nowMs);
  return { ...made, producerEpoch: 0, previousProducerId: 1_000, ...changes };
}

/** As it is in some state, with one partition where it has any. */
export function inState(state: TransactionState, changes: Partial<Transaction> = {}): Transaction {
  const hasPartitions = state === 'Ongoing' || state.startsWith('Prepare');
  return transaction({
    state,
    ...(hasPartitions && { partitions: partitionSet([orders()]), startTimestampMs: nowMs }),
    ...changes,
  });
}

export function circumstances(changes: Partial<Circumstances> = {}): Circumstances {
  return { nowMs: nowMs + 1_000, serverVersion: 2, newProducerId: freshId, ...changes };
}

export function init(changes: Partial<InitTransactions> = {}): InitTransactions {
  return { transactionalId: 'tx', timeoutMs: 60_000, expected: undefined, ...changes };
}

/** The name of the refusal, or what was decided. */
export function outcomeOf<T>(decide: () => T): T | string {
  try {
    return decide();
  } catch (error) {
    if (error instanceof KafkaError) return error.code;
    throw error;
  }
}
