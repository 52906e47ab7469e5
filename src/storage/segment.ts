import { batchSizeAt, lastOffsetAt, maxTimestampAt } from '../protocol/record-batch.ts';
import type { SegmentMedium } from './log-medium.ts';
import type { LogSettings } from './partition-log.ts';
import type { SegmentIndexes } from './segment-indexes.ts';

/** Largest distance of an offset from its segment's base: rows of indexes hold 32 bits. */
export const largestOffsetDelta = 2_147_483_647;
const rememberedPositions = 16;
/** Part of a segment that is full when the next one is expected. */
const nearlyFull = 7 / 8;

/** What is known of a segment that was found, or of a new one. */
export interface SegmentStart {
  readonly baseOffset: number;
  readonly size: number;
  readonly maxTimestamp: number;
  readonly offsetOfMaxTimestamp: number;
  /** maxTimestamp of the first batch: age is counted from there. */
  readonly firstTimestamp: number | undefined;
  readonly createdMs: number;
  readonly lastModifiedMs: number;
  readonly rollJitterMs: number;
  /** Left out where the medium has them. */
  readonly indexes?: SegmentIndexes | undefined;
}

export function newSegmentStart(
  baseOffset: number,
  nowMs: number,
  rollJitterMs: number,
  indexes: SegmentIndexes,
): SegmentStart {
  return {
    baseOffset,
    size: 0,
    maxTimestamp: -1,
    offsetOfMaxTimestamp: baseOffset,
    firstTimestamp: undefined,
    createdMs: nowMs,
    lastModifiedMs: nowMs,
    rollJitterMs,
    indexes,
  };
}

/**
 * A stretch of the log. The last one grows, all others are immutable. Four sizes, each at most the
 * one before: `size` counts what was appended, `storedSize` what the medium was given,
 * `readableSize` what was committed, `syncedSize` what is durable.
 */
export class Segment {
  readonly baseOffset: number;
  readonly createdMs: number;
  size: number;
  storedSize: number;
  readableSize: number;
  syncedSize: number;
  maxTimestamp: number;
  /** Last offset of the batch that holds maxTimestamp. */
  offsetOfMaxTimestamp: number;
  firstTimestamp: number | undefined;
  lastModifiedMs: number;
  /** So much earlier than `segment.ms` says it is full: not all logs roll at once. */
  rollJitterMs: number;
  /** False: `maxTimestamp` is what the index of a segment says that was found. */
  isTimeSure: boolean;
  /** The index was found wrong and is a new one. */
  isIndexRebuilt = false;
  /** Bytes that were there when it was opened. */
  private readonly foundSize: number;
  private loaded: SegmentIndexes | undefined;
  private bytesSinceRow = 0;
  /** Offsets that readers will probably ask for next, and where they begin. */
  private readonly offsets = new Array<number>(rememberedPositions).fill(-1);
  private readonly positions = new Array<number>(rememberedPositions).fill(0);
  private nextRemembered = 0;

  constructor(
    start: SegmentStart,
    readonly medium: SegmentMedium,
  ) {
    this.baseOffset = start.baseOffset;
    this.size = this.storedSize = this.readableSize = this.syncedSize = start.size;
    this.foundSize = start.size;
    this.isTimeSure = start.size === 0;
    this.maxTimestamp = start.maxTimestamp;
    this.offsetOfMaxTimestamp = start.offsetOfMaxTimestamp;
    this.firstTimestamp = start.firstTimestamp;
    this.createdMs = start.createdMs;
    this.lastModifiedMs = start.lastModifiedMs;
    this.rollJitterMs = start.rollJitterMs;
    this.loaded = start.indexes;
  }

  get indexes(): SegmentIndexes {
    return this.loaded ?? this.medium.loadIndexes();
  }

  /** Whether it is complete and all of it is with the medium. */
  get isSealed(): boolean {
    return this.loaded === undefined;
  }

  /** Largest timestamp of a record; where no record has one, when it was written last. */
  get largestTimestamp(): number {
    return this.maxTimestamp >= 0 ? this.maxTimestamp : this.lastModifiedMs;
  }

