import { changedBatch } from '../../protocol/batch-remainder.ts';
import type { ByteRange } from '../../protocol/byte-range.ts';
import { isControlAt, lastOffsetAt, openRecords } from '../../protocol/record-batch.ts';
import type { LargeBatches } from '../large-batches.ts';
import type { Segment } from '../segment.ts';
import { decompressedInLoop } from '../takes-long.ts';
import { readSegment, type Visited } from './batch-reader.ts';
import type { CleanableLog } from './cleanable-log.ts';
import { CleanedTransactions } from './cleaned-transactions.ts';
import type { CleanerSettings } from './cleaner-settings.ts';
import type { CleaningPlan, MeasuredSegment } from './cleaning-plan.ts';
import { groupSegments, measure } from './cleaning-plan.ts';
import type { CleaningRules } from './filter-batch.ts';
import { filterBatch } from './filter-batch.ts';
import { OffsetMap } from './offset-map.ts';
import { atOnce, recordsPerSlice, type Pace, type Slices } from './pace.ts';
import { Replacement } from './replacement.ts';

const smallestChunk = 4 * 1024;

/** What a round of cleaning did. */
export interface CleaningResult {
  /** Where the dirty part begins now. */
  readonly cleanedUntil: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** The configuration leaves no room for the keys of a single batch. */
export class MapTooSmall extends Error {
  override readonly name = 'MapTooSmall';
}

/**
 * One round of cleaning of one log: the latest offsets of the keys of its dirty part are collected, as
 * far as the memory goes; then all segments up to there are copied without what those keys replace.
 *
 * @param secret  16 bytes, for the hashes of the keys
 * @throws {CleaningAborted} @throws {StorageFailure} Corrupt @throws {MapTooSmall}
 */
export async function cleanLog(
  log: CleanableLog,
  plan: CleaningPlan,
  settings: CleanerSettings,
  nowMs: number,
  pace: Pace,
  largeBatches: LargeBatches,
  secret: Uint8Array,
): Promise<CleaningResult> {
  const round = new CleaningRound(log, plan, settings, nowMs, pace, largeBatches, secret);
  return round.run();
}

class CleaningRound {
  private readonly latest: OffsetMap;
  private readonly chunkSize: number;
  private mappedUntil: number;
  private bytesRead = 0;
  private bytesWritten = 0;

  constructor(
    private readonly log: CleanableLog,
    private readonly plan: CleaningPlan,
    private readonly settings: CleanerSettings,
    private readonly nowMs: number,
    private readonly pace: Pace,
    private readonly largeBatches: LargeBatches,
    secret: Uint8Array,
  ) {
    this.latest = new OffsetMap(settings.dedupeBufferSize, settings.loadFactor, secret);
    this.chunkSize = Math.max(smallestChunk, Math.floor(settings.ioBufferSize / 2));
    this.mappedUntil = plan.firstDirtyOffset;
  }

  async run(): Promise<CleaningResult> {
    await this.fillMap();
    const measured = await this.measureSegments();
    const groups = groupSegments(measured, this.plan.endOffset, this.log.settings);
    const rules: CleaningRules = {
      latest: this.latest,
      mappedUntil: this.mappedUntil,
      transactions: this.transactionsFrom(0),
      lastOfProducers: this.log.lastOfProducers(),
      nowMs: this.nowMs,
      deleteRetentionMs: this.log.settings.deleteRetentionMs,
    };
    // A power cut must not take what replaces others, nor the latest of a producer, once those are gone.
    if (groups.length > 0) await this.log.flush();
    for (const group of groups) await this.cleanGroup(group, rules);
    const { mappedUntil: cleanedUntil, bytesRead, bytesWritten } = this;
    return { cleanedUntil, bytesRead, bytesWritten };
  }

  /** Complete segments that begin below an offset. */
  private segmentsBelow(offset: number): Segment[] {
    return this.log.allSegments.filter(
      ({ baseOffset }) => baseOffset < Math.min(offset, this.plan.endOffset),
    );
  }

  /** Indexes may have to be read. */
  private async measureSegments(): Promise<MeasuredSegment[]> {
    const measured: MeasuredSegment[] = [];
    for (const segment of this.segmentsBelow(this.mappedUntil)) {
      measured.push(measure(segment));
      if (this.pace.isOver) await this.pace.rest();
    }
    return measured;
  }

  private transactionsFrom(offset: number): CleanedTransactions {
    return new CleanedTransactions(this.log.abortedOverlapping(offset, this.plan.endOffset));
  }

  private async fillMap(): Promise<void> {
    const { firstDirtyOffset, endOffset } = this.plan;
    const transactions = this.transactionsFrom(firstDirtyOffset);
    const segments = this.segmentsBelow(endOffset);
    for (const [i, segment] of segments.entries()) {
      const segmentEnd = segments[i + 1]?.baseOffset ?? endOffset;
      if (segmentEnd <= firstDirtyOffset) continue;
      const isWhole = await this.mapSegment(segment, transactions);
      if (!isWhole) break;
      this.mappedUntil = segmentEnd; // a gap at its end holds no keys
    }
    if (this.mappedUntil > firstDirtyOffset) return;
    throw new MapTooSmall(
      `log.cleaner.dedupe.buffer.size (${this.settings.dedupeBufferSize}) has no room for the keys ` +
        'of one batch',
    );
  }

