import { decode, encode } from '../protocol/codec.ts';
import { hasVersion } from '../protocol/codec.ts';
import {
  groupMetadataKey,
  groupMetadataValue,
  offsetCommitKey,
  offsetCommitValue,
} from '../protocol/records/consumer-offsets.ts';
import { prefixed, prefixOf, type KeyAndValue } from './coordinator-record.ts';
import type { GroupRecord } from './group-record.ts';

/*
 * Records of `__consumer_offsets`. A key begins with its type, an int16, a value with its version,
 * an int16; then follow the fields. No value means: what the key names is no more.
 *
 *   type  key                       value
 *   0     group, topic, partition   OffsetCommit v0, as very old brokers wrote it
 *   1     group, topic, partition   OffsetCommit
 *   2     group                     GroupMetadata
 *   3-23  groups of newer protocols, which this coordinator does not keep
 */

const legacyOffsetCommitType = 0;
const offsetCommitType = 1;
const groupMetadataType = 2;

/** The version that has room for an expire timestamp. */
const expiringOffsetCommitVersion = 1;
const offsetCommitVersion = 3;
const groupMetadataVersion = 3;
const keyVersion = 0;

export function writeGroupRecord(record: GroupRecord): KeyAndValue {
  switch (record.type) {
    case 'group':
      return { key: groupKey(record.groupId), value: metadataValue(record) };
    case 'group-tombstone':
      return { key: groupKey(record.groupId), value: null };
    case 'offset':
      return { key: offsetKey(record), value: offsetValue(record.committed) };
    case 'offset-tombstone':
      return { key: offsetKey(record), value: null };
  }
}

function groupKey(group: string): Buffer {
  return prefixed(groupMetadataType, encode(groupMetadataKey, keyVersion, { group }));
}

function offsetKey(record: { groupId: string; topic: string; partition: number }): Buffer {
  const { groupId: group, topic, partition } = record;
  return prefixed(
    offsetCommitType,
    encode(offsetCommitKey, keyVersion, { group, topic, partition }),
  );
}

function offsetValue(committed: (GroupRecord & { type: 'offset' })['committed']): Buffer {
  const expires = committed.expireTimestampMs !== -1;
  const version = expires ? expiringOffsetCommitVersion : offsetCommitVersion;
  const value = {
    offset: committed.offset,
    leaderEpoch: committed.leaderEpoch,
    metadata: committed.metadata,
    commitTimestamp: committed.commitTimestampMs,
    expireTimestamp: committed.expireTimestampMs,
    topicId: committed.topicId,
  };
  return prefixed(version, encode(offsetCommitValue, version, value));
}

function metadataValue(record: GroupRecord & { type: 'group' }): Buffer {
  const value = {
    protocolType: record.protocolType,
    generation: record.generationId,
    protocol: record.protocolName,
    leader: record.leaderId,
    currentStateTimestamp: record.currentStateTimestampMs,
    members: record.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeout: member.rebalanceTimeoutMs,
      sessionTimeout: member.sessionTimeoutMs,
      subscription: member.subscription,
      assignment: member.assignment,
    })),
  };
  return prefixed(groupMetadataVersion, encode(groupMetadataValue, groupMetadataVersion, value));
}

/**
 * What a record says; undefined when it is about something else, or of a version that only a newer
 * broker knows.
 *
 * @throws {MalformedMessage} when it should be readable and is not
 */
export function readGroupRecord(key: Buffer, value: Buffer | null): GroupRecord | undefined {
  switch (prefixOf(key)) {
    case legacyOffsetCommitType:
    case offsetCommitType:
      return readOffset(key, value);
    case groupMetadataType:
      return readMetadata(key, value);
    default:
      return undefined;
  }
}

function readOffset(key: Buffer, value: Buffer | null): GroupRecord | undefined {
  const { group: groupId, topic, partition } = decode(offsetCommitKey, keyVersion, key.subarray(2));
  if (!value) return { type: 'offset-tombstone', groupId, topic, partition };
  const version = prefixOf(value);
  if (!hasVersion(offsetCommitValue, version)) return undefined;
  const fields = decode(offsetCommitValue, version, value.subarray(2));
  const committed = {
    offset: fields.offset,
    leaderEpoch: fields.leaderEpoch,
    metadata: fields.metadata,
    commitTimestampMs: fields.commitTimestamp,
    expireTimestampMs: fields.expireTimestamp,
    topicId: fields.topicId,
  };
  return { type: 'offset', groupId, topic, partition, committed };
}

function readMetadata(key: Buffer, value: Buffer | null): GroupRecord | undefined {
  const { group: groupId } = decode(groupMetadataKey, keyVersion, key.subarray(2));
  if (!value) return { type: 'group-tombstone', groupId };
  const version = prefixOf(value);
  if (!hasVersion(groupMetadataValue, version)) return undefined;
  const fields = decode(groupMetadataValue, version, value.subarray(2));
  return {
    type: 'group',
    groupId,
    protocolType: fields.protocolType,
    generationId: fields.generation,
    protocolName: fields.protocol,
    leaderId: fields.leader,
    currentStateTimestampMs: fields.currentStateTimestamp,
    members: fields.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeoutMs: member.rebalanceTimeout,
      sessionTimeoutMs: member.sessionTimeout,
      // Copies: the group outlives the memory it is read from.
      subscription: Buffer.from(member.subscription),
      assignment: Buffer.from(member.assignment),
    })),
  };
}
