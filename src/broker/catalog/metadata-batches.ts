import { encode } from '../../protocol/codec.ts';
import { buildControlBatch, controlTypeOf } from '../../protocol/control-record.ts';
import { MalformedMessage } from '../../protocol/malformed-message.ts';
import { batches, buildBatch, readRecords } from '../../protocol/record-batch.ts';
import {
  leaderChangeMessage,
  snapshotFooterRecord,
  snapshotHeaderRecord,
} from '../../protocol/records/control-records.ts';
import { decodeMetadataRecord, encodeMetadataRecords } from './metadata-codec.ts';
import type { MetadataRecord } from './metadata-record.ts';
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

/** Who leads from here on, by whose votes: with one static voter, the node by its own. */
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

function controlBatch(
  type: 'LEADER_CHANGE' | 'SNAPSHOT_HEADER' | 'SNAPSHOT_FOOTER',
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
  readonly controls: readonly ControlName[];
}

type ControlName = NonNullable<ReturnType<typeof controlTypeOf>>;

/**
 * Reads whole batches that lie back to back.
 *
 * @throws {MalformedMessage} bytes that are none
 * @throws {UnusableFolder} what only a newer Kafka, or one with several controllers, understands
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
      controls: header.isControl ? records.map(({ key }) => controlName(key)) : [],
      records: header.isControl ? [] : records.map(({ value }) => metadataRecord(value)),
    };
  }
}

function metadataRecord(value: Buffer | null): MetadataRecord {
  if (value === null) throw new MalformedMessage('a metadata record without a value');
  return decodeMetadataRecord(value);
}

function controlName(key: Buffer | null): ControlName {
  const type = controlTypeOf(key);
  if (type === undefined) throw new UnusableFolder('a control record has an unknown type');
  if (type === 'KRAFT_VERSION' || type === 'KRAFT_VOTERS') {
    throw new UnusableFolder(
      'the folder belongs to a dynamic quorum (kraft.version 1); only static voters are supported',
    );
  }
  return type;
}
