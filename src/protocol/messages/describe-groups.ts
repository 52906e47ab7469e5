// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bool,
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

/** DescribeGroups (key 15): state, protocol and members of classic groups. */
export const describeGroups = defineApi({
  key: 15,
  name: 'DescribeGroups',
  versions: [0, 6],
  flexibleSince: 5,
  request: {
    groups: array(string),
    includeAuthorizedOperations: since(3, bool, false),
  },
  response: {
    throttleTimeMs: ignorable(since(1, int32, 0)),
    groups: array({
      errorCode: int16,
      errorMessage: since(6, nullableString, null),
      groupId: string,
      groupState: string,
      protocolType: string,
      protocolData: string,
      members: array({
        memberId: string,
        groupInstanceId: ignorable(since(4, nullableString, null)),
        clientId: string,
        clientHost: string,
        memberMetadata: bytes,
        memberAssignment: bytes,
      }),
      authorizedOperations: since(3, int32, -2147483648),
    }),
  },
});
export type DescribeGroupsRequest = RequestOf<typeof describeGroups>;
export type DescribeGroupsResponse = ResponseInput<typeof describeGroups>;
