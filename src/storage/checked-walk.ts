import {
  baseOffsetAt,
  batchHeaderSize,
  batchSizeAt,
  currentMagic,
  isCrcValid,
  lastOffsetAt,
  magicAt,
  partitionLeaderEpochAt,
} from '../protocol/record-batch.ts';
import type { Segment } from './segment.ts';
import { StorageFailure } from './storage-failure.ts';

/** Of the batch behind one: its base offset and its leader epoch. */
const aheadSize = 16;

/** What is known of a log besides its bytes. */
export interface ReadGuard {
  /** -1 when unknown. */
  epochForOffset(offset: number): number;
}

/** Where a walk begins, and what is said of the batch there. */
export interface WalkStart {
  readonly position: number;
  /** The batch begins here or later. */
  readonly nextOffset: number;
  /** By a row of the index: last offset of that batch. */
  readonly lastOffset?: number;
}

/** What a walk goes through. */
export interface WalkBounds {
  /** All batches of the segment end at or before. */
  readonly endOffset: number;
  /** The first offset that is wanted: damage that lies wholly before it does not end the walk. */
  readonly fromOffset?: number;
}

/** Bytes that hold a batch, or its beginning. */
interface Place {
  readonly buffer: Buffer;
  readonly at: number;
  /** End of the bytes at hand. */
  readonly end: number;
}

/** Damage where the index led to: perhaps it is the index that is wrong. */
export class IndexDoubt extends StorageFailure {}

/**
 * Goes from batch to batch of a segment and believes none of them: the checksum tells of most
 * damage, and what it does not cover is compared with what stands around it: base offsets must not
 * overlap, leader epochs must be those the log remembers. A gap between offsets is no damage: that
 * is what compaction leaves.
 */
export class CheckedWalk {
  position: number;
  /** Where the segment ended when the bytes at hand were read: it may have grown since. */
  readableEnd: number;
  /** The batch at `position` begins here or later. */
  nextOffset: number;
  /** The batch that was checked last is damaged, and nothing of it is wanted. */
  isPassedOver = false;
  private lastOffset: number | undefined;
  private epochBefore = -1;
  /** The index says that a batch is at `position`, and nothing has confirmed it yet. */
  private isByIndex: boolean;

  constructor(
    private readonly segment: Segment,
    private readonly guard: ReadGuard,
    private readonly bounds: WalkBounds,
    start: WalkStart,
  ) {
    this.position = start.position;
    this.readableEnd = segment.readableSize;
    this.nextOffset = start.nextOffset;
    this.lastOffset = start.lastOffset;
    this.isByIndex = start.lastOffset !== undefined;
  }

  /**
   * Checks the batch at `position`.
   *
   * @returns 0 when it is good, otherwise how many bytes must be at hand from `position` on
   * @throws {StorageFailure} Corrupt
   */
  check(buffer: Buffer, at: number, end: number): number {
    const place: Place = { buffer, at, end };
    const left = this.readableEnd - this.position;
    if (left < batchHeaderSize) throw this.damage('the batch is cut off');
    if (end - at < batchHeaderSize) return Math.min(left, batchHeaderSize + aheadSize);
    const size = batchSizeAt(buffer, at);
    if (magicAt(buffer, at) !== currentMagic) throw this.damage('there is no batch');
    if (size < batchHeaderSize || size > left) {
      throw this.damage(`the batch says that it has ${size} bytes`);
    }
    const needed = Math.min(left, size + aheadSize);
    if (end - at < needed) return needed;
    this.isByIndex &&= lastOffsetAt(buffer, at) !== this.lastOffset;
    this.isPassedOver = false;
    if (!isCrcValid(buffer, at)) {
      this.passOver(place, size, left);
      return 0;
    }
    this.checkOffsets(place, size, left > size);
    this.checkEpoch(place, size, left > size);
    return 0;
  }

  /** Goes on behind the batch. */
  pass(buffer: Buffer, at: number): void {
    this.position += batchSizeAt(buffer, at);
    this.nextOffset = (this.isPassedOver ? baseOffsetAt : lastOffsetAt)(buffer, at) + 1;
    this.lastOffset = undefined;
    this.isByIndex = false;
    this.epochBefore = this.isPassedOver ? -1 : partitionLeaderEpochAt(buffer, at);
  }

