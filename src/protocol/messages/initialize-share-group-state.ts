// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineApi,
  int16,
  int32,
  int64,
  nullableString,
  string,
  uuid,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** InitializeShareGroupState (key 83): a share partition gets its first state. */
export const initializeShareGroupState = defineApi({
  key: 83,
  name: 'InitializeShareGroupState',
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    groupId: string,
    topics: array({
      topicId: uuid,
      partitions: array({
        partition: int32,
        stateEpoch: int32,
        startOffset: int64,
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
export type InitializeShareGroupStateRequest = RequestOf<typeof initializeShareGroupState>;
export type InitializeShareGroupStateResponse = ResponseInput<typeof initializeShareGroupState>;
