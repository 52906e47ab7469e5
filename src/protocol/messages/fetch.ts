// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineApi,
  ignorable,
  int16,
  int32,
  int64,
  int8,
  longMax,
  nullableArray,
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

/** Fetch (key 1): a consumer, or a following replica, asks for record batches from given offsets on. */
export const fetch = defineApi({
  key: 1,
  name: 'Fetch',
  versions: [4, 18],
  flexibleSince: 12,
  request: {
    clusterId: ignorable(tagged(0, 12, nullableString, null)),
    replicaId: until(14, int32, -1),
    replicaState: tagged(
      1,
      15,
      struct({
        replicaId: withDefault(int32, -1),
        replicaEpoch: withDefault(int64, -1),
      }),
      {},
    ),
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: ignorable(withDefault(int32, 0x7fffffff)),
    isolationLevel: ignorable(withDefault(int8, 0)),
    sessionId: ignorable(since(7, int32, 0)),
    sessionEpoch: ignorable(since(7, int32, -1)),
    topics: array({
      topic: ignorable(until(12, string, '')),
      topicId: ignorable(since(13, uuid, zeroUuid)),
      partitions: array({
        partition: int32,
        currentLeaderEpoch: ignorable(since(9, int32, -1)),
        fetchOffset: int64,
        lastFetchedEpoch: since(12, int32, -1),
        logStartOffset: ignorable(since(5, int64, -1)),
        partitionMaxBytes: int32,
        replicaDirectoryId: ignorable(tagged(0, 17, uuid, zeroUuid)),
        highWatermark: ignorable(tagged(1, 18, int64, longMax)),
      }),
    }),
    forgottenTopicsData: since(
      7,
      array({
        topic: ignorable(until(12, string, '')),
        topicId: ignorable(since(13, uuid, zeroUuid)),
        partitions: array(int32),
      }),
      [],
    ),
    rackId: ignorable(since(11, string, '')),
  },
  response: {
    throttleTimeMs: ignorable(int32),
    errorCode: ignorable(since(7, int16, 0)),
    sessionId: since(7, int32, 0),
    responses: array({
      topic: ignorable(until(12, string, '')),
      topicId: ignorable(since(13, uuid, zeroUuid)),
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        highWatermark: int64,
        lastStableOffset: ignorable(withDefault(int64, -1)),
        logStartOffset: ignorable(since(5, int64, -1)),
        divergingEpoch: tagged(
          0,
          12,
          struct({
            epoch: withDefault(int32, -1),
            endOffset: withDefault(int64, -1),
          }),
          {},
        ),
        currentLeader: tagged(
          1,
          12,
          struct({
            leaderId: withDefault(int32, -1),
            leaderEpoch: withDefault(int32, -1),
          }),
          {},
        ),
        snapshotId: tagged(
          2,
          12,
          struct({
            endOffset: withDefault(int64, -1),
            epoch: withDefault(int32, -1),
          }),
          {},
        ),
        abortedTransactions: ignorable(
          nullableArray({
            producerId: int64,
            firstOffset: int64,
          }),
        ),
        preferredReadReplica: since(11, int32, -1),
        records: nullableRecords,
      }),
    }),
    nodeEndpoints: tagged(
      0,
      16,
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
export type FetchRequest = RequestOf<typeof fetch>;
export type FetchResponse = ResponseInput<typeof fetch>;
