// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { bytes, defineApi, ignorable, int16, int64, nullableString, since } from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** SaslAuthenticate (key 36): one exchange of the SASL mechanism that was agreed on before. */
export const saslAuthenticate = defineApi({
  key: 36,
  name: 'SaslAuthenticate',
  versions: [0, 2],
  flexibleSince: 2,
  request: {
    authBytes: bytes,
  },
  response: {
    errorCode: int16,
    errorMessage: nullableString,
    authBytes: bytes,
    sessionLifetimeMs: ignorable(since(1, int64, 0)),
  },
});
export type SaslAuthenticateRequest = RequestOf<typeof saslAuthenticate>;
export type SaslAuthenticateResponse = ResponseInput<typeof saslAuthenticate>;
