// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { array, defineApi, int16, int32, int64, string } from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** DeleteRecords (key 21): records before an offset go, partition by partition. */
export const deleteRecords = defineApi({
  key: 21,
  name: 'DeleteRecords',
  versions: [0, 2],
  flexibleSince: 2,
  request: {
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        offset: int64,
      }),
    }),
    timeoutMs: int32,
  },
  response: {
    throttleTimeMs: int32,
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        lowWatermark: int64,
        errorCode: int16,
      }),
    }),
  },
});
export type DeleteRecordsRequest = RequestOf<typeof deleteRecords>;
export type DeleteRecordsResponse = ResponseInput<typeof deleteRecords>;
