import type { ByteRange } from '../protocol/byte-range.ts';
import type { CompressionType } from '../protocol/compression/compression-type.ts';
import type { ErrorName } from '../protocol/error-codes.ts';
import { KafkaError } from '../protocol/kafka-error.ts';
import { BeyondLimit, MalformedMessage } from '../protocol/malformed-message.ts';
import {
  baseOffsetAt,
  baseSequenceAt,
  baseTimestampAt,
  batchHeaderSize,
  batchOverhead,
  batchSizeAt,
  buildBatch,
  compressionAt,
  currentMagic,
  isControlAt,
  isLogAppendTimeAt,
  isTransactionalAt,
  lastOffsetDeltaAt,
  magicAt,
  openRecords,
  producerEpochAt,
  producerIdAt,
  recordsCountAt,
  scanBatch,
  setMaxTimestamp,
} from '../protocol/record-batch.ts';
import type { Record, RecordCursor } from '../protocol/record.ts';
import type { PlainRecords } from '../protocol/record-scanner.ts';
import { scanRecords } from '../protocol/scan-records.ts';
import type { LogSettings, PartitionRef } from './partition-log.ts';
import type { RecordError } from './record-errors.ts';
import { RecordErrors } from './record-errors.ts';
import { mostBytesInLoop, mostRebuiltInLoop, TakesLong } from './takes-long.ts';

const invalid = (message: string) => new KafkaError('INVALID_RECORD', message);

/** The log that is written to. */
export interface ClientLog {
  readonly ref: PartitionRef;
  readonly settings: LogSettings;
}

/** Where a batch is looked at: in the event loop, where that may not take long, or beside it. */
export type Place = 'loop' | 'beside';

/**
 * Looks at what a client sent for one partition and gives the batch to append: the client's own
 * bytes, with the timestamp rewritten in place where the topic wants it, or a batch built anew where
 * the codec differs. Checks and their order are those of Kafka 4.3.
 *
 * @throws {TakesLong} in the loop: nothing was changed
 * @throws {KafkaError} INVALID_RECORD, CORRUPT_MESSAGE, MESSAGE_TOO_LARGE, INVALID_TIMESTAMP;
 *   `RecordErrors` when single records are to blame
 */
export function acceptClientBatch(
  sent: ByteRange,
  { settings, ref }: ClientLog,
  nowMs: number,
  place: Place,
): ByteRange {
  const { buffer, start } = sent;
  const end = checkOneBatch(sent);
  if (end - start < batchHeaderSize) {
    throw new KafkaError('CORRUPT_MESSAGE', 'the batch is shorter than a header');
  }
  if (baseOffsetAt(buffer, start) !== 0) {
    throw invalid(`the base offset of a batch must be 0, not ${baseOffsetAt(buffer, start)}`);
  }
  checkSize(end - start, settings);
  const scan = scanBatch(buffer, start);
  if (!scan.isCrcValid) {
    throw new KafkaError('CORRUPT_MESSAGE', 'the checksum of the batch does not agree');
  }
  checkHeader(buffer, start);
  try {
    return acceptRecords(buffer, start, end, { settings, ref }, nowMs, scan.records, place);
  } catch (error) {
    if (place === 'loop' && error instanceof BeyondLimit) throw new TakesLong(error.message);
    if (error instanceof MalformedMessage) throw invalid(error.message);
    throw error;
  }
}

/** Refuses a batch that is larger than `max.message.bytes`. */
export function checkSize(size: number, settings: LogSettings): void {
  if (size <= settings.maxMessageBytes) return;
  throw new KafkaError(
    'MESSAGE_TOO_LARGE',
    `a batch of ${size} bytes is larger than max.message.bytes, ${settings.maxMessageBytes}`,
  );
}

/** The bytes cannot be told apart into batches. */
export class CorruptFrame extends KafkaError {
  override readonly name = 'CorruptFrame';

  constructor(message: string) {
    super('CORRUPT_MESSAGE', message);
  }
}

/** Bytes behind the length that every format has at least. */
const leastRecordSize = 14;
/** Up to the magic number, the formats agree. */
const sizeUpToMagic = 17;

/**
 * Looks for the one whole batch of our format that there must be, in what a client sent. Fewer bytes than a batch behind
 * it are no harm, as in Kafka.
 *
 * @returns the end of the batch
 * @throws {KafkaError} INVALID_RECORD: there is none, or there are several, or it is of an old format; `CorruptFrame`
 */
export function checkOneBatch({ buffer, start, end }: ByteRange): number {
  const endOfFirst = endOfFrame(buffer, start, end);
  if (endOfFirst === undefined || isAnother(buffer, endOfFirst, end)) {
    throw invalid('a produce request must hold exactly one record batch per partition');
  }
  if (magicAt(buffer, start) !== currentMagic) {
    throw invalid(`only record batches of magic version ${currentMagic} are accepted`);
  }
  return endOfFirst;
}