  /**
   * Is there no room for these bytes?
   *
   * @param maxTimestamp  of the records to append: time passes as records say
   */
  mustRoll(
    bytes: number,
    lastOffset: number,
    maxTimestamp: number,
    nowMs: number,
    settings: LogSettings,
  ): boolean {
    if (this.size === 0) return lastOffset - this.baseOffset > largestOffsetDelta;
    const { offsets, times } = this.indexes;
    const first = this.firstTimestamp ?? -1;
    const ageMs = first >= 0 ? maxTimestamp - first : nowMs - this.createdMs;
    return (
      this.size > settings.segmentBytes - bytes ||
      ageMs > settings.segmentMs - this.rollJitterMs ||
      offsets.entries >= Math.floor(settings.segmentIndexBytes / 8) ||
      // The last row is for the roll itself.
      times.entries >= Math.floor(settings.segmentIndexBytes / 12) - 1 ||
      lastOffset - this.baseOffset > largestOffsetDelta
    );
  }

  /** Does its size say that there will soon be no room? */
  isNearlyFull({ segmentBytes }: LogSettings): boolean {
    return this.size > segmentBytes * nearlyFull;
  }

  /** Counts a batch that was given its place here. Returns its position. */
  append(buffer: Buffer, at: number, indexIntervalBytes: number): number {
    const bytes = batchSizeAt(buffer, at);
    const lastOffset = lastOffsetAt(buffer, at);
    const maxTimestamp = maxTimestampAt(buffer, at);
    const position = this.size;
    if (maxTimestamp > this.maxTimestamp) {
      this.maxTimestamp = maxTimestamp;
      this.offsetOfMaxTimestamp = lastOffset;
    }
    if (position === 0) this.firstTimestamp = maxTimestamp;
    if (this.bytesSinceRow > indexIntervalBytes) {
      const { offsets, times } = this.indexes;
      offsets.append(lastOffset, position);
      times.maybeAppend(this.maxTimestamp, this.offsetOfMaxTimestamp);
      this.bytesSinceRow = 0;
    }
    this.bytesSinceRow += bytes;
    this.size = position + bytes;
    return position;
  }

  /** The segment will not grow any more: the largest timestamp gets its row. */
  complete(): void {
    this.indexes.times.maybeAppend(this.maxTimestamp, this.offsetOfMaxTimestamp);
  }

  /** Leaves the indexes to the medium. */
  seal(): void {
    this.medium.seal(this.indexes);
    this.loaded = undefined;
  }

  /** Position of a batch that holds `offset` or lies before it. */
  positionBefore(offset: number): number {
    return this.rememberedPosition(offset) ?? this.indexes.offsets.positionBefore(offset);
  }

  /** Where a batch begins with `offset`, if somebody has seen it lately. */
  rememberedPosition(offset: number): number | undefined {
    const remembered = this.offsets.indexOf(offset);
    return remembered < 0 ? undefined : this.positions[remembered];
  }

  /** The offset that begins, or will, at a position, if somebody has seen it lately. */
  rememberedOffset(position: number): number | undefined {
    const remembered = this.positions.indexOf(position);
    return remembered < 0 ? undefined : this.offsets[remembered];
  }

  /** Those it has were found wrong. */
  async rebuildIndexes(): Promise<void> {
    this.isIndexRebuilt = true;
    this.isTimeSure = true;
    this.offsets.fill(-1);
    await this.medium.rebuildIndexes();
    const { times } = this.indexes;
    this.maxTimestamp = times.lastTimestamp;
    this.offsetOfMaxTimestamp = times.lastOffset;
  }

  /** Whether bytes at a position can be other ones than were written: time has passed since. */
  isDoubtful(position: number): boolean {
    return this.medium.canRot && (this.isSealed || position < this.foundSize);
  }

  /** A batch at `position` begins with `offset`, and someone will probably want it. */
  remember(offset: number, position: number): void {
    if (this.offsets.includes(offset)) return;
    this.offsets[this.nextRemembered] = offset;
    this.positions[this.nextRemembered] = position;
    this.nextRemembered = (this.nextRemembered + 1) % rememberedPositions;
  }
}
