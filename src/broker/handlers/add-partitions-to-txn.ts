import type { PartitionOutcome } from '../../coordination/transactions/peer-client.ts';
import { groupedByTopic, partitionSet } from '../../coordination/transactions/transaction.ts';
import type { TransactionCoordinator } from '../../coordination/transactions/transaction-coordinator.ts';
import { errorCodes, type ErrorCode } from '../../protocol/error-codes.ts';
import {
  addPartitionsToTxn,
  type AddPartitionsToTxnRequest,
  type AddPartitionsToTxnResponse,
} from '../../protocol/messages/add-partitions-to-txn.ts';
import { defineHandler } from '../handler.ts';
import { fencedFor } from '../transactions/fenced-for.ts';
import { addOrVerify } from '../transactions/transaction-peer.ts';

/** First version that knows PRODUCER_FENCED. */
const fencedSince = 2;
/** Versions of brokers, with several transactions; clients have those before. */
const batchedSince = 4;

type TransactionRequest = AddPartitionsToTxnRequest['transactions'][number];
type TopicResults = NonNullable<AddPartitionsToTxnResponse['resultsByTopicV3AndBelow']>;

/** AddPartitionsToTxn: the coordinator notes where a transaction writes, before it does. */
export const addPartitionsToTxnHandler = (transactions: TransactionCoordinator) =>
  defineHandler(addPartitionsToTxn, {
    async answer(request, { apiVersion, image }) {
      const answers = transactionsOf(request, apiVersion).map(async (transaction) => {
        const outcomes = await addOrVerify(transactions, image, {
          transactionalId: transaction.transactionalId,
          producerId: transaction.producerId,
          producerEpoch: transaction.producerEpoch,
          partitions: partitionsOf(transaction),
          verifyOnly: transaction.verifyOnly,
          clientVersion: apiVersion >= batchedSince ? 2 : 0,
        });
        return {
          transactionalId: transaction.transactionalId,
          topicResults: byTopic(outcomes, (error) =>
            fencedFor(errorCodes[error], apiVersion, fencedSince),
          ),
        };
      });
      return shaped(await Promise.all(answers), apiVersion);
    },
    refuse: (errorCode, _message, request, { apiVersion }) => {
      if (apiVersion >= batchedSince) return { throttleTimeMs: 0, errorCode };
      const refused = transactionsOf(request, apiVersion).map((transaction) => ({
        transactionalId: transaction.transactionalId,
        topicResults: transaction.topics.map(({ name, partitions }) => ({
          name,
          resultsByPartition: partitions.map((partitionIndex) => ({
            partitionIndex,
            partitionErrorCode: errorCode,
          })),
        })),
      }));
      return shaped(refused, apiVersion);
    },
  });

/** The request in the shape that v4 gave it. */
function transactionsOf(
  request: AddPartitionsToTxnRequest,
  apiVersion: number,
): readonly TransactionRequest[] {
  if (apiVersion >= batchedSince) return request.transactions;
  return [
    {
      transactionalId: request.v3AndBelowTransactionalId,
      producerId: request.v3AndBelowProducerId,
      producerEpoch: request.v3AndBelowProducerEpoch,
      verifyOnly: false,
      topics: request.v3AndBelowTopics,
    },
  ];
}

function partitionsOf({ topics }: TransactionRequest) {
  return partitionSet(
    topics.flatMap(({ name, partitions }) =>
      partitions.map((partition) => ({ topic: name, partition })),
    ),
  );
}

function byTopic(
  outcomes: readonly PartitionOutcome[],
  codeOf: (error: PartitionOutcome['error']) => ErrorCode,
): TopicResults {
  return [...groupedByTopic(outcomes)].map(([name, own]) => ({
    name,
    resultsByPartition: own.map(({ partition, error }) => ({
      partitionIndex: partition,
      partitionErrorCode: codeOf(error),
    })),
  }));
}

function shaped(
  results: readonly { readonly transactionalId: string; readonly topicResults: TopicResults }[],
  apiVersion: number,
): AddPartitionsToTxnResponse {
  const throttleTimeMs = 0;
  if (apiVersion >= batchedSince) return { throttleTimeMs, resultsByTransaction: results };
  return { throttleTimeMs, resultsByTopicV3AndBelow: results[0]?.topicResults ?? [] };
}
