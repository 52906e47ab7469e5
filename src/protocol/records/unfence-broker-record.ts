// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineRecord, int32, int64 } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** UnfenceBrokerRecord (type 8): a broker may lead again (older form). */
export const unfenceBrokerRecord = defineRecord({
  apiKey: 8,
  name: 'UnfenceBrokerRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    id: int32,
    epoch: int64,
  },
});
export type UnfenceBrokerRecord = RecordOf<typeof unfenceBrokerRecord>;
