import { decode, hasVersion } from '../protocol/codec.ts';
import { MalformedMessage } from '../protocol/malformed-message.ts';
import {
  consumerGroupCurrentMemberAssignmentKey,
  consumerGroupCurrentMemberAssignmentValue,
  consumerGroupMemberMetadataKey,
  consumerGroupMemberMetadataValue,
  consumerGroupMetadataKey,
  consumerGroupMetadataValue,
  consumerGroupPartitionMetadataKey,
  consumerGroupPartitionMetadataValue,
  consumerGroupRegularExpressionKey,
  consumerGroupRegularExpressionValue,
  consumerGroupTargetAssignmentMemberKey,
  consumerGroupTargetAssignmentMemberValue,
  consumerGroupTargetAssignmentMetadataKey,
  consumerGroupTargetAssignmentMetadataValue,
} from '../protocol/records/consumer-groups.ts';
import {
  groupMetadataKey,
  groupMetadataValue,
  legacyOffsetCommitKey,
  legacyOffsetCommitValue,
  offsetCommitKey,
  offsetCommitValue,
} from '../protocol/records/consumer-offsets.ts';
import {
  shareSnapshotKey,
  shareSnapshotValue,
  shareUpdateKey,
  shareUpdateValue,
} from '../protocol/records/share-group-state.ts';
import {
  shareGroupCurrentMemberAssignmentKey,
  shareGroupCurrentMemberAssignmentValue,
  shareGroupMemberMetadataKey,
  shareGroupMemberMetadataValue,
  shareGroupMetadataKey,
  shareGroupMetadataValue,
  shareGroupStatePartitionMetadataKey,
  shareGroupStatePartitionMetadataValue,
  shareGroupTargetAssignmentMemberKey,
  shareGroupTargetAssignmentMemberValue,
  shareGroupTargetAssignmentMetadataKey,
  shareGroupTargetAssignmentMetadataValue,
} from '../protocol/records/share-groups.ts';
import {
  streamsGroupCurrentMemberAssignmentKey,
  streamsGroupCurrentMemberAssignmentValue,
  streamsGroupMemberMetadataKey,
  streamsGroupMemberMetadataValue,
  streamsGroupMetadataKey,
  streamsGroupMetadataValue,
  streamsGroupTargetAssignmentMemberKey,
  streamsGroupTargetAssignmentMemberValue,
  streamsGroupTargetAssignmentMetadataKey,
  streamsGroupTargetAssignmentMetadataValue,
  streamsGroupTopologyKey,
  streamsGroupTopologyValue,
} from '../protocol/records/streams-groups.ts';
import { transactionLogKey, transactionLogValue } from '../protocol/records/transaction-state.ts';
import type { RecordSchema } from '../protocol/schema.ts';
import { prefixOf } from './coordinator-record.ts';

/** Key and value of one type of record; the type stands before the key, a version before the value. */
type Schemas = readonly [key: RecordSchema, value: RecordSchema];

const schemasOfTopic: Readonly<Record<string, readonly Schemas[]>> = {
  __consumer_offsets: [
    [legacyOffsetCommitKey, legacyOffsetCommitValue],
    [offsetCommitKey, offsetCommitValue],
    [groupMetadataKey, groupMetadataValue],
    [consumerGroupMetadataKey, consumerGroupMetadataValue],
    [consumerGroupPartitionMetadataKey, consumerGroupPartitionMetadataValue],
    [consumerGroupMemberMetadataKey, consumerGroupMemberMetadataValue],
    [consumerGroupTargetAssignmentMetadataKey, consumerGroupTargetAssignmentMetadataValue],
    [consumerGroupTargetAssignmentMemberKey, consumerGroupTargetAssignmentMemberValue],
    [consumerGroupCurrentMemberAssignmentKey, consumerGroupCurrentMemberAssignmentValue],
    [consumerGroupRegularExpressionKey, consumerGroupRegularExpressionValue],
    [shareGroupMemberMetadataKey, shareGroupMemberMetadataValue],
    [shareGroupMetadataKey, shareGroupMetadataValue],
    [shareGroupTargetAssignmentMetadataKey, shareGroupTargetAssignmentMetadataValue],
    [shareGroupTargetAssignmentMemberKey, shareGroupTargetAssignmentMemberValue],
    [shareGroupCurrentMemberAssignmentKey, shareGroupCurrentMemberAssignmentValue],
    [shareGroupStatePartitionMetadataKey, shareGroupStatePartitionMetadataValue],
    [streamsGroupMetadataKey, streamsGroupMetadataValue],
    [streamsGroupMemberMetadataKey, streamsGroupMemberMetadataValue],
    [streamsGroupTargetAssignmentMetadataKey, streamsGroupTargetAssignmentMetadataValue],
    [streamsGroupTargetAssignmentMemberKey, streamsGroupTargetAssignmentMemberValue],
    [streamsGroupCurrentMemberAssignmentKey, streamsGroupCurrentMemberAssignmentValue],
    [streamsGroupTopologyKey, streamsGroupTopologyValue],
  ],
  __transaction_state: [[transactionLogKey, transactionLogValue]],
  __share_group_state: [
    [shareSnapshotKey, shareSnapshotValue],
    [shareUpdateKey, shareUpdateValue],
  ],
};

/** A record of a coordinator's topic, of any coordinator of Kafka's. */
export interface ReadableRecord {
  /** Kafka's name: `OffsetCommit`, `TransactionLog`, ... */
  readonly type: string;
  readonly key: unknown;
  /** null: what the key names is no more. */
  readonly value: { readonly version: number; readonly fields: unknown } | null;
}

/** Topics whose records can be read; others hold what their users put there. */
export const isCoordinatorTopic = (topic: string): boolean => Object.hasOwn(schemasOfTopic, topic);

/**
 * Reads a record of a coordinator's topic, for people to look at.
 *
 * @returns undefined for a type or version that only a newer Kafka knows
 * @throws {MalformedMessage} when it should be readable and is not
 */
export function readableRecord(
  topic: string,
  key: Buffer | null,
  value: Buffer | null,
): ReadableRecord | undefined {
  if (key === null) throw new MalformedMessage('a coordinator record without a key');
  const type = prefixOf(key);
  const schemas = schemasOfTopic[topic]?.find(([{ apiKey }]) => apiKey === type);
  if (schemas === undefined) return undefined;
  const [keySchema, valueSchema] = schemas;
  const name = keySchema.name.replace(/Key$/, '');
  const fields: unknown = decode(keySchema, 0, key.subarray(2));
  if (value === null) return { type: name, key: fields, value: null };
  const version = prefixOf(value);
  if (!hasVersion(valueSchema, version)) return undefined;
  return {
    type: name,
    key: fields,
    value: { version, fields: decode(valueSchema, version, value.subarray(2)) },
  };
}
