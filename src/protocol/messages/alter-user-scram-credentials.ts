// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { array, bytes, defineApi, int16, int32, int8, nullableString, string } from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** AlterUserScramCredentials (key 51): SCRAM credentials of users are set or removed. */
export const alterUserScramCredentials = defineApi({
  key: 51,
  name: 'AlterUserScramCredentials',
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    deletions: array({
      name: string,
      mechanism: int8,
    }),
    upsertions: array({
      name: string,
      mechanism: int8,
      iterations: int32,
      salt: bytes,
      saltedPassword: bytes,
    }),
  },
  response: {
    throttleTimeMs: int32,
    results: array({
      user: string,
      errorCode: int16,
      errorMessage: nullableString,
    }),
  },
});
export type AlterUserScramCredentialsRequest = RequestOf<typeof alterUserScramCredentials>;
export type AlterUserScramCredentialsResponse = ResponseInput<typeof alterUserScramCredentials>;
