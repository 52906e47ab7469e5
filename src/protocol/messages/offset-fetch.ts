// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  between,
  bool,
  defineApi,
  ignorable,
  int16,
  int32,
  int64,
  nullableArray,
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

/** OffsetFetch (key 9): how far groups have read, as they noted it last. */
export const offsetFetch = defineApi({
  key: 9,
  name: 'OffsetFetch',
  versions: [1, 10],
  flexibleSince: 6,
  request: {
    groupId: until(7, string, ''),
    topics: until(
      7,
      nullableSince(
        2,
        array({
          name: string,
          partitionIndexes: array(int32),
        }),
      ),
      [],
    ),
    groups: since(
      8,
      array({
        groupId: string,
        memberId: ignorable(since(9, nullableString, null)),
        memberEpoch: ignorable(since(9, int32, -1)),
        topics: nullableArray({
          name: ignorable(until(9, string, '')),
          topicId: ignorable(since(10, uuid, zeroUuid)),
          partitionIndexes: array(int32),
        }),
      }),
      [],
    ),
    requireStable: since(7, bool, false),
  },
  response: {
    throttleTimeMs: ignorable(since(3, int32, 0)),
    topics: until(
      7,
      array({
        name: string,
        partitions: array({
          partitionIndex: int32,
          committedOffset: int64,
          committedLeaderEpoch: ignorable(since(5, int32, -1)),
          metadata: nullableString,
          errorCode: int16,
        }),
      }),
      [],
    ),
    errorCode: ignorable(between(2, 7, int16, 0)),
    groups: since(
      8,
      array({
        groupId: string,
        topics: array({
          name: ignorable(until(9, string, '')),
          topicId: ignorable(since(10, uuid, zeroUuid)),
          partitions: array({
            partitionIndex: int32,
            committedOffset: int64,
            committedLeaderEpoch: ignorable(withDefault(int32, -1)),
            metadata: nullableString,
            errorCode: int16,
          }),
        }),
        errorCode: withDefault(int16, 0),
      }),
      [],
    ),
  },
});
export type OffsetFetchRequest = RequestOf<typeof offsetFetch>;
export type OffsetFetchResponse = ResponseInput<typeof offsetFetch>;
