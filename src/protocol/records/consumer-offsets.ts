// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.
import {
  array,
  between,
  bytes,
  defineRecord,
  ignorable,
  int32,
  int64,
  nullableString,
  since,
  string,
  tagged,
  uuid,
} from '../schema.ts';
import type { RecordOf } from '../schema.ts';
import { zeroUuid } from '../uuid.ts';

/** LegacyOffsetCommitKey (type 0): a partition whose offset a group has committed, in the oldest form. */
export const legacyOffsetCommitKey = defineRecord({
  apiKey: 0,
  name: 'LegacyOffsetCommitKey',
  versions: [0, 0],
  fields: {
    group: string,
    topic: string,
    partition: int32,
  },
});
export type LegacyOffsetCommitKey = RecordOf<typeof legacyOffsetCommitKey>;

/** LegacyOffsetCommitValue (type 0): a committed offset in the oldest form. */
export const legacyOffsetCommitValue = defineRecord({
  apiKey: 0,
  name: 'LegacyOffsetCommitValue',
  versions: [0, 0],
  fields: {
    offset: int64,
    metadata: string,
    commitTimestamp: int64,
  },
});
export type LegacyOffsetCommitValue = RecordOf<typeof legacyOffsetCommitValue>;

/** OffsetCommitKey (type 1): a partition whose offset a group has committed. */
export const offsetCommitKey = defineRecord({
  apiKey: 1,
  name: 'OffsetCommitKey',
  versions: [0, 0],
  fields: {
    group: string,
    topic: string,
    partition: int32,
  },
});
export type OffsetCommitKey = RecordOf<typeof offsetCommitKey>;

/** OffsetCommitValue (type 1): a committed offset. */
export const offsetCommitValue = defineRecord({
  apiKey: 1,
  name: 'OffsetCommitValue',
  versions: [0, 4],
  flexibleSince: 4,
  fields: {
    offset: int64,
    leaderEpoch: ignorable(since(3, int32, -1)),
    metadata: string,
    commitTimestamp: int64,
    expireTimestamp: ignorable(between(1, 1, int64, -1)),
    topicId: ignorable(tagged(0, 4, uuid, zeroUuid)),
  },
});
export type OffsetCommitValue = RecordOf<typeof offsetCommitValue>;

/** GroupMetadataKey (type 2): a classic group. */
export const groupMetadataKey = defineRecord({
  apiKey: 2,
  name: 'GroupMetadataKey',
  versions: [0, 0],
  fields: {
    group: string,
  },
});
export type GroupMetadataKey = RecordOf<typeof groupMetadataKey>;

const memberMetadata = {
  memberId: string,
  groupInstanceId: ignorable(since(3, nullableString, null)),
  clientId: string,
  clientHost: string,
  rebalanceTimeout: ignorable(since(1, int32, -1)),
  sessionTimeout: int32,
  subscription: bytes,
  assignment: bytes,
};
/** GroupMetadataValue (type 2): generation, protocol and members of a classic group. */
export const groupMetadataValue = defineRecord({
  apiKey: 2,
  name: 'GroupMetadataValue',
  versions: [0, 4],
  flexibleSince: 4,
  fields: {
    protocolType: string,
    generation: int32,
    protocol: nullableString,
    leader: nullableString,
    currentStateTimestamp: ignorable(since(2, int64, -1)),
    members: array(memberMetadata),
  },
});
export type GroupMetadataValue = RecordOf<typeof groupMetadataValue>;
