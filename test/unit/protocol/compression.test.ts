import { gzipSync } from 'node:zlib';
import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import type { Codec } from '../../../src/protocol/compression/compression-type.ts';
import { compress, decompress } from '../../../src/protocol/compression/compression.ts';
import * as lz4 from '../../../src/protocol/compression/lz4.ts';
import { nativeLz4, portableLz4 } from '../../../src/protocol/compression/lz4.ts';
import * as snappy from '../../../src/protocol/compression/snappy.ts';
import { nativeSnappy, portableSnappy } from '../../../src/protocol/compression/snappy.ts';
import * as zstd from '../../../src/protocol/compression/zstd.ts';
import { nodeZstd } from '../../../src/protocol/compression/zstd.ts';
import { loadWasmZstd } from '../../../src/protocol/compression/zstd-wasm.ts';
import { xxhash32 } from '../../../src/protocol/compression/xxhash32.ts';
import { MalformedMessage } from '../../../src/protocol/malformed-message.ts';

const codecs: readonly Codec[] = ['gzip', 'snappy', 'lz4', 'zstd'];
const large = 64 * 1024 * 1024;

/** From one value repeated to noise: seldom both compressible and not. */
function sample(length: number, entropy: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = length + 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes[i] = (state >>> 24) & entropy;
  }
  return bytes;
}

const sizes = [0, 1, 5, 12, 13, 100, 32_768, 32_769, 65_536, 65_537, 200_000];
const samples = sizes.flatMap((size) => [0, 3, 255].map((entropy) => sample(size, entropy)));

const bytesOfAnyKind = fc.oneof(
  fc.uint8Array({ maxLength: 3000 }),
  fc.array(fc.constantFrom('ab', 'abc', 'kafka', ' ', '\0'), { maxLength: 2000 }).map((words) => {
    return Buffer.from(words.join(''));
  }),
);

describe.each(codecs)('%s', (codec) => {
  it('reads back what it wrote', () => {
    for (const data of samples) {
      expect(decompress(codec, compress(codec, data), large).equals(data)).toBe(true);
    }
    fc.assert(
      fc.property(bytesOfAnyKind, (bytes) => {
        const data = Buffer.from(bytes);
        expect(decompress(codec, compress(codec, data), large).equals(data)).toBe(true);
      }),
      { seed: 1 },
    );
  });

  it('takes bytes that lie within a larger buffer', () => {
    const outer = sample(10_000, 3);
    const compressed = Buffer.concat([outer, compress(codec, outer.subarray(100, 9_000)), outer]);
    const inner = compressed.subarray(10_000, -10_000);
    expect(decompress(codec, inner, large).equals(outer.subarray(100, 9_000))).toBe(true);
    expect(decompress(codec, new Uint8Array(inner), large).length).toBe(8_900);
  });

  it('gives as much as the limit and refuses a byte more', () => {
    for (const size of [10, 65_536, 300_000]) {
      const compressed = compress(codec, sample(size, 1));
      expect(decompress(codec, compressed, size).length).toBe(size);
      expect(() => decompress(codec, compressed, size - 1)).toThrow(MalformedMessage);
    }
  });

  it('refuses a bomb without taking the memory', () => {
    const bomb = compress(codec, Buffer.alloc(large));
    const before = process.memoryUsage().arrayBuffers;
    expect(() => decompress(codec, bomb, 1024 * 1024)).toThrow(MalformedMessage);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
  });

  it('refuses what was cut off or changed, or gives other bytes, but never anything worse', () => {
    const compressed = compress(codec, sample(3_000, 7));
    for (let length = 0; length < compressed.length; length += length < 64 ? 1 : 13) {
      expectBytesOrMalformed(() => decompress(codec, compressed.subarray(0, length), 10_000));
    }
    fc.assert(
      fc.property(fc.nat(compressed.length - 1), fc.nat(255), (at, value) => {
        const changed = Buffer.from(compressed);
        changed[at] = value;
        expectBytesOrMalformed(() => decompress(codec, changed, 10_000));
      }),
      { seed: 1, numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expectBytesOrMalformed(() => decompress(codec, bytes, 10_000));
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});

function expectBytesOrMalformed(work: () => Buffer): void {
  let result: unknown;
  try {
    result = work();
  } catch (error) {
    result = error;
  }
  if (Buffer.isBuffer(result)) expect(result.length).toBeLessThanOrEqual(10_000);
  else expect(result).toBeInstanceOf(MalformedMessage);
}

describe('gzip', () => {
  it('has levels', () => {
    const data = sample(100_000, 15);
    expect(compress('gzip', data, 1).length).toBeGreaterThan(compress('gzip', data, 9).length);
  });

  it('reads several members, one after the other', () => {
    const members = Buffer.concat([gzipSync('ab'), gzipSync('cd')]);
    expect(decompress('gzip', members, 10).toString()).toBe('abcd');
  });
});

/** Literals (their number in so many bytes, 0: in the tag), or a copy of one of three kinds. */
type SnappyElement =
  | { readonly literals: number; readonly lengthBytes: number }
  | { readonly kind: 1 | 2 | 3; readonly length: number; readonly offset: number };

const snappyElement: fc.Arbitrary<SnappyElement> = fc.oneof(
  fc.record({
    literals: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 61, max: 4000 })),
    lengthBytes: fc.integer({ min: 0, max: 4 }),
  }),
  fc.record({
    kind: fc.constantFrom(1 as const, 2 as const, 3 as const),
    length: fc.integer({ min: 1, max: 64 }),
    offset: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 60_000 })),
  }),
);

