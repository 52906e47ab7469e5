// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  between,
  bool,
  defineApi,
  ignorable,
  int16,
  int32,
  nullableSince,
  nullableString,
  since,
  string,
  uuid,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';
import { zeroUuid } from '../uuid.ts';

/** Metadata (key 3): which brokers there are, and who leads the partitions of which topics. */
export const metadata = defineApi({
  key: 3,
  name: 'Metadata',
  versions: [0, 13],
  flexibleSince: 9,
  request: {
    topics: nullableSince(
      1,
      array({
        topicId: ignorable(since(10, uuid, zeroUuid)),
        name: nullableSince(10, string),
      }),
    ),
    allowAutoTopicCreation: since(4, bool, true),
    includeClusterAuthorizedOperations: between(8, 10, bool, false),
    includeTopicAuthorizedOperations: since(8, bool, false),
  },
  response: {
    throttleTimeMs: ignorable(since(3, int32, 0)),
    brokers: array({
      nodeId: int32,
      host: string,
      port: int32,
      rack: ignorable(since(1, nullableString, null)),
    }),
    clusterId: ignorable(since(2, nullableString, null)),
    controllerId: ignorable(since(1, int32, -1)),
    topics: array({
      errorCode: int16,
      name: nullableSince(12, string),
      topicId: ignorable(since(10, uuid, zeroUuid)),
      isInternal: ignorable(since(1, bool, false)),
      partitions: array({
        errorCode: int16,
        partitionIndex: int32,
        leaderId: int32,
        leaderEpoch: ignorable(since(7, int32, -1)),
        replicaNodes: array(int32),
        isrNodes: array(int32),
        offlineReplicas: ignorable(since(5, array(int32), [])),
      }),
      topicAuthorizedOperations: since(8, int32, -2147483648),
    }),
    clusterAuthorizedOperations: between(8, 10, int32, -2147483648),
    errorCode: ignorable(since(13, int16, 0)),
  },
});
export type MetadataRequest = RequestOf<typeof metadata>;
export type MetadataResponse = ResponseInput<typeof metadata>;
