import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CompressionType } from '../../../src/protocol/compression/compression-type.ts';
import {
  buildControlBatch,
  controlTypeOf,
  decodeEndTransactionMarker,
  encodeControlKey,
  encodeEndTransactionMarker,
} from '../../../src/protocol/control-record.ts';
import { MalformedMessage } from '../../../src/protocol/malformed-message.ts';
import type { RecordInput } from '../../../src/protocol/record.ts';
import {
  batches,
  batchHeaderSize,
  batchProblem,
  buildBatch,
  frameProblem,
  incrementSequence,
  isCrcValid,
  lastSequenceAt,
  openRecords,
  partitionLeaderEpochAt,
  readBatchHeader,
  readRecords,
  setBaseOffset,
  setLeaderEpoch,
  setMaxTimestamp,
} from '../../../src/protocol/record-batch.ts';
import {
  putVarint,
  putVarlong,
  sizeOfVarint,
  sizeOfVarlong,
  VarintReader,
} from '../../../src/protocol/varint.ts';

const types: readonly CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

const whole = (buffer: Buffer) => ({ buffer, start: 0, end: buffer.length });

const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const nullableBytes = fc.option(bytes, { nil: null });
const timestamp = fc.oneof(
  fc.constant(-1),
  fc.integer({ min: 0, max: 2 ** 45 }),
  fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }),
);
const record = fc.record({
  timestamp,
  key: nullableBytes,
  value: nullableBytes,
  headers: fc.array(fc.record({ key: fc.string(), value: nullableBytes }), { maxLength: 3 }),
});
const records = fc.array(record, { minLength: 1, maxLength: 20 });

const sample: RecordInput[] = [
  { timestamp: 1000, key: Buffer.from('key'), value: Buffer.from('value') },
  { timestamp: 900, value: Buffer.alloc(300, 7), headers: [{ key: 'h', value: Buffer.from('x') }] },
  { timestamp: 1100, key: Buffer.from('k') },
];

describe('varints', () => {
  it('read back as written, in as many bytes as foretold', () => {
    const target = Buffer.alloc(12);
    fc.assert(
      fc.property(fc.integer(), (value) => {
        const end = putVarint(target, 1, value);
        expect(end - 1).toBe(sizeOfVarint(value));
        expect(new VarintReader(target, 1, end).varint()).toBe(value);
        expect(new VarintReader(target, 1, end).varlong()).toBe(value);
      }),
      { seed: 1 },
    );
    const edges = [0, -1, 63, 64, -64, -65, 2 ** 31, -(2 ** 31), 2 ** 40, 2 ** 53, -(2 ** 53) + 1];
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...edges), fc.maxSafeInteger()), (value) => {
        const end = putVarlong(target, 1, value);
        expect(end - 1).toBe(sizeOfVarlong(value));
        expect(new VarintReader(target, 1, end).varlong()).toBe(value);
      }),
      { seed: 1 },
    );
  });

  it('are refused when too long or cut off', () => {
    const endless = Buffer.alloc(20, 0xff);
    expect(() => new VarintReader(endless, 0, 20).varint()).toThrow(MalformedMessage);
    expect(() => new VarintReader(endless, 0, 20).varlong()).toThrow(MalformedMessage);
    expect(() => new VarintReader(endless, 0, 3).varint()).toThrow(MalformedMessage);
    expect(() => new VarintReader(endless, 3, 3).varint()).toThrow(MalformedMessage);
  });

  it('take the extremes of 64 bits, rounded', () => {
    const largest = Buffer.from('feffffffffffffffff01', 'hex');
    expect(new VarintReader(largest, 0, 10).varlong()).toBe(2 ** 63);
    const smallest = Buffer.from('ffffffffffffffffff01', 'hex');
    expect(new VarintReader(smallest, 0, 10).varlong()).toBe(-(2 ** 63));
  });
});

