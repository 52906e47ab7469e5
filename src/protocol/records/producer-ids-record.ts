// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineRecord, int32, int64, withDefault } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** ProducerIdsRecord (type 15): a broker was given a block of producer ids; the next block starts here. */
export const producerIdsRecord = defineRecord({
  apiKey: 15,
  name: 'ProducerIdsRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    brokerId: int32,
    brokerEpoch: withDefault(int64, -1),
    nextProducerId: int64,
  },
});
export type ProducerIdsRecord = RecordOf<typeof producerIdsRecord>;
