// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineApi,
  int16,
  int32,
  int64,
  nullableString,
  string,
  uuid,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** AlterShareGroupOffsets (key 91): where a share group starts to read is set anew. */
export const alterShareGroupOffsets = defineApi({
  key: 91,
  name: 'AlterShareGroupOffsets',
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    groupId: string,
    topics: array({
      topicName: string,
      partitions: array({
        partitionIndex: int32,
        startOffset: int64,
      }),
    }),
  },
  response: {
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: withDefault(nullableString, null),
    responses: array({
      topicName: string,
      topicId: uuid,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: withDefault(nullableString, null),
      }),
    }),
  },
});
export type AlterShareGroupOffsetsRequest = RequestOf<typeof alterShareGroupOffsets>;
export type AlterShareGroupOffsetsResponse = ResponseInput<typeof alterShareGroupOffsets>;
