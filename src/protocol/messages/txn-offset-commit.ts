// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineApi,
  ignorable,
  int16,
  int32,
  int64,
  nullableString,
  since,
  string,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** TxnOffsetCommit (key 28): offsets that count only if their transaction commits. */
export const txnOffsetCommit = defineApi({
  key: 28,
  name: 'TxnOffsetCommit',
  versions: [0, 5],
  flexibleSince: 3,
  request: {
    transactionalId: string,
    groupId: string,
    producerId: int64,
    producerEpoch: int16,
    generationId: since(3, int32, -1),
    memberId: since(3, string, ''),
    groupInstanceId: since(3, nullableString, null),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        committedOffset: int64,
        committedLeaderEpoch: ignorable(since(2, int32, -1)),
        committedMetadata: nullableString,
      }),
    }),
  },
  response: {
    throttleTimeMs: int32,
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
      }),
    }),
  },
});
export type TxnOffsetCommitRequest = RequestOf<typeof txnOffsetCommit>;
export type TxnOffsetCommitResponse = ResponseInput<typeof txnOffsetCommit>;
