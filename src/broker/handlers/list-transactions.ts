import { unknownStates } from '../../coordination/transactions/list-transactions.ts';
import type { TransactionCoordinator } from '../../coordination/transactions/transaction-coordinator.ts';
import { errorCodes } from '../../protocol/error-codes.ts';
import { listTransactions } from '../../protocol/messages/list-transactions.ts';
import { defineHandler } from '../handler.ts';

/** ListTransactions: the transactional ids that this broker coordinates, as far as filters let them. */
export const listTransactionsHandler = (transactions: TransactionCoordinator) =>
  defineHandler(listTransactions, {
    async answer({ stateFilters, producerIdFilters, durationFilter, transactionalIdPattern }) {
      const listed = await transactions.list({
        states: stateFilters,
        producerIds: producerIdFilters,
        longerThanMs: durationFilter < 0 ? undefined : durationFilter,
        idPattern:
          transactionalIdPattern === '' ? undefined : (transactionalIdPattern ?? undefined),
      });
      return {
        throttleTimeMs: 0,
        errorCode: errorCodes.NONE,
        unknownStateFilters: unknownStates(stateFilters),
        transactionStates: listed.map(({ transactionalId, producerId, state }) => ({
          transactionalId,
          producerId,
          transactionState: state,
        })),
      };
    },
    refuse: (errorCode) => ({
      throttleTimeMs: 0,
      errorCode,
      unknownStateFilters: [],
      transactionStates: [],
    }),
  });
