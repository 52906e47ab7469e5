import { int16At, int32At, int64At, putInt16, putInt32, putInt64, uint32At } from './big-endian.ts';
import type { ByteRange } from './byte-range.ts';
import type { CompressionType } from './compression/compression-type.ts';
import { compressionId, compressionOf } from './compression/compression-type.ts';
import { compress, decompress } from './compression/compression.ts';
import { crc32c } from './crc32c.ts';
import { MalformedMessage } from './malformed-message.ts';
import type { Record, RecordInput } from './record.ts';
import { putRecord, RecordCursor, sizeOfRecord } from './record.ts';
import type { PlainRecords } from './record-scanner.ts';
import { scanWithCrc } from './scan-records.ts';

/*
 * A record batch (magic 2), big-endian:
 *
 *    0  baseOffset            int64   given by the broker                  not under the CRC
 *    8  batchLength           int32   bytes behind this field              not under the CRC
 *   12  partitionLeaderEpoch  int32   stamped by the leader                not under the CRC
 *   16  magic                 int8    2                                    not under the CRC
 *   17  crc                   uint32  CRC-32C of all that follows
 *   21  attributes            int16   bits 0-2 codec, 3 LogAppendTime, 4 transactional, 5 control,
 *                                     6 baseTimestamp is the delete horizon
 *   23  lastOffsetDelta       int32   kept when compaction takes records away
 *   27  baseTimestamp         int64
 *   35  maxTimestamp          int64
 *   43  producerId            int64   -1 none
 *   51  producerEpoch         int16   -1 none
 *   53  baseSequence          int32   -1 none
 *   57  recordsCount          int32   may be 0 after compaction
 *   61  records                       as one compressed block when a codec is set
 *
 * The accessors read one field of the batch at a position. They check nothing: `checkBatch` or
 * `batches` has looked at the batch before.
 */

/** Bytes before `batchLength` starts to count: base offset and the length itself. */
export const batchOverhead = 12;
/** Bytes of a batch without records. */
export const batchHeaderSize = 61;
export const currentMagic = 2;

export const noTimestamp = -1;
const noProducerId = -1;
const noProducerEpoch = -1;
const noSequence = -1;
const noLeaderEpoch = -1;

/**
 * Most bytes that the records of one batch may have once decompressed, unless a caller says
 * otherwise: far more than any real batch, little enough to live through a bomb.
 */
const defaultDecompressedLimit = 128 * 1024 * 1024;

export type TimestampType = 'CreateTime' | 'LogAppendTime';

const compressionMask = 0x07;
const logAppendTimeFlag = 0x08;
const transactionalFlag = 0x10;
const controlFlag = 0x20;
const deleteHorizonFlag = 0x40;

const crcAtOffset = 17;
const attributesAtOffset = 21;

export const baseOffsetAt = (buffer: Buffer, at: number): number => int64At(buffer, at);
/** Size of the whole batch, from its first byte to its last. */
export const batchSizeAt = (buffer: Buffer, at: number): number =>
  int32At(buffer, at + 8) + batchOverhead;
export const partitionLeaderEpochAt = (buffer: Buffer, at: number): number =>
  int32At(buffer, at + 12);
export const magicAt = (buffer: Buffer, at: number): number => buffer[at + 16] as number;
export const crcAt = (buffer: Buffer, at: number): number => uint32At(buffer, at + crcAtOffset);
export const attributesAt = (buffer: Buffer, at: number): number =>
  int16At(buffer, at + attributesAtOffset);
export const lastOffsetDeltaAt = (buffer: Buffer, at: number): number => int32At(buffer, at + 23);
/** Offset of the last record, inclusive (or of what was the last one before compaction). */
export const lastOffsetAt = (buffer: Buffer, at: number): number =>
  int64At(buffer, at) + int32At(buffer, at + 23);
export const baseTimestampAt = (buffer: Buffer, at: number): number => int64At(buffer, at + 27);
export const maxTimestampAt = (buffer: Buffer, at: number): number => int64At(buffer, at + 35);
export const producerIdAt = (buffer: Buffer, at: number): number => int64At(buffer, at + 43);
export const producerEpochAt = (buffer: Buffer, at: number): number => int16At(buffer, at + 51);
export const baseSequenceAt = (buffer: Buffer, at: number): number => int32At(buffer, at + 53);
export const recordsCountAt = (buffer: Buffer, at: number): number => int32At(buffer, at + 57);

/** -1 without a sequence; wraps from 2147483647 to 0. */
export function lastSequenceAt(buffer: Buffer, at: number): number {
  const baseSequence = baseSequenceAt(buffer, at);
  return baseSequence === noSequence
    ? noSequence
    : incrementSequence(baseSequence, lastOffsetDeltaAt(buffer, at));
}

