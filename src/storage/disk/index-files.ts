import type { Disk } from '../../host/disk.ts';
import { baseOffsetAt, lastOffsetAt, maxTimestampAt } from '../../protocol/record-batch.ts';
import type { SegmentIndexes } from '../segment-indexes.ts';
import {
  emptyIndexes,
  OffsetIndex,
  offsetRowSize,
  TimeIndex,
  timeRowSize,
} from '../segment-indexes.ts';
import { BatchScanner } from './batch-scanner.ts';
import { writeAtomically } from './checkpoint-files.ts';

/** A segment this many times larger than the index interval must have rows. */
export const certainlyIndexed = 16;

/** Where a segment's files are now: of one that comes in the place of others the names change. */
export type SegmentPaths = (suffix: '.log' | '.index' | '.timeindex') => string;

/**
 * The indexes of a complete segment, from its files; built anew, and written, where those are lost
 * or cannot be right.
 */
export function readIndexes(
  disk: Disk,
  pathOf: SegmentPaths,
  baseOffset: number,
  indexIntervalBytes: number,
): SegmentIndexes {
  const size = disk.stat(pathOf('.log'))?.size ?? 0;
  const found = readSound(disk, pathOf, baseOffset, size, indexIntervalBytes);
  if (found !== undefined) return found;
  const built = buildIndexes(disk, pathOf, baseOffset, size, indexIntervalBytes);
  try {
    writeIndexes(disk, pathOf, built);
  } catch {
    // They serve from memory; a reader has nothing to do with a disk that is full.
  }
  return built;
}

/** The indexes of a segment's files as they are; undefined where they cannot be right. */
export function readSound(
  disk: Disk,
  pathOf: SegmentPaths,
  baseOffset: number,
  size: number,
  indexIntervalBytes: number,
): SegmentIndexes | undefined {
  const offsetPath = pathOf('.index');
  const timePath = pathOf('.timeindex');
  if (!disk.exists(offsetPath) || !disk.exists(timePath)) return undefined;
  const offsetBytes = disk.readFile(offsetPath);
  const timeBytes = disk.readFile(timePath);
  if (offsetBytes.length % offsetRowSize !== 0 || timeBytes.length % timeRowSize !== 0)
    return undefined;
  const offsets = new OffsetIndex(baseOffset, offsetBytes);
  const times = new TimeIndex(baseOffset, timeBytes);
  // A crash may leave an empty file of a name that was made durable before the contents.
  const isLost =
    offsets.entries === 0 && size > certainlyIndexed * (indexIntervalBytes + longestPlainBatch);
  return !isLost && offsets.isSound(size) && times.isSound() ? { offsets, times } : undefined;
}

/**
 * The last row of a complete segment's time index, read alone; undefined where the files are not
 * as they should be and have to be looked at whole.
 */
export function lastTimeRow(
  disk: Disk,
  pathOf: SegmentPaths,
  baseOffset: number,
): { timestamp: number; offset: number } | undefined {
  const timePath = pathOf('.timeindex');
  const offsetSize = disk.stat(pathOf('.index'))?.size;
  const timeSize = disk.stat(timePath)?.size ?? 0;
  if (offsetSize === undefined || offsetSize % offsetRowSize !== 0) return undefined;
  if (timeSize === 0 || timeSize % timeRowSize !== 0) return undefined;
  const row = Buffer.alloc(timeRowSize);
  const file = disk.open(timePath, { readOnly: true });
  try {
    file.readSync(row, 0, timeRowSize, timeSize - timeRowSize);
  } finally {
    file.close();
  }
  const last = new TimeIndex(baseOffset, row);
  if (last.isEmptyRow(0)) return undefined;
  return { timestamp: last.lastTimestamp, offset: last.lastOffset };
}

/** max.message.bytes: rows are no further apart than the interval and a batch. */
const longestPlainBatch = 1_048_588;

