// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bytes,
  defineApi,
  int16,
  int32,
  int64,
  nullableArray,
  since,
  string,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** DescribeDelegationToken (key 41): tokens of given owners. */
export const describeDelegationToken = defineApi({
  key: 41,
  name: 'DescribeDelegationToken',
  versions: [1, 3],
  flexibleSince: 2,
  request: {
    owners: nullableArray({
      principalType: string,
      principalName: string,
    }),
  },
  response: {
    errorCode: int16,
    tokens: array({
      principalType: string,
      principalName: string,
      tokenRequesterPrincipalType: since(3, string, ''),
      tokenRequesterPrincipalName: since(3, string, ''),
      issueTimestamp: int64,
      expiryTimestamp: int64,
      maxTimestamp: int64,
      tokenId: string,
      hmac: bytes,
      renewers: array({
        principalType: string,
        principalName: string,
      }),
    }),
    throttleTimeMs: int32,
  },
});
export type DescribeDelegationTokenRequest = RequestOf<typeof describeDelegationToken>;
export type DescribeDelegationTokenResponse = ResponseInput<typeof describeDelegationToken>;
