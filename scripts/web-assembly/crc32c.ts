/**
 * Writes src/protocol/crc32c-module.ts: the WebAssembly that computes CRC-32C, assembled from the
 * text below. Run it with `npx jiti scripts/web-assembly/crc32c.ts` after a change.
 *
 * How it is fast. A message is a polynomial over GF(2), its checksum the remainder modulo
 * P = 0x11EDC6F41. Without a carry-less multiplication in WebAssembly, remainders are taken with
 * tables, a byte per look-up. But P divides polynomials of six terms whose exponents are all
 * multiples of 8, such as:
 *
 *   1 + y^-166 + y^-180 + y^-188 + y^-207 + y^-343 = 0  (mod P),  y = x^8
 *
 * So a byte may be taken away when it is xored onto the bytes 166, 180, 188, 207 and 343 further
 * on: the remainder stays. Done from front to back, sixteen bytes at a time, that leaves the last
 * 343 bytes (and a few), whose checksum comes from tables. (The idea is
 * S. Russell's, "Chorba", arXiv 2412.16398; terms and form are ours.) Distances well apart and all above 128 bytes, so that what is read back has long
 * been written; `findDistances` found them.
 *
 * The other way round it needs no writing back: what arrives at a byte in the end is
 *   folded[i] = data[i] ^ folded[i - 166] ^ ... ^ folded[i - 343]
 * where `folded` is zero before the first byte, and also behind the last one taken away.
 */
import { assembled, writeSource } from './write-module.ts';

const distances = [166, 180, 188, 207, 343];
const nearest = Math.min(...distances);
const farthest = Math.max(...distances);

// What lies where in two pages of memory.
const tableSize = 1024;
const tableCount = 16;
const zerosStart = tableCount * tableSize;
const foldedStart = zerosStart + 512;
const maxLength = 48 * 1024;
const slack = 1024; // full steps of 16 bytes may run over the end
const dataStart = foldedStart + maxLength + slack;
const pages = 2;

/** Below this many bytes, tables alone are faster. */
const minFolded = 512;

/** Sixteen bytes of data, and what arrives at them. `$f` is `farthest` before their place in folded. */
function foldedAt(offset: number): string {
  return distances.reduce(
    (sum, distance) =>
      `(v128.xor ${sum} (v128.load offset=${farthest - distance + offset} (local.get $f)))`,
    `(v128.load offset=${offset} (local.get $p))`,
  );
}

/** What table `table` has for a byte (0 = lowest) of a word. */
function lookUp(table: number, word: string, byte: number): string {
  const shift = byte * 8 - 2;
  const index =
    shift < 0
      ? `(i32.shl (local.get ${word}) (i32.const 2))`
      : `(i32.shr_u (local.get ${word}) (i32.const ${shift}))`;
  return `(i32.load offset=${table * tableSize} (i32.and ${index} (i32.const 1020)))`;
}

/** A balanced tree, so that the processor may do its parts at once. */
function xorOf(terms: string[]): string {
  const half = terms.length >> 1;
  return half === 0
    ? terms.join('')
    : `(i32.xor ${xorOf(terms.slice(0, half))} ${xorOf(terms.slice(half))})`;
}

const sliced = ['$w0', '$w1', '$w2', '$w3'].flatMap((word, index) =>
  [0, 1, 2, 3].map((byte) => lookUp(tableCount - 1 - (index * 4 + byte), word, byte)),
);

