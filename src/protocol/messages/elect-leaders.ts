// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineApi,
  int16,
  int32,
  int8,
  nullableArray,
  nullableString,
  since,
  string,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** ElectLeaders (key 43): partitions go back to their preferred leader, or to any that is left. */
export const electLeaders = defineApi({
  key: 43,
  name: 'ElectLeaders',
  versions: [0, 2],
  flexibleSince: 2,
  request: {
    electionType: since(1, int8, 0),
    topicPartitions: nullableArray({
      topic: string,
      partitions: array(int32),
    }),
    timeoutMs: withDefault(int32, 60000),
  },
  response: {
    throttleTimeMs: int32,
    errorCode: since(1, int16, 0),
    replicaElectionResults: array({
      topic: string,
      partitionResult: array({
        partitionId: int32,
        errorCode: int16,
        errorMessage: nullableString,
      }),
    }),
  },
});
export type ElectLeadersRequest = RequestOf<typeof electLeaders>;
export type ElectLeadersResponse = ResponseInput<typeof electLeaders>;
