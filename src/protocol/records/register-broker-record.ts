// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bool,
  defineRecord,
  int16,
  int32,
  int64,
  nullableArray,
  nullableString,
  since,
  string,
  tagged,
  uint16,
  uuid,
  withDefault,
} from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** RegisterBrokerRecord (type 0): a broker has come, or come back. */
export const registerBrokerRecord = defineRecord({
  apiKey: 0,
  name: 'RegisterBrokerRecord',
  versions: [0, 4],
  flexibleSince: 0,
  fields: {
    brokerId: int32,
    isMigratingZkBroker: since(2, bool, false),
    incarnationId: uuid,
    brokerEpoch: int64,
    endPoints: array({
      name: string,
      host: string,
      port: uint16,
      securityProtocol: int16,
    }),
    features: array({
      name: string,
      minSupportedVersion: int16,
      maxSupportedVersion: int16,
    }),
    rack: nullableString,
    fenced: withDefault(bool, true),
    inControlledShutdown: since(1, bool, false),
    logDirs: tagged(0, 3, array(uuid), []),
    cordonedLogDirs: tagged(1, 4, nullableArray(uuid), null),
  },
});
export type RegisterBrokerRecord = RecordOf<typeof registerBrokerRecord>;
