// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineRecord, string } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** ClearElrRecord (type 28): eligible leaders outside the in-sync set are forgotten, of one topic or of all. */
export const clearElrRecord = defineRecord({
  apiKey: 28,
  name: 'ClearElrRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    topicName: string,
  },
});
export type ClearElrRecord = RecordOf<typeof clearElrRecord>;
