import type { ByteRange } from '../../protocol/byte-range.ts';
import type { Region, ReplacementMedium } from '../log-medium.ts';
import type { SegmentIndexes } from '../segment-indexes.ts';
import { emptyIndexes } from '../segment-indexes.ts';

const smallestBlock = 16 * 1024;
const largestBlock = 1024 * 1024;

interface Block {
  /** Position of its first byte in the segment. */
  readonly start: number;
  readonly buffer: Buffer;
  used: number;
}

/**
 * A segment in memory: blocks of whole batches. What was written never changes, so readers get the
 * blocks themselves and there is nothing to give back.
 */
export class MemorySegment implements ReplacementMedium {
  readonly isDirty = false;
  readonly canRot = false;
  private blocks: Block[] = [];
  private blockSize = smallestBlock;
  private indexes: SegmentIndexes | undefined;

  constructor(private readonly baseOffset: number) {}

  async create(): Promise<void> {
    // Nothing to make.
  }

  /** Copies: the given buffers belong to the log only until the commit. */
  writeNow(chunks: readonly Uint8Array[], position: number): void {
    let at = position;
    for (const chunk of chunks) {
      const block = this.blockFor(chunk.length, at);
      block.buffer.set(chunk, block.used);
      block.used += chunk.length;
      at += chunk.length;
    }
  }

  async write(chunks: readonly Uint8Array[], position: number): Promise<void> {
    this.writeNow(chunks, position);
  }

  takeBack(): void {
    // Memory does not fail half-way.
  }

  isPresent(): boolean {
    return true;
  }

  async sync(): Promise<void> {
    // Memory is as durable as it gets.
  }

  read(position: number, length: number): Region {
    const ranges: ByteRange[] = [];
    const end = position + length;
    for (let i = this.indexOf(position); i < this.blocks.length; i++) {
      const { start, buffer, used } = this.blocks[i] as Block;
      if (start >= end) break;
      ranges.push({
        buffer,
        start: Math.max(0, position - start),
        end: Math.min(used, end - start),
      });
    }
    return { ranges, release: () => undefined };
  }

  appendAborted(): void {
    // The log has the list in memory anyway.
  }

  seal(indexes: SegmentIndexes): void {
    this.indexes = indexes;
  }

  loadIndexes(): SegmentIndexes {
    return this.indexes ?? emptyIndexes(this.baseOffset);
  }

  rebuildIndexes(): Promise<void> {
    return Promise.resolve(); // never found wrong
  }

  remove(): void {
    // Whoever still reads it holds it.
  }

  beginSwap(): Promise<void> {
    return Promise.resolve(); // nothing outlives the process, so no step of a swap can be seen
  }

  endSwap(): Promise<void> {
    return Promise.resolve(); // see above
  }

  discard(): void {
    this.blocks = [];
  }

  private blockFor(bytes: number, position: number): Block {
    const last = this.blocks.at(-1);
    if (last !== undefined && last.buffer.length - last.used >= bytes) return last;
    // A large batch gets a block of its own size, so that little is left empty.
    const size = bytes > this.blockSize / 4 ? bytes : this.blockSize;
    this.blockSize = Math.min(this.blockSize * 2, largestBlock);
    const block = { start: position, buffer: Buffer.allocUnsafeSlow(size), used: 0 };
    this.blocks.push(block);
    return block;
  }

  private indexOf(position: number): number {
    let low = 0;
    let high = this.blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.blocks[middle] as Block).start <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
