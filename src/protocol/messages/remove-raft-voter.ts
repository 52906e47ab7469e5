// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineApi, ignorable, int16, int32, nullableString, uuid } from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** RemoveRaftVoter (key 81): a controller ceases to be a voter of the metadata log. */
export const removeRaftVoter = defineApi({
  key: 81,
  name: 'RemoveRaftVoter',
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    clusterId: nullableString,
    voterId: int32,
    voterDirectoryId: uuid,
  },
  response: {
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: ignorable(nullableString),
  },
});
export type RemoveRaftVoterRequest = RequestOf<typeof removeRaftVoter>;
export type RemoveRaftVoterResponse = ResponseInput<typeof removeRaftVoter>;
