// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineApi,
  ignorable,
  int16,
  int32,
  nullableSince,
  nullableString,
  since,
  string,
  until,
  uuid,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';
import { zeroUuid } from '../uuid.ts';

/** DeleteTopics (key 20): topics go, named or by id. */
export const deleteTopics = defineApi({
  key: 20,
  name: 'DeleteTopics',
  versions: [1, 6],
  flexibleSince: 4,
  request: {
    topics: since(
      6,
      array({
        name: withDefault(nullableString, null),
        topicId: uuid,
      }),
      [],
    ),
    topicNames: ignorable(until(5, array(string), [])),
    timeoutMs: int32,
  },
  response: {
    throttleTimeMs: ignorable(int32),
    responses: array({
      name: nullableSince(6, string),
      topicId: ignorable(since(6, uuid, zeroUuid)),
      errorCode: int16,
      errorMessage: ignorable(since(5, nullableString, null)),
    }),
  },
});
export type DeleteTopicsRequest = RequestOf<typeof deleteTopics>;
export type DeleteTopicsResponse = ResponseInput<typeof deleteTopics>;
