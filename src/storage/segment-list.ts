import type { BatchesFound, BatchesWanted, MaybePromise } from './segment-reader.ts';
import { readBatches } from './segment-reader.ts';
import type { Segment } from './segment.ts';

/** The segments of a log, in order of their offsets; never empty. The last one is active. */
export class SegmentList {
  /** Never changed in place: who holds it has a consistent view. */
  all: readonly Segment[];
  /** Of all segments together. */
  sizeInBytes: number;

  constructor(segments: readonly Segment[]) {
    this.all = segments;
    this.sizeInBytes = sizeOf(segments);
  }

  get active(): Segment {
    return this.all[this.all.length - 1] as Segment;
  }

  /** Puts segments in the place of others, all at once. */
  replace(old: readonly Segment[], replacements: readonly Segment[]): void {
    const kept = this.all.filter((segment) => !old.includes(segment));
    this.all = [...kept, ...replacements].sort((a, b) => a.baseOffset - b.baseOffset);
    this.sizeInBytes = sizeOf(this.all);
  }

  /**
   * Batches of the segment that holds the offset; of a later one where nothing is left of it. Those
   * that the cleaner emptied come first only where nothing follows them: kafkajs never gets past an
   * answer without a record, while other clients want to come to the end of the log.
   */
  read(wanted: BatchesWanted): MaybePromise<BatchesFound | undefined> {
    const index = this.indexOf(wanted.fromOffset);
    const found = this.readFrom(index, wanted);
    const orEmpty = (batches: BatchesFound | undefined) => {
      if (batches !== undefined || !wanted.hasSkipped) return batches;
      wanted.skipsEmpty = false;
      return this.readFrom(index, wanted);
    };
    return found instanceof Promise ? found.then(orEmpty) : orEmpty(found);
  }

  private readFrom(index: number, wanted: BatchesWanted): MaybePromise<BatchesFound | undefined> {
    const segment = this.all[index];
    if (segment === undefined) return undefined;
    const next = (found: BatchesFound | 'nothing' | undefined) => {
      if (found === 'nothing') return undefined;
      return found ?? this.readFrom(this.indexAfter(segment), wanted);
    };
    const endOffset = this.all[index + 1]?.baseOffset ?? wanted.logEndOffset;
    const found = readBatches(segment, wanted, endOffset);
    return found instanceof Promise ? found.then(next) : next(found);
  }

  /** Index of the last segment that begins at or before an offset. */
  private indexOf(offset: number): number {
    let low = 0;
    let high = this.all.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.all[middle] as Segment).baseOffset <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private indexAfter(segment: Segment): number {
    const index = this.all.findIndex((each) => each.baseOffset > segment.baseOffset);
    return index < 0 ? this.all.length : index;
  }
}

function sizeOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, segment) => sum + segment.size, 0);
}
