import { describe, expect, it } from '@jest/globals';
import portable from 'crc-32/crc32c.js';
import fc from 'fast-check';
import {
  batchHeaderSize,
  buildBatch,
  openRecords,
  scanBatch,
} from '../../../src/protocol/record-batch.ts';
import type { RecordInput } from '../../../src/protocol/record.ts';
import { BlockMemory } from '../../../src/protocol/compression/block-memory.ts';
import { loadWasmZstd } from '../../../src/protocol/compression/zstd-wasm.ts';
import { scanWithin, type PlainRecords } from '../../../src/protocol/record-scanner.ts';
import { scanRecords, scanWithCrc } from '../../../src/protocol/scan-records.ts';

/** What a walk from record to record finds; undefined where a record is not plain. */
function walked(batch: Buffer): PlainRecords | undefined {
  const cursor = openRecords(batch, 0);
  let count = 0;
  let haveKeys = true;
  let leastTimestampDelta = 2 ** 31 - 1;
  let mostTimestampDelta = -(2 ** 31);
  while (cursor.next()) {
    if (cursor.offsetDelta !== count || Math.abs(cursor.timestampDelta) > 2 ** 27 - 1) return;
    haveKeys &&= cursor.keyLength >= 0;
    leastTimestampDelta = Math.min(leastTimestampDelta, cursor.timestampDelta);
    mostTimestampDelta = Math.max(mostTimestampDelta, cursor.timestampDelta);
    count++;
  }
  return { count, haveKeys, leastTimestampDelta, mostTimestampDelta };
}

const bytes = (most: number) =>
  fc.option(fc.integer({ min: 0, max: most }).map((length) => Buffer.alloc(length, 7)));
const records = (most: number) =>
  fc.record({
    key: bytes(200),
    value: bytes(most),
    timestamp: fc.oneof(
      fc.integer({ min: -70, max: 70 }),
      fc.integer({ min: -(2 ** 26), max: 2 ** 26 }),
    ),
    headers: fc.array(fc.record({ key: fc.string({ maxLength: 9 }), value: bytes(130) }), {
      maxLength: 3,
    }),
  });
/** Some records over and over, so that batches are of several copies. */
const batchOf = fc
  .tuple(
    fc.array(fc.oneof({ weight: 9, arbitrary: records(300) }, records(20_000)), {
      minLength: 1,
      maxLength: 12,
    }),
    fc.integer({ min: 1, max: 60 }),
  )
  .map(([some, times]) => Array.from({ length: times }, () => some as RecordInput[]).flat());

function batch(input: readonly RecordInput[]): Buffer {
  return buildBatch({ records: input });
}

function scanned(whole: Buffer): PlainRecords | undefined {
  const { crc, records: seen } = scanWithCrc(whole, 21, batchHeaderSize, whole.length);
  expect(crc).toBe(portable.buf(whole.subarray(21), 0) >>> 0);
  return seen;
}

const pageSize = 65_536;

/** The same bytes, as a codec lends them: where so many others of its memory follow. */
function lent(bytes: Buffer, behind: number): Buffer {
  const pages = Math.ceil((bytes.length + behind) / pageSize);
  const memory = new WebAssembly.Memory({ initial: pages });
  scanWithin(memory);
  const at = pages * pageSize - behind - bytes.length;
  const content = Buffer.from(memory.buffer, at, bytes.length);
  bytes.copy(content);
  return content;
}

