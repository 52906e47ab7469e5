import { BufferPool, type PooledBuffer } from '../../storage/disk/buffer-pool.ts';

/** Frames below this size share slabs, which the garbage collector takes. */
const smallestLent = 2048;
const slabBytes = 8192;
/** Of buffers that nobody uses at the moment. */
const mostFreeBytes = 32 * 1024 * 1024;
/**
 * What one read may bring at most. Large enough for a batch or two; the memory is one for all
 * connections, so that an idle one has none.
 */
const readBytes = 256 * 1024;
/**
 * A frame of at least so many bytes is rather read to where it belongs; of smaller ones a read brings
 * several, which saves more than their copies cost.
 */
const largeBytes = 96 * 1024;
const veryLargeBytes = 256 * 1024;

/** Where a frame lies. `lent` can be given back once nobody looks at the frame any more. */
export interface Frame {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
  readonly lent: PooledBuffer | undefined;
}

/** Memory for what comes in, of all connections of a broker. */
export class FrameMemory {
  /** Sockets read into this; what is in it has to be used or copied before the next read. */
  readonly incoming = Buffer.allocUnsafeSlow(readBytes);
  /**
   * Beginnings of it, for those of large frames and of very large ones: a frame gets memory for what
   * has arrived times sixteen, hence one of up to 256 KiB, or 2 MiB, all that it needs.
   */
  private readonly short = this.incoming.subarray(0, 16 * 1024 + 4);
  private readonly longer = this.incoming.subarray(0, 128 * 1024 + 4);
  private readonly pool = new BufferPool(mostFreeBytes);
  private slab = Buffer.alloc(0);
  private slabUsed = 0;

  /**
   * Where to read what follows a frame. Behind a large one comes another, as a rule: a short read
   * finds out how long it is, and the next one goes to the frame's own memory.
   */
  incomingAfter(frameBytes: number): Buffer {
    if (frameBytes < largeBytes) return this.incoming;
    return frameBytes < veryLargeBytes ? this.short : this.longer;
  }

  isIncoming(memory: Buffer): boolean {
    return memory.buffer === this.incoming.buffer;
  }

  take(bytes: number): PooledBuffer {
    return this.pool.take(bytes);
  }

  /** A copy of a whole frame that lies in `incoming`. */
  copyOf(source: Buffer, start: number, end: number): Frame {
    const bytes = end - start;
    if (bytes >= smallestLent) {
      const lent = this.take(bytes);
      source.copy(lent.buffer, 0, start, end);
      return { buffer: lent.buffer, start: 0, end: bytes, lent };
    }
    if (bytes > this.slab.length - this.slabUsed) {
      this.slab = Buffer.allocUnsafeSlow(slabBytes);
      this.slabUsed = 0;
    }
    const at = this.slabUsed;
    source.copy(this.slab, at, start, end);
    this.slabUsed = at + bytes;
    return { buffer: this.slab, start: at, end: at + bytes, lent: undefined };
  }
}
