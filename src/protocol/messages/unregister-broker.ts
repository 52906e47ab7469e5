// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineApi, int16, int32, nullableString } from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** UnregisterBroker (key 64): a broker that is gone is struck off the list. */
export const unregisterBroker = defineApi({
  key: 64,
  name: 'UnregisterBroker',
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    brokerId: int32,
  },
  response: {
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: nullableString,
  },
});
export type UnregisterBrokerRequest = RequestOf<typeof unregisterBroker>;
export type UnregisterBrokerResponse = ResponseInput<typeof unregisterBroker>;
