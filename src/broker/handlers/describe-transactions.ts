import type { TransactionCoordinator } from '../../coordination/transactions/transaction-coordinator.ts';
import { byTopic } from '../../coordination/transactions/transaction-record.ts';
import { errorCodes, type ErrorCode } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import {
  describeTransactions,
  type DescribeTransactionsResponse,
} from '../../protocol/messages/describe-transactions.ts';
import { defineHandler } from '../handler.ts';

type Description = DescribeTransactionsResponse['transactionStates'][number];

/** DescribeTransactions: what this broker, as a coordinator, knows of transactional ids. */
export const describeTransactionsHandler = (transactions: TransactionCoordinator) =>
  defineHandler(describeTransactions, {
    answer: ({ transactionalIds }) => ({
      throttleTimeMs: 0,
      transactionStates: transactionalIds.map((id) => describe(transactions, id)),
    }),
    refuse: (errorCode, _message, { transactionalIds }) => ({
      throttleTimeMs: 0,
      transactionStates: transactionalIds.map((id) => refused(id, errorCode)),
    }),
  });

function describe(transactions: TransactionCoordinator, transactionalId: string): Description {
  try {
    const known = transactions.describe(transactionalId);
    return {
      errorCode: errorCodes.NONE,
      transactionalId,
      transactionState: known.state,
      transactionTimeoutMs: known.timeoutMs,
      transactionStartTimeMs: known.startTimestampMs,
      producerId: known.producerId,
      producerEpoch: known.producerEpoch,
      topics: byTopic(known.partitions).map(({ topic, partitionIds }) => ({
        topic,
        partitions: partitionIds,
      })),
    };
  } catch (error) {
    if (error instanceof KafkaError) return refused(transactionalId, errorCodes[error.code]);
    throw error;
  }
}

function refused(transactionalId: string, errorCode: ErrorCode): Description {
  return {
    errorCode,
    transactionalId,
    transactionState: '',
    transactionTimeoutMs: 0,
    transactionStartTimeMs: 0,
    producerId: 0,
    producerEpoch: 0,
    topics: [],
  };
}
