// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bool,
  defineApi,
  int16,
  int32,
  nullableArray,
  nullableString,
  string,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** CreatePartitions (key 37): more partitions for existing topics. */
export const createPartitions = defineApi({
  key: 37,
  name: 'CreatePartitions',
  versions: [0, 3],
  flexibleSince: 2,
  request: {
    topics: array({
      name: string,
      count: int32,
      assignments: nullableArray({
        brokerIds: array(int32),
      }),
    }),
    timeoutMs: int32,
    validateOnly: bool,
  },
  response: {
    throttleTimeMs: int32,
    results: array({
      name: string,
      errorCode: int16,
      errorMessage: withDefault(nullableString, null),
    }),
  },
});
export type CreatePartitionsRequest = RequestOf<typeof createPartitions>;
export type CreatePartitionsResponse = ResponseInput<typeof createPartitions>;
