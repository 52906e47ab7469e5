import { putInt16, putInt32, putInt64 } from './big-endian.ts';
import type { ByteRange } from './byte-range.ts';
import { compressionId, type CompressionType } from './compression/compression-type.ts';
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
  recordsCountAt,
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

/** How a batch changes when records are taken out of it, or tombstones get their time. */
export type BatchChange =
  /** Its header tells a producer's last sequence number, or an offset. */
  | { readonly kind: 'emptied' }
  | {
      readonly kind: 'remainder';
      /**
       * Where the records that stay, at least one, begin and end, from the start of the batch when
       * it is not compressed: start, end, start, end, ...
       */
      readonly spans: readonly number[];
      readonly count: number;
      /** The largest timestamp of them. */
      readonly maxTimestamp: number;
    }
  | {
      readonly kind: 'deleteHorizon';
      readonly deleteHorizonMs: number;
      /** Indexes of the records that go, rising. */
      readonly dropped: readonly number[];
    };

/** When tombstones and markers of the batch may go; undefined: not decided yet (KIP-534). */
export function deleteHorizonAt(buffer: Buffer, at: number): number | undefined {
  if ((attributesAt(buffer, at) & deleteHorizonFlag) === 0) return undefined;
  return readBatchHeader(buffer, at).baseTimestamp;
}

/**
 * The batch with its records decompressed, and a checksum that does not agree; itself where they are
 * not compressed.
 *
 * @param limit  most bytes they may have then
 * @throws {MalformedMessage} bytes that do not decompress
 * @throws {BeyondLimit}
 */
export function decompressedBatch(batch: ByteRange, limit?: number): ByteRange {
  const { buffer, start } = batch;
  if (compressionAt(buffer, start) === 'none' || recordsCountAt(buffer, start) === 0) return batch;
  const { bytes } = openRecords(buffer, start, limit, true);
  const whole = withRecords(buffer, start, bytes, 'none');
  return { buffer: whole, start: 0, end: whole.length };
}

/**
 * The batch after a change; its codec stays.
 *
 * @param plain  the same, decompressed
 */
export function changedBatch(
  batch: ByteRange,
  change: BatchChange,
  plain: ByteRange = decompressedBatch(batch),
): Buffer {
  if (change.kind === 'emptied') return rebuilt(plain, [], undefined);
  const changed =
    change.kind === 'remainder'
      ? remainderOf(plain, change)
      : rebuilt(plain, recordsWithout(plain, change.dropped), change.deleteHorizonMs);
  const codec = compressionAt(batch.buffer, batch.start);
  const whole =
    codec === 'none'
      ? changed
      : withRecords(changed, 0, compress(codec, changed.subarray(batchHeaderSize)), codec);
  putInt32(whole, crcAtOffset, crc32c(whole, attributesAtOffset, whole.length));
  return whole;
}

/** A batch of the same header but for its length, and for a checksum that does not agree. */
function withRecords(
  buffer: Buffer,
  at: number,
  records: Buffer,
  compression: CompressionType,
): Buffer {
  const whole = Buffer.allocUnsafe(batchHeaderSize + records.length);
  buffer.copy(whole, 0, at, at + batchHeaderSize);
  records.copy(whole, batchHeaderSize);
  putInt32(whole, lengthAtOffset, whole.length - batchOverhead);
  const attributes = (attributesAt(buffer, at) & ~codecMask) | compressionId(compression);
  putInt16(whole, attributesAtOffset, attributes);
  return whole;
}

function remainderOf(
  { buffer, start }: ByteRange,
  { spans, count, maxTimestamp }: BatchChange & { readonly kind: 'remainder' },
): Buffer {
  let size = batchHeaderSize;
  for (let i = 0; i < spans.length; i += 2) size += (spans[i + 1] as number) - (spans[i] as number);
  const whole = Buffer.allocUnsafe(size);
  let at = buffer.copy(whole, 0, start, start + batchHeaderSize);
  for (let i = 0; i < spans.length; i += 2) {
    at += buffer.copy(whole, at, start + (spans[i] as number), start + (spans[i + 1] as number));
  }
  putInt32(whole, lengthAtOffset, size - batchOverhead);
  // Where the broker's time counts, it is the largest timestamp of all.
  if (!isLogAppendTimeAt(buffer, start)) putInt64(whole, maxTimestampAtOffset, maxTimestamp);
  putInt32(whole, recordsCountAtOffset, count);
  return whole;
}

function recordsWithout({ buffer, start }: ByteRange, dropped: readonly number[]): Record[] {
  const records: Record[] = [];
  const cursor = openRecords(buffer, start);
  let next = 0;
  for (let index = 0; cursor.next(); index++) {
    if (dropped[next] === index) next++;
    else records.push(cursor.record());
  }
  return records;
}

function rebuilt(
  { buffer, start }: ByteRange,
  records: readonly Record[],
  deleteHorizonMs: number | undefined,
): Buffer {
  const header = readBatchHeader(buffer, start);
  const { maxTimestamp, timestampType } = header;
  return buildBatch({
    records,
    baseOffset: header.baseOffset,
    lastOffset: header.lastOffset,
    partitionLeaderEpoch: header.partitionLeaderEpoch,
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
