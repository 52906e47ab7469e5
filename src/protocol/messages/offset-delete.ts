// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { array, defineApi, ignorable, int16, int32, string } from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** OffsetDelete (key 47): a group forgets its offsets of given partitions. */
export const offsetDelete = defineApi({
  key: 47,
  name: 'OffsetDelete',
  versions: [0, 0],
  request: {
    groupId: string,
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
      }),
    }),
  },
  response: {
    errorCode: int16,
    throttleTimeMs: ignorable(int32),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
      }),
    }),
  },
});
export type OffsetDeleteRequest = RequestOf<typeof offsetDelete>;
export type OffsetDeleteResponse = ResponseInput<typeof offsetDelete>;
