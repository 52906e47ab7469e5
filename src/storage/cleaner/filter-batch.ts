import { deleteHorizonAt, type BatchChange } from '../../protocol/batch-remainder.ts';
import {
  isControlAt,
  lastOffsetAt,
  openRecords,
  producerEpochAt,
  producerIdAt,
  recordsCountAt,
} from '../../protocol/record-batch.ts';
import type { RecordCursor } from '../../protocol/record.ts';
import type { LastOfProducer } from './cleanable-log.ts';
import type { CleanedTransactions } from './cleaned-transactions.ts';
import type { OffsetMap } from './offset-map.ts';
import { recordsPerSlice, type Slices } from './pace.ts';

/** What one round of cleaning goes by. */
export interface CleaningRules {
  /** Latest offsets of the keys of the dirty part. */
  readonly latest: OffsetMap;
  /** The map knows all keys below. */
  readonly mappedUntil: number;
  readonly transactions: CleanedTransactions;
  readonly lastOfProducers: ReadonlyMap<number, LastOfProducer>;
  /** When the round began. */
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
}

/** The batch is kept as it is, it is gone, or it is changed. */
export type FilterOutcome = 'kept' | 'gone' | BatchChange;

const emptied: BatchChange = { kind: 'emptied' };

/**
 * What becomes of a batch, which is not compressed.
 *
 * @param isLast  its offset must stay known, so it is kept even when it is empty
 */
export function* filterBatch(
  buffer: Buffer,
  at: number,
  isLast: boolean,
  rules: CleaningRules,
): Slices<FilterOutcome> {
  const isControl = isControlAt(buffer, at);
  const { transactions, nowMs, deleteRetentionMs } = rules;
  const horizon = deleteHorizonAt(buffer, at);
  const mayGo = isControl ? transactions.onMarker(buffer, at) : transactions.onData(buffer, at);
  const isPastHorizon = horizon !== undefined && horizon <= nowMs;
  const mustStay = isLast || isLastOfProducer(buffer, at, rules.lastOfProducers);
  if (recordsCountAt(buffer, at) === 0) return mustStay ? 'kept' : 'gone';
  if (mayGo && (!isControl || isPastHorizon)) return mustStay ? emptied : 'gone';

  const newHorizon = horizon === undefined ? nowMs + deleteRetentionMs : undefined;
  if (isControl) {
    if (!mayGo || newHorizon === undefined) return 'kept';
    return { kind: 'deleteHorizon', deleteHorizonMs: newHorizon, dropped: [] };
  }
  const kept = yield* keptRecords(buffer, at, !isPastHorizon, rules);
  if (kept.count === 0) return mustStay ? emptied : 'gone';
  const { dropped, spans, count, maxTimestamp } = kept;
  if (kept.hasTombstone && newHorizon !== undefined) {
    return { kind: 'deleteHorizon', deleteHorizonMs: newHorizon, dropped };
  }
  return dropped.length === 0 ? 'kept' : { kind: 'remainder', spans, count, maxTimestamp };
}

/**
 * The header of a producer's last batch tells its last sequence number; where only a marker is known
 * of it, that tells its epoch, which fences older ones.
 */
function isLastOfProducer(
  buffer: Buffer,
  at: number,
  lastOfProducers: ReadonlyMap<number, LastOfProducer>,
): boolean {
  const producerId = producerIdAt(buffer, at);
  const last = producerId < 0 ? undefined : lastOfProducers.get(producerId);
  if (last === undefined) return false;
  if (last.lastOffset !== undefined) return lastOffsetAt(buffer, at) === last.lastOffset;
  return isControlAt(buffer, at) && producerEpochAt(buffer, at) === last.producerEpoch;
}

interface KeptRecords {
  /** As in `BatchChange`. */
  readonly spans: number[];
  count: number;
  maxTimestamp: number;
  hasTombstone: boolean;
  /** Indexes of those that go. */
  readonly dropped: number[];
}

function* keptRecords(
  buffer: Buffer,
  at: number,
  keepsTombstones: boolean,
  rules: CleaningRules,
): Slices<KeptRecords> {
  const cursor = openRecords(buffer, at);
  const kept: KeptRecords = {
    spans: [],
    count: 0,
    maxTimestamp: -1,
    hasTombstone: false,
    dropped: [],
  };
  const { spans } = kept;
  for (let index = 0; cursor.next(); index++) {
    if (index % recordsPerSlice === recordsPerSlice - 1) yield;
    if (!isKept(cursor, keepsTombstones, rules)) {
      kept.dropped.push(index);
      continue;
    }
    kept.count++;
    if (cursor.valueLength < 0) kept.hasTombstone = true;
    kept.maxTimestamp = Math.max(kept.maxTimestamp, cursor.timestamp);
    const start = cursor.recordStart - at;
    const end = cursor.recordEnd - at;
    if (spans.at(-1) === start) spans[spans.length - 1] = end;
    else spans.push(start, end);
  }
  return kept;
}

function isKept(cursor: RecordCursor, keepsTombstones: boolean, rules: CleaningRules): boolean {
  const { offset, keyStart, keyLength } = cursor;
  if (offset >= rules.mappedUntil) return true;
  // From before the topic was compacted: nobody can ever replace it.
  if (keyLength < 0) return false;
  if (cursor.valueLength < 0 && !keepsTombstones) return false;
  return offset >= rules.latest.get(cursor.bytes, keyStart, keyLength);
}
