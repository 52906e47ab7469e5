// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineApi,
  int16,
  int32,
  int64,
  int8,
  nullableString,
  string,
  uuid,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** ReadShareGroupState (key 84): the state of a share partition, for the broker that leads it. */
export const readShareGroupState = defineApi({
  key: 84,
  name: 'ReadShareGroupState',
  versions: [0, 0],
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
        startOffset: int64,
        stateBatches: array({
          firstOffset: int64,
          lastOffset: int64,
          deliveryState: int8,
          deliveryCount: int16,
        }),
      }),
    }),
  },
});
export type ReadShareGroupStateRequest = RequestOf<typeof readShareGroupState>;
export type ReadShareGroupStateResponse = ResponseInput<typeof readShareGroupState>;
