// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { bytes, defineRecord, int32, int8, string } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** UserScramCredentialRecord (type 11): a user has a SCRAM credential. */
export const userScramCredentialRecord = defineRecord({
  apiKey: 11,
  name: 'UserScramCredentialRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    name: string,
    mechanism: int8,
    salt: bytes,
    storedKey: bytes,
    serverKey: bytes,
    iterations: int32,
  },
});
export type UserScramCredentialRecord = RecordOf<typeof userScramCredentialRecord>;
