// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineRecord, int8, string } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** RemoveUserScramCredentialRecord (type 22): a SCRAM credential is gone. */
export const removeUserScramCredentialRecord = defineRecord({
  apiKey: 22,
  name: 'RemoveUserScramCredentialRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    name: string,
    mechanism: int8,
  },
});
export type RemoveUserScramCredentialRecord = RecordOf<typeof removeUserScramCredentialRecord>;
