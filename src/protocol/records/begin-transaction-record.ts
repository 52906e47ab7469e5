// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineRecord, nullableString, tagged } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** BeginTransactionRecord (type 23): records from here on count only when the transaction ends. */
export const beginTransactionRecord = defineRecord({
  apiKey: 23,
  name: 'BeginTransactionRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    name: tagged(0, 0, nullableString, null),
  },
});
export type BeginTransactionRecord = RecordOf<typeof beginTransactionRecord>;
