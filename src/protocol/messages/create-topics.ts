// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  bool,
  defineApi,
  ignorable,
  int16,
  int32,
  int8,
  nullableArray,
  nullableString,
  since,
  string,
  tagged,
  uuid,
  withDefault,
} from '../schema.ts';
import type { RequestOf, ResponseInput } from '../schema.ts';
import { zeroUuid } from '../uuid.ts';

/** CreateTopics (key 19): new topics, with partitions, replicas and configuration. */
export const createTopics = defineApi({
  key: 19,
  name: 'CreateTopics',
  versions: [2, 7],
  flexibleSince: 5,
  request: {
    topics: array({
      name: string,
      numPartitions: int32,
      replicationFactor: int16,
      assignments: array({
        partitionIndex: int32,
        brokerIds: array(int32),
      }),
      configs: array({
        name: string,
        value: nullableString,
      }),
    }),
    timeoutMs: withDefault(int32, 60000),
    validateOnly: withDefault(bool, false),
  },
  response: {
    throttleTimeMs: ignorable(int32),
    topics: array({
      name: string,
      topicId: ignorable(since(7, uuid, zeroUuid)),
      errorCode: int16,
      errorMessage: ignorable(nullableString),
      topicConfigErrorCode: ignorable(tagged(0, 5, int16, 0)),
      numPartitions: ignorable(since(5, int32, -1)),
      replicationFactor: ignorable(since(5, int16, -1)),
      configs: ignorable(
        since(
          5,
          nullableArray({
            name: string,
            value: nullableString,
            readOnly: bool,
            configSource: ignorable(withDefault(int8, -1)),
            isSensitive: bool,
          }),
          [],
        ),
      ),
    }),
  },
});
export type CreateTopicsRequest = RequestOf<typeof createTopics>;
export type CreateTopicsResponse = ResponseInput<typeof createTopics>;
