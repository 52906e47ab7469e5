import { controlTypeOf } from '../../protocol/control-record.ts';
import {
  baseOffsetAt,
  isTransactionalAt,
  lastOffsetAt,
  openRecords,
  producerIdAt,
} from '../../protocol/record-batch.ts';
import type { AbortedRow } from '../aborted-transactions.ts';

interface Aborted {
  readonly row: AbortedRow;
  /** Some batch of it is still in the log. */
  isSeen: boolean;
}

/**
 * Transactions along the way of the cleaner through a log: which batches belong to aborted ones, and
 * which markers nobody needs any more. It has to see every batch, in order.
 */
export class CleanedTransactions {
  /** In order of firstOffset. */
  private readonly waiting: AbortedRow[];
  private reached = 0;
  /** By producer id. */
  private readonly aborted = new Map<number, Aborted>();
  /** Producers of batches that no abort covers. */
  private readonly committed = new Set<number>();
  private kept: AbortedRow[] = [];

  /** @param rows  aborted transactions that overlap what is walked through */
  constructor(rows: readonly AbortedRow[]) {
    this.waiting = [...rows].sort((a, b) => a.firstOffset - b.firstOffset);
  }

  /** A batch of data. @returns whether it belongs to an aborted transaction */
  onData(buffer: Buffer, at: number): boolean {
    this.beginUntil(lastOffsetAt(buffer, at));
    if (!isTransactionalAt(buffer, at)) return false;
    const producerId = producerIdAt(buffer, at);
    const aborted = this.abortedAt(producerId, baseOffsetAt(buffer, at));
    if (aborted === undefined) {
      this.committed.add(producerId);
      return false;
    }
    aborted.isSeen = true;
    return true;
  }

  /** A control batch. @returns whether no batch of its transaction is left, so that it may go */
  onMarker(buffer: Buffer, at: number): boolean {
    this.beginUntil(lastOffsetAt(buffer, at));
    const cursor = openRecords(buffer, at);
    if (!cursor.next()) return true; // emptied before
    const producerId = producerIdAt(buffer, at);
    switch (controlTypeOf(cursor.key())) {
      case 'ABORT': {
        const aborted = this.abortedAt(producerId, baseOffsetAt(buffer, at));
        this.aborted.delete(producerId);
        if (aborted?.isSeen !== true) return true;
        this.kept.push(aborted.row);
        return false;
      }
      case 'COMMIT':
        return !this.committed.delete(producerId);
      case 'LEADER_CHANGE':
      case 'SNAPSHOT_HEADER':
      case 'SNAPSHOT_FOOTER':
      case 'KRAFT_VERSION':
      case 'KRAFT_VOTERS':
      case undefined:
        return false;
    }
  }

  /** The aborted transactions that stay, whose markers were seen since the last call. */
  takeKept(): AbortedRow[] {
    const rows = this.kept;
    this.kept = [];
    return rows;
  }

  /** Retention may have taken the segment with the marker of one before that could be seen. */
  private abortedAt(producerId: number, offset: number): Aborted | undefined {
    const aborted = this.aborted.get(producerId);
    return aborted === undefined || aborted.row.lastOffset < offset ? undefined : aborted;
  }

  private beginUntil(offset: number): void {
    for (; this.reached < this.waiting.length; this.reached++) {
      const row = this.waiting[this.reached] as AbortedRow;
      if (row.firstOffset > offset) return;
      if (this.abortedAt(row.producerId, row.firstOffset) === undefined) {
        this.aborted.set(row.producerId, { row, isSeen: false });
      }
    }
  }
}