/** The sequence `increment` behind `sequence`; 0 follows 2147483647. */
export function incrementSequence(sequence: number, increment: number): number {
  return (sequence + increment) % 2 ** 31;
}

/** @throws {MalformedMessage} a codec number that Kafka does not have (5 to 7) */
export const compressionAt = (buffer: Buffer, at: number): CompressionType =>
  compressionOf(attributesAt(buffer, at) & compressionMask);
export const isLogAppendTimeAt = (buffer: Buffer, at: number): boolean =>
  (attributesAt(buffer, at) & logAppendTimeFlag) !== 0;
export const isTransactionalAt = (buffer: Buffer, at: number): boolean =>
  (attributesAt(buffer, at) & transactionalFlag) !== 0;
export const isControlAt = (buffer: Buffer, at: number): boolean =>
  (attributesAt(buffer, at) & controlFlag) !== 0;
const hasDeleteHorizonAt = (buffer: Buffer, at: number): boolean =>
  (attributesAt(buffer, at) & deleteHorizonFlag) !== 0;

/** All of a batch's header, for where an object does not hurt. */
export interface BatchHeader {
  /** Where the batch begins in its buffer. */
  readonly position: number;
  /** Size of the whole batch. */
  readonly sizeInBytes: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly partitionLeaderEpoch: number;
  readonly magic: number;
  readonly crc: number;
  readonly compression: CompressionType;
  readonly timestampType: TimestampType;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
  /** When tombstones and markers of this batch may go; undefined: not decided yet (KIP-534). */
  readonly deleteHorizonMs: number | undefined;
  readonly lastOffsetDelta: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly lastSequence: number;
  readonly recordsCount: number;
}

/** @throws {MalformedMessage} an unknown codec */
export function readBatchHeader(buffer: Buffer, at: number): BatchHeader {
  const baseTimestamp = baseTimestampAt(buffer, at);
  return {
    position: at,
    sizeInBytes: batchSizeAt(buffer, at),
    baseOffset: baseOffsetAt(buffer, at),
    lastOffset: lastOffsetAt(buffer, at),
    partitionLeaderEpoch: partitionLeaderEpochAt(buffer, at),
    magic: magicAt(buffer, at),
    crc: crcAt(buffer, at),
    compression: compressionAt(buffer, at),
    timestampType: isLogAppendTimeAt(buffer, at) ? 'LogAppendTime' : 'CreateTime',
    isTransactional: isTransactionalAt(buffer, at),
    isControl: isControlAt(buffer, at),
    deleteHorizonMs: hasDeleteHorizonAt(buffer, at) ? baseTimestamp : undefined,
    lastOffsetDelta: lastOffsetDeltaAt(buffer, at),
    baseTimestamp,
    maxTimestamp: maxTimestampAt(buffer, at),
    producerId: producerIdAt(buffer, at),
    producerEpoch: producerEpochAt(buffer, at),
    baseSequence: baseSequenceAt(buffer, at),
    lastSequence: lastSequenceAt(buffer, at),
    recordsCount: recordsCountAt(buffer, at),
  };
}

/**
 * What is wrong with the frame of a batch:
 * - `truncated`: the bytes end before the batch does (its rest may not have been written yet);
 * - `undersized`: its length is too small for a header, or negative;
 * - `unsupportedMagic`: of a format before (0, 1) or after ours;
 * - `corrupt`: the checksum does not agree.
 */
export type BatchProblem = 'truncated' | 'undersized' | 'unsupportedMagic' | 'corrupt';

/**
 * Looks whether a whole batch of our format lies between `at` and `end`. Reads the length and the
 * magic number only, so that it costs nothing.
 */
export function frameProblem(buffer: Buffer, at: number, end: number): BatchProblem | undefined {
  if (end - at < batchOverhead) return 'truncated';
  const size = batchSizeAt(buffer, at);
  // The magic number is at the same place in every format; old ones have shorter headers.
  if (size < crcAtOffset) return 'undersized';
  if (end - at < crcAtOffset) return 'truncated';
  if (magicAt(buffer, at) !== currentMagic) return 'unsupportedMagic';
  if (size < batchHeaderSize) return 'undersized';
  return size > end - at ? 'truncated' : undefined;
}

/** As `frameProblem`, and the checksum is computed. */
export function batchProblem(buffer: Buffer, at: number, end: number): BatchProblem | undefined {
  const problem = frameProblem(buffer, at, end);
  if (problem !== undefined) return problem;
  return isCrcValid(buffer, at) ? undefined : 'corrupt';
}

/** Whether the checksum of the (whole) batch at a position agrees. */
export function isCrcValid(buffer: Buffer, at: number): boolean {
  return crcAt(buffer, at) === computeCrc(buffer, at);
}