function isAnother(buffer: Buffer, at: number, end: number): boolean {
  try {
    return endOfFrame(buffer, at, end) !== undefined;
  } catch {
    throw new KafkaError('CORRUPT_MESSAGE', 'what follows the batch is none');
  }
}

/** Where the batch or old message at a position ends; undefined when it is not whole. */
function endOfFrame(buffer: Buffer, at: number, end: number): number | undefined {
  const left = end - at;
  if (left < batchOverhead) return undefined;
  const size = batchSizeAt(buffer, at);
  if (size - batchOverhead < leastRecordSize) {
    throw new CorruptFrame(
      `Record size ${size - batchOverhead} is less than the minimum record overhead (${leastRecordSize})`,
    );
  }
  if (left < sizeUpToMagic) return undefined;
  const magic = buffer.readInt8(at + sizeUpToMagic - 1);
  if (magic < 0 || magic > currentMagic) {
    throw new CorruptFrame(`Invalid magic found in record: ${magic}`);
  }
  return size <= left ? at + size : undefined;
}

function checkHeader(buffer: Buffer, at: number): void {
  const count = recordsCountAt(buffer, at);
  const lastOffsetDelta = lastOffsetDeltaAt(buffer, at);
  if (lastOffsetDelta < 0) throw invalid(`the last offset delta is ${lastOffsetDelta}`);
  if (count <= 0) throw invalid(`the batch says that it holds ${count} records`);
  if (count !== lastOffsetDelta + 1) {
    throw invalid(`${count} records do not fill offsets 0 to ${lastOffsetDelta}`);
  }
  if (isControlAt(buffer, at)) throw invalid('clients may not write control records');
  if (producerIdAt(buffer, at) >= 0 && baseSequenceAt(buffer, at) < 0) {
    throw invalid(`producer ${producerIdAt(buffer, at)} sent a batch without a sequence number`);
  }
}

function acceptRecords(
  buffer: Buffer,
  start: number,
  end: number,
  log: ClientLog,
  nowMs: number,
  seen: PlainRecords | undefined,
  place: Place,
): ByteRange {
  const { settings } = log;
  const source = compressionAt(buffer, start);
  const target = targetCompression(settings, source);
  const walk = new RecordWalk(buffer, start, log, nowMs, place);
  const isRebuilt = walk.run(source, target, seen);
  if (isRebuilt) return rebuild(buffer, start, walk.records, target, settings, nowMs);
  const isAppendTime = settings.timestampType === 'LogAppendTime';
  const maxTimestamp = isAppendTime ? nowMs : walk.maxTimestamp;
  setMaxTimestamp(buffer, start, settings.timestampType, maxTimestamp);
  return { buffer, start, end };
}

function targetCompression(settings: LogSettings, source: CompressionType): CompressionType {
  if (settings.compression === 'producer') return source;
  return settings.compression === 'uncompressed' ? 'none' : settings.compression;
}

/** One pass over the records of a batch: keys, timestamps, offsets. */
class RecordWalk {
  maxTimestamp = -1;
  /** Filled only where the batch has to be built anew. */
  records: Record[] = [];
  private errors: RecordError[] | undefined;
  private code: ErrorName = 'INVALID_RECORD';
  private readonly ref: PartitionRef;
  /** Bytes. */
  private readonly mostRebuilt: number;
  private readonly needsKey: boolean;
  private readonly checksCreateTime: boolean;
  private readonly saysAppendTime: boolean;
  private readonly earliest: number;
  private readonly latest: number;

  constructor(
    private readonly buffer: Buffer,
    private readonly at: number,
    { settings, ref }: ClientLog,
    nowMs: number,
    private readonly place: Place,
  ) {
    this.ref = ref;
    this.mostRebuilt = place === 'loop' ? mostRebuiltInLoop(settings) : Infinity;
    this.needsKey = settings.cleanupCompact;
    this.checksCreateTime = settings.timestampType === 'CreateTime';
    this.saysAppendTime = isLogAppendTimeAt(buffer, at);
    this.earliest = nowMs - settings.timestampBeforeMaxMs;
    this.latest = nowMs + settings.timestampAfterMaxMs;
  }

  /**
   * @param seen  what is known of the records without looking at each
   * @returns whether the batch must be built anew, from `records`
   */
  run(source: CompressionType, target: CompressionType, seen: PlainRecords | undefined): boolean {
    const collects = source !== target;
    if (!collects && seen !== undefined && this.isFaultless(seen)) return false;
    const isPlain = source === 'none' && target === 'none';
    let isRebuilt = collects;
    const cursor = openRecords(this.buffer, this.at, this.limitOf(source), !collects);
    if (collects) {
      this.checkRebuilt(
        source === 'none' ? batchSizeAt(this.buffer, this.at) : cursor.bytes.length,
      );
    }
    if (!collects && source !== 'none' && this.isScannedFaultless(cursor.bytes)) return false;
    let index = 0;
    while (cursor.next()) {
      const { timestamp } = cursor;
      this.check(cursor, index, timestamp);
      if (collects) this.records.push(cursor.record());
      if (timestamp > this.maxTimestamp) this.maxTimestamp = timestamp;
      if (cursor.offsetDelta !== index) {
        if (isPlain) throw invalid(`record ${index} has the offset delta ${cursor.offsetDelta}`);
        isRebuilt = true; // inner offsets are given anew
      }
      index++;
    }
    if (this.errors !== undefined) throw this.failure(this.errors);
    if (isRebuilt && !collects) {
      this.checkRebuilt(cursor.bytes.length);
      this.records = this.collect();
    }
    return isRebuilt;
  }

