import { describe, expect, it } from '@jest/globals';
import portable from 'crc-32/crc32c.js';
import fc from 'fast-check';
import { BatchMemory } from '../../../src/protocol/batch-memory.ts';
import { crc32c, portableUpdate, webAssemblyUpdate } from '../../../src/protocol/crc32c.ts';

/** Bytes without a pattern that a wrong fold could get right by chance. */
function noise(length: number): Buffer {
  let state = 12345;
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

function oracle(bytes: Uint8Array, seed = 0): number {
  return portable.buf(bytes, seed) >>> 0;
}

const bytes = noise(300_000);

describe('CRC-32C', () => {
  it('gives the check value of the catalogue', () => {
    expect(crc32c(Buffer.from('123456789'), 0, 9)).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(0), 0, 0)).toBe(0);
    expect(crc32c(Buffer.alloc(32), 0, 32)).toBe(0x8a9136aa);
    expect(crc32c(Buffer.alloc(32, 0xff), 0, 32)).toBe(0x62a8ab43);
  });

  it('is right for every length up to 300 at every alignment', () => {
    for (let start = 0; start < 16; start++) {
      for (let length = 0; length <= 300; length++) {
        const found = crc32c(bytes, start, start + length);
        if (found !== oracle(bytes.subarray(start, start + length))) {
          throw new Error(`wrong for ${length} bytes from ${start}`);
        }
      }
    }
  });

  it('is right around the sizes where it changes its way', () => {
    for (const size of [32, 512, 544, 1024, 48 * 1024, 96 * 1024]) {
      for (let length = size - 40; length < size + 40; length++) {
        if (length < 0) continue;
        expect(crc32c(bytes, 7, 7 + length)).toBe(oracle(bytes.subarray(7, 7 + length)));
      }
    }
  });

  it('does not depend on what was computed before', () => {
    const expected = oracle(bytes.subarray(0, 600));
    crc32c(bytes, 0, bytes.length);
    expect(crc32c(bytes, 0, 600)).toBe(expected);
    expect(crc32c(Buffer.alloc(100_000), 0, 700)).toBe(oracle(Buffer.alloc(700)));
  });

  it('is right anywhere, and in parts', () => {
    const position = fc.integer({ min: 0, max: bytes.length });
    fc.assert(
      fc.property(position, position, position, (...positions) => {
        const [start, middle, end] = positions.sort((a, b) => a - b);
        const expected = oracle(bytes.subarray(start, end));
        expect(crc32c(bytes, start, end)).toBe(expected);
        expect(crc32c(bytes, middle, end, crc32c(bytes, start, middle))).toBe(expected);
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  it('is the same by WebAssembly and without', () => {
    const ways = [webAssemblyUpdate(new BatchMemory()), portableUpdate()];
    for (const length of [0, 1, 33, 1000, 70_000]) {
      for (const way of ways) {
        expect(~way(~0, bytes, 3, 3 + length) >>> 0).toBe(oracle(bytes.subarray(3, 3 + length)));
      }
    }
  });
});
