import { FileRange, type ByteRange } from '../protocol/byte-range.ts';
import {
  baseOffsetAt,
  batchHeaderSize,
  batchSizeAt,
  isControlAt,
  lastOffsetAt,
  recordsCountAt,
} from '../protocol/record-batch.ts';
import { readChecked } from './checked-reader.ts';
import type { ReadGuard } from './checked-walk.ts';
import type { HeldFile, Region } from './log-medium.ts';
import type { Segment } from './segment.ts';
import { StorageFailure } from './storage-failure.ts';

/** Most bytes of one read, whatever a client asks for, unless a single batch is larger. */
export const largestRead = 8 * 1024 * 1024;
/** Fewest: room to step over the batches between a row of the index and the wanted offset. */
const smallestRead = 8 * 1024;
const headerScanSize = 64 * 1024;
/** Bytes: less is copied in less time than it takes to find out where to end. */
const smallestInFile = 64 * 1024;

/** One object from the log down to its segments: a copy with one more field costs as much as a read. */
export interface BatchesWanted {
  readonly fromOffset: number;
  readonly maxBytes: number;
  readonly minOneBatch: boolean;
  /** Batches that begin here or later are not for this reader. */
  readonly limitOffset: number;
  readonly logEndOffset: number;
  readonly guard: ReadGuard;
  /** Whether the batches may be given as a place in a file. */
  readonly takesFiles: boolean;
  /** Whether batches without records are skipped where no other precedes them. */
  skipsEmpty: boolean;
  /** Whether that was done. */
  hasSkipped: boolean;
}

export interface BatchesFound {
  readonly records: readonly ByteRange[];
  /** Where they are, if not in `records`. */
  readonly inFile?: FileRange;
  readonly sizeInBytes: number;
  /** The offset behind the last batch. */
  readonly endOffset: number;
  release(): void;
}

/** Where reading has to go on when a region did not hold what was wanted. */
interface GoOn {
  readonly position: number;
  readonly length: number;
}

type Outcome = BatchesFound | GoOn | 'nothing';

/**
 * Whole batches of one segment, beginning with the one that holds the offset (or the next one, where
 * compaction left a gap). 'nothing' when the reader may not see more, undefined when the segment
 * ends before the offset.
 *
 * @param endOffset  all batches of the segment end here or before
 */
export function readBatches(
  segment: Segment,
  wanted: BatchesWanted,
  endOffset: number,
): MaybePromise<BatchesFound | 'nothing' | undefined> {
  const position = segment.positionBefore(wanted.fromOffset);
  const length = smallestReadOf(wanted);
  if (segment.isDoubtful(position)) return readChecked(segment, wanted, endOffset, length);
  const inFile = wanted.takesFiles ? findInFile(segment, wanted) : undefined;
  return inFile ?? readFrom(segment, wanted, position, length);
}

/**
 * Batches that need not be looked at to be sent: from where a reader came to before, up to all there
 * are, or to one that the index has. Undefined where that is little, or not all of it may be seen.
 */
function findInFile(segment: Segment, wanted: BatchesWanted): BatchesFound | undefined {
  const { fromOffset, maxBytes, limitOffset } = wanted;
  const { medium } = segment;
  const start = fromOffset === segment.baseOffset ? 0 : segment.rememberedPosition(fromOffset);
  if (start === undefined || medium.hold === undefined) return undefined;
  const most = start + Math.min(maxBytes, largestRead);
  const isAll = segment.readableSize <= most;
  const end = isAll ? segment.readableSize : segment.indexes.offsets.rowBefore(most);
  if (end - start < smallestInFile) return undefined;
  const known = isAll ? segment.rememberedOffset(end) : undefined;
  if (isAll && (known === undefined || known > limitOffset)) return undefined;
  const held = medium.hold();
  if (held === undefined) return undefined;
  const endOffset = known ?? baseOffsetIn(held, end);
  if (endOffset > limitOffset) {
    held.release();
    return undefined;
  }
  segment.remember(endOffset, end);
  return {
    records: noRanges,
    inFile: new FileRange(held.descriptor, start, end, () => held.doubt()),
    sizeInBytes: end - start,
    endOffset,
    release: () => held.release(),
  };
}

const noRanges: readonly ByteRange[] = [];
const baseOffsetBytes = Buffer.alloc(8);

function baseOffsetIn(held: HeldFile, position: number): number {
  try {
    held.readNow(baseOffsetBytes, position);
    return baseOffsetAt(baseOffsetBytes, 0);
  } catch (error) {
    held.release();
    throw error;
  }
}