describe('a scan of records', () => {
  it('finds what a walk from one to the next finds, and the checksum', () => {
    let plain = 0;
    fc.assert(
      fc.property(batchOf, (input) => {
        const whole = batch(input);
        const seen = scanned(whole);
        if (seen === undefined) return; // large records beside small ones
        plain++;
        expect(seen).toEqual(walked(whole));
        const content = whole.subarray(batchHeaderSize);
        expect(scanRecords(content, Infinity)).toEqual(seen);
        expect(scanRecords(lent(content, 40), 0)).toEqual(seen);
      }),
      { numRuns: 300, seed: 1 },
    );
    expect(plain).toBeGreaterThan(200);
  });

  it('does it at every place where a copy can end', () => {
    for (let size = 40; size < 140; size++) {
      const input = Array.from({ length: 1500 }, () => ({ key: null, value: Buffer.alloc(size) }));
      const whole = batch(input);
      expect(scanned(whole)).toEqual(walked(whole));
    }
  });

  it('never takes a batch for whole that a walk refuses', () => {
    let refused = 0;
    fc.assert(
      fc.property(
        batchOf,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        (input, position, change, isNear) => {
          const whole = batch(input);
          const records = whole.length - batchHeaderSize;
          const at =
            batchHeaderSize + (isNear ? position % Math.min(records, 10) : position % records);
          whole[at] = (whole[at] as number) ^ change;
          const seen = scanned(whole);
          const within = scanRecords(lent(whole.subarray(batchHeaderSize), 40), 0);
          let expected: PlainRecords | undefined;
          try {
            expected = walked(whole);
          } catch {
            refused++;
          }
          // Whoever scans compares the count with the batch's.
          if (seen?.count === input.length) expect(seen).toEqual(expected);
          if (within?.count === input.length) expect(within).toEqual(expected);
        },
      ),
      { numRuns: 2000, seed: 2 },
    );
    expect(refused).toBeGreaterThan(500);
  });

  it('says nothing of what is not plain', () => {
    const value = Buffer.alloc(10);
    expect(
      scanned(
        batch([
          { value, timestamp: 0 },
          { value, timestamp: 2 ** 27 },
        ]),
      ),
    ).toBeUndefined();
    expect(
      scanned(
        batch([
          { value, offset: 0 },
          { value, offset: 2 },
        ]),
      ),
    ).toBeUndefined();
    expect(scanned(batch([{ value: Buffer.alloc(60_000) }]))).toBeUndefined();
    const cut = batch([{ value }, { value }]);
    expect(scanned(cut.subarray(0, cut.length - 1))).toBeUndefined();
    expect(scanBatch(buildBatch({ records: [{ value }], compression: 'gzip' }), 0)).toEqual({
      isCrcValid: true,
      records: undefined,
    });
  });

  it('looks at decompressed records where they lie, whatever their size, else at small ones', () => {
    const large = batch([{ value: Buffer.alloc(60_000) }, { value: Buffer.alloc(60_000) }]);
    const content = large.subarray(batchHeaderSize);
    expect(scanRecords(lent(content, 40), 2)).toEqual(walked(large));
    expect(scanRecords(content, 2)).toBeUndefined();
    // Where the memory ends sooner than a walk may look.
    expect(scanRecords(lent(content, 39), 2)).toBeUndefined();
    const small = batch(Array.from({ length: 2000 }, () => ({ value: Buffer.alloc(100) })));
    expect(scanRecords(lent(small.subarray(batchHeaderSize), 0), 2000)).toEqual(walked(small));
    const cut = lent(content.subarray(0, -1), 40);
    expect(scanRecords(cut, 2)).toBeUndefined();
  });

  it.each([9, 4000])('has what codecs lend at hand, %i records, as their memory grows', (count) => {
    const records = Array.from({ length: count }, () => ({ value: Buffer.alloc(1000, 'value') }));
    const plain = batch(records);
    for (const compression of ['lz4', 'snappy'] as const) {
      const { bytes } = openRecords(buildBatch({ records, compression }), 0, undefined, true);
      expect(scanRecords(bytes, count)).toEqual(walked(plain));
    }
    const zstd = loadWasmZstd();
    const content = zstd.compress(plain.subarray(batchHeaderSize), 3);
    expect(scanRecords(zstd.lend!(content, plain.length), count)).toEqual(walked(plain));
  });

  it('has them at hand where they come close to the end of the memory', () => {
    const records = batch(Array.from({ length: 9 }, () => ({ value: Buffer.alloc(1000) })));
    const content = records.subarray(batchHeaderSize);
    for (let close = 0; close < 100; close++) {
      const memory = new BlockMemory();
      const bound = 8 * pageSize - content.length - close;
      const end = memory.put(content, bound) + bound;
      memory.copy(0, content.length, end - content.length);
      expect(scanRecords(memory.lend(end - content.length, end), 9)).toEqual(walked(records));
    }
  });

  it('does not depend on the batch before', () => {
    const one = batch([{ value: Buffer.alloc(10), timestamp: 5 }]);
    const seen = scanned(one);
    scanned(batch(Array.from({ length: 100 }, () => ({ value: Buffer.alloc(60_000) }))));
    scanned(batch(Array.from({ length: 1000 }, () => ({ value: Buffer.alloc(100, 0x81) }))));
    expect(scanned(one)).toEqual(seen);
  });
});