function computeCrc(buffer: Buffer, at: number): number {
  return crc32c(buffer, at + attributesAtOffset, at + batchSizeAt(buffer, at));
}

/** What one pass over a batch tells of it. */
export interface BatchScan {
  readonly isCrcValid: boolean;
  /** Undefined where they are compressed, too. */
  readonly records: PlainRecords | undefined;
}

/** As `isCrcValid`, and looks at the records where that costs next to nothing. */
export function scanBatch(buffer: Buffer, at: number): BatchScan {
  if ((attributesAt(buffer, at) & compressionMask) !== 0) {
    return { isCrcValid: isCrcValid(buffer, at), records: undefined };
  }
  const start = at + attributesAtOffset;
  const end = at + batchSizeAt(buffer, at);
  const { crc, records } = scanWithCrc(buffer, start, at + batchHeaderSize, end);
  return { isCrcValid: crc === crcAt(buffer, at), records };
}

/**
 * The positions of the batches that lie back to back in a range.
 *
 * @throws {MalformedMessage} anything that is not a whole batch, an incomplete last one too
 */
export function* batchPositions(range: ByteRange): Generator<number, void, void> {
  for (let at = range.start; at < range.end; at += batchSizeAt(range.buffer, at)) {
    const problem = frameProblem(range.buffer, at, range.end);
    if (problem !== undefined) throw new MalformedMessage(`a record batch is ${problem}`);
    yield at;
  }
}

/**
 * The headers of the batches that lie back to back in a range.
 *
 * @throws {MalformedMessage} anything that is not a whole batch, an incomplete last one too
 */
export function* batches(range: ByteRange): Generator<BatchHeader, void, void> {
  for (const at of batchPositions(range)) yield readBatchHeader(range.buffer, at);
}

/**
 * Opens the records of the (whole) batch at a position, decompressed when they have to be.
 *
 * @param limit  most bytes they may have once decompressed
 * @param lends  the records are read at once and not kept: decompressed bytes may lie in memory
 *   that is used again
 * @throws {MalformedMessage} an unknown codec, bytes that do not decompress
 * @throws {BeyondLimit}
 */
export function openRecords(
  buffer: Buffer,
  at: number,
  limit: number = defaultDecompressedLimit,
  lends = false,
): RecordCursor {
  const base = {
    baseOffset: baseOffsetAt(buffer, at),
    baseTimestamp: baseTimestampAt(buffer, at),
    logAppendTime: isLogAppendTimeAt(buffer, at) ? maxTimestampAt(buffer, at) : undefined,
  };
  const recordsCount = recordsCountAt(buffer, at);
  if (recordsCount < 0) throw new MalformedMessage(`a batch of ${recordsCount} records`);
  const start = at + batchHeaderSize;
  // As in Kafka: where no record is, nothing is looked at.
  if (recordsCount === 0) return new RecordCursor(buffer, start, start, 0, base);
  const end = at + batchSizeAt(buffer, at);
  const compression = compressionAt(buffer, at);
  if (compression === 'none') return new RecordCursor(buffer, start, end, recordsCount, base);
  const bytes = decompress(compression, buffer.subarray(start, end), limit, lends);
  return new RecordCursor(bytes, 0, bytes.length, recordsCount, base);
}

/**
 * All records of a range of batches, control records too. Those of batches without compression
 * share the range's memory.
 *
 * @param limit  most bytes that one batch's records may have once decompressed
 * @throws {MalformedMessage}
 */
export function readRecords(range: ByteRange, limit?: number): Record[] {
  const records: Record[] = [];
  for (const at of batchPositions(range)) {
    const cursor = openRecords(range.buffer, at, limit);
    while (cursor.next()) records.push(cursor.record());
  }
  return records;
}

/** Gives the batch its place in the log. Does not touch what the checksum covers. */
export function setBaseOffset(buffer: Buffer, at: number, baseOffset: number): void {
  putInt64(buffer, at, baseOffset);
}

/** Stamps the leader's epoch. Does not touch what the checksum covers. */
export function setLeaderEpoch(buffer: Buffer, at: number, leaderEpoch: number): void {
  putInt32(buffer, at + 12, leaderEpoch);
}

/** Sets whose timestamps count and the largest of them; computes the checksum anew if that changes. */
export function setMaxTimestamp(
  buffer: Buffer,
  at: number,
  timestampType: TimestampType,
  maxTimestamp: number,
): void {
  const before = attributesAt(buffer, at);
  const attributes =
    timestampType === 'LogAppendTime' ? before | logAppendTimeFlag : before & ~logAppendTimeFlag;
  if (attributes === before && maxTimestampAt(buffer, at) === maxTimestamp) return;
  putInt16(buffer, at + attributesAtOffset, attributes);
  putInt64(buffer, at + 35, maxTimestamp);
  putInt32(buffer, at + crcAtOffset, computeCrc(buffer, at));
}