/** A block of such elements, as far as they can be, and what it holds. */
function snappyBlock(elements: readonly SnappyElement[]): { block: Buffer; content: Buffer } {
  const block: number[] = [];
  const content: number[] = [0x4f];
  block.push(0x00, 0x4f);
  const put = (value: number, bytes: number): void => {
    for (let i = 0; i < bytes; i++) block.push(Math.floor(value / 256 ** i) & 0xff);
  };
  for (const element of elements) {
    if ('literals' in element) {
      const { literals } = element;
      const least = literals <= 60 ? 0 : literals <= 256 ? 1 : 2;
      const bytes = Math.max(least, element.lengthBytes);
      block.push((bytes === 0 ? literals - 1 : 59 + bytes) << 2);
      put(literals - 1, bytes);
      const from = content.length;
      for (let i = 0; i < literals; i++) content.push((from + i * 7) & 0xff);
      block.push(...content.slice(from));
      continue;
    }
    const { kind } = element;
    const offset = Math.min(element.offset, content.length, kind === 1 ? 2047 : Infinity);
    const length = kind === 1 ? 4 + (element.length % 8) : element.length;
    if (kind === 1) block.push(((offset >> 8) << 5) | ((length - 4) << 2) | 1, offset & 0xff);
    else block.push(((length - 1) << 2) | kind);
    if (kind !== 1) put(offset, kind === 2 ? 2 : 4);
    for (let i = 0; i < length; i++) content.push(content[content.length - offset] as number);
  }
  const size: number[] = [];
  let left = content.length;
  for (; left >= 0x80; left >>>= 7) size.push((left & 0x7f) | 0x80);
  return { block: Buffer.from([...size, left, ...block]), content: Buffer.from(content) };
}

