// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { array, defineApi, ignorable, int16, int32, since, string } from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** ListGroups (key 16): the groups this broker is in charge of, by state and type. */
export const listGroups = defineApi({
  key: 16,
  name: 'ListGroups',
  versions: [0, 5],
  flexibleSince: 3,
  request: {
    statesFilter: since(4, array(string), []),
    typesFilter: since(5, array(string), []),
  },
  response: {
    throttleTimeMs: ignorable(since(1, int32, 0)),
    errorCode: int16,
    groups: array({
      groupId: string,
      protocolType: string,
      groupState: ignorable(since(4, string, '')),
      groupType: ignorable(since(5, string, '')),
    }),
  },
});
export type ListGroupsRequest = RequestOf<typeof listGroups>;
export type ListGroupsResponse = ResponseInput<typeof listGroups>;
