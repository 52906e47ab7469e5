// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineMessage,
  ignorable,
  int32,
  nullableBytes,
  nullableString,
  since,
  string,
  withDefault,
} from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** ConsumerProtocolAssignment: what the leader of a group gives each consumer to read. */
export const consumerProtocolAssignment = defineMessage({
  name: 'ConsumerProtocolAssignment',
  versions: [0, 3],
  fields: {
    assignedPartitions: array({
      topic: string,
      partitions: array(int32),
    }),
    userData: withDefault(nullableBytes, null),
  },
});
export type ConsumerProtocolAssignment = RecordOf<typeof consumerProtocolAssignment>;

/** ConsumerProtocolSubscription: what a consumer tells the leader of its group when it joins. */
export const consumerProtocolSubscription = defineMessage({
  name: 'ConsumerProtocolSubscription',
  versions: [0, 3],
  fields: {
    topics: array(string),
    userData: withDefault(nullableBytes, null),
    ownedPartitions: ignorable(
      since(
        1,
        array({
          topic: string,
          partitions: array(int32),
        }),
        [],
      ),
    ),
    generationId: ignorable(since(2, int32, -1)),
    rackId: ignorable(since(3, nullableString, null)),
  },
});
export type ConsumerProtocolSubscription = RecordOf<typeof consumerProtocolSubscription>;
