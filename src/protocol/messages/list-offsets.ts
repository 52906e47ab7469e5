// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineApi,
  ignorable,
  int16,
  int32,
  int64,
  int8,
  since,
  string,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** ListOffsets (key 2): which offset belongs to a timestamp, or to one end of a partition. */
export const listOffsets = defineApi({
  key: 2,
  name: 'ListOffsets',
  versions: [1, 11],
  flexibleSince: 6,
  request: {
    replicaId: int32,
    isolationLevel: since(2, int8, 0),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        currentLeaderEpoch: ignorable(since(4, int32, -1)),
        timestamp: int64,
      }),
    }),
    timeoutMs: ignorable(since(10, int32, 0)),
  },
  response: {
    throttleTimeMs: ignorable(since(2, int32, 0)),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        timestamp: withDefault(int64, -1),
        offset: withDefault(int64, -1),
        leaderEpoch: since(4, int32, -1),
      }),
    }),
  },
});
export type ListOffsetsRequest = RequestOf<typeof listOffsets>;
export type ListOffsetsResponse = ResponseInput<typeof listOffsets>;
