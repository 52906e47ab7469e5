/**
 * CRC-32C: microseconds per checksum by size of the batch. Run with `npx jiti bench/crc.ts`.
 *
 * `odradek` is what the broker uses, `crc-32` the package it falls back to, `plain` a loop over
 * bytes with one table.
 */
import { createRequire } from 'node:module';
import { crc32c } from '../src/protocol/crc32c.ts';

const sizes = [64, 1024, 16 * 1024, 128 * 1024, 1024 * 1024];
const rounds = 9;
const bytesPerRound = 16 * 1024 * 1024;

const portable = createRequire(import.meta.url)('crc-32/crc32c') as {
  buf: (bytes: Uint8Array, seed: number) => number;
};

const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) {
    remainder = (remainder >>> 1) ^ (-(remainder & 1) & 0x82f63b78);
  }
  return remainder;
});

function plain(bytes: Uint8Array, start: number, end: number): number {
  let crc = -1;
  for (let at = start; at < end; at++) crc = (crc >>> 8) ^ table[(crc ^ bytes[at]!) & 0xff]!;
  return ~crc >>> 0;
}

const ways = {
  odradek: crc32c,
  'crc-32': (bytes: Uint8Array, start: number, end: number) =>
    portable.buf(bytes.subarray(start, end), 0) >>> 0,
  plain,
};

function microseconds(way: typeof plain, bytes: Uint8Array, size: number): number {
  const times = Math.max(8, Math.floor(bytesPerRound / 4 / Math.max(size, 512)));
  const results: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const begin = process.hrtime.bigint();
    for (let i = 0; i < times; i++) way(bytes, 0, size);
    results.push(Number(process.hrtime.bigint() - begin) / 1000 / times);
  }
  return results.sort((a, b) => a - b)[rounds >> 1]!;
}

const bytes = Uint8Array.from({ length: 1024 * 1024 }, (_, at) => (at * 7919) >> 5);
console.log(['us'.padEnd(10), ...sizes.map((size) => `${size} B`.padStart(12))].join(''));
for (const [name, way] of Object.entries(ways)) {
  const row = sizes.map((size) => microseconds(way, bytes, size).toFixed(2).padStart(12));
  console.log([name.padEnd(10), ...row].join(''));
}
