// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { bytes, defineApi, int16, int32, int64 } from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** ExpireDelegationToken (key 40): a token ends now, or at a given time. */
export const expireDelegationToken = defineApi({
  key: 40,
  name: 'ExpireDelegationToken',
  versions: [1, 2],
  flexibleSince: 2,
  request: {
    hmac: bytes,
    expiryTimePeriodMs: int64,
  },
  response: {
    errorCode: int16,
    expiryTimestampMs: int64,
    throttleTimeMs: int32,
  },
});
export type ExpireDelegationTokenRequest = RequestOf<typeof expireDelegationToken>;
export type ExpireDelegationTokenResponse = ResponseInput<typeof expireDelegationToken>;
