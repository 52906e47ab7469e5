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
  until,
  uuid,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';
import { zeroUuid } from '../uuid.ts';

/** OffsetCommit (key 8): a group, or a consumer without one, notes how far it has read. */
export const offsetCommit = defineApi({
  key: 8,
  name: 'OffsetCommit',
  versions: [2, 10],
  flexibleSince: 8,
  request: {
    groupId: string,
    generationIdOrMemberEpoch: ignorable(withDefault(int32, -1)),
    memberId: ignorable(string),
    groupInstanceId: since(7, nullableString, null),
    retentionTimeMs: ignorable(until(4, int64, -1)),
    topics: array({
      name: ignorable(until(9, string, '')),
      topicId: ignorable(since(10, uuid, zeroUuid)),
      partitions: array({
        partitionIndex: int32,
        committedOffset: int64,
        committedLeaderEpoch: ignorable(since(6, int32, -1)),
        committedMetadata: nullableString,
      }),
    }),
  },
  response: {
    throttleTimeMs: ignorable(since(3, int32, 0)),
    topics: array({
      name: ignorable(until(9, string, '')),
      topicId: ignorable(since(10, uuid, zeroUuid)),
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
      }),
    }),
  },
});
export type OffsetCommitRequest = RequestOf<typeof offsetCommit>;
export type OffsetCommitResponse = ResponseInput<typeof offsetCommit>;
