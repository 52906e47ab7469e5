const smallestClass = 12; // 4 KiB
const largestClass = 23; // 8 MiB

/** Memory lent by a pool. */
export interface PooledBuffer {
  readonly buffer: Buffer;
  /** Gives it back. A second call does nothing. */
  release(): void;
}

/** Buffers of 4 KiB, 8 KiB, ... 8 MiB, used again and again: reading makes no garbage. */
export class BufferPool {
  private readonly free: Buffer[][] = Array.from({ length: largestClass + 1 }, () => []);
  private freeBytes = 0;

  /** @param mostFreeBytes  what is kept beyond is left to the garbage collector */
  constructor(private readonly mostFreeBytes = 32 * 1024 * 1024) {}

  /** A buffer of `length` bytes or more. */
  take(length: number): PooledBuffer {
    const sizeClass = Math.max(smallestClass, 32 - Math.clz32(length - 1));
    if (sizeClass > largestClass) {
      return { buffer: Buffer.allocUnsafeSlow(length), release: () => undefined };
    }
    let buffer = this.free[sizeClass]?.pop();
    if (buffer === undefined) buffer = Buffer.allocUnsafeSlow(2 ** sizeClass);
    else this.freeBytes -= buffer.length;
    return new Lent(this, buffer, sizeClass);
  }

  giveBack(buffer: Buffer, sizeClass: number): void {
    if (this.freeBytes + buffer.length > this.mostFreeBytes) return;
    this.freeBytes += buffer.length;
    this.free[sizeClass]?.push(buffer);
  }
}

class Lent implements PooledBuffer {
  private isLent = true;

  constructor(
    private readonly pool: BufferPool,
    readonly buffer: Buffer,
    private readonly sizeClass: number,
  ) {}

  release(): void {
    if (!this.isLent) return;
    this.isLent = false;
    this.pool.giveBack(this.buffer, this.sizeClass);
  }
}
