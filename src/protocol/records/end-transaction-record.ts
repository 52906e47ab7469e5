// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineRecord } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** EndTransactionRecord (type 24): the records since the beginning of the transaction count. */
export const endTransactionRecord = defineRecord({
  apiKey: 24,
  name: 'EndTransactionRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {},
});
export type EndTransactionRecord = RecordOf<typeof endTransactionRecord>;
