// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineMessage, int32 } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** ResponseHeader: what stands before every response. */
export const responseHeader = defineMessage({
  name: 'ResponseHeader',
  versions: [0, 1],
  flexibleSince: 1,
  fields: {
    correlationId: int32,
  },
});
export type ResponseHeader = RecordOf<typeof responseHeader>;
