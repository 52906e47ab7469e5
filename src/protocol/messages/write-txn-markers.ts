// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bool,
  defineApi,
  ignorable,
  int16,
  int32,
  int64,
  int8,
  since,
  string,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** WriteTxnMarkers (key 27): a coordinator has the outcome of transactions written into their partitions. */
export const writeTxnMarkers = defineApi({
  key: 27,
  name: 'WriteTxnMarkers',
  versions: [1, 2],
  flexibleSince: 1,
  request: {
    markers: array({
      producerId: int64,
      producerEpoch: int16,
      transactionResult: bool,
      topics: array({
        name: string,
        partitionIndexes: array(int32),
      }),
      coordinatorEpoch: int32,
      transactionVersion: ignorable(since(2, int8, 0)),
    }),
  },
  response: {
    markers: array({
      producerId: int64,
      topics: array({
        name: string,
        partitions: array({
          partitionIndex: int32,
          errorCode: int16,
        }),
      }),
    }),
  },
});
export type WriteTxnMarkersRequest = RequestOf<typeof writeTxnMarkers>;
export type WriteTxnMarkersResponse = ResponseInput<typeof writeTxnMarkers>;
