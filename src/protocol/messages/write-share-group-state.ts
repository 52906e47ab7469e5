// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineApi,
  ignorable,
  int16,
  int32,
  int64,
  int8,
  nullableString,
  since,
  string,
  uuid,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** WriteShareGroupState (key 85): a change of the state of a share partition is made to last. */
export const writeShareGroupState = defineApi({
  key: 85,
  name: 'WriteShareGroupState',
  versions: [0, 1],
  flexibleSince: 0,
  request: {
    groupId: string,
    topics: array({
      topicId: uuid,
      partitions: array({
        partition: int32,
        stateEpoch: int32,
        leaderEpoch: int32,
        startOffset: int64,
        deliveryCompleteCount: ignorable(since(1, int32, -1)),
        stateBatches: array({
          firstOffset: int64,
          lastOffset: int64,
          deliveryState: int8,
          deliveryCount: int16,
        }),
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
      }),
    }),
  },
});
export type WriteShareGroupStateRequest = RequestOf<typeof writeShareGroupState>;
export type WriteShareGroupStateResponse = ResponseInput<typeof writeShareGroupState>;
