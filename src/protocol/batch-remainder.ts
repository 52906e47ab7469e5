import { putInt16, putInt32, putInt64 } from './big-endian.ts';
import type { ByteRange } from './byte-range.ts';
import { compressionId, type Codec, type CompressionType } from './compression/compression-type.ts';
import { compress } from './compression/compression.ts';
import { crc32c } from './crc32c.ts';
import type { Record } from './record.ts';
import {
  attributesAt,
  batchHeaderSize,
  batchOverhead,
  buildBatch,
  compressionAt,
  isLogAppendTimeAt,
  openRecords,
  readBatchHeader,
} from './record-batch.ts';

/*
 * What the cleaner makes of a batch (its format: record-batch.ts). Base offset, last offset delta,
 * leader epoch, producer, epoch, sequence, codec and flags stay as they were; records keep their
 * offsets and timestamps.
 */
const lengthAtOffset = 8;
const crcAtOffset = 17;
const attributesAtOffset = 21;
const maxTimestampAtOffset = 35;
const recordsCountAtOffset = 57;
const codecMask = 0x07;
const deleteHorizonFlag = 0x40;

/** Some of a batch's records, as bytes. */
export interface RecordBytes {
  /** All records of the batch, not compressed. */
  readonly bytes: Buffer;
  /** Where the records begin and end in it: start, end, start, end, ... */
  readonly spans: readonly number[];
  readonly count: number;
  /** The largest timestamp of them. */
  readonly maxTimestamp: number;
}

/** When tombstones and markers of the batch may go; undefined: not decided yet (KIP-534). */
export function deleteHorizonAt(buffer: Buffer, at: number): number | undefined {
  if ((attributesAt(buffer, at) & deleteHorizonFlag) === 0) return undefined;
  return readBatchHeader(buffer, at).baseTimestamp;
}

/**
 * The batch with its records decompressed; itself where they are not compressed.
 *
 * @param limit  most bytes they may have then
 * @throws {MalformedMessage} @throws {BeyondLimit}
 */
export function decompressedBatch(batch: ByteRange, limit?: number): ByteRange {
  const { buffer, start } = batch;
  if (compressionAt(buffer, start) === 'none') return batch;
  const { bytes } = openRecords(buffer, start, limit, true);
  return withRecords(buffer, start, bytes, 'none');
}

/** The batch, which is not compressed, with its records compressed. */
export function compressedBatch({ buffer, start, end }: ByteRange, codec: Codec): ByteRange {
  const records = compress(codec, buffer.subarray(start + batchHeaderSize, end));
  return withRecords(buffer, start, records, codec);
}

function withRecords(
  buffer: Buffer,
  at: number,
  records: Buffer,
  compression: CompressionType,
): ByteRange {
  const whole = Buffer.allocUnsafe(batchHeaderSize + records.length);
  buffer.copy(whole, 0, at, at + batchHeaderSize);
  records.copy(whole, batchHeaderSize);
  const attributes = (attributesAt(buffer, at) & ~codecMask) | compressionId(compression);
  putInt16(whole, attributesAtOffset, attributes);
  finish(whole);
  return { buffer: whole, start: 0, end: whole.length };
}

/** Sets what depends on all the bytes of a batch: its length, and its checksum. */
function finish(batch: Buffer): void {
  putInt32(batch, lengthAtOffset, batch.length - batchOverhead);
  putInt32(batch, crcAtOffset, crc32c(batch, attributesAtOffset, batch.length));
}

/** The batch, which is not compressed, with some of its records, at least one. */
export function remainderOf(buffer: Buffer, at: number, records: RecordBytes): Buffer {
  const whole = joined(records, batchHeaderSize);
  buffer.copy(whole, 0, at, at + batchHeaderSize);
  // Where the broker's time counts, it is the largest timestamp of all.
  if (!isLogAppendTimeAt(buffer, at)) putInt64(whole, maxTimestampAtOffset, records.maxTimestamp);
  putInt32(whole, recordsCountAtOffset, records.count);
  finish(whole);
  return whole;
}

/** The batch with these of its records, and with a delete horizon. */
export function withDeleteHorizon(
  buffer: Buffer,
  at: number,
  records: readonly Record[],
  deleteHorizonMs: number,
): Buffer {
  return rebuilt(buffer, at, records, deleteHorizonMs);
}

/** The batch without any record: its header tells a producer's last sequence number, or an offset. */
export function emptiedBatch(buffer: Buffer, at: number): Buffer {
  return rebuilt(buffer, at, [], undefined);
}

function rebuilt(
  buffer: Buffer,
  at: number,
  records: readonly Record[],
  deleteHorizonMs: number | undefined,
): Buffer {
  const header = readBatchHeader(buffer, at);
  const { maxTimestamp, timestampType } = header;
  return buildBatch({
    records,
    baseOffset: header.baseOffset,
    lastOffset: header.lastOffset,
    partitionLeaderEpoch: header.partitionLeaderEpoch,
    compression: header.compression,
    logAppendTime: timestampType === 'LogAppendTime' ? maxTimestamp : undefined,
    deleteHorizonMs,
    producerId: header.producerId,
    producerEpoch: header.producerEpoch,
    baseSequence: header.baseSequence,
    isTransactional: header.isTransactional,
    isControl: header.isControl,
    ...(records.length === 0 && { maxTimestamp }),
  });
}

function joined({ bytes, spans }: RecordBytes, from: number): Buffer {
  let size = from;
  for (let i = 0; i < spans.length; i += 2) size += (spans[i + 1] as number) - (spans[i] as number);
  const whole = Buffer.allocUnsafe(size);
  let at = from;
  for (let i = 0; i < spans.length; i += 2) {
    at += bytes.copy(whole, at, spans[i], spans[i + 1]);
  }
  return whole;
}
