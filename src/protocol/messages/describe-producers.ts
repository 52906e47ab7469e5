// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineApi,
  int16,
  int32,
  int64,
  nullableString,
  string,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** DescribeProducers (key 61): producers that wrote to partitions lately, and their open transactions. */
export const describeProducers = defineApi({
  key: 61,
  name: 'DescribeProducers',
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    topics: array({
      name: string,
      partitionIndexes: array(int32),
    }),
  },
  response: {
    throttleTimeMs: int32,
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: withDefault(nullableString, null),
        activeProducers: array({
          producerId: int64,
          producerEpoch: int32,
          lastSequence: withDefault(int32, -1),
          lastTimestamp: withDefault(int64, -1),
          coordinatorEpoch: int32,
          currentTxnStartOffset: withDefault(int64, -1),
        }),
      }),
    }),
  },
});
export type DescribeProducersRequest = RequestOf<typeof describeProducers>;
export type DescribeProducersResponse = ResponseInput<typeof describeProducers>;
