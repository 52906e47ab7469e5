// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineRecord,
  int16,
  int32,
  int64,
  int8,
  nullableArray,
  string,
  tagged,
} from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** TransactionLogKey (type 0): a transactional id. */
export const transactionLogKey = defineRecord({
  apiKey: 0,
  name: 'TransactionLogKey',
  versions: [0, 0],
  fields: {
    transactionalId: string,
  },
});
export type TransactionLogKey = RecordOf<typeof transactionLogKey>;

/** TransactionLogValue (type 0): producer, state and partitions of a transactional id. */
export const transactionLogValue = defineRecord({
  apiKey: 0,
  name: 'TransactionLogValue',
  versions: [0, 1],
  flexibleSince: 1,
  fields: {
    producerId: int64,
    previousProducerId: tagged(0, 1, int64, -1),
    nextProducerId: tagged(1, 1, int64, -1),
    producerEpoch: int16,
    nextProducerEpoch: tagged(3, 1, int16, -1),
    transactionTimeoutMs: int32,
    transactionStatus: int8,
    transactionPartitions: nullableArray({
      topic: string,
      partitionIds: array(int32),
    }),
    transactionLastUpdateTimestampMs: int64,
    transactionStartTimestampMs: int64,
    clientTransactionVersion: tagged(2, 1, int16, 0),
  },
});
export type TransactionLogValue = RecordOf<typeof transactionLogValue>;
