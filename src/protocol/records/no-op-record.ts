// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineRecord } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** NoOpRecord (type 20): nothing; it moves the high watermark of the log. */
export const noOpRecord = defineRecord({
  apiKey: 20,
  name: 'NoOpRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {},
});
export type NoOpRecord = RecordOf<typeof noOpRecord>;
