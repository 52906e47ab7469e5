// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineRecord, int32, int64 } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** UnregisterBrokerRecord (type 1): a broker was struck off. */
export const unregisterBrokerRecord = defineRecord({
  apiKey: 1,
  name: 'UnregisterBrokerRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    brokerId: int32,
    brokerEpoch: int64,
  },
});
export type UnregisterBrokerRecord = RecordOf<typeof unregisterBrokerRecord>;
