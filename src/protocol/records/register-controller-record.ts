// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { array, bool, defineRecord, int16, int32, string, uint16, uuid } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** RegisterControllerRecord (type 27): a controller has come. */
export const registerControllerRecord = defineRecord({
  apiKey: 27,
  name: 'RegisterControllerRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    controllerId: int32,
    incarnationId: uuid,
    zkMigrationReady: bool,
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
  },
});
export type RegisterControllerRecord = RecordOf<typeof registerControllerRecord>;
