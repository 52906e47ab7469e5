// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineRecord, int16, string } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** FeatureLevelRecord (type 12): a feature is finalized at a level. */
export const featureLevelRecord = defineRecord({
  apiKey: 12,
  name: 'FeatureLevelRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    name: string,
    featureLevel: int16,
  },
});
export type FeatureLevelRecord = RecordOf<typeof featureLevelRecord>;
