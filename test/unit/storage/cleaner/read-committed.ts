import type { ByteRange } from '../../../../src/protocol/byte-range.ts';
import { controlTypeOf } from '../../../../src/protocol/control-record.ts';
import { batches, readRecords } from '../../../../src/protocol/record-batch.ts';
import type { PartitionLog } from '../../../../src/storage/partition-log.ts';

export interface CommittedRecord {
  readonly offset: number;
  readonly key: string;
  readonly value: string | null;
}

/** All that a read_committed consumer gets, by the rules by which clients leave out what was aborted. */
export async function readCommitted(log: PartitionLog): Promise<CommittedRecord[]> {
  const found: CommittedRecord[] = [];
  let next = log.logStartOffset;
  for (;;) {
    const request = { fromOffset: next, maxBytes: 700, minOneBatch: true } as const;
    const result = await log.read({ ...request, limit: 'lastStableOffset' });
    const waiting = [...(result.abortedTransactions ?? [])];
    const aborted = new Set<number>();
    let isEmpty = true;
    for (const range of result.records) {
      for (const batch of batches(range)) {
        isEmpty = false;
        while (waiting[0] !== undefined && waiting[0].firstOffset <= batch.lastOffset) {
          aborted.add((waiting.shift() as { producerId: number }).producerId);
        }
        const { position, sizeInBytes, isTransactional, producerId } = batch;
        const whole = { buffer: range.buffer, start: position, end: position + sizeInBytes };
        if (batch.isControl) {
          if (isAbort(whole)) aborted.delete(producerId);
        } else if (!isTransactional || !aborted.has(producerId)) {
          for (const { offset, key, value } of readRecords(whole)) {
            if (offset < next) continue;
            found.push({ offset, key: String(key), value: value?.toString() ?? null });
          }
        }
      }
      next = Math.max(next, ...[...batches(range)].map(({ lastOffset }) => lastOffset + 1));
    }
    result.release();
    if (isEmpty) return found;
  }
}

function isAbort(batch: ByteRange): boolean {
  const [record] = readRecords(batch);
  return record !== undefined && controlTypeOf(record.key) === 'ABORT';
}

/** The last value of each key, those that were deleted left out. */
export function latestValues(records: readonly CommittedRecord[]): Map<string, string> {
  const latest = new Map<string, string>();
  for (const { key, value } of records) {
    if (value === null) latest.delete(key);
    else latest.set(key, value);
  }
  return new Map([...latest].sort(([a], [b]) => (a < b ? -1 : 1)));
}
