// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineRecord, string } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** RemoveDelegationTokenRecord (type 26): a delegation token is gone. */
export const removeDelegationTokenRecord = defineRecord({
  apiKey: 26,
  name: 'RemoveDelegationTokenRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    tokenId: string,
  },
});
export type RemoveDelegationTokenRecord = RecordOf<typeof removeDelegationTokenRecord>;
