import type { DiskFile } from '../../../host/disk.ts';
import {
  baseOffsetAt,
  batchHeaderSize,
  batchSizeAt,
  currentMagic,
  lastOffsetDeltaAt,
} from '../../../protocol/record-batch.ts';
import { BatchScanner } from '../batch-scanner.ts';

const windowSize = 1024 * 1024;
const magicOffset = 16;
/** Bytes that look like a batch and are none: after so many the search is given up. */
const mostTries = 1000;

/** Offsets that a batch can have which follows a damaged one. */
export interface OffsetBounds {
  readonly lowest: number;
  readonly highest: number;
}

/**
 * The first place from `from` on where a whole batch begins, checksum and all, with an offset that
 * fits; undefined when none follows.
 */
export function findBatch(
  file: DiskFile,
  size: number,
  from: number,
  bounds: OffsetBounds,
): number | undefined {
  const window = Buffer.allocUnsafe(Math.min(windowSize, Math.max(batchHeaderSize, size - from)));
  let tries = 0;
  for (let start = from; start + batchHeaderSize <= size;) {
    const length = file.readSync(window, 0, Math.min(window.length, size - start), start);
    const end = length - batchHeaderSize;
    if (end < 0) return undefined;
    for (
      let at = nextCandidate(window, 0, end);
      at <= end;
      at = nextCandidate(window, at + 1, end)
    ) {
      if (!isPlausible(window, at, size - start - at, bounds)) continue;
      const scanner = new BatchScanner(file, size, start + at);
      if (scanner.look() === 'batch' && scanner.isIntact()) return start + at;
      if (++tries === mostTries) return undefined;
    }
    start += end + 1;
  }
  return undefined;
}

/** The next position whose magic number is right; past `end` when there is none. */
function nextCandidate(window: Buffer, at: number, end: number): number {
  const found = window.indexOf(currentMagic, at + magicOffset);
  return found < 0 ? end + 1 : found - magicOffset;
}

function isPlausible(window: Buffer, at: number, left: number, bounds: OffsetBounds): boolean {
  const bytes = batchSizeAt(window, at);
  if (bytes < batchHeaderSize || bytes > left) return false;
  const baseOffset = baseOffsetAt(window, at);
  const isInBounds = baseOffset >= bounds.lowest && baseOffset <= bounds.highest;
  return isInBounds && lastOffsetDeltaAt(window, at) >= 0;
}
