import type { ByteRange } from '../protocol/byte-range.ts';
import type { CompressionType } from '../protocol/compression/compression-type.ts';
import type { ErrorName } from '../protocol/error-codes.ts';
import { KafkaError } from '../protocol/kafka-error.ts';
import { MalformedMessage } from '../protocol/malformed-message.ts';
import {
  baseOffsetAt,
  baseSequenceAt,
  batchOverhead,
  batchSizeAt,
  buildBatch,
  compressionAt,
  frameProblem,
  isControlAt,
  isCrcValid,
  isLogAppendTimeAt,
  isTransactionalAt,
  lastOffsetDeltaAt,
  openRecords,
  producerEpochAt,
  producerIdAt,
  recordsCountAt,
  setMaxTimestamp,
} from '../protocol/record-batch.ts';
import type { Record, RecordCursor } from '../protocol/record.ts';
import type { LogSettings } from './partition-log.ts';
import type { RecordError } from './record-errors.ts';
import { RecordErrors } from './record-errors.ts';

const invalid = (message: string) => new KafkaError('INVALID_RECORD', message);

/**
 * Looks at what a client sent for one partition and gives the batch to append: the client's own
 * bytes, with the timestamp rewritten in place where the topic wants it, or a batch built anew where
 * the codec differs. Checks and their order are those of Kafka 4.3.
 *
 * @throws {KafkaError} INVALID_RECORD, CORRUPT_MESSAGE, MESSAGE_TOO_LARGE, INVALID_TIMESTAMP;
 *   `RecordErrors` when single records are to blame
 */
export function acceptClientBatch(
  sent: ByteRange,
  settings: LogSettings,
  nowMs: number,
): ByteRange {
  const { buffer, start } = sent;
  const end = endOfOnlyBatch(sent);
  if (baseOffsetAt(buffer, start) !== 0) {
    throw invalid(`the base offset of a batch must be 0, not ${baseOffsetAt(buffer, start)}`);
  }
  checkSize(end - start, settings);
  if (!isCrcValid(buffer, start)) {
    throw new KafkaError('CORRUPT_MESSAGE', 'the checksum of the batch does not agree');
  }
  checkHeader(buffer, start);
  try {
    return acceptRecords(buffer, start, end, settings, nowMs);
  } catch (error) {
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

/** End of the one whole batch. Fewer bytes than a batch behind it are cut away, as Kafka does. */
function endOfOnlyBatch({ buffer, start, end }: ByteRange): number {
  switch (frameProblem(buffer, start, end)) {
    case 'truncated':
      throw invalid('a produce request must hold exactly one record batch per partition');
    case 'undersized':
      throw new KafkaError('CORRUPT_MESSAGE', 'the batch is shorter than a header');
    case 'unsupportedMagic':
      throw invalid('only record batches of magic version 2 are accepted');
    case 'corrupt':
    case undefined:
      break;
  }
  const endOfFirst = start + batchSizeAt(buffer, start);
  const left = end - endOfFirst;
  if (left >= batchOverhead && batchSizeAt(buffer, endOfFirst) <= left) {
    throw invalid('a produce request must hold exactly one record batch per partition');
  }
  return endOfFirst;
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
  settings: LogSettings,
  nowMs: number,
): ByteRange {
  const source = compressionAt(buffer, start);
  const target = targetCompression(settings, source);
  const walk = new RecordWalk(buffer, start, settings, nowMs);
  const isRebuilt = walk.run(source, target);
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
  private readonly needsKey: boolean;
  private readonly checksCreateTime: boolean;
  private readonly saysAppendTime: boolean;
  private readonly earliest: number;
  private readonly latest: number;

  constructor(
    private readonly buffer: Buffer,
    private readonly at: number,
    settings: LogSettings,
    nowMs: number,
  ) {
    this.needsKey = settings.cleanupCompact;
    this.checksCreateTime = settings.timestampType === 'CreateTime';
    this.saysAppendTime = isLogAppendTimeAt(buffer, at);
    this.earliest = nowMs - settings.timestampBeforeMaxMs;
    this.latest = nowMs + settings.timestampAfterMaxMs;
  }

  /** @returns whether the batch must be built anew, from `records` */
  run(source: CompressionType, target: CompressionType): boolean {
    const collects = source !== target;
    const isPlain = source === 'none' && target === 'none';
    let isRebuilt = collects;
    const cursor = openRecords(this.buffer, this.at);
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
    if (isRebuilt && !collects) this.records = this.collect();
    return isRebuilt;
  }

  private check(cursor: RecordCursor, index: number, timestamp: number): void {
    if (this.needsKey && cursor.keyLength < 0) {
      this.blame(index, 'INVALID_RECORD', 'a compacted topic needs a key in every record');
    } else if (this.checksCreateTime && timestamp !== -1) {
      if (timestamp < this.earliest || timestamp > this.latest) {
        const bounds = `[${this.earliest}, ${this.latest}]`;
        this.blame(index, 'INVALID_TIMESTAMP', `timestamp ${timestamp} is not within ${bounds}`);
      }
    } else if (this.saysAppendTime) {
      this.blame(index, 'INVALID_TIMESTAMP', 'a producer may not say LogAppendTime');
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
        : `${errors.length} record(s) have been rejected; the first: ${errors[0]?.message ?? ''}`;
    return new RecordErrors(this.code, message, errors);
  }

  private collect(): Record[] {
    const records: Record[] = [];
    const cursor = openRecords(this.buffer, this.at);
    while (cursor.next()) records.push(cursor.record());
    return records;
  }
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
