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
  since,
  string,
  struct,
  uuid,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** ShareAcknowledge (key 79): what became of records that a member of a share group was given. */
export const shareAcknowledge = defineApi({
  key: 79,
  name: 'ShareAcknowledge',
  versions: [1, 2],
  flexibleSince: 0,
  request: {
    groupId: withDefault(nullableString, null),
    memberId: nullableString,
    shareSessionEpoch: int32,
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
  },
  response: {
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: withDefault(nullableString, null),
    acquisitionLockTimeoutMs: ignorable(since(2, int32, 0)),
    responses: array({
      topicId: uuid,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: withDefault(nullableString, null),
        currentLeader: struct({
          leaderId: int32,
          leaderEpoch: int32,
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
export type ShareAcknowledgeRequest = RequestOf<typeof shareAcknowledge>;
export type ShareAcknowledgeResponse = ResponseInput<typeof shareAcknowledge>;
