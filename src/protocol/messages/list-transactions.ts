// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { array, defineApi, int16, int32, int64, nullableString, since, string } from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** ListTransactions (key 66): transactional ids this broker is in charge of, by state, producer and age. */
export const listTransactions = defineApi({
  key: 66,
  name: 'ListTransactions',
  versions: [0, 2],
  flexibleSince: 0,
  request: {
    stateFilters: array(string),
    producerIdFilters: array(int64),
    durationFilter: since(1, int64, -1),
    transactionalIdPattern: since(2, nullableString, null),
  },
  response: {
    throttleTimeMs: int32,
    errorCode: int16,
    unknownStateFilters: array(string),
    transactionStates: array({
      transactionalId: string,
      producerId: int64,
      transactionState: string,
    }),
  },
});
export type ListTransactionsRequest = RequestOf<typeof listTransactions>;
export type ListTransactionsResponse = ResponseInput<typeof listTransactions>;
