import type { ByteRange } from '../protocol/byte-range.ts';
import {
  baseOffsetAt,
  batchSizeAt,
  lastOffsetAt,
  recordsCountAt,
} from '../protocol/record-batch.ts';
import { CheckedWalk, trustingIndex, walkStart, type WalkStart } from './checked-walk.ts';
import type { Region } from './log-medium.ts';
import type { BatchesFound, BatchesWanted, MaybePromise } from './segment-reader.ts';
import type { Segment } from './segment.ts';

type Found = BatchesFound | 'nothing' | undefined;

/**
 * As `readBatches`, of bytes that were on the disk for a while. Ends in front of a batch that is
 * damaged, and gives what comes before it.
 *
 * @param endOffset  as there
 * @param length     bytes read at first
 * @throws {StorageFailure} Corrupt when the first wanted batch is damaged, or the way to it is lost
 */
export function readChecked(
  segment: Segment,
  wanted: BatchesWanted,
  endOffset: number,
  length: number,
  start: WalkStart = walkStart(segment, wanted.fromOffset),
): MaybePromise<Found> {
  const bounds = { endOffset, fromOffset: wanted.fromOffset };
  const walk = new CheckedWalk(segment, wanted.guard, bounds, start);
  const again = (error: unknown): Promise<Found> =>
    trustingIndex(segment, error, (other) =>
      readChecked(segment, wanted, endOffset, length, other),
    );
  try {
    const found = step(segment, wanted, walk, length);
    return found instanceof Promise ? found.catch(again) : found;
  } catch (error) {
    return again(error);
  }
}

function step(
  segment: Segment,
  wanted: BatchesWanted,
  walk: CheckedWalk,
  length: number,
): MaybePromise<Found> {
  walk.readableEnd = segment.readableSize;
  const available = Math.min(length, walk.readableEnd - walk.position);
  if (available <= 0) return undefined;
  const region = segment.medium.read(walk.position, available, false);
  const next = (read: Region): MaybePromise<Found> => {
    const outcome = cut(segment, read, walk, wanted);
    return typeof outcome === 'number' ? step(segment, wanted, walk, outcome) : outcome;
  };
  return region instanceof Promise ? region.then(next) : next(region);
}

/** @returns a number: so many bytes have to be read from where the walk is now */
function cut(
  segment: Segment,
  region: Region,
  walk: CheckedWalk,
  wanted: BatchesWanted,
): BatchesFound | 'nothing' | number {
  const { buffer, start, end } = region.ranges[0] as ByteRange;
  let first = -1;
  let at = start;
  let outcome: 'nothing' | number = end - start;
  try {
    while (at < end) {
      const needed = walk.check(buffer, at, end);
      if (needed > 0) {
        outcome = Math.max(needed, end - start);
        break;
      }
      const bytes = batchSizeAt(buffer, at);
      const isWanted = !walk.isPassedOver && lastOffsetAt(buffer, at) >= wanted.fromOffset;
      if (isWanted && first < 0 && wanted.skipsEmpty && isEmptyAt(buffer, at)) {
        wanted.hasSkipped = true;
      } else if (isWanted) {
        const sizeInBytes = first < 0 ? 0 : at - first;
        const isTooMuch = sizeInBytes + bytes > wanted.maxBytes;
        const isLimit = baseOffsetAt(buffer, at) >= wanted.limitOffset;
        if (isLimit || (isTooMuch && !(sizeInBytes === 0 && wanted.minOneBatch))) {
          outcome = 'nothing';
          break;
        }
        if (first < 0) first = at;
      }
      walk.pass(buffer, at);
      at += bytes;
    }
  } catch (error) {
    if (first < 0) {
      region.release();
      throw error;
    }
  }
  if (first < 0) {
    region.release();
    return outcome;
  }
  segment.remember(walk.nextOffset, walk.position);
  return {
    records: [{ buffer, start: first, end: at }],
    sizeInBytes: at - first,
    endOffset: walk.nextOffset,
    release: () => region.release(),
  };
}

const isEmptyAt = (buffer: Buffer, at: number): boolean => recordsCountAt(buffer, at) === 0;

/** So much is read at a time where nobody said how much is wanted. */
const lookupRead = 64 * 1024;

/**
 * Visits the batches of a segment, each whole and checked.
 *
 * @param visit  `true` ends the walk
 * @throws {StorageFailure} Corrupt
 */
export async function visitChecked(
  segment: Segment,
  walk: CheckedWalk,
  visit: (batch: ByteRange) => boolean | Promise<boolean>,
): Promise<void> {
  let length = lookupRead;
  while (walk.position < segment.readableSize) {
    walk.readableEnd = segment.readableSize;
    const available = Math.min(length, walk.readableEnd - walk.position);
    const region = await segment.medium.read(walk.position, available, false);
    length = lookupRead;
    try {
      const { buffer, start, end } = region.ranges[0] as ByteRange;
      for (let at = start; at < end;) {
        const needed = walk.check(buffer, at, end);
        if (needed > 0) {
          length = Math.max(needed, lookupRead);
          break;
        }
        const bytes = batchSizeAt(buffer, at);
        const visited = visit({ buffer, start: at, end: at + bytes });
        if (visited instanceof Promise ? await visited : visited) return;
        walk.pass(buffer, at);
        at += bytes;
      }
    } finally {
      region.release();
    }
  }
}
