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

/** DeleteShareGroupOffsets (key 92): a share group forgets topics. */
export const deleteShareGroupOffsets = defineApi({
  key: 92,
  name: 'DeleteShareGroupOffsets',
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    groupId: string,
    topics: array({
      topicName: string,
    }),
  },
  response: {
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: withDefault(nullableString, null),
    responses: array({
      topicName: string,
      topicId: uuid,
      errorCode: int16,
      errorMessage: withDefault(nullableString, null),
    }),
  },
});
export type DeleteShareGroupOffsetsRequest = RequestOf<typeof deleteShareGroupOffsets>;
export type DeleteShareGroupOffsetsResponse = ResponseInput<typeof deleteShareGroupOffsets>;
