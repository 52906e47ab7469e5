import type { Region } from '../log-medium.ts';
import type { PooledBuffer } from './buffer-pool.ts';

/** Bytes of a segment that were read once and are lent to several readers. */
export class SharedBytes {
  /** Undefined once all readers have given them back. */
  private lent: PooledBuffer | undefined;
  private readers = 0;

  constructor(
    lent: PooledBuffer,
    private readonly position: number,
    private readonly length: number,
  ) {
    this.lent = lent;
  }

  /** The bytes that were asked for, if they are the first of these. */
  find(position: number, length: number): Region | undefined {
    const { lent } = this;
    if (lent === undefined || position !== this.position || length > this.length) return undefined;
    this.readers++;
    let isHeld = true;
    return {
      ranges: [{ buffer: lent.buffer, start: 0, end: length }],
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        if (--this.readers > 0) return;
        this.lent = undefined;
        lent.release();
      },
    };
  }
}
