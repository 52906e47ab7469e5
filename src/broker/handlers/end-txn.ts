import type { TransactionCoordinator } from '../../coordination/transactions/transaction-coordinator.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import { endTxn } from '../../protocol/messages/end-txn.ts';
import { defineHandler } from '../handler.ts';
import { fencedFor } from '../transactions/fenced-for.ts';

/** First version that knows PRODUCER_FENCED. */
const fencedSince = 2;
/** First version that gives the producer a new epoch (KIP-890). */
const bumpsSince = 5;

/** EndTxn: a producer commits or aborts. Answered when that is decided; markers follow. */
export const endTxnHandler = (transactions: TransactionCoordinator) =>
  defineHandler(endTxn, {
    async answer({ transactionalId, producerId, producerEpoch, committed }, { apiVersion }) {
      const identity = await transactions.end({
        transactionalId,
        producerId,
        producerEpoch,
        isCommit: committed,
        clientVersion: apiVersion >= bumpsSince ? 2 : 0,
      });
      return { throttleTimeMs: 0, errorCode: errorCodes.NONE, ...identity };
    },
    refuse: (errorCode, _message, _request, { apiVersion }) => ({
      throttleTimeMs: 0,
      errorCode: fencedFor(errorCode, apiVersion, fencedSince),
    }),
  });