describe('a batch', () => {
  it('reads back as written, with every codec', () => {
    fc.assert(
      fc.property(
        records,
        fc.constantFrom(...types),
        fc.integer({ min: 0, max: 2 ** 52 }),
        (input, compression, baseOffset) => {
          const buffer = buildBatch({ records: input, compression, baseOffset });
          expect(batchProblem(buffer, 0, buffer.length)).toBeUndefined();
          const expected = input.map((fields, i) => ({ ...fields, offset: baseOffset + i }));
          expect(readRecords(whole(buffer))).toEqual(expected);
          expect(readBatchHeader(buffer, 0)).toMatchObject({
            sizeInBytes: buffer.length,
            compression,
            lastOffset: baseOffset + input.length - 1,
            maxTimestamp: Math.max(...input.map((fields) => fields.timestamp)),
            recordsCount: input.length,
          });
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  it('tells what its producer set', () => {
    const producer = {
      producerId: 2 ** 50 + 1,
      producerEpoch: 32767,
      baseSequence: 2147483646,
      isTransactional: true,
      partitionLeaderEpoch: 5,
    };
    const header = readBatchHeader(buildBatch({ records: sample, ...producer }), 0);
    expect(header).toMatchObject({ ...producer, lastSequence: 0, isControl: false });
  });

  it('keeps the timestamps of its records beside the broker’s', () => {
    const buffer = buildBatch({ records: sample, logAppendTime: 5000 });
    expect(readBatchHeader(buffer, 0)).toMatchObject({
      timestampType: 'LogAppendTime',
      maxTimestamp: 5000,
    });
    expect(readRecords(whole(buffer)).map((read) => read.timestamp)).toEqual([5000, 5000, 5000]);
    const cursor = openRecords(buffer, 0);
    cursor.next();
    expect(cursor.ownTimestamp).toBe(1000);
  });

  it('may have lost its last records, or all', () => {
    const [first] = sample;
    const gaps = buildBatch({
      records: [{ ...first, offset: 12 }],
      baseOffset: 10,
      lastOffset: 19,
    });
    expect(readBatchHeader(gaps, 0)).toMatchObject({ baseOffset: 10, lastOffset: 19 });
    expect(readRecords(whole(gaps))).toMatchObject([{ offset: 12 }]);
    const empty = buildBatch({ records: [], baseOffset: 10, lastOffset: 19, compression: 'lz4' });
    expect(empty.length).toBe(batchHeaderSize);
    expect(readBatchHeader(empty, 0)).toMatchObject({ lastOffset: 19, recordsCount: 0 });
    expect(readRecords(whole(empty))).toEqual([]);
  });
});

describe('stamping a batch', () => {
  it('with offset and leader epoch leaves the checksum valid as it is', () => {
    const buffer = buildBatch({ records: sample });
    const { crc } = readBatchHeader(buffer, 0);
    setBaseOffset(buffer, 0, 2 ** 40 + 3);
    setLeaderEpoch(buffer, 0, 9);
    const header = readBatchHeader(buffer, 0);
    expect(header).toMatchObject({ crc, baseOffset: 2 ** 40 + 3, lastOffset: 2 ** 40 + 5 });
    expect(partitionLeaderEpochAt(buffer, 0)).toBe(9);
    expect(isCrcValid(buffer, 0)).toBe(true);
  });

  it('with the time of appending computes a new one', () => {
    const buffer = buildBatch({ records: sample, compression: 'gzip' });
    const { crc } = readBatchHeader(buffer, 0);
    setMaxTimestamp(buffer, 0, 'LogAppendTime', 7777);
    expect(isCrcValid(buffer, 0)).toBe(true);
    const header = readBatchHeader(buffer, 0);
    expect(header).toMatchObject({ timestampType: 'LogAppendTime', maxTimestamp: 7777 });
    expect(header.crc).not.toBe(crc);
    setMaxTimestamp(buffer, 0, 'CreateTime', 1100);
    expect(readBatchHeader(buffer, 0)).toMatchObject({ crc, timestampType: 'CreateTime' });
  });
});

describe('sequences', () => {
  it('begin at 0 again behind 2147483647', () => {
    expect(incrementSequence(2147483647, 1)).toBe(0);
    expect(incrementSequence(2147483646, 3)).toBe(1);
    expect(incrementSequence(0, 2147483647)).toBe(2147483647);
  });

  it('are none at the end when none at the start', () => {
    expect(lastSequenceAt(buildBatch({ records: sample }), 0)).toBe(-1);
  });
});

describe('batches back to back', () => {
  const parts = [
    buildBatch({ records: sample, baseOffset: 0 }),
    buildBatch({ records: sample, baseOffset: 3, compression: 'zstd' }),
    buildBatch({ records: [], baseOffset: 6, lastOffset: 8 }),
    buildBatch({ records: sample, baseOffset: 9 }),
  ];
  const joined = Buffer.concat([Buffer.from('before'), ...parts, Buffer.from('behind')]);
  const range = { buffer: joined, start: 6, end: joined.length - 6 };

  it('are found one by one', () => {
    expect([...batches(range)].map((header) => header.baseOffset)).toEqual([0, 3, 6, 9]);
    expect(readRecords(range).map((read) => read.offset)).toEqual([0, 1, 2, 3, 4, 5, 9, 10, 11]);
    expect([...batches({ ...range, end: range.start })]).toEqual([]);
  });

  it('are refused when the last one is not whole', () => {
    for (let end = range.end - 1; end > range.end - parts[3]!.length; end--) {
      expect(() => [...batches({ ...range, end })]).toThrow(MalformedMessage);
    }
  });
});

describe('what is wrong with a batch', () => {
  const valid = buildBatch({ records: sample });
  const problem = (change: (buffer: Buffer) => unknown, end = valid.length): unknown => {
    const buffer = Buffer.from(valid);
    change(buffer);
    return batchProblem(buffer, 0, end);
  };

  it('is told apart', () => {
    expect(problem(() => 0)).toBeUndefined();
    expect(problem((b) => b.writeInt32BE(valid.length - 11, 8))).toBe('truncated');
    expect(problem((b) => b.writeInt32BE(2147483647, 8))).toBe('truncated');
    expect(problem((b) => b.writeInt32BE(48, 8))).toBe('undersized');
    expect(problem((b) => b.writeInt32BE(4, 8))).toBe('undersized');
    expect(problem((b) => b.writeInt32BE(-1, 8))).toBe('undersized');
    expect(problem((b) => b.writeInt8(1, 16))).toBe('unsupportedMagic');
    expect(problem((b) => b.writeInt8(3, 16))).toBe('unsupportedMagic');
    expect(problem((b) => (b[70]! ^= 1))).toBe('corrupt');
    expect(problem((b) => (b[17]! ^= 1))).toBe('corrupt');
  });

  it('is that it was cut off, wherever that was', () => {
    for (let end = 0; end < valid.length; end++) {
      expect(frameProblem(valid, 0, end)).toBe('truncated');
    }
  });
});

describe('records that lie', () => {
  /** A batch around bytes that claim to be records. */
  function around(recordBytes: Buffer, count: number): Buffer {
    const buffer = Buffer.concat([buildBatch({ records: [] }), recordBytes]);
    buffer.writeInt32BE(buffer.length - 12, 8);
    buffer.writeInt32BE(count, 57);
    return buffer;
  }
  const read = (hex: string, count = 1) =>
    readRecords(whole(around(Buffer.from(hex.replaceAll(' ', ''), 'hex'), count)));

  it('are read when they do not', () => {
    // length 8: attributes, timestampDelta, offsetDelta, key null, value of 2, no headers
    expect(read('10 00 00 00 01 04 6162 00')).toMatchObject([{ key: null, headers: [] }]);
  });

  it.each([
    ['longer than the batch', '12 00 00 00 01 04 6162 00'],
    ['of a negative length', '0f 00 00 00 01 04 6162 00'],
    ['longer than its fields', '12 00 00 00 01 04 6162 00 00'],
    ['shorter than its fields', '0e 00 00 00 01 04 6162 00'],
    ['with a key past its end', '10 00 00 00 20 04 6162 00'],
    ['with a value past its end', '10 00 00 00 01 08 6162 00'],
    ['with headers that are not there', '10 00 00 00 01 04 6162 02'],
    ['with a negative count of headers', '10 00 00 00 01 04 6162 01'],
    ['with a header without key', '14 00 00 00 01 04 6162 02 01 01'],
    ['with a header value past its end', '14 00 00 00 01 04 6162 02 00 04'],
    ['followed by bytes', '10 00 00 00 01 04 6162 00 00'],
    ['of no bytes', '00'],
  ])('are refused: one %s', (_, hex) => {
    expect(() => read(hex)).toThrow(MalformedMessage);
  });

  it('are refused when fewer or more than the header says', () => {
    expect(() => read('10 00 00 00 01 04 6162 00', 2)).toThrow(MalformedMessage);
    expect(() => read('10 00 00 00 01 04 6162 00 10 00 00 00 01 04 6162 00', 1)).toThrow(
      MalformedMessage,
    );
    expect(() => read('10 00 00 00 01 04 6162 00', -1)).toThrow(MalformedMessage);
    expect(() => read('10 00 00 00 01 04 6162 00', 2147483647)).toThrow(MalformedMessage);
  });

  it('never end in anything worse than MalformedMessage', () => {
    const originals = types.map((compression) => buildBatch({ records: sample, compression }));
    fc.assert(
      fc.property(
        fc.constantFrom(...originals),
        fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (original, changes) => {
          const buffer = Buffer.from(original);
          for (const [at, value] of changes) buffer[at % buffer.length] = value;
          try {
            if (frameProblem(buffer, 0, buffer.length) === undefined) readRecords(whole(buffer));
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedMessage);
          }
        },
      ),
      { seed: 1, numRuns: 5000 },
    );
  });

  it('that would fill the memory are refused', () => {
    const value = Buffer.alloc(1024 * 1024);
    for (const compression of types.slice(1)) {
      const buffer = buildBatch({ records: [{ value }], compression });
      expect(() => readRecords(whole(buffer), 1024 * 1024)).toThrow(MalformedMessage);
      expect(readRecords(whole(buffer), 1024 * 1024 + 100)).toHaveLength(1);
    }
  });
});

describe('control batches', () => {
  it('mark the end of a transaction', () => {
    const value = encodeEndTransactionMarker(12);
    const producer = { producerId: 42, producerEpoch: 3 };
    const buffer = buildControlBatch({ type: 'COMMIT', value, timestamp: 1000, ...producer });
    expect(readBatchHeader(buffer, 0)).toMatchObject({
      ...producer,
      isControl: true,
      isTransactional: true,
      baseSequence: -1,
      compression: 'none',
      recordsCount: 1,
    });
    const [marker] = readRecords(whole(buffer));
    expect(controlTypeOf(marker!.key)).toBe('COMMIT');
    expect(decodeEndTransactionMarker(marker!.value)).toBe(12);
  });

  it('of a log of metadata belong to no transaction', () => {
    const value = Buffer.alloc(3);
    const buffer = buildControlBatch({ type: 'LEADER_CHANGE', value, timestamp: 1000 });
    expect(readBatchHeader(buffer, 0)).toMatchObject({ isControl: true, isTransactional: false });
  });

  it('of a later Kafka are of no kind we know, those without a kind are refused', () => {
    expect(controlTypeOf(Buffer.from('00000063', 'hex'))).toBeUndefined();
    expect(controlTypeOf(encodeControlKey('ABORT'))).toBe('ABORT');
    expect(() => controlTypeOf(null)).toThrow(MalformedMessage);
    expect(() => controlTypeOf(Buffer.alloc(3))).toThrow(MalformedMessage);
    expect(() => decodeEndTransactionMarker(Buffer.alloc(5))).toThrow(MalformedMessage);
  });
});
