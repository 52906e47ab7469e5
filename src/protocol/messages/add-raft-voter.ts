// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bool,
  defineApi,
  ignorable,
  int16,
  int32,
  nullableString,
  since,
  string,
  uint16,
  uuid,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** AddRaftVoter (key 80): a controller becomes a voter of the metadata log. */
export const addRaftVoter = defineApi({
  key: 80,
  name: 'AddRaftVoter',
  versions: [0, 1],
  flexibleSince: 0,
  request: {
    clusterId: nullableString,
    timeoutMs: int32,
    voterId: int32,
    voterDirectoryId: uuid,
    listeners: array({
      name: string,
      host: string,
      port: uint16,
    }),
    ackWhenCommitted: since(1, bool, true),
  },
  response: {
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: ignorable(nullableString),
  },
});
export type AddRaftVoterRequest = RequestOf<typeof addRaftVoter>;
export type AddRaftVoterResponse = ResponseInput<typeof addRaftVoter>;
