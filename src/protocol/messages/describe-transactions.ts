// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { array, defineApi, int16, int32, int64, string } from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** DescribeTransactions (key 65): state, producer and partitions of transactional ids. */
export const describeTransactions = defineApi({
  key: 65,
  name: 'DescribeTransactions',
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    transactionalIds: array(string),
  },
  response: {
    throttleTimeMs: int32,
    transactionStates: array({
      errorCode: int16,
      transactionalId: string,
      transactionState: string,
      transactionTimeoutMs: int32,
      transactionStartTimeMs: int64,
      producerId: int64,
      producerEpoch: int16,
      topics: array({
        topic: string,
        partitions: array(int32),
      }),
    }),
  },
});
export type DescribeTransactionsRequest = RequestOf<typeof describeTransactions>;
export type DescribeTransactionsResponse = ResponseInput<typeof describeTransactions>;
