// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bool,
  defineApi,
  ignorable,
  int16,
  int32,
  int64,
  int8,
  nullableString,
  records,
  since,
  string,
  struct,
  uuid,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** ShareFetch (key 78): records for a member of a share group, and acknowledgements of earlier ones. */
export const shareFetch = defineApi({
  key: 78,
  name: 'ShareFetch',
  versions: [1, 2],
  flexibleSince: 0,
  request: {
    groupId: withDefault(nullableString, null),
    memberId: nullableString,
    shareSessionEpoch: int32,
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: withDefault(int32, 0x7fffffff),
    maxRecords: int32,
    batchSize: int32,
    shareAcquireMode: ignorable(since(2, int8, 0)),
    isRenewAck: since(2, bool, false),
    topics: array({
      topicId: uuid,
      partitions: array({
        partitionIndex: int32,
        acknowledgementBatches: array({
          firstOffset: int64,
          lastOffset: int64,
          acknowledgeTypes: array(int8),
        }),
      }),
    }),
    forgottenTopicsData: array({
      topicId: uuid,
      partitions: array(int32),
    }),
  },
  response: {
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: withDefault(nullableString, null),
    acquisitionLockTimeoutMs: int32,
    responses: array({
      topicId: uuid,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: withDefault(nullableString, null),
        acknowledgeErrorCode: int16,
        acknowledgeErrorMessage: withDefault(nullableString, null),
        currentLeader: struct({
          leaderId: int32,
          leaderEpoch: int32,
        }),
        records: records,
        acquiredRecords: array({
          firstOffset: int64,
          lastOffset: int64,
          deliveryCount: int16,
        }),
      }),
    }),
    nodeEndpoints: array({
      nodeId: int32,
      host: string,
      port: int32,
      rack: withDefault(nullableString, null),
    }),
  },
});
export type ShareFetchRequest = RequestOf<typeof shareFetch>;
export type ShareFetchResponse = ResponseInput<typeof shareFetch>;