  private limitOf(source: CompressionType): number | undefined {
    return this.place === 'loop' ? mostBytesInLoop(source) : undefined;
  }

  /** @throws {TakesLong} */
  private checkRebuilt(bytes: number): void {
    if (bytes <= this.mostRebuilt) return;
    throw new TakesLong(`${bytes} bytes of records, of which a batch has to be built anew`);
  }

  /** @param content  the records, decompressed */
  private isScannedFaultless(content: Buffer): boolean {
    const scanned = scanRecords(content, recordsCountAt(this.buffer, this.at));
    return scanned !== undefined && this.isFaultless(scanned);
  }

  /** Whether every record would pass `check`. Where not, it is `check` that says why. */
  private isFaultless(seen: PlainRecords): boolean {
    if (seen.count !== recordsCountAt(this.buffer, this.at)) return false;
    if (this.saysAppendTime || (this.needsKey && !seen.haveKeys)) return false;
    const baseTimestamp = baseTimestampAt(this.buffer, this.at);
    const latest = baseTimestamp + seen.mostTimestampDelta;
    if (this.checksCreateTime) {
      const isInTime = baseTimestamp + seen.leastTimestampDelta >= this.earliest;
      if (!isInTime || latest > this.latest) return false;
    }
    this.maxTimestamp = Math.max(this.maxTimestamp, latest);
    return true;
  }

  /** Kafka's words, which clients show. */
  private check(cursor: RecordCursor, index: number, timestamp: number): void {
    const { offsetDelta, keyLength, valueLength } = cursor;
    if (this.needsKey && keyLength < 0) {
      const where = `${this.ref.topicName}-${this.ref.partition}`;
      const words = `Compacted topic cannot accept message without key in topic partition ${where}`;
      this.blame(index, 'INVALID_RECORD', words);
    } else if (this.checksCreateTime && timestamp !== -1) {
      if (timestamp < this.earliest || timestamp > this.latest) {
        this.blame(
          index,
          'INVALID_TIMESTAMP',
          `Timestamp ${timestamp} of message with offset ${offsetDelta} is out of range. ` +
            `The timestamp should be within [${this.earliest}, ${this.latest}]`,
        );
      }
    } else if (this.saysAppendTime) {
      const record =
        `DefaultRecord(offset=${offsetDelta}, timestamp=${timestamp}, ` +
        `key=${Math.max(0, keyLength)} bytes, value=${Math.max(0, valueLength)} bytes)`;
      this.blame(
        index,
        'INVALID_TIMESTAMP',
        `Invalid timestamp type in message ${record}. Producer should not set timestamp type to LogAppendTime.`,
      );
    }
  }

  private blame(batchIndex: number, code: ErrorName, message: string): void {
    this.errors ??= [];
    this.errors.push({ batchIndex, message });
    if (code === 'INVALID_TIMESTAMP') this.code = code;
  }

  private failure(errors: RecordError[]): RecordErrors {
    const message =
      this.code === 'INVALID_TIMESTAMP'
        ? 'One or more records have been rejected due to invalid timestamp'
        : `One or more records have been rejected due to ${errors.length} record errors in total, ` +
          `and only showing the first three errors at most: [${errors.slice(0, 3).map(quoted).join(', ')}]`;
    return new RecordErrors(this.code, message, errors);
  }

  private collect(): Record[] {
    const records: Record[] = [];
    const cursor = openRecords(this.buffer, this.at);
    while (cursor.next()) records.push(cursor.record());
    return records;
  }
}

function quoted({ batchIndex, message }: RecordError): string {
  return `RecordError(batchIndex=${batchIndex}, message='${message}')`;
}

function rebuild(
  buffer: Buffer,
  at: number,
  records: readonly Record[],
  compression: CompressionType,
  settings: LogSettings,
  nowMs: number,
): ByteRange {
  const built = buildBatch({
    records: records.map((record, offset) => ({ ...record, offset })),
    compression,
    compressionLevel: settings.compressionLevel,
    logAppendTime: settings.timestampType === 'LogAppendTime' ? nowMs : undefined,
    producerId: producerIdAt(buffer, at),
    producerEpoch: producerEpochAt(buffer, at),
    baseSequence: baseSequenceAt(buffer, at),
    isTransactional: isTransactionalAt(buffer, at),
  });
  checkSize(built.length, settings);
  return { buffer: built, start: 0, end: built.length };
}
