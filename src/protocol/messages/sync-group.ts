// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bytes,
  defineApi,
  ignorable,
  int16,
  int32,
  nullableString,
  since,
  string,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** SyncGroup (key 14): the leader brings the assignment, every member fetches its part. */
export const syncGroup = defineApi({
  key: 14,
  name: 'SyncGroup',
  versions: [0, 5],
  flexibleSince: 4,
  request: {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: since(3, nullableString, null),
    protocolType: ignorable(since(5, nullableString, null)),
    protocolName: ignorable(since(5, nullableString, null)),
    assignments: array({
      memberId: string,
      assignment: bytes,
    }),
  },
  response: {
    throttleTimeMs: ignorable(since(1, int32, 0)),
    errorCode: int16,
    protocolType: ignorable(since(5, nullableString, null)),
    protocolName: ignorable(since(5, nullableString, null)),
    assignment: bytes,
  },
});
export type SyncGroupRequest = RequestOf<typeof syncGroup>;
export type SyncGroupResponse = ResponseInput<typeof syncGroup>;
