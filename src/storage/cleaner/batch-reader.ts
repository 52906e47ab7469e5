import type { ByteRange } from '../../protocol/byte-range.ts';
import {
  baseOffsetAt,
  batchHeaderSize,
  batchProblem,
  batchSizeAt,
  batchOverhead,
  lastOffsetAt,
} from '../../protocol/record-batch.ts';
import type { Segment } from '../segment.ts';
import type { Region } from '../log-medium.ts';
import { StorageFailure } from '../storage-failure.ts';
import type { Pace } from './pace.ts';

/** Shows a batch: its place in memory, valid until the end of its chunk, and where it ends in the segment. */
export type Visit = (batch: ByteRange, endPosition: number) => Visited | Promise<Visited>;

/** `true`: the visitor has seen enough. */
export type Visited = boolean | undefined;

/**
 * Visits the batches of a complete segment from a position on, their checksums verified.
 *
 * @param chunkSize   bytes per read; a larger batch is read alone
 * @param endOfChunk  awaited before the memory of the batches seen is given back
 * @throws {StorageFailure} Corrupt
 */
export async function readSegment(
  segment: Segment,
  position: number,
  chunkSize: number,
  pace: Pace,
  visit: Visit,
  endOfChunk: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  let next = position;
  let wanted = chunkSize;
  while (next < segment.size) {
    pace.check();
    const length = Math.min(wanted, segment.size - next);
    const region = await segment.medium.read(next, length, false);
    try {
      const walk = new ChunkWalk(segment, next);
      const isOver = await walk.run(region, pace, visit);
      await endOfChunk();
      await pace.pass(walk.position - next);
      if (isOver) return;
      wanted = walk.position === next ? sizeOfFirst(segment, region, next, length) : chunkSize;
      next = walk.position;
    } finally {
      region.release();
    }
  }
}

/** The walk over the batches of one chunk. */
class ChunkWalk {
  private nextOffset: number;

  constructor(
    private readonly segment: Segment,
    public position: number,
  ) {
    this.nextOffset = segment.baseOffset;
  }

  /** @returns whether the visitor has seen enough */
  async run(region: Region, pace: Pace, visit: Visit): Promise<boolean> {
    for (const { buffer, start, end } of region.ranges) {
      for (let at = start; at < end;) {
        const problem = batchProblem(buffer, at, end);
        if (problem === 'truncated') return false; // its rest is in the next chunk
        if (problem !== undefined) throw corrupt(this.segment, this.position, problem);
        // The checksum does not cover the base offset.
        if (!this.isInPlace(buffer, at)) throw corrupt(this.segment, this.position, 'out of order');
        const size = batchSizeAt(buffer, at);
        this.position += size;
        const visited = visit({ buffer, start: at, end: at + size }, this.position);
        if ((visited instanceof Promise ? await visited : visited) === true) return true;
        at += size;
        if (pace.isOver) await pace.rest();
      }
    }
    return false;
  }

  private isInPlace(buffer: Buffer, at: number): boolean {
    const baseOffset = baseOffsetAt(buffer, at);
    const lastOffset = lastOffsetAt(buffer, at);
    if (baseOffset < this.nextOffset || lastOffset < baseOffset) return false;
    this.nextOffset = lastOffset + 1;
    return true;
  }
}

/** A chunk did not hold one whole batch: how large is it? */
function sizeOfFirst(segment: Segment, region: Region, position: number, length: number): number {
  const [first] = region.ranges;
  const left = segment.size - position;
  const has = first === undefined ? 0 : first.end - first.start;
  const size =
    first === undefined || has < batchOverhead
      ? batchHeaderSize
      : batchSizeAt(first.buffer, first.start);
  if (size > left || size <= length) throw corrupt(segment, position, 'truncated');
  return size;
}

function corrupt(segment: Segment, position: number, problem: string): StorageFailure {
  const where = `the segment of offset ${segment.baseOffset} at position ${position}`;
  return new StorageFailure('Corrupt', `${where}: the batch is ${problem}`);
}
