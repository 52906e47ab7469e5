// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineRecord, int8, string, uuid } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** AccessControlEntryRecord (type 18): an access rule exists. */
export const accessControlEntryRecord = defineRecord({
  apiKey: 18,
  name: 'AccessControlEntryRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    id: uuid,
    resourceType: int8,
    resourceName: string,
    patternType: int8,
    principal: string,
    host: string,
    operation: int8,
    permissionType: int8,
  },
});
export type AccessControlEntryRecord = RecordOf<typeof accessControlEntryRecord>;
