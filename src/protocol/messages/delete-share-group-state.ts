// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineApi,
  int16,
  int32,
  nullableString,
  string,
  uuid,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** DeleteShareGroupState (key 86): the state of a share partition goes. */
export const deleteShareGroupState = defineApi({
  key: 86,
  name: 'DeleteShareGroupState',
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    groupId: string,
    topics: array({
      topicId: uuid,
      partitions: array({
        partition: int32,
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
export type DeleteShareGroupStateRequest = RequestOf<typeof deleteShareGroupState>;
export type DeleteShareGroupStateResponse = ResponseInput<typeof deleteShareGroupState>;
