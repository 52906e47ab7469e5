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
  uint16,
  uuid,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';
import { zeroUuid } from '../uuid.ts';

const replicaState = {
  replicaId: int32,
  replicaDirectoryId: since(2, uuid, zeroUuid),
  logEndOffset: int64,
  lastFetchTimestamp: ignorable(since(1, int64, -1)),
  lastCaughtUpTimestamp: ignorable(since(1, int64, -1)),
};
/** DescribeQuorum (key 55): leader, voters and observers of the metadata log, and how far each has come. */
export const describeQuorum = defineApi({
  key: 55,
  name: 'DescribeQuorum',
  versions: [0, 2],
  flexibleSince: 0,
  request: {
    topics: array({
      topicName: string,
      partitions: array({
        partitionIndex: int32,
      }),
    }),
  },
  response: {
    errorCode: int16,
    errorMessage: ignorable(since(2, nullableString, '')),
    topics: array({
      topicName: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: ignorable(since(2, nullableString, '')),
        leaderId: int32,
        leaderEpoch: int32,
        highWatermark: int64,
        currentVoters: array(replicaState),
        observers: array(replicaState),
      }),
    }),
    nodes: since(
      2,
      array({
        nodeId: int32,
        listeners: array({
          name: string,
          host: string,
          port: uint16,
        }),
      }),
      [],
    ),
  },
});
export type DescribeQuorumRequest = RequestOf<typeof describeQuorum>;
export type DescribeQuorumResponse = ResponseInput<typeof describeQuorum>;
