import type { Caller } from '../host/caller.ts';
import { KafkaError } from '../protocol/kafka-error.ts';
import type { AbortedTransactions } from './aborted-transactions.ts';
import type { EpochCache } from './epoch-cache.ts';
import type { PartitionLog, ReadLimit, ReadRequest, ReadResult } from './partition-log.ts';
import type { SegmentList } from './segment-list.ts';
import type { BatchesFound } from './segment-reader.ts';

/** Where a log stands; asked anew when the bytes have come. */
type Standing = Pick<
  PartitionLog,
  'logStartOffset' | 'lastStableOffset' | 'highWatermark' | 'logEndOffset'
>;

/** What is known of a log beside its batches. */
interface Beside {
  readonly aborted: AbortedTransactions;
  readonly guard: EpochCache;
}

/** A read as `PartitionLog` has it, of a log that may be read. */
export function readLog(
  log: Standing,
  segments: SegmentList,
  { aborted, guard }: Beside,
  request: ReadRequest,
  caller: Caller | undefined,
): ReadResult | Promise<ReadResult> {
  const { fromOffset, maxBytes, minOneBatch } = request;
  if (fromOffset < log.logStartOffset || fromOffset > log.logEndOffset) {
    throw new KafkaError(
      'OFFSET_OUT_OF_RANGE',
      `${fromOffset} is not within [${log.logStartOffset}, ${log.logEndOffset}]`,
    );
  }
  if (caller?.isGone === true) throw new Error('whoever wanted to read is gone');
  const limitOffset = endOf(log, request.limit);
  if (fromOffset >= limitOffset) return result(log, aborted, undefined, request);
  const { logEndOffset } = log;
  const found = segments.read({
    fromOffset,
    maxBytes,
    minOneBatch,
    limitOffset,
    logEndOffset,
    guard,
    takesFiles: caller?.takesFiles === true,
    skipsEmpty: true,
    hasSkipped: false,
  });
  if (!(found instanceof Promise)) return result(log, aborted, found, request);
  // By the time the bytes are there their segment may be deleted or cleaned, its transactions forgotten.
  const known = request.limit === 'lastStableOffset' ? aborted.asOfNow() : aborted;
  return found.then((batches) => {
    if (caller?.isGone === true) {
      batches?.release();
      throw new Error('whoever wanted to read is gone');
    }
    return result(log, known, batches, request);
  });
}

/** Even where the log's end is asked for, what is not written yet cannot be read. */
function endOf(log: Standing, limit: ReadLimit): number {
  return limit === 'lastStableOffset' ? log.lastStableOffset : log.highWatermark;
}

function result(
  { logStartOffset, highWatermark, lastStableOffset }: Standing,
  aborted: AbortedTransactions,
  found: BatchesFound | undefined,
  { fromOffset, limit }: ReadRequest,
): ReadResult {
  const overlapping = () =>
    found === undefined ? [] : aborted.overlapping(fromOffset, found.endOffset);
  return {
    records: found?.records ?? [],
    inFile: found?.inFile,
    sizeInBytes: found?.sizeInBytes ?? 0,
    endOffset: found?.endOffset ?? fromOffset,
    logStartOffset,
    highWatermark,
    lastStableOffset,
    abortedTransactions: limit === 'lastStableOffset' ? overlapping() : null,
    release: found === undefined ? () => undefined : () => found.release(),
  };
}
