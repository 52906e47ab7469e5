// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineApi,
  ignorable,
  int16,
  int32,
  int64,
  since,
  string,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** OffsetForLeaderEpoch (key 23): where a leader epoch ended, so that a reader can find out what was cut off. */
export const offsetForLeaderEpoch = defineApi({
  key: 23,
  name: 'OffsetForLeaderEpoch',
  versions: [2, 4],
  flexibleSince: 4,
  request: {
    replicaId: ignorable(since(3, int32, -2)),
    topics: array({
      topic: string,
      partitions: array({
        partition: int32,
        currentLeaderEpoch: ignorable(withDefault(int32, -1)),
        leaderEpoch: int32,
      }),
    }),
  },
  response: {
    throttleTimeMs: ignorable(int32),
    topics: array({
      topic: string,
      partitions: array({
        errorCode: int16,
        partition: int32,
        leaderEpoch: ignorable(withDefault(int32, -1)),
        endOffset: withDefault(int64, -1),
      }),
    }),
  },
});
export type OffsetForLeaderEpochRequest = RequestOf<typeof offsetForLeaderEpoch>;
export type OffsetForLeaderEpochResponse = ResponseInput<typeof offsetForLeaderEpoch>;