function buildIndexes(
  disk: Disk,
  pathOf: SegmentPaths,
  baseOffset: number,
  size: number,
  indexIntervalBytes: number,
): SegmentIndexes {
  const builder = new IndexBuilder(emptyIndexes(baseOffset), indexIntervalBytes);
  const file = disk.open(pathOf('.log'), { readOnly: true });
  try {
    const scanner = new BatchScanner(file, size);
    while (scanner.look() === 'batch' && builder.addInOrder(scanner)) scanner.next();
  } finally {
    file.close();
  }
  builder.complete();
  return builder.indexes;
}

/** Builds the indexes of a complete segment anew, whatever its files say, and writes them. */
export async function rebuildIndexes(
  disk: Disk,
  pathOf: SegmentPaths,
  baseOffset: number,
  indexIntervalBytes: number,
): Promise<SegmentIndexes> {
  const builder = new IndexBuilder(emptyIndexes(baseOffset), indexIntervalBytes);
  const file = disk.open(pathOf('.log'), { readOnly: true });
  try {
    const scanner = new BatchScanner(file, file.size());
    for (;;) {
      if (scanner.mustLoad) await scanner.load();
      if (scanner.look() !== 'batch' || !builder.addInOrder(scanner)) break;
      scanner.next();
    }
  } finally {
    file.close();
  }
  builder.complete();
  writeIndexes(disk, pathOf, builder.indexes);
  return builder.indexes;
}

/** Durable: of a segment below the recovery point nobody asks whether the files have all rows. */
function writeIndexes(disk: Disk, pathOf: SegmentPaths, { offsets, times }: SegmentIndexes): void {
  writeAtomically(disk, pathOf('.index'), offsets.bytes, true);
  writeAtomically(disk, pathOf('.timeindex'), times.bytes, true);
}

/** Gives a segment's indexes their rows, from the headers of its batches in order. */
export class IndexBuilder {
  maxTimestamp: number;
  offsetOfMaxTimestamp: number;
  private nextOffset: number;

  /** From the batch of the last row on. */
  private bytesSinceRow = 0;

  /** @param indexes  with the rows of the batches before; the batch of the last one is to come */
  constructor(
    readonly indexes: SegmentIndexes,
    private readonly indexIntervalBytes: number,
  ) {
    this.nextOffset = indexes.offsets.baseOffset;
    this.maxTimestamp = indexes.times.lastTimestamp;
    this.offsetOfMaxTimestamp = indexes.times.lastOffset;
  }

  /** Adds the batch a scanner stands at; not where its offsets cannot be: readers shall find out. */
  addInOrder({ buffer, at, position, bytes }: BatchScanner): boolean {
    const baseOffset = baseOffsetAt(buffer, at);
    const lastOffset = lastOffsetAt(buffer, at);
    if (baseOffset < this.nextOffset || lastOffset < baseOffset) return false;
    this.nextOffset = lastOffset + 1;
    this.add(buffer, at, position, bytes);
    return true;
  }

  add(buffer: Buffer, at: number, position: number, bytes: number): void {
    const lastOffset = lastOffsetAt(buffer, at);
    this.noteTimestamp(buffer, at);
    if (this.bytesSinceRow > this.indexIntervalBytes) {
      this.indexes.offsets.append(lastOffset, position);
      this.indexes.times.maybeAppend(this.maxTimestamp, this.offsetOfMaxTimestamp);
      this.bytesSinceRow = 0;
    }
    this.bytesSinceRow += bytes;
  }

  /** Goes past a batch that has its row, or needs none. */
  pass(buffer: Buffer, at: number, bytes: number): void {
    this.noteTimestamp(buffer, at);
    this.bytesSinceRow += bytes;
  }

  private noteTimestamp(buffer: Buffer, at: number): void {
    const maxTimestamp = maxTimestampAt(buffer, at);
    if (maxTimestamp <= this.maxTimestamp) return;
    this.maxTimestamp = maxTimestamp;
    this.offsetOfMaxTimestamp = lastOffsetAt(buffer, at);
  }

  complete(): void {
    this.indexes.times.maybeAppend(this.maxTimestamp, this.offsetOfMaxTimestamp);
  }
}
