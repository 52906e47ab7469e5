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
  /** When buffers of a class were wanted last, counted in takes. */
  private readonly lastTaken = new Array<number>(largestClass + 1).fill(0);
  private takes = 0;

  /** @param mostFreeBytes  what is kept beyond is left to the garbage collector */
  constructor(private readonly mostFreeBytes = 32 * 1024 * 1024) {}

  /** A buffer of `length` bytes or more. */
  take(length: number): PooledBuffer {
    const sizeClass = Math.max(smallestClass, 32 - Math.clz32(length - 1));
    if (sizeClass > largestClass) {
      return { buffer: Buffer.allocUnsafeSlow(length), release: () => undefined };
    }
    this.lastTaken[sizeClass] = ++this.takes;
    let buffer = this.free[sizeClass]?.pop();
    if (buffer === undefined) buffer = Buffer.allocUnsafeSlow(2 ** sizeClass);
    else this.freeBytes -= buffer.length;
    return new Lent(this, buffer, sizeClass);
  }

  giveBack(buffer: Buffer, sizeClass: number): void {
    while (this.freeBytes + buffer.length > this.mostFreeBytes) {
      if (!this.dropOther(sizeClass)) return;
    }
    this.freeBytes += buffer.length;
    this.free[sizeClass]?.push(buffer);
  }

  /** What is wanted changes: a buffer of the size not wanted for longest makes room for others. */
  private dropOther(sizeClass: number): boolean {
    let stalest: Buffer[] | undefined;
    let taken = Infinity;
    for (const [other, free] of this.free.entries()) {
      const when = this.lastTaken[other] ?? 0;
      if (other === sizeClass || free.length === 0 || when >= taken) continue;
      stalest = free;
      taken = when;
    }
    const dropped = stalest?.pop();
    this.freeBytes -= dropped?.length ?? 0;
    return dropped !== undefined;
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
