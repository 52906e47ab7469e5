import type { ByteRange } from '../../src/protocol/byte-range.ts';
import { controlTypeOf } from '../../src/protocol/control-record.ts';
import { batches, openRecords, type BatchHeader } from '../../src/protocol/record-batch.ts';

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export interface SeenRecord {
  readonly offset: number;
  readonly key: string | null;
  readonly value: string;
}

/**
 * What a consumer with `read_committed` makes of a fetched partition, as Kafka's own does it: the
 * batches of a producer are left out from the first offset of its aborted transaction to the marker.
 */
export function committedView(
  records: ByteRange,
  abortedTransactions: readonly AbortedTransaction[],
): SeenRecord[] {
  const aborted = [...abortedTransactions].sort((a, b) => a.firstOffset - b.firstOffset);
  const hidden = new Set<number>();
  const seen: SeenRecord[] = [];
  for (const batch of batches(records)) {
    const { producerId, position, lastOffset } = batch;
    while (aborted[0] !== undefined && aborted[0].firstOffset <= lastOffset) {
      hidden.add(aborted.shift()!.producerId);
    }
    if (batch.isControl) {
      if (isAbort(records.buffer, batch)) hidden.delete(producerId);
    } else if (!batch.isTransactional || !hidden.has(producerId)) {
      seen.push(...recordsOf(records.buffer, position));
    }
  }
  return seen;
}

/** All records of clients, of whatever transaction. */
export function uncommittedView(records: ByteRange): SeenRecord[] {
  return [...batches(records)].flatMap((batch) =>
    batch.isControl ? [] : recordsOf(records.buffer, batch.position),
  );
}

function recordsOf(buffer: Buffer, at: number): SeenRecord[] {
  const found: SeenRecord[] = [];
  for (const cursor = openRecords(buffer, at); cursor.next();) {
    const key = cursor.key();
    found.push({
      offset: cursor.offset,
      key: key === null ? null : String(key),
      value: String(cursor.value()),
    });
  }
  return found;
}

function isAbort(buffer: Buffer, { position }: BatchHeader): boolean {
  const cursor = openRecords(buffer, position);
  return cursor.next() && controlTypeOf(cursor.key()) === 'ABORT';
}
