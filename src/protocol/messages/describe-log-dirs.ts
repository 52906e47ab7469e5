// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bool,
  defineApi,
  ignorable,
  int16,
  int32,
  int64,
  nullableArray,
  since,
  string,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** DescribeLogDirs (key 35): log directories of a broker, and the size of every partition in them. */
export const describeLogDirs = defineApi({
  key: 35,
  name: 'DescribeLogDirs',
  versions: [1, 5],
  flexibleSince: 2,
  request: {
    topics: nullableArray({
      topic: string,
      partitions: array(int32),
    }),
  },
  response: {
    throttleTimeMs: int32,
    errorCode: ignorable(since(3, int16, 0)),
    results: array({
      errorCode: int16,
      logDir: string,
      topics: array({
        name: string,
        partitions: array({
          partitionIndex: int32,
          partitionSize: int64,
          offsetLag: int64,
          isFutureKey: bool,
        }),
      }),
      totalBytes: ignorable(since(4, int64, -1)),
      usableBytes: ignorable(since(4, int64, -1)),
      isCordoned: ignorable(since(5, bool, false)),
    }),
  },
});
export type DescribeLogDirsRequest = RequestOf<typeof describeLogDirs>;
export type DescribeLogDirsResponse = ResponseInput<typeof describeLogDirs>;