  /** @returns whether the map has taken all keys of the segment */
  private async mapSegment(segment: Segment, transactions: CleanedTransactions): Promise<boolean> {
    const { firstDirtyOffset } = this.plan;
    let isWhole = true;
    const position = segment.positionBefore(firstDirtyOffset);
    const onMapped = ({ buffer, start }: ByteRange, isMapped: boolean): Visited => {
      isWhole = isMapped;
      if (isMapped) this.mappedUntil = Math.max(this.mappedUntil, lastOffsetAt(buffer, start) + 1);
      return !isMapped;
    };
    await readSegment(segment, position, this.chunkSize, this.pace, (batch) => {
      const { buffer, start } = batch;
      const isControl = isControlAt(buffer, start);
      if (isControl) transactions.onMarker(buffer, start);
      // What is aborted replaces nothing.
      const isEffective = !isControl && !transactions.onData(buffer, start);
      if (!isEffective) return onMapped(batch, true);
      const plain = decompressedInLoop(batch);
      return plain === undefined
        ? this.mapLarge(batch).then((isMapped) => onMapped(batch, isMapped))
        : onMapped(batch, atOnce(this.map(plain)));
    });
    return isWhole;
  }

  private async mapLarge(batch: ByteRange): Promise<boolean> {
    return this.pace.inSlices(this.map(await this.largeBatches.decompress(batch)));
  }

  private *map({ buffer, start }: ByteRange): Slices<boolean> {
    const { firstDirtyOffset } = this.plan;
    const cursor = openRecords(buffer, start);
    for (let index = 0; cursor.next(); index++) {
      if (index % recordsPerSlice === recordsPerSlice - 1) yield;
      const { offset, keyStart, keyLength } = cursor;
      if (keyLength < 0 || offset < firstDirtyOffset) continue;
      if (!this.latest.put(cursor.bytes, keyStart, keyLength, offset)) return false;
    }
    return true;
  }

  /** Makes one segment of several. Those that retention took meanwhile need none. */
  private async cleanGroup(group: readonly Segment[], rules: CleaningRules): Promise<void> {
    const old = group.filter((segment) => this.log.allSegments.includes(segment));
    const last = old.at(-1);
    if (last === undefined) return;
    const replacement = new Replacement(this.log, old, this.nowMs);
    try {
      for (const segment of old) await this.copy(segment, last, replacement, rules);
      await replacement.takePlace(rules.transactions.takeKept());
    } catch (error) {
      replacement.discard();
      throw error;
    }
  }

  private async copy(
    segment: Segment,
    last: Segment,
    replacement: Replacement,
    rules: CleaningRules,
  ): Promise<void> {
    await readSegment(
      segment,
      0,
      this.chunkSize,
      this.pace,
      (batch, endPosition) => {
        // At the end of the round it tells up to where all is clean; else it tells recovery which
        // segments are replaced, where there is more than that to tell.
        const isLast =
          segment === last &&
          endPosition === segment.size &&
          (replacement.sizeInBytes > 0 ||
            lastOffsetAt(batch.buffer, batch.start) + 1 >= this.plan.endOffset);
        return this.copyBatch(batch, isLast, replacement, rules);
      },
      async () => {
        const bytes = await replacement.write();
        this.bytesWritten += bytes;
        if (bytes > 0) await this.pace.pass(bytes);
      },
    );
    this.bytesRead += segment.size;
  }

  private copyBatch(
    batch: ByteRange,
    isLast: boolean,
    replacement: Replacement,
    rules: CleaningRules,
  ): undefined | Promise<undefined> {
    const plain = decompressedInLoop(batch);
    if (plain === undefined) return this.copyLarge(batch, isLast, replacement, rules);
    const outcome = atOnce(filterBatch(plain.buffer, plain.start, isLast, rules));
    if (outcome === 'kept') replacement.add(batch.buffer, batch.start);
    else if (outcome !== 'gone') replacement.add(changedBatch(batch, outcome, plain), 0);
    return undefined;
  }

  private async copyLarge(
    batch: ByteRange,
    isLast: boolean,
    replacement: Replacement,
    rules: CleaningRules,
  ): Promise<undefined> {
    const plain = await this.largeBatches.decompress(batch);
    const filtering = filterBatch(plain.buffer, plain.start, isLast, rules);
    const outcome = await this.pace.inSlices(filtering);
    if (outcome === 'kept') replacement.add(batch.buffer, batch.start);
    else if (outcome !== 'gone') {
      const { buffer, start } = await this.largeBatches.change(batch, outcome);
      replacement.add(buffer, start);
    }
  }
}
