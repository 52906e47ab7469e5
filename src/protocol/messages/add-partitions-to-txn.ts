// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bool,
  defineApi,
  ignorable,
  int16,
  int32,
  int64,
  since,
  string,
  until,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

const addPartitionsToTxnTopic = {
  name: string,
  partitions: array(int32),
};
const addPartitionsToTxnPartitionResult = {
  partitionIndex: int32,
  partitionErrorCode: int16,
};
const addPartitionsToTxnTopicResult = {
  name: string,
  resultsByPartition: array(addPartitionsToTxnPartitionResult),
};
/** AddPartitionsToTxn (key 24): partitions that a transaction is about to write to. */
export const addPartitionsToTxn = defineApi({
  key: 24,
  name: 'AddPartitionsToTxn',
  versions: [0, 5],
  flexibleSince: 3,
  request: {
    transactions: since(
      4,
      array({
        transactionalId: string,
        producerId: int64,
        producerEpoch: int16,
        verifyOnly: withDefault(bool, false),
        topics: array(addPartitionsToTxnTopic),
      }),
      [],
    ),
    v3AndBelowTransactionalId: until(3, string, ''),
    v3AndBelowProducerId: until(3, int64, 0),
    v3AndBelowProducerEpoch: until(3, int16, 0),
    v3AndBelowTopics: until(3, array(addPartitionsToTxnTopic), []),
  },
  response: {
    throttleTimeMs: int32,
    errorCode: ignorable(since(4, int16, 0)),
    resultsByTransaction: since(
      4,
      array({
        transactionalId: string,
        topicResults: array(addPartitionsToTxnTopicResult),
      }),
      [],
    ),
    resultsByTopicV3AndBelow: until(3, array(addPartitionsToTxnTopicResult), []),
  },
});
export type AddPartitionsToTxnRequest = RequestOf<typeof addPartitionsToTxn>;
export type AddPartitionsToTxnResponse = ResponseInput<typeof addPartitionsToTxn>;
