// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bytes,
  defineApi,
  int16,
  int32,
  int64,
  nullableString,
  since,
  string,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** CreateDelegationToken (key 38): a token by which others may act for its owner. */
export const createDelegationToken = defineApi({
  key: 38,
  name: 'CreateDelegationToken',
  versions: [1, 3],
  flexibleSince: 2,
  request: {
    ownerPrincipalType: since(3, nullableString, ''),
    ownerPrincipalName: since(3, nullableString, ''),
    renewers: array({
      principalType: string,
      principalName: string,
    }),
    maxLifetimeMs: int64,
  },
  response: {
    errorCode: int16,
    principalType: string,
    principalName: string,
    tokenRequesterPrincipalType: since(3, string, ''),
    tokenRequesterPrincipalName: since(3, string, ''),
    issueTimestampMs: int64,
    expiryTimestampMs: int64,
    maxTimestampMs: int64,
    tokenId: string,
    hmac: bytes,
    throttleTimeMs: int32,
  },
});
export type CreateDelegationTokenRequest = RequestOf<typeof createDelegationToken>;
export type CreateDelegationTokenResponse = ResponseInput<typeof createDelegationToken>;
