// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineRecord, uuid } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** RemoveAccessControlEntryRecord (type 19): an access rule is gone. */
export const removeAccessControlEntryRecord = defineRecord({
  apiKey: 19,
  name: 'RemoveAccessControlEntryRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    id: uuid,
  },
});
export type RemoveAccessControlEntryRecord = RecordOf<typeof removeAccessControlEntryRecord>;
