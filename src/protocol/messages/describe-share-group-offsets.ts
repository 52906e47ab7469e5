// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineApi,
  ignorable,
  int16,
  int32,
  int64,
  nullableArray,
  nullableString,
  since,
  string,
  uuid,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** DescribeShareGroupOffsets (key 90): where share groups start to read, and how far behind they are. */
export const describeShareGroupOffsets = defineApi({
  key: 90,
  name: 'DescribeShareGroupOffsets',
  versions: [0, 1],
  flexibleSince: 0,
  request: {
    groups: array({
      groupId: string,
      topics: nullableArray({
        topicName: string,
        partitions: array(int32),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32,
    groups: array({
      groupId: string,
      topics: array({
        topicName: string,
        topicId: uuid,
        partitions: array({
          partitionIndex: int32,
          startOffset: int64,
          leaderEpoch: int32,
          lag: ignorable(since(1, int64, -1)),
          errorCode: int16,
          errorMessage: withDefault(nullableString, null),
        }),
      }),
      errorCode: int16,
      errorMessage: withDefault(nullableString, null),
    }),
  },
});
export type DescribeShareGroupOffsetsRequest = RequestOf<typeof describeShareGroupOffsets>;
export type DescribeShareGroupOffsetsResponse = ResponseInput<typeof describeShareGroupOffsets>;