const text = `
(module
  (memory (export "memory") ${pages})

  ;; Takes bytes away from $p on, at least 32, as long as ${farthest} remain behind them. Gives the
  ;; position of what is left.
  (func $fold (param $p i32) (param $end i32) (result i32)
    (local $f i32) (local $stop i32) (local $clear i32) (local $left i32)
    (local.set $f (i32.const ${foldedStart - farthest}))
    (local.set $stop (i32.sub (local.get $end) (i32.const ${farthest + 32})))
    (loop $take
      (v128.store offset=${farthest} (local.get $f) ${foldedAt(0)})
      (v128.store offset=${farthest + 16} (local.get $f) ${foldedAt(16)})
      (local.set $f (i32.add (local.get $f) (i32.const 32)))
      (br_if $take
        (i32.le_u (local.tee $p (i32.add (local.get $p) (i32.const 32))) (local.get $stop))))
    (local.set $left (local.get $p))

    ;; Zeros behind, as far as the last bytes look back.
    (local.set $clear (i32.add (local.get $f) (i32.const ${farthest})))
    (local.set $stop (i32.add (local.get $clear)
      (i32.sub (i32.sub (local.get $end) (local.get $p)) (i32.const ${nearest - 16}))))
    (loop $zero
      (v128.store (local.get $clear) (v128.const i64x2 0 0))
      (br_if $zero
        (i32.lt_u (local.tee $clear (i32.add (local.get $clear) (i32.const 16)))
          (local.get $stop))))

    (loop $rest
      (v128.store (local.get $p) ${foldedAt(0)})
      (local.set $f (i32.add (local.get $f) (i32.const 16)))
      (br_if $rest
        (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 16))) (local.get $end))))
    (local.get $left))

  ;; The checksum (not inverted) of what came before and of the $length bytes at ${dataStart}, which
  ;; are void afterwards.
  (func (export "update") (param $crc i32) (param $length i32) (result i32)
    (local $p i32) (local $end i32) (local $stop i32)
    (local $w0 i32) (local $w1 i32) (local $w2 i32) (local $w3 i32)
    (local.set $p (i32.const ${dataStart}))
    (local.set $end (i32.add (local.get $p) (local.get $length)))
    (if (i32.ge_u (local.get $length) (i32.const ${minFolded}))
      (then
        (i32.store (local.get $p) (i32.xor (i32.load (local.get $p)) (local.get $crc)))
        (local.set $crc (i32.const 0))
        (local.set $p (call $fold (local.get $p) (local.get $end)))))

    (local.set $stop (i32.sub (local.get $end) (i32.const 16)))
    (block $done
      (loop $slice
        (br_if $done (i32.gt_u (local.get $p) (local.get $stop)))
        (local.set $w0 (i32.xor (local.get $crc) (i32.load (local.get $p))))
        (local.set $w1 (i32.load offset=4 (local.get $p)))
        (local.set $w2 (i32.load offset=8 (local.get $p)))
        (local.set $w3 (i32.load offset=12 (local.get $p)))
        (local.set $crc ${xorOf(sliced)})
        (local.set $p (i32.add (local.get $p) (i32.const 16)))
        (br $slice)))
    (block $done
      (loop $byte
        (br_if $done (i32.ge_u (local.get $p) (local.get $end)))
        (local.set $w0 (i32.xor (local.get $crc) (i32.load8_u (local.get $p))))
        (local.set $crc
          (i32.xor (i32.shr_u (local.get $crc) (i32.const 8)) ${lookUp(0, '$w0', 0)}))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br $byte)))
    (local.get $crc)))
`;

/**
 * All five distances between `low` and `high` by which a byte may be taken away: those d where
 * the y^-d add up to 1. Finds a sum of three that is one of two.
 */
function findDistances(low: number, high: number): number[][] {
  const power = new Uint32Array(high + 1).fill(1);
  for (let distance = 1; distance <= high; distance++) {
    let value = power[distance - 1] ?? 0;
    for (let bit = 0; bit < 8; bit++) {
      value = (value & 1) === 0 ? value >>> 1 : ((value ^ 0x1edc6f41) >>> 1) | 0x80000000;
    }
    power[distance] = value;
  }
  const at = (distance: number): number => power[distance] ?? 0;
  const pairs = new Map<number, [number, number]>();
  for (let d = low; d <= high; d++) {
    for (let e = d + 1; e <= high; e++) pairs.set((at(d) ^ at(e)) >>> 0, [d, e]);
  }
  const found: number[][] = [];
  for (let a = low; a <= high; a++) {
    for (let b = a + 1; b <= high; b++) {
      for (let c = b + 1; c <= high; c++) {
        const pair = pairs.get((at(a) ^ at(b) ^ at(c) ^ 1) >>> 0);
        if (pair !== undefined && pair[0] > c) found.push([a, b, c, ...pair]);
      }
    }
  }
  return found;
}

async function build(): Promise<void> {
  if (!findDistances(nearest, farthest).some((found) => String(found) === String(distances))) {
    throw new Error('these distances do not keep the remainder');
  }
  const source = `// Written by scripts/web-assembly/crc32c.ts, where it is explained.

/**
 * WebAssembly with SIMD: exports \`memory\` and \`update(crc, length)\`.
 */
export const moduleBase64 =
${await assembled('crc32c', text)};

/** Where it expects the bytes, and how many at most. */
export const dataStart = ${dataStart};
export const maxLength = ${maxLength};

/** The tables at the start of its memory, to be filled in: how many, of 256 words each. */
export const tableCount = ${tableCount};
`;
  await writeSource('src/protocol/crc32c-module.ts', source);
}

void build();
