// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import { array, defineRecord, int16, int32, int64, int8, string, tagged, uuid } from '../schema.ts';
import type { RecordOf } from '../schema.ts';

/** ShareSnapshotKey (type 0): a share partition, with its whole state as value. */
export const shareSnapshotKey = defineRecord({
  apiKey: 0,
  name: 'ShareSnapshotKey',
  versions: [0, 0],
  fields: {
    groupId: string,
    topicId: uuid,
    partition: int32,
  },
});
export type ShareSnapshotKey = RecordOf<typeof shareSnapshotKey>;

/** ShareSnapshotValue (type 0): the whole state of a share partition. */
export const shareSnapshotValue = defineRecord({
  apiKey: 0,
  name: 'ShareSnapshotValue',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    snapshotEpoch: int32,
    stateEpoch: int32,
    leaderEpoch: int32,
    startOffset: int64,
    deliveryCompleteCount: tagged(0, 0, int32, -1),
    createTimestamp: int64,
    writeTimestamp: int64,
    stateBatches: array({
      firstOffset: int64,
      lastOffset: int64,
      deliveryState: int8,
      deliveryCount: int16,
    }),
  },
});
export type ShareSnapshotValue = RecordOf<typeof shareSnapshotValue>;

/** ShareUpdateKey (type 1): a share partition, with a change of its state as value. */
export const shareUpdateKey = defineRecord({
  apiKey: 1,
  name: 'ShareUpdateKey',
  versions: [0, 0],
  fields: {
    groupId: string,
    topicId: uuid,
    partition: int32,
  },
});
export type ShareUpdateKey = RecordOf<typeof shareUpdateKey>;

/** ShareUpdateValue (type 1): a change of the state of a share partition since its snapshot. */
export const shareUpdateValue = defineRecord({
  apiKey: 1,
  name: 'ShareUpdateValue',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    snapshotEpoch: int32,
    leaderEpoch: int32,
    startOffset: int64,
    deliveryCompleteCount: tagged(0, 0, int32, -1),
    stateBatches: array({
      firstOffset: int64,
      lastOffset: int64,
      deliveryState: int8,
      deliveryCount: int16,
    }),
  },
});
export type ShareUpdateValue = RecordOf<typeof shareUpdateValue>;
