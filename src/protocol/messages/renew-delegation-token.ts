// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { bytes, defineApi, int16, int32, int64 } from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** RenewDelegationToken (key 39): a token lives longer. */
export const renewDelegationToken = defineApi({
  key: 39,
  name: 'RenewDelegationToken',
  versions: [1, 2],
  flexibleSince: 2,
  request: {
    hmac: bytes,
    renewPeriodMs: int64,
  },
  response: {
    errorCode: int16,
    expiryTimestampMs: int64,
    throttleTimeMs: int32,
  },
});
export type RenewDelegationTokenRequest = RequestOf<typeof renewDelegationToken>;
export type RenewDelegationTokenResponse = ResponseInput<typeof renewDelegationToken>;
