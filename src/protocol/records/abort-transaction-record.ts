// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineRecord, nullableString, tagged } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** AbortTransactionRecord (type 25): the records since the beginning of the transaction do not count. */
export const abortTransactionRecord = defineRecord({
  apiKey: 25,
  name: 'AbortTransactionRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    reason: tagged(0, 0, nullableString, null),
  },
});
export type AbortTransactionRecord = RecordOf<typeof abortTransactionRecord>;
