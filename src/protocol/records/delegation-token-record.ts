// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { array, defineRecord, int64, string } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** DelegationTokenRecord (type 10): a delegation token exists. */
export const delegationTokenRecord = defineRecord({
  apiKey: 10,
  name: 'DelegationTokenRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    owner: string,
    requester: string,
    renewers: array(string),
    issueTimestamp: int64,
    maxTimestamp: int64,
    expirationTimestamp: int64,
    tokenId: string,
  },
});
export type DelegationTokenRecord = RecordOf<typeof delegationTokenRecord>;
