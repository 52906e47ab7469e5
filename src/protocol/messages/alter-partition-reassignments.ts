// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bool,
  defineApi,
  ignorable,
  int16,
  int32,
  nullableArray,
  nullableString,
  since,
  string,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** AlterPartitionReassignments (key 45): partitions get other replicas, or a running change is called off. */
export const alterPartitionReassignments = defineApi({
  key: 45,
  name: 'AlterPartitionReassignments',
  versions: [0, 1],
  flexibleSince: 0,
  request: {
    timeoutMs: withDefault(int32, 60000),
    allowReplicationFactorChange: since(1, bool, true),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        replicas: withDefault(nullableArray(int32), null),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32,
    allowReplicationFactorChange: ignorable(since(1, bool, true)),
    errorCode: int16,
    errorMessage: nullableString,
    responses: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: nullableString,
      }),
    }),
  },
});
export type AlterPartitionReassignmentsRequest = RequestOf<typeof alterPartitionReassignments>;
export type AlterPartitionReassignmentsResponse = ResponseInput<typeof alterPartitionReassignments>;
