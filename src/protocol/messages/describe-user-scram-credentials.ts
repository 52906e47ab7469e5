// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineApi,
  int16,
  int32,
  int8,
  nullableArray,
  nullableString,
  string,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** DescribeUserScramCredentials (key 50): which SCRAM mechanisms users have credentials for. */
export const describeUserScramCredentials = defineApi({
  key: 50,
  name: 'DescribeUserScramCredentials',
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    users: nullableArray({
      name: string,
    }),
  },
  response: {
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: nullableString,
    results: array({
      user: string,
      errorCode: int16,
      errorMessage: nullableString,
      credentialInfos: array({
        mechanism: int8,
        iterations: int32,
      }),
    }),
  },
});
export type DescribeUserScramCredentialsRequest = RequestOf<typeof describeUserScramCredentials>;
export type DescribeUserScramCredentialsResponse = ResponseInput<
  typeof describeUserScramCredentials
>;
