// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineRecord, int32, int64 } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** FenceBrokerRecord (type 7): a broker may lead nothing for now (older form). */
export const fenceBrokerRecord = defineRecord({
  apiKey: 7,
  name: 'FenceBrokerRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    id: int32,
    epoch: int64,
  },
});
export type FenceBrokerRecord = RecordOf<typeof fenceBrokerRecord>;
