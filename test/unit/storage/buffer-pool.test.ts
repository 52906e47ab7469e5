import { describe, expect, it } from '@jest/globals';
import { BufferPool } from '../../../src/storage/disk/buffer-pool.ts';

describe('a pool of buffers', () => {
  it('lends what came back', () => {
    const pool = new BufferPool();
    const lent = pool.take(5000);
    lent.release();
    expect(pool.take(8000).buffer).toBe(lent.buffer);
  });

  it('takes a buffer back once', () => {
    const pool = new BufferPool();
    const lent = pool.take(5000);
    lent.release();
    lent.release();
    expect(pool.take(5000).buffer).not.toBe(pool.take(5000).buffer);
  });

  it('keeps the sizes that are wanted, in the place of those that were', () => {
    const pool = new BufferPool(64 * 1024);
    const small = Array.from({ length: 8 }, () => pool.take(8 * 1024));
    for (const lent of small) lent.release();
    const large = pool.take(32 * 1024);
    large.release();
    expect(pool.take(32 * 1024).buffer).toBe(large.buffer);
    // Half of the small ones are there still.
    const again = Array.from({ length: 8 }, () => pool.take(8 * 1024).buffer);
    const kept = again.filter((buffer) => small.some((lent) => lent.buffer === buffer));
    expect(kept).toHaveLength(4);
  });

  it('keeps no more than it may', () => {
    const pool = new BufferPool(16 * 1024);
    const lent = Array.from({ length: 4 }, () => pool.take(8 * 1024));
    for (const one of lent) one.release();
    const again = Array.from({ length: 4 }, () => pool.take(8 * 1024).buffer);
    expect(again.filter((buffer) => lent.some((one) => one.buffer === buffer))).toHaveLength(2);
  });
});
