// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineRecord, int8, nullableString, string } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** ConfigRecord (type 4): a configuration value was set, or deleted when it is null. */
export const configRecord = defineRecord({
  apiKey: 4,
  name: 'ConfigRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    resourceType: int8,
    resourceName: string,
    name: string,
    value: nullableString,
  },
});
export type ConfigRecord = RecordOf<typeof configRecord>;
