// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineRecord, int8 } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** ZkMigrationStateRecord (type 21): how far the move away from ZooKeeper had come. */
export const zkMigrationStateRecord = defineRecord({
  apiKey: 21,
  name: 'ZkMigrationStateRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    zkMigrationState: int8,
  },
});
export type ZkMigrationStateRecord = RecordOf<typeof zkMigrationStateRecord>;
