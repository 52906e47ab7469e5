import { decode, encode } from '../../protocol/codec.ts';
import { buildControlBatch, controlTypeOf } from '../../protocol/control-record.ts';
import { MalformedMessage } from '../../protocol/malformed-message.ts';
import { batches, buildBatch, readRecords } from '../../protocol/record-batch.ts';
import {
  kRaftVersionRecord,
  leaderChangeMessage,
  snapshotFooterRecord,
  snapshotHeaderRecord,
  votersRecord,
} from '../../protocol/records/control-records.ts';
import { decodeMetadataRecord, encodeMetadataRecords } from './metadata-codec.ts';
import type { MetadataRecord } from './metadata-record.ts';
import type { ControlRecord, Quorum } from './quorum.ts';
import { isDynamic } from './quorum.ts';
import { UnusableFolder } from './unusable-folder.ts';

/** Where a batch goes and when it was written. */
export interface BatchPlace {
  readonly baseOffset: number;
  readonly epoch: number;
  readonly timestamp: number;
}

/** Bytes of records in one batch, at most; a batch is written and read as a whole. */
const batchBytes = 1024 * 1024;

/** One batch: its records are all there or not at all. */
export function metadataBatch(records: readonly MetadataRecord[], place: BatchPlace): Buffer {
  return batchOf(encodeMetadataRecords(records), place);
}

/** As many batches as it takes: for a snapshot, which is atomic as a file. */
export function metadataBatches(records: readonly MetadataRecord[], place: BatchPlace): Buffer[] {
  const result: Buffer[] = [];
  let values: Buffer[] = [];
  let size = 0;
  let baseOffset = place.baseOffset;
  const finish = (): void => {
    if (values.length > 0) result.push(batchOf(values, { ...place, baseOffset }));
    baseOffset += values.length;
    values = [];
    size = 0;
  };
  for (const value of encodeMetadataRecords(records)) {
    if (size + value.length > batchBytes) finish();
    values.push(value);
    size += value.length;
  }
  finish();
  return result;
}

function batchOf(values: readonly Buffer[], { baseOffset, epoch, timestamp }: BatchPlace): Buffer {
  return buildBatch({
    baseOffset,
    partitionLeaderEpoch: epoch,
    records: values.map((value) => ({ value, timestamp })),
  });
}

/** Who leads from here on, by whose votes: with one voter, the node by its own. */
export function leaderChangeBatch(nodeId: number, place: BatchPlace): Buffer {
  const voters = [{ voterId: nodeId }];
  const value = encode(leaderChangeMessage, 0, {
    version: 0,
    leaderId: nodeId,
    voters,
    grantingVoters: voters,
  });
  return controlBatch('LEADER_CHANGE', value, place);
}

export function snapshotHeaderBatch(lastContainedLogTimestamp: number, place: BatchPlace): Buffer {
  const value = encode(snapshotHeaderRecord, 0, { version: 0, lastContainedLogTimestamp });
  return controlBatch('SNAPSHOT_HEADER', value, place);
}

export function snapshotFooterBatch(place: BatchPlace): Buffer {
  return controlBatch('SNAPSHOT_FOOTER', encode(snapshotFooterRecord, 0, { version: 0 }), place);
}

/** What a snapshot says of a quorum whose voters are records; nothing of another one. */
export function quorumBatches(quorum: Quorum, place: BatchPlace): Buffer[] {
  if (!isDynamic(quorum)) return [];
  const { kraftVersion: kRaftVersion, votersRecord: voters } = quorum;
  const version = encode(kRaftVersionRecord, 0, { version: 0, kRaftVersion });
  const batches = [controlBatch('KRAFT_VERSION', version, place)];
  if (voters === undefined) return batches;
  const baseOffset = place.baseOffset + 1;
  const value = encode(votersRecord, 0, voters);
  return [...batches, controlBatch('KRAFT_VOTERS', value, { ...place, baseOffset })];
}

function controlBatch(
  type: Exclude<ControlRecord['type'], 'ABORT' | 'COMMIT'>,
  value: Buffer,
  { baseOffset, epoch, timestamp }: BatchPlace,
): Buffer {
  return buildControlBatch({ type, value, timestamp, baseOffset, partitionLeaderEpoch: epoch });
}

/** What a batch of the metadata log holds. */
export interface MetadataBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly epoch: number;
  readonly maxTimestamp: number;
  readonly sizeInBytes: number;
  /** Empty for a control batch. */
  readonly records: readonly MetadataRecord[];
  readonly controls: readonly ControlRecord[];
}

/**
 * Reads whole batches that lie back to back.
 *
 * @throws {MalformedMessage} bytes that are none
 * @throws {UnusableFolder} what only a newer Kafka understands
 */
export function* readMetadataBatches(bytes: Buffer): Generator<MetadataBatch, void, void> {
  for (const header of batches({ buffer: bytes, start: 0, end: bytes.length })) {
    const end = header.position + header.sizeInBytes;
    const records = readRecords({ buffer: bytes, start: header.position, end });
    yield {
      baseOffset: header.baseOffset,
      lastOffset: header.lastOffset,
      epoch: header.partitionLeaderEpoch,
      maxTimestamp: header.maxTimestamp,
      sizeInBytes: header.sizeInBytes,
      controls: header.isControl ? records.map(({ key, value }) => controlRecord(key, value)) : [],
      records: header.isControl ? [] : records.map(({ value }) => metadataRecord(value)),
    };
  }
}

function metadataRecord(value: Buffer | null): MetadataRecord {
  if (value === null) throw new MalformedMessage('a metadata record without a value');
  return decodeMetadataRecord(value);
}

function controlRecord(key: Buffer | null, value: Buffer | null): ControlRecord {
  const type = controlTypeOf(key);
  if (type === undefined) throw new UnusableFolder('a control record has an unknown type');
  if (value === null) throw new MalformedMessage('a control record without a value');
  switch (type) {
    case 'LEADER_CHANGE': {
      const { voters } = decode(leaderChangeMessage, versionOf(type, value, [0, 1]), value);
      return { type, voters: voters.map(({ voterId }) => voterId) };
    }
    case 'KRAFT_VERSION': {
      const { kRaftVersion } = decode(kRaftVersionRecord, versionOf(type, value, [0, 0]), value);
      return { type, level: kRaftVersion };
    }
    case 'KRAFT_VOTERS':
      return { type, record: decode(votersRecord, versionOf(type, value, [0, 0]), value) };
    case 'SNAPSHOT_HEADER':
    case 'SNAPSHOT_FOOTER':
    case 'ABORT':
    case 'COMMIT':
      return { type };
  }
}

/** These records say their own version, in front. */
function versionOf(
  type: string,
  value: Buffer,
  [lowest, highest]: readonly [number, number],
): number {
  const version = value.length < 2 ? -1 : value.readInt16BE(0);
  if (version < lowest || version > highest) {
    throw new UnusableFolder(`a control record ${type} has the unknown version ${version}`);
  }
  return version;
}