describe('snappy', () => {
  const native = nativeSnappy();
  const portable = portableSnappy();

  it('writes the framing of snappy-java in blocks of 32 KiB', () => {
    const compressed = compress('snappy', sample(40_000, 255));
    expect(compressed.toString('hex', 0, 16)).toBe('82534e41505059000000000100000001');
    const second = 20 + compressed.readInt32BE(16);
    expect(compressed.length).toBe(second + 4 + compressed.readInt32BE(second));
  });

  it('reads a raw block', () => {
    const data = sample(50_000, 3);
    const raw = portableSnappy().compress(data);
    expect(decompress('snappy', raw, large).equals(data)).toBe(true);
  });

  it('reads streams that follow one another', () => {
    const streams = Buffer.concat(
      ['ab', 'cd'].map((text) => compress('snappy', Buffer.from(text))),
    );
    expect(decompress('snappy', streams, 10).toString()).toBe('abcd');
  });

  it('does not believe a block that promises more than it can hold', () => {
    const promise = Buffer.from([0x80, 0x80, 0x80, 0x20, 0x00, 0x41]); // 64 MiB
    expect(() => decompress('snappy', promise, large)).toThrow(MalformedMessage);
  });

  it('promises no more than is there, also to the package that believes it', () => {
    // Five bytes of length make it negative there: it never ended.
    const elements = Buffer.alloc(200_000);
    Buffer.from([0xfc, 0xfa, 0xff, 0xff, 0xff]).copy(elements);
    const block = Buffer.concat([Buffer.from([0x81, 0x80, 0x80, 0x02]), elements]);
    expect(() => snappy.decompress(block, large, portable)).toThrow(MalformedMessage);
    expect(() => decompress('snappy', block, large)).toThrow(MalformedMessage);
  });

  it('reads every kind of element', () => {
    fc.assert(
      fc.property(fc.array(snappyElement, { minLength: 1, maxLength: 60 }), (elements) => {
        const { block, content } = snappyBlock(elements);
        expect(decompress('snappy', block, large).equals(content)).toBe(true);
        if (native !== undefined) expect(native.decompress(block).equals(content)).toBe(true);
        // A byte less than is promised, and a byte more.
        expect(() => decompress('snappy', block.subarray(0, -1), large)).toThrow(MalformedMessage);
        const longer = Buffer.concat([block, Buffer.of(0x00, 0x41)]);
        expect(() => decompress('snappy', longer, large)).toThrow(MalformedMessage);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it.each([
    ['a copy from before the block', [7, 0x00, 0x41, 0x09, 0x02]],
    ['a copy from nowhere', [5, 0x00, 0x41, 0x01, 0x00]],
    ['literals that are not there', [100, 0xf0, 99, 0x41]],
    ['literals whose number is not there', [100, 0xfc, 0xff, 0xff, 0xff]],
    ['2^32 literals', [1, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x00, 0x41]],
    ['a copy without its offset', [5, 0x00, 0x41, 0x0e, 0x01]],
    ['a copy without its long offset', [5, 0x00, 0x41, 0x0f, 0x01, 0x00, 0x00]],
  ])('refuses %s', (_name, bytes) => {
    const block = Buffer.from(bytes);
    expect(() => snappy.decompress(block, large, portable)).toThrow(MalformedMessage);
    expect(() => decompress('snappy', block, large)).toThrow(MalformedMessage);
  });

  (native === undefined ? test.skip : test)('is the same natively and portably', () => {
    for (const data of samples) {
      for (const writer of [native, portableSnappy()]) {
        const compressed = snappy.compress(data, undefined, writer);
        for (const reader of [native, portableSnappy(), undefined]) {
          expect(snappy.decompress(compressed, large, reader).equals(data)).toBe(true);
        }
      }
    }
  });
});

describe('lz4', () => {
  const native = nativeLz4();

  it('writes frames as Kafka does: independent blocks of 64 KiB, no checksums but the header’s', () => {
    const compressed = compress('lz4', sample(70_000, 255));
    expect(compressed.toString('hex', 0, 7)).toBe('04224d18604082');
    expect(compressed.readUInt32LE(7)).toBe(0x80000000 + 65_536); // noise is kept as it is
    expect(compressed.readUInt32LE(compressed.length - 4)).toBe(0);
  });

  it('reads frames with content size, block and content checksums, and blocks of 4 MiB', () => {
    // "lz4 -BX --content-size -B7" of 100 times "odradek "
    const frame = Buffer.from(frameOfOdradek, 'hex');
    expect(decompress('lz4', frame, 800).toString()).toBe('odradek '.repeat(100));
    expect(lz4.decompress(frame, 800, portableLz4).toString()).toBe('odradek '.repeat(100));
    for (let at = 4; at < frame.length; at++) {
      const changed = Buffer.from(frame);
      changed[at]! ^= 0x10;
      expectBytesOrMalformed(() => lz4.decompress(changed, 10_000, portableLz4));
    }
  });

  it('refuses blocks that depend on one another, as Kafka does', () => {
    const header = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0]);
    header[6] = (xxhash32(header, 4, 6) >> 8) & 0xff;
    const frame = Buffer.concat([header, Buffer.alloc(4)]);
    expect(() => decompress('lz4', frame, 10)).toThrow('depend on one another');
  });

  (native === undefined ? test.skip : test)('is the same natively and by our own code', () => {
    const ways = [native, portableLz4];
    for (const data of samples) {
      for (const writer of ways) {
        const compressed = lz4.compress(data, undefined, writer);
        for (const reader of [...ways, undefined]) {
          expect(lz4.decompress(compressed, large, reader).equals(data)).toBe(true);
        }
      }
    }
  });

  it('reads by WebAssembly what others wrote, whatever repeats in it', () => {
    const repeated = [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 300].flatMap((period) =>
      [4, 20, 1000, 70_000].map((size) =>
        Buffer.from(Array.from({ length: size }, (_, at) => ((at % period) * 37) & 0xff)),
      ),
    );
    for (const data of [...samples, ...repeated]) {
      const compressed = lz4.compress(data, undefined, portableLz4);
      expect(lz4.decompress(compressed, large).equals(data)).toBe(true);
    }
  });

  it('refuses by WebAssembly what our own code refuses, and writes no more than it may', () => {
    const data = sample(3000, 20);
    const frame = lz4.compress(data, undefined, portableLz4);
    expect(() => lz4.decompress(frame, 2999)).toThrow(MalformedMessage);
    const outcome = (way: () => Buffer): string => {
      try {
        return way().toString('hex');
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedMessage);
        return 'malformed';
      }
    };
    for (let at = 11; at < frame.length; at++) {
      const changed = Buffer.from(frame);
      changed[at]! ^= 1 << (at % 8);
      expect(outcome(() => lz4.decompress(changed, 6000))).toBe(
        outcome(() => lz4.decompress(changed, 6000, portableLz4)),
      );
    }
  });

  it('lends memory that the next call writes over', () => {
    const [one, other] = ['one '.repeat(20), 'other '.repeat(20)].map((text) =>
      lz4.compress(Buffer.from(text)),
    );
    const lent = lz4.lend(one!, large);
    const kept = lz4.decompress(one!, large);
    lz4.lend(other!, large);
    expect(kept.toString()).toBe('one '.repeat(20));
    expect(lent.toString()).not.toBe('one '.repeat(20));
  });

  it('hashes as xxHash32 does', () => {
    expect(xxhash32(Buffer.alloc(0), 0, 0)).toBe(0x02cc5d05);
    const text = Buffer.from('Nobody inspects the spammish repetition');
    expect(xxhash32(text, 0, text.length)).toBe(0xe2293b2f);
  });
});

const frameOfOdradek =
  '04224d187c4020030000000000002f150000008f6f64726164656b200800ffffff03506164656b20f8213785' +
  '0000000040b628ae';

describe('lz4 and snappy in one memory', () => {
  const lent = { lz4: lz4.lend, snappy: snappy.lend };
  const sizes = [100, 3_000_000, 4 * 1024 * 1024, 4 * 1024 * 1024 + 1, 7_000_000, 100];

  it('come out right in turn, whatever grows, and keep what is not lent', () => {
    const kept: { data: Buffer; content: Buffer }[] = [];
    for (const size of sizes) {
      for (const codec of ['lz4', 'snappy'] as const) {
        const data = sample(size, 1);
        const compressed = compress(codec, data);
        expect(lent[codec](compressed, large).equals(data)).toBe(true);
        kept.push({ data, content: decompress(codec, compressed, large) });
      }
    }
    expect(kept.every(({ data, content }) => content.equals(data))).toBe(true);
  });
});

describe('zstd', () => {
  const ways = [loadWasmZstd(), nodeZstd()].filter((way) => way !== undefined);

  it('has levels', () => {
    const data = sample(100_000, 15);
    expect(compress('zstd', data, -50).length).toBeGreaterThan(compress('zstd', data, 19).length);
  });

  it('reads frames that do not tell the size of their content', () => {
    // "zstd --no-check" of 40 times "odradek " from a pipe
    const frame = Buffer.from(zstdStreamOfOdradek, 'hex');
    for (const way of ways) {
      expect(zstd.decompress(frame, 320, way).toString()).toBe('odradek '.repeat(40));
    }
  });

  it('is the same by node:zlib and by WebAssembly', () => {
    for (const data of samples) {
      for (const writer of ways) {
        const compressed = zstd.compress(data, 3, writer);
        for (const reader of ways) {
          expect(zstd.decompress(compressed, large, reader).equals(data)).toBe(true);
        }
      }
    }
  });

  it('lends memory that the next call writes over, by WebAssembly', () => {
    const wasm = loadWasmZstd();
    const [one, other] = ['one ', 'other '].map((word) =>
      compress('zstd', Buffer.from(word.repeat(20))),
    ) as [Buffer, Buffer];
    const lent = zstd.lend(one, large, wasm);
    const kept = zstd.decompress(one, large, wasm);
    expect(lent.toString()).toBe('one '.repeat(20));
    zstd.lend(other, large, wasm);
    expect(kept.toString()).toBe('one '.repeat(20));
    expect(lent.toString()).not.toBe('one '.repeat(20));
    // A larger one than before takes other memory; then the rest of it is not seen.
    expect(zstd.lend(compress('zstd', samples.at(-1)!), large, wasm)).toEqual(samples.at(-1));
    expect(zstd.lend(one, large, wasm).toString()).toBe('one '.repeat(20));
  });

  it('refuses a bomb by WebAssembly too', () => {
    const [wasm] = ways;
    const bomb = compress('zstd', Buffer.alloc(large));
    expect(() => zstd.decompress(bomb, 1024 * 1024, wasm)).toThrow(MalformedMessage);
    expect(zstd.decompress(bomb, large, wasm).length).toBe(large);
  });
});

const zstdStreamOfOdradek = '28b52ffd00587d0000406f64726164656b20010035530b17';
