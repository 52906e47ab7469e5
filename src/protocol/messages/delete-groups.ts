// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { array, defineApi, int16, int32, string } from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** DeleteGroups (key 42): groups without members go, with their offsets. */
export const deleteGroups = defineApi({
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 2],
  flexibleSince: 2,
  request: {
    groupsNames: array(string),
  },
  response: {
    throttleTimeMs: int32,
    results: array({
      groupId: string,
      errorCode: int16,
    }),
  },
});
export type DeleteGroupsRequest = RequestOf<typeof deleteGroups>;
export type DeleteGroupsResponse = ResponseInput<typeof deleteGroups>;
