// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { array, defineApi, int16, string } from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** SaslHandshake (key 17): a client names the SASL mechanism it is about to use. */
export const saslHandshake = defineApi({
  key: 17,
  name: 'SaslHandshake',
  versions: [0, 1],
  request: {
    mechanism: string,
  },
  response: {
    errorCode: int16,
    mechanisms: array(string),
  },
});
export type SaslHandshakeRequest = RequestOf<typeof saslHandshake>;
export type SaslHandshakeResponse = ResponseInput<typeof saslHandshake>;
