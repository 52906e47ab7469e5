// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineMessage, int16, int32, neverCompact, nullableString } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** RequestHeader: what stands before every request. */
export const requestHeader = defineMessage({
  name: 'RequestHeader',
  versions: [1, 2],
  flexibleSince: 2,
  fields: {
    requestApiKey: int16,
    requestApiVersion: int16,
    correlationId: int32,
    clientId: neverCompact(nullableString),
  },
});
export type RequestHeader = RecordOf<typeof requestHeader>;
