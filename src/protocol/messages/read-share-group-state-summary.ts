// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineApi,
  ignorable,
  int16,
  int32,
  int64,
  nullableString,
  since,
  string,
  uuid,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** ReadShareGroupStateSummary (key 87): start offset and epochs of a share partition, without its batches. */
export const readShareGroupStateSummary = defineApi({
  key: 87,
  name: 'ReadShareGroupStateSummary',
  versions: [0, 1],
  flexibleSince: 0,
  request: {
    groupId: string,
    topics: array({
      topicId: uuid,
      partitions: array({
        partition: int32,
        leaderEpoch: int32,
      }),
    }),
  },
  response: {
    results: array({
      topicId: uuid,
      partitions: array({
        partition: int32,
        errorCode: int16,
        errorMessage: withDefault(nullableString, null),
        stateEpoch: int32,
        leaderEpoch: int32,
        startOffset: int64,
        deliveryCompleteCount: ignorable(since(1, int32, -1)),
      }),
    }),
  },
});
export type ReadShareGroupStateSummaryRequest = RequestOf<typeof readShareGroupStateSummary>;
export type ReadShareGroupStateSummaryResponse = ResponseInput<typeof readShareGroupStateSummary>;
