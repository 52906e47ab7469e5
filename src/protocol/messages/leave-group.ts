// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineApi,
  ignorable,
  int16,
  int32,
  nullableString,
  since,
  string,
  until,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** LeaveGroup (key 13): members go, or are removed by an administrator. */
export const leaveGroup = defineApi({
  key: 13,
  name: 'LeaveGroup',
  versions: [0, 5],
  flexibleSince: 4,
  request: {
    groupId: string,
    memberId: until(2, string, ''),
    members: since(
      3,
      array({
        memberId: string,
        groupInstanceId: withDefault(nullableString, null),
        reason: ignorable(since(5, nullableString, null)),
      }),
      [],
    ),
  },
  response: {
    throttleTimeMs: ignorable(since(1, int32, 0)),
    errorCode: int16,
    members: since(
      3,
      array({
        memberId: string,
        groupInstanceId: nullableString,
        errorCode: int16,
      }),
      [],
    ),
  },
});
export type LeaveGroupRequest = RequestOf<typeof leaveGroup>;
export type LeaveGroupResponse = ResponseInput<typeof leaveGroup>;