/** Reads what this process has written itself. */
function readFrom(
  segment: Segment,
  wanted: BatchesWanted,
  position: number,
  length: number,
): MaybePromise<BatchesFound | 'nothing' | undefined> {
  const available = Math.min(length, segment.readableSize - position);
  if (available <= 0) return undefined;
  const region = segment.medium.read(position, available, true);
  const next = (read: Region): MaybePromise<BatchesFound | 'nothing' | undefined> => {
    const outcome = cutBatches(segment, read, position, wanted);
    if (outcome === 'nothing' || 'records' in outcome) return outcome;
    return readFrom(segment, wanted, outcome.position, outcome.length);
  };
  return region instanceof Promise ? region.then(next) : next(region);
}

export type MaybePromise<T> = T | Promise<T>;

function cutBatches(
  segment: Segment,
  region: Region,
  position: number,
  wanted: BatchesWanted,
): Outcome {
  const records: ByteRange[] = [];
  let sizeInBytes = 0;
  let endOffset = wanted.fromOffset;
  let filePosition = position;
  let stop: 'nothing' | GoOn | undefined;

  for (const { buffer, start, end } of region.ranges) {
    let first = -1;
    let at = start;
    while (stop === undefined && at < end) {
      if (at + batchHeaderSize > end) {
        stop = { position: filePosition + at - start, length: smallestRead };
        break;
      }
      const size = sizeOfBatch(buffer, at);
      if (lastOffsetAt(buffer, at) < wanted.fromOffset) {
        at += size; // may end up past the region
        continue;
      }
      if (wanted.skipsEmpty && sizeInBytes === 0 && recordsCountAt(buffer, at) === 0) {
        wanted.hasSkipped = true;
        at += size;
        continue;
      }
      const isTooMuch = sizeInBytes + size > wanted.maxBytes;
      if (baseOffsetAt(buffer, at) >= wanted.limitOffset) stop = 'nothing';
      else if (isTooMuch && !(sizeInBytes === 0 && wanted.minOneBatch)) stop = 'nothing';
      else if (at + size > end) {
        const length = Math.max(size, Math.min(wanted.maxBytes, largestRead));
        stop = { position: filePosition + at - start, length };
      } else {
        if (first < 0) first = at;
        sizeInBytes += size;
        at += size;
        endOffset = lastOffsetAt(buffer, at - size) + 1;
      }
    }
    if (first >= 0) records.push({ buffer, start: first, end: at });
    filePosition += stop === undefined ? at - start : 0;
    if (sizeInBytes > 0 && stop === undefined) segment.remember(endOffset, filePosition);
    if (stop !== undefined) {
      if (sizeInBytes > 0) segment.remember(endOffset, filePosition + at - start);
      break;
    }
  }
  if (sizeInBytes > 0) {
    return { records, sizeInBytes, endOffset, release: () => region.release() };
  }
  region.release();
  return stop ?? { position: filePosition, length: smallestReadOf(wanted) };
}

function smallestReadOf(wanted: BatchesWanted): number {
  return Math.min(Math.max(wanted.maxBytes, smallestRead), largestRead);
}

function sizeOfBatch(buffer: Buffer, at: number): number {
  const size = batchSizeAt(buffer, at);
  if (size < batchHeaderSize) {
    throw new StorageFailure('Corrupt', `a stored batch says that it has ${size} bytes`);
  }
  return size;
}

/**
 * Visits the headers of a segment's batches, from `position` on. Of a control batch all bytes are
 * there, of others perhaps only the header.
 *
 * @param visit  gets the batch's place in memory and in the segment; `true` ends the walk
 */
export async function visitHeaders(
  segment: Pick<Segment, 'medium'>,
  position: number,
  size: number,
  visit: (buffer: Buffer, at: number, position: number) => boolean | undefined,
): Promise<void> {
  let next = position;
  let length = headerScanSize;
  while (next + batchHeaderSize <= size) {
    const region = await segment.medium.read(next, Math.min(length, size - next), false);
    const from = next;
    length = headerScanSize;
    let walked = from;
    for (const { buffer, start, end } of region.ranges) {
      let at = start;
      while (at + batchHeaderSize <= end) {
        const bytes = sizeOfBatch(buffer, at);
        const filePosition = walked + at - start;
        if (isControlAt(buffer, at) && at + bytes > end) {
          length = Math.max(length, bytes);
          break;
        }
        if (visit(buffer, at, filePosition) === true) {
          region.release();
          return;
        }
        at += bytes;
        next = filePosition + bytes;
      }
      walked += end - start;
    }
    region.release();
    if (next === from && length === headerScanSize) {
      throw new StorageFailure('Corrupt', `no batch at position ${next}`);
    }
  }
}

/** The batch at a position, whole. The caller releases the region. */
export async function readWhole(segment: Segment, position: number, size: number): Promise<Region> {
  return segment.medium.read(position, size, false);
}