/** A batch to write. What is left out has the value of a plain producer's batch. */
export interface BatchInput {
  readonly records: readonly RecordInput[];
  /** Default 0. */
  readonly baseOffset?: number;
  /** Default: the last record's; needed when compaction took the last records away, or all. */
  readonly lastOffset?: number;
  readonly partitionLeaderEpoch?: number;
  readonly compression?: CompressionType;
  /** On the codec's own scale. */
  readonly compressionLevel?: number | undefined;
  /**
   * The time that the broker stamps on all records (LogAppendTime). They keep their own beside it,
   * though nobody reads them. Default: each has its own (CreateTime).
   */
  readonly logAppendTime?: number | undefined;
  readonly deleteHorizonMs?: number | undefined;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly isTransactional?: boolean;
  readonly isControl?: boolean;
  /** Default: the largest timestamp of the records, which an empty batch does not have. */
  readonly maxTimestamp?: number;
}

/** Encodes a batch. Records are in order of their offsets. */
export function buildBatch(batch: BatchInput): Buffer {
  const { records, baseOffset = 0, compression = 'none' } = batch;
  const baseTimestamp = batch.deleteHorizonMs ?? records[0]?.timestamp ?? noTimestamp;
  const delta = (record: RecordInput): number => (record.timestamp ?? noTimestamp) - baseTimestamp;

  let size = 0;
  let lastOffset = baseOffset - 1;
  let maxTimestamp = noTimestamp;
  for (const record of records) {
    lastOffset = record.offset ?? lastOffset + 1;
    maxTimestamp = Math.max(maxTimestamp, record.timestamp ?? noTimestamp);
    size += sizeOfRecord(record, delta(record), lastOffset - baseOffset);
  }

  const buffer = Buffer.allocUnsafe(batchHeaderSize + size);
  let position = batchHeaderSize;
  let offset = baseOffset - 1;
  for (const record of records) {
    offset = record.offset ?? offset + 1;
    position = putRecord(buffer, position, record, delta(record), offset - baseOffset);
  }

  const whole =
    compression === 'none' || records.length === 0
      ? buffer
      : compressed(buffer, compression, batch.compressionLevel);
  putHeader(whole, {
    ...batch,
    compression: records.length === 0 ? 'none' : compression,
    baseOffset,
    baseTimestamp,
    lastOffset: batch.lastOffset ?? lastOffset,
    maxTimestamp: batch.logAppendTime ?? batch.maxTimestamp ?? maxTimestamp,
  });
  return whole;
}

/** A batch with the records of `plain` compressed behind room for the header. */
function compressed(plain: Buffer, compression: CompressionType, level?: number): Buffer {
  const records = compress(compression, plain.subarray(batchHeaderSize), level);
  const buffer = Buffer.allocUnsafe(batchHeaderSize + records.length);
  buffer.set(records, batchHeaderSize);
  return buffer;
}

type HeaderInput = BatchInput &
  Required<
    Pick<BatchInput, 'baseOffset' | 'lastOffset' | 'maxTimestamp' | 'compression' | 'records'>
  > & { readonly baseTimestamp: number };

function putHeader(buffer: Buffer, header: HeaderInput): void {
  putInt64(buffer, 0, header.baseOffset);
  putInt32(buffer, 8, buffer.length - batchOverhead);
  putInt32(buffer, 12, header.partitionLeaderEpoch ?? noLeaderEpoch);
  buffer[16] = currentMagic;
  putInt16(buffer, attributesAtOffset, attributesOf(header));
  putInt32(buffer, 23, header.lastOffset - header.baseOffset);
  putInt64(buffer, 27, header.baseTimestamp);
  putInt64(buffer, 35, header.maxTimestamp);
  putInt64(buffer, 43, header.producerId ?? noProducerId);
  putInt16(buffer, 51, header.producerEpoch ?? noProducerEpoch);
  putInt32(buffer, 53, header.baseSequence ?? noSequence);
  putInt32(buffer, 57, header.records.length);
  putInt32(buffer, crcAtOffset, computeCrc(buffer, 0));
}

function attributesOf(header: HeaderInput): number {
  let attributes = compressionId(header.compression);
  if (header.logAppendTime !== undefined) attributes |= logAppendTimeFlag;
  if (header.isTransactional === true) attributes |= transactionalFlag;
  if (header.isControl === true) attributes |= controlFlag;
  if (header.deleteHorizonMs !== undefined) attributes |= deleteHorizonFlag;
  return attributes;
}