  /**
   * A batch whose checksum does not agree is no obstacle when the next one begins at or before what
   * is wanted. If it is the size that is wrong, the check of what stands there will say so.
   */
  private passOver({ buffer, at }: Place, size: number, left: number): void {
    const baseOffset = baseOffsetAt(buffer, at);
    const isInPlace = baseOffset >= this.nextOffset && baseOffset < this.bounds.endOffset;
    const next = left - size < batchHeaderSize ? Infinity : baseOffsetAt(buffer, at + size);
    const isBefore = next > baseOffset && next <= (this.bounds.fromOffset ?? -1);
    this.isPassedOver = isInPlace && isBefore && !this.isByIndex;
    if (this.isPassedOver) return;
    throw this.damage('the checksum does not agree', isInPlace ? baseOffset : this.nextOffset);
  }

  private checkOffsets({ buffer, at }: Place, size: number, hasNext: boolean): void {
    const baseOffset = baseOffsetAt(buffer, at);
    const lastOffset = lastOffsetAt(buffer, at);
    const isNamed = this.lastOffset === lastOffset;
    if (this.lastOffset !== undefined && !isNamed) {
      throw this.damage(`the index expects offset ${this.lastOffset} there, not ${lastOffset}`);
    }
    const isInPlace =
      baseOffset >= this.nextOffset &&
      lastOffset >= baseOffset &&
      lastOffset < this.bounds.endOffset;
    if (!isInPlace) {
      throw this.damage(
        `offsets ${baseOffset} to ${lastOffset} are not within ${this.nextOffset} to ${this.bounds.endOffset}`,
      );
    }
    if (!hasNext || isNamed || baseOffset === this.nextOffset) return;
    // Behind a gap: perhaps it is this batch that claims to be further on than it is.
    if (baseOffsetAt(buffer, at + size) <= lastOffset) {
      throw this.damage(`offset ${lastOffset} is that of the next batch`);
    }
  }

  private checkEpoch({ buffer, at }: Place, size: number, hasNext: boolean): void {
    const epoch = partitionLeaderEpochAt(buffer, at);
    const known = this.guard.epochForOffset(lastOffsetAt(buffer, at));
    if (known < 0 || epoch === known || epoch === this.epochBefore) return;
    // What two batches say that lie side by side is right, and the memory of epochs is not.
    if (hasNext && epoch === partitionLeaderEpochAt(buffer, at + size)) return;
    throw this.damage(`leader epoch ${epoch}, where ${known} is remembered`);
  }

  private damage(problem: string, offset = this.nextOffset): StorageFailure {
    const segment = String(this.segment.baseOffset).padStart(20, '0');
    const where = `segment ${segment} at position ${this.position}, offset ${offset}`;
    const Kind = this.isByIndex ? IndexDoubt : StorageFailure;
    return new Kind('Corrupt', `${where}: ${problem}`);
  }
}

/** Where to begin, to come to an offset. */
export function walkStart(segment: Segment, offset: number): WalkStart {
  const remembered = segment.rememberedPosition(offset);
  if (remembered !== undefined) return { position: remembered, nextOffset: offset };
  const { baseOffset, indexes } = segment;
  const row = indexes.offsets.rowOf(offset);
  if (row === undefined) return atStart(segment);
  return { position: row.position, nextOffset: baseOffset, lastOffset: row.lastOffset };
}

/** Where to begin without an index. */
export function atStart({ baseOffset }: Segment): WalkStart {
  return { position: 0, nextOffset: baseOffset };
}

/**
 * Does something that goes by a segment's index. When the index is in doubt it is built anew, once,
 * before the batches are blamed; of the last segment it is left aside.
 */
export async function trustingIndex<T>(
  segment: Segment,
  error: unknown,
  again: (start: WalkStart | undefined) => T | Promise<T>,
): Promise<T> {
  if (!(error instanceof IndexDoubt) || segment.isIndexRebuilt) throw error;
  if (!segment.isSealed) return again(atStart(segment));
  await segment.rebuildIndexes();
  return again(undefined);
}
