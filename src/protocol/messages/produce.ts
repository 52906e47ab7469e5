// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineApi,
  ignorable,
  int16,
  int32,
  int64,
  nullableRecords,
  nullableString,
  since,
  string,
  struct,
  tagged,
  until,
  uuid,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';
import { zeroUuid } from '../uuid.ts';

/** Produce (key 0): a producer hands over record batches and learns the offsets they were given. */
export const produce = defineApi({
  key: 0,
  name: 'Produce',
  versions: [3, 13],
  flexibleSince: 9,
  request: {
    transactionalId: withDefault(nullableString, null),
    acks: int16,
    timeoutMs: int32,
    topicData: array({
      name: ignorable(until(12, string, '')),
      topicId: ignorable(since(13, uuid, zeroUuid)),
      partitionData: array({
        index: int32,
        records: nullableRecords,
      }),
    }),
  },
  response: {
    responses: array({
      name: ignorable(until(12, string, '')),
      topicId: ignorable(since(13, uuid, zeroUuid)),
      partitionResponses: array({
        index: int32,
        errorCode: int16,
        baseOffset: int64,
        logAppendTimeMs: ignorable(withDefault(int64, -1)),
        logStartOffset: ignorable(since(5, int64, -1)),
        recordErrors: ignorable(
          since(
            8,
            array({
              batchIndex: int32,
              batchIndexErrorMessage: withDefault(nullableString, null),
            }),
            [],
          ),
        ),
        errorMessage: ignorable(since(8, nullableString, null)),
        currentLeader: tagged(
          0,
          10,
          struct({
            leaderId: withDefault(int32, -1),
            leaderEpoch: withDefault(int32, -1),
          }),
          {},
        ),
      }),
    }),
    throttleTimeMs: ignorable(withDefault(int32, 0)),
    nodeEndpoints: tagged(
      0,
      10,
      array({
        nodeId: int32,
        host: string,
        port: int32,
        rack: withDefault(nullableString, null),
      }),
      [],
    ),
  },
});
export type ProduceRequest = RequestOf<typeof produce>;
export type ProduceResponse = ResponseInput<typeof produce>;
