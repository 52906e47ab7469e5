// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineApi, int16, int32, int64, string } from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** AddOffsetsToTxn (key 25): the group whose offsets a transaction is about to commit. */
export const addOffsetsToTxn = defineApi({
  key: 25,
  name: 'AddOffsetsToTxn',
  versions: [0, 4],
  flexibleSince: 3,
  request: {
    transactionalId: string,
    producerId: int64,
    producerEpoch: int16,
    groupId: string,
  },
  response: {
    throttleTimeMs: int32,
    errorCode: int16,
  },
});
export type AddOffsetsToTxnRequest = RequestOf<typeof addOffsetsToTxn>;
export type AddOffsetsToTxnResponse = ResponseInput<typeof addOffsetsToTxn>;
