import { deleteHorizonAt } from '../../../src/protocol/batch-remainder.ts';
import { batches, openRecords } from '../../../src/protocol/record-batch.ts';
import type { CleanableLog } from '../../../src/storage/cleaner/cleanable-log.ts';
import type { PartitionLog } from '../../../src/storage/partition-log.ts';
import {
  endOf,
  type ExpectedBatch,
  type ExpectedLog,
  type ExpectedRecord,
} from './expected-log.ts';
import { checkBatches, demand } from './log-checks.ts';

/** The cleanings of a log since the model last saw what they left. */
export interface Cleanings {
  /** None has seen anything from here on. */
  readonly knownBelow: number;
  /** From here on none knew all keys: it took nothing but what is aborted, and old markers. */
  readonly below: number;
  /** When the first of them began, and now. */
  readonly sinceMs: number;
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
}

/** What a log holds of a batch. */
interface FoundBatch {
  readonly offsets: ReadonlySet<number>;
  readonly horizonMs: number | undefined;
  readonly bytes: number;
}

/** Which records compaction may take, found by looking at all of them. */
export class Removals {
  /** Offset of the newest record of each key that counts. */
  private readonly newest = new Map<string, number>();
  private readonly aborted = new Set<ExpectedBatch>();
  /** Batches of the transaction that a marker ends. */
  private readonly ofMarker = new Map<ExpectedBatch, readonly ExpectedBatch[]>();

  constructor(
    private readonly expected: ExpectedLog,
    private readonly cleanings: Cleanings,
  ) {
    this.followTransactions();
    for (const batch of this.dataBelow()) {
      for (const { key, delta } of batch.records) {
        const offset = batch.baseOffset + delta;
        if (key !== null && offset < cleanings.knownBelow) this.newest.set(key, offset);
      }
    }
  }

  private followTransactions(): void {
    const open = new Map<number, ExpectedBatch[]>();
    for (const batch of this.expected.batches) {
      const { producerId, marker } = batch;
      const begun = open.get(producerId) ?? [];
      if (batch.isTransactional) open.set(producerId, [...begun, batch]);
      if (marker === undefined) continue;
      if (marker === 'ABORT') for (const each of begun) this.aborted.add(each);
      this.ofMarker.set(batch, begun);
      open.delete(producerId);
    }
  }

  /** Batches whose records count: of data, and not aborted. */
  private dataBelow(): ExpectedBatch[] {
    return this.expected.batches.filter(
      (batch) =>
        batch.marker === undefined &&
        !this.aborted.has(batch) &&
        batch.baseOffset < this.cleanings.knownBelow,
    );
  }

  mayGo(batch: ExpectedBatch, { key, value, delta }: ExpectedRecord): boolean {
    const offset = batch.baseOffset + delta;
    if (offset >= this.cleanings.knownBelow) return false;
    if (batch.marker !== undefined) return this.isPastHorizon(batch);
    if (this.aborted.has(batch)) return true;
    if (offset >= this.cleanings.below) return false;
    if (key === null) return true;
    const isNewest = offset >= (this.newest.get(key) ?? -1);
    return !isNewest || (value === null && this.isPastHorizon(batch));
  }

  private isPastHorizon({ horizonMs }: ExpectedBatch): boolean {
    const { sinceMs, nowMs, deleteRetentionMs } = this.cleanings;
    return (horizonMs ?? sinceMs + deleteRetentionMs) <= nowMs;
  }

  /** May all of a batch have gone, its header too? */
  mayLose(batch: ExpectedBatch): boolean {
    const { start } = this.expected;
    return batch.records.every(
      (record) => batch.baseOffset + record.delta < start || this.mayGo(batch, record),
    );
  }

  /** What went together with what must have gone before it. @param left  whether a record is there */
  checkOrder(left: (batch: ExpectedBatch, record: ExpectedRecord) => boolean): void {
    const { start } = this.expected;
    const counting = this.dataBelow().flatMap((batch) =>
      batch.records.map((record) => ({ batch, record, offset: batch.baseOffset + record.delta })),
    );
    const live = counting.filter(({ offset }) => offset >= start);
    for (const { batch, record, offset } of live) {
      if (record.key === null || this.newest.get(record.key) !== offset) continue;
      if (left(batch, record)) continue;
      const older = live.find(
        (each) =>
          each.record.key === record.key && each.offset < offset && left(each.batch, each.record),
      );
      demand(
        older === undefined,
        () => `the tombstone of ${record.key} at ${offset} went before what it deletes`,
      );
    }
    for (const [marker, begun] of this.ofMarker) {
      if (marker.baseOffset < start || marker.records.some((record) => left(marker, record)))
        continue;
      const data = begun.find((batch) => batch.records.some((record) => left(batch, record)));
      demand(
        data === undefined || endOf(data) <= start,
        () => `the marker at ${marker.baseOffset} went before its data`,
      );
    }
  }
}

