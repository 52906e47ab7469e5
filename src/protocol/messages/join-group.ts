// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bool,
  bytes,
  defineApi,
  ignorable,
  int16,
  int32,
  nullableSince,
  nullableString,
  since,
  string,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** JoinGroup (key 11): a member enters a group, or a new round of it, and waits for the others. */
export const joinGroup = defineApi({
  key: 11,
  name: 'JoinGroup',
  versions: [0, 9],
  flexibleSince: 6,
  request: {
    groupId: string,
    sessionTimeoutMs: int32,
    rebalanceTimeoutMs: ignorable(since(1, int32, -1)),
    memberId: string,
    groupInstanceId: since(5, nullableString, null),
    protocolType: string,
    protocols: array({
      name: string,
      metadata: bytes,
    }),
    reason: ignorable(since(8, nullableString, null)),
  },
  response: {
    throttleTimeMs: ignorable(since(2, int32, 0)),
    errorCode: int16,
    generationId: withDefault(int32, -1),
    protocolType: ignorable(since(7, nullableString, null)),
    protocolName: nullableSince(7, string),
    leader: string,
    skipAssignment: since(9, bool, false),
    memberId: string,
    members: array({
      memberId: string,
      groupInstanceId: ignorable(since(5, nullableString, null)),
      metadata: bytes,
    }),
  },
});
export type JoinGroupRequest = RequestOf<typeof joinGroup>;
export type JoinGroupResponse = ResponseInput<typeof joinGroup>;
