import { int16At, int64At, putInt16, putInt64 } from '../protocol/big-endian.ts';
import type { AbortedTransaction } from './partition-log.ts';
import { StorageFailure } from './storage-failure.ts';

/*
 * `.txnindex`: one row per aborted transaction, in order of lastOffset, in the segment that holds
 * the abort marker; no file without one. What cannot be right is rebuilt from the log's batches.
 *
 *    0  version           int16  0
 *    2  producerId        int64
 *   10  firstOffset       int64  first record of the transaction
 *   18  lastOffset        int64  the abort marker
 *   26  lastStableOffset  int64  of the log once the marker was written
 */
export const abortedRowSize = 34;
const currentVersion = 0;

/** A transaction that was aborted, where it lies, and how far it was certain then. */
export interface AbortedRow extends AbortedTransaction {
  readonly lastOffset: number;
  readonly lastStableOffset: number;
}

/** All aborted transactions a log still holds, in order of lastOffset. */
export class AbortedTransactions {
  private rows: AbortedRow[] = [];

  /** All that are known now: what is forgotten from here on is known to the copy. */
  asOfNow(): AbortedTransactions {
    const copy = new AbortedTransactions();
    copy.rows = this.rows; // they are only added to: who forgets some takes a new list
    return copy;
  }

  add(row: AbortedRow): void {
    this.rows.push(row);
  }

  /**
   * Those that overlap [fromOffset, endOffset), by firstOffset: kafkajs reads the list strictly
   * in that order, the others do not mind.
   */
  overlapping(fromOffset: number, endOffset: number): AbortedTransaction[] {
    const found: AbortedTransaction[] = [];
    for (let i = this.firstEndingAt(fromOffset); i < this.rows.length; i++) {
      const { producerId, firstOffset, lastStableOffset } = this.rows[i] as AbortedRow;
      if (firstOffset < endOffset) found.push({ producerId, firstOffset });
      // Whatever is aborted later began at or past this.
      if (lastStableOffset >= endOffset) break;
    }
    return found.sort((a, b) => a.firstOffset - b.firstOffset);
  }

  /** All that overlap [fromOffset, endOffset), as rows. */
  rowsOverlapping(fromOffset: number, endOffset: number): AbortedRow[] {
    return this.rows.filter((row) => row.lastOffset >= fromOffset && row.firstOffset < endOffset);
  }

  /** Puts rows in the place of those whose markers lie in [fromOffset, endOffset). */
  replaceBetween(fromOffset: number, endOffset: number, rows: readonly AbortedRow[]): void {
    const before = this.firstEndingAt(fromOffset);
    const behind = this.firstEndingAt(endOffset);
    this.rows = [...this.rows.slice(0, before), ...rows, ...this.rows.slice(behind)];
  }

  /** Forgets transactions whose markers are below `offset`. */
  removeBefore(offset: number): void {
    const kept = this.firstEndingAt(offset);
    if (kept > 0) this.rows = this.rows.slice(kept);
  }

  private firstEndingAt(offset: number): number {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.rows[middle] as AbortedRow).lastOffset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * The rows of a segment's whole file.
 *
 * @param endOffset  where the segment ends
 * @throws {StorageFailure} Corrupt: they cannot be right
 */
export function soundAbortedRows(
  bytes: Buffer,
  baseOffset: number,
  endOffset: number,
): AbortedRow[] {
  if (bytes.length === 0) throw new StorageFailure('Corrupt', 'it is empty');
  if (bytes.length % abortedRowSize !== 0) throw new StorageFailure('Corrupt', 'a row is torn');
  const rows = decodeAbortedRows(bytes);
  let next = baseOffset;
  for (const { producerId, firstOffset, lastOffset, lastStableOffset } of rows) {
    const isSound =
      producerId >= 0 &&
      firstOffset >= 0 &&
      firstOffset < lastOffset &&
      lastOffset >= next &&
      lastOffset < endOffset &&
      lastStableOffset >= 0 &&
      lastStableOffset <= lastOffset + 1;
    if (!isSound) {
      const row = `producer ${producerId}, offsets ${firstOffset} to ${lastOffset}`;
      throw new StorageFailure('Corrupt', `a row does not fit the segment: ${row}`);
    }
    next = lastOffset + 1;
  }
  return rows;
}

export function encodeAbortedRows(rows: readonly AbortedRow[]): Buffer {
  const bytes = Buffer.alloc(rows.length * abortedRowSize);
  rows.forEach((row, i) => {
    const at = i * abortedRowSize;
    putInt16(bytes, at, currentVersion);
    putInt64(bytes, at + 2, row.producerId);
    putInt64(bytes, at + 10, row.firstOffset);
    putInt64(bytes, at + 18, row.lastOffset);
    putInt64(bytes, at + 26, row.lastStableOffset);
  });
  return bytes;
}

/** @throws {StorageFailure} Corrupt: a version that we do not know */
export function decodeAbortedRows(bytes: Buffer): AbortedRow[] {
  const rows: AbortedRow[] = [];
  for (let at = 0; at + abortedRowSize <= bytes.length; at += abortedRowSize) {
    const version = int16At(bytes, at);
    if (version !== currentVersion) {
      throw new StorageFailure('Corrupt', `a transaction index of version ${version}`);
    }
    rows.push({
      producerId: int64At(bytes, at + 2),
      firstOffset: int64At(bytes, at + 10),
      lastOffset: int64At(bytes, at + 18),
      lastStableOffset: int64At(bytes, at + 26),
    });
  }
  return rows;
}