/**
 * Reads all of a log after it was cleaned: what is not there any more must be what compaction may
 * take. From then on the model knows what is there.
 */
export async function learnCleaned(
  log: CleanableLog & Pick<PartitionLog, 'highWatermark'>,
  expected: ExpectedLog,
  cleanings: Cleanings,
): Promise<void> {
  const removals = new Removals(expected, cleanings);
  const end = log.highWatermark;
  const found = await readBatches(log, expected, removals);
  const { start } = expected;
  const live = expected.batches.filter(
    (batch) => endOf(batch) > start && batch.baseOffset < Math.min(end, cleanings.knownBelow),
  );
  const left = (batch: ExpectedBatch, { delta }: ExpectedRecord): boolean =>
    batch.baseOffset >= cleanings.knownBelow ||
    found.get(batch.baseOffset)?.offsets.has(batch.baseOffset + delta) === true;
  for (const batch of live) checkLeft(batch, found.get(batch.baseOffset), expected, removals);
  removals.checkOrder(left);
  for (const batch of live) {
    const now = found.get(batch.baseOffset);
    checkHorizon(batch, now, cleanings);
    batch.records = batch.records.filter((record) => left(batch, record));
    batch.horizonMs = now?.horizonMs;
    batch.bytes = now?.bytes ?? 0;
    if (now === undefined) expected.drop(batch);
  }
  for (const batch of expected.batches) {
    const isEmptied = found.get(batch.baseOffset)?.offsets.size === 0;
    if (endOf(batch) <= start && isEmptied) batch.records = [];
  }
}

function checkLeft(
  batch: ExpectedBatch,
  found: FoundBatch | undefined,
  expected: ExpectedLog,
  removals: Removals,
): void {
  for (const record of batch.records) {
    const offset = batch.baseOffset + record.delta;
    if (offset < expected.start || found?.offsets.has(offset) === true) continue;
    const { key, value } = record;
    demand(
      removals.mayGo(batch, record),
      () => `the record at ${offset} of key ${key} is gone, its value ${value?.slice(0, 9)}`,
    );
  }
  if (found !== undefined) return;
  const last = expected.producer(batch.producerId).batches.at(-1);
  demand(last !== batch, () => `the last batch of producer ${batch.producerId} is gone`);
}

function checkHorizon(
  batch: ExpectedBatch,
  found: FoundBatch | undefined,
  { sinceMs, nowMs, deleteRetentionMs }: Cleanings,
): void {
  if (found === undefined || found.offsets.size === 0) return;
  const { horizonMs } = found;
  const words = () => `the horizon at ${batch.baseOffset} is ${horizonMs}, was ${batch.horizonMs}`;
  if (batch.horizonMs !== undefined) demand(horizonMs === batch.horizonMs, words);
  else if (horizonMs !== undefined) {
    const [earliest, latest] = [sinceMs + deleteRetentionMs, nowMs + deleteRetentionMs];
    demand(horizonMs >= earliest && horizonMs <= latest, words);
  }
}

/** All that is stored, also what readers do not see: batches without records. */
async function readBatches(
  { allSegments }: CleanableLog,
  expected: ExpectedLog,
  removals: Removals,
): Promise<ReadonlyMap<number, FoundBatch>> {
  const found = new Map<number, FoundBatch>();
  for (const { baseOffset: from, medium, readableSize } of allSegments) {
    if (readableSize === 0) continue;
    const region = await medium.read(0, readableSize, false);
    try {
      checkBatches(region.ranges, expected, from, removals);
      for (const range of region.ranges) {
        for (const { position, sizeInBytes, baseOffset } of batches(range)) {
          const offsets = new Set<number>();
          const cursor = openRecords(range.buffer, position);
          while (cursor.next()) offsets.add(cursor.offset);
          const horizonMs = deleteHorizonAt(range.buffer, position);
          found.set(baseOffset, { offsets, horizonMs, bytes: sizeInBytes });
        }
      }
    } finally {
      region.release();
    }
  }
  return found;
}

/** Where all is clean each key has one record, and nothing is left that nobody wants. */
export function checkClean(expected: ExpectedLog, cleanedUntil: number): void {
  const never = { sinceMs: Infinity, nowMs: 0, deleteRetentionMs: 0 };
  const removals = new Removals(expected, {
    below: cleanedUntil,
    knownBelow: cleanedUntil,
    ...never,
  });
  for (const batch of expected.batches) {
    for (const record of batch.records) {
      const offset = batch.baseOffset + record.delta;
      if (offset < expected.start || offset >= cleanedUntil) continue;
      demand(
        !removals.mayGo(batch, record),
        () => `${offset} of key ${record.key} is still there, clean is up to ${cleanedUntil}`,
      );
    }
  }
}
