// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineApi,
  int16,
  int32,
  nullableArray,
  nullableString,
  string,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** ListPartitionReassignments (key 46): changes of replicas that are still running. */
export const listPartitionReassignments = defineApi({
  key: 46,
  name: 'ListPartitionReassignments',
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    timeoutMs: withDefault(int32, 60000),
    topics: withDefault(
      nullableArray({
        name: string,
        partitionIndexes: array(int32),
      }),
      null,
    ),
  },
  response: {
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: nullableString,
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        replicas: array(int32),
        addingReplicas: array(int32),
        removingReplicas: array(int32),
      }),
    }),
  },
});
export type ListPartitionReassignmentsRequest = RequestOf<typeof listPartitionReassignments>;
export type ListPartitionReassignmentsResponse = ResponseInput<typeof listPartitionReassignments>;
