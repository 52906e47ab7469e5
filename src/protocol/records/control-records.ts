// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  defineMessage,
  int16,
  int32,
  int64,
  since,
  string,
  struct,
  uint16,
  uuid,
} from '../schema.ts';
import type { RecordOf } from '../schema.ts';
import { zeroUuid } from '../uuid.ts';

/** ControlRecordTypeSchema: the key of a control record, behind its version. */
export const controlRecordTypeSchema = defineMessage({
  name: 'ControlRecordTypeSchema',
  versions: [0, 0],
  fields: {
    type: int16,
  },
});
export type ControlRecordTypeSchema = RecordOf<typeof controlRecordTypeSchema>;

/** EndTxnMarker: the value of a control record that ends a transaction. */
export const endTxnMarker = defineMessage({
  name: 'EndTxnMarker',
  versions: [0, 0],
  fields: {
    coordinatorEpoch: int32,
  },
});
export type EndTxnMarker = RecordOf<typeof endTxnMarker>;

/** KRaftVersionRecord: the level of `kraft.version`. */
export const kRaftVersionRecord = defineMessage({
  name: 'KRaftVersionRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    version: int16,
    kRaftVersion: int16,
  },
});
export type KRaftVersionRecord = RecordOf<typeof kRaftVersionRecord>;

const voter = {
  voterId: int32,
  voterDirectoryId: since(1, uuid, zeroUuid),
};
/** LeaderChangeMessage: the metadata log has a new leader. */
export const leaderChangeMessage = defineMessage({
  name: 'LeaderChangeMessage',
  versions: [0, 1],
  flexibleSince: 0,
  fields: {
    version: int16,
    leaderId: int32,
    voters: array(voter),
    grantingVoters: array(voter),
  },
});
export type LeaderChangeMessage = RecordOf<typeof leaderChangeMessage>;

/** SnapshotFooterRecord: last record of a snapshot: without it the file is not whole. */
export const snapshotFooterRecord = defineMessage({
  name: 'SnapshotFooterRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    version: int16,
  },
});
export type SnapshotFooterRecord = RecordOf<typeof snapshotFooterRecord>;

/** SnapshotHeaderRecord: first record of a snapshot. */
export const snapshotHeaderRecord = defineMessage({
  name: 'SnapshotHeaderRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    version: int16,
    lastContainedLogTimestamp: int64,
  },
});
export type SnapshotHeaderRecord = RecordOf<typeof snapshotHeaderRecord>;

/** VotersRecord: the voters of the metadata log, and where to reach them. */
export const votersRecord = defineMessage({
  name: 'VotersRecord',
  versions: [0, 0],
  flexibleSince: 0,
  fields: {
    version: int16,
    voters: array({
      voterId: int32,
      voterDirectoryId: uuid,
      endpoints: array({
        name: string,
        host: string,
        port: uint16,
      }),
      kRaftVersionFeature: struct({
        minSupportedVersion: int16,
        maxSupportedVersion: int16,
      }),
    }),
  },
});
export type VotersRecord = RecordOf<typeof votersRecord>;
