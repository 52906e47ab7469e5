// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { array, bool, defineRecord, float64, nullableString, string } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** ClientQuotaRecord (type 14): a quota was set, or removed. */
export const clientQuotaRecord = defineRecord({
  apiKey: 14,
  name: 'ClientQuotaRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    entity: array({
      entityType: string,
      entityName: nullableString,
    }),
    key: string,
    value: float64,
    remove: bool,
  },
});
export type ClientQuotaRecord = RecordOf<typeof clientQuotaRecord>;
