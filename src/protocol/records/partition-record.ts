// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineRecord,
  int32,
  int8,
  nullableArray,
  since,
  tagged,
  uuid,
  withDefault,
} from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** PartitionRecord (type 3): a partition exists: replicas, leader, epochs. */
export const partitionRecord = defineRecord({
  apiKey: 3,
  name: 'PartitionRecord',
  versions: [0, 2],
  flexibleSince: 0,
  fields: {
    partitionId: withDefault(int32, -1),
    topicId: uuid,
    replicas: array(int32),
    isr: array(int32),
    removingReplicas: array(int32),
    addingReplicas: array(int32),
    leader: withDefault(int32, -1),
    leaderRecoveryState: tagged(0, 0, int8, 0),
    leaderEpoch: withDefault(int32, -1),
    partitionEpoch: withDefault(int32, -1),
    directories: since(1, array(uuid), []),
    eligibleLeaderReplicas: tagged(1, 2, nullableArray(int32), null),
    lastKnownElr: tagged(2, 2, nullableArray(int32), null),
  },
});
export type PartitionRecord = RecordOf<typeof partitionRecord>;
