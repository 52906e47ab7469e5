// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { defineRecord, int32, int8, nullableArray, tagged, uuid, withDefault } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** PartitionChangeRecord (type 5): something of a partition has changed; what is absent stays as it was. */
export const partitionChangeRecord = defineRecord({
  apiKey: 5,
  name: 'PartitionChangeRecord',
  versions: [0, 2],
  flexibleSince: 0,
  fields: {
    partitionId: withDefault(int32, -1),
    topicId: uuid,
    isr: tagged(0, 0, nullableArray(int32), null),
    leader: tagged(1, 0, int32, -2),
    replicas: tagged(2, 0, nullableArray(int32), null),
    removingReplicas: tagged(3, 0, nullableArray(int32), null),
    addingReplicas: tagged(4, 0, nullableArray(int32), null),
    leaderRecoveryState: tagged(5, 0, int8, -1),
    directories: tagged(8, 1, nullableArray(uuid), null),
    eligibleLeaderReplicas: tagged(6, 2, nullableArray(int32), null),
    lastKnownElr: tagged(7, 2, nullableArray(int32), null),
  },
});
export type PartitionChangeRecord = RecordOf<typeof partitionChangeRecord>;
