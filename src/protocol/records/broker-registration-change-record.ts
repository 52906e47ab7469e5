// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { array, defineRecord, int32, int64, int8, nullableArray, tagged, uuid } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** BrokerRegistrationChangeRecord (type 17): a broker was fenced, unfenced, or is about to stop. */
export const brokerRegistrationChangeRecord = defineRecord({
  apiKey: 17,
  name: 'BrokerRegistrationChangeRecord',
  versions: [0, 3],
  flexibleSince: 0,
  fields: {
    brokerId: int32,
    brokerEpoch: int64,
    fenced: tagged(0, 0, int8, 0),
    inControlledShutdown: tagged(1, 1, int8, 0),
    logDirs: tagged(2, 2, array(uuid), []),
    cordonedLogDirs: tagged(3, 3, nullableArray(uuid), null),
  },
});
export type BrokerRegistrationChangeRecord = RecordOf<typeof brokerRegistrationChangeRecord>;
