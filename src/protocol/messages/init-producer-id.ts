// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  bool,
  defineApi,
  ignorable,
  int16,
  int32,
  int64,
  nullableString,
  since,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** InitProducerId (key 22): an id and epoch for an idempotent producer, or for the owner of a transactional id. */
export const initProducerId = defineApi({
  key: 22,
  name: 'InitProducerId',
  versions: [0, 5],
  unstableVersion: 6,
  flexibleSince: 2,
  request: {
    transactionalId: nullableString,
    transactionTimeoutMs: int32,
    producerId: since(3, int64, -1),
    producerEpoch: since(3, int16, -1),
    enable2Pc: since(6, bool, false),
    keepPreparedTxn: since(6, bool, false),
  },
  response: {
    throttleTimeMs: ignorable(int32),
    errorCode: int16,
    producerId: withDefault(int64, -1),
    producerEpoch: int16,
    ongoingTxnProducerId: since(6, int64, -1),
    ongoingTxnProducerEpoch: since(6, int16, -1),
  },
});
export type InitProducerIdRequest = RequestOf<typeof initProducerId>;
export type InitProducerIdResponse = ResponseInput<typeof initProducerId>;
