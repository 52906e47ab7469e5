// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { array, defineApi, int16, int32, string } from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';

/** AlterReplicaLogDirs (key 34): moves replicas to another log directory of the same broker. */
export const alterReplicaLogDirs = defineApi({
  key: 34,
  name: 'AlterReplicaLogDirs',
  versions: [1, 2],
  flexibleSince: 2,
  request: {
    dirs: array({
      path: string,
      topics: array({
        name: string,
        partitions: array(int32),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32,
    results: array({
      topicName: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
      }),
    }),
  },
});
export type AlterReplicaLogDirsRequest = RequestOf<typeof alterReplicaLogDirs>;
export type AlterReplicaLogDirsResponse = ResponseInput<typeof alterReplicaLogDirs>;
