import { describe, expect, it } from '@jest/globals';
import { crc32c } from '../../../src/protocol/crc32c.ts';
import { buildBatch, maxTimestampAt, readRecords } from '../../../src/protocol/record-batch.ts';
import type { BatchInput } from '../../../src/protocol/record-batch.ts';
import type { RecordInput } from '../../../src/protocol/record.ts';
import { acceptClientBatch } from '../../../src/storage/client-batch.ts';
import type { LogSettings } from '../../../src/storage/partition-log.ts';
import { RecordErrors } from '../../../src/storage/record-errors.ts';
import { mostBytesInLoop, TakesLong } from '../../../src/storage/takes-long.ts';
import { rangeOf, startMs } from '../../support/batches.ts';
import { logSettings, partitionRef } from '../../support/log-settings.ts';

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
/** Scanned with the checksum or decompressed; only with the checksum; never, but looked at one by one. */
const valueSizes = [20, 5_000, 60_000];
const kinds = codecs.flatMap((compression) => valueSizes.map((size) => ({ compression, size })));

// Of a batch's header.
const crcAtOffset = 17;
const attributesAtOffset = 21;
const lastOffsetDeltaAtOffset = 23;
const recordsCountAtOffset = 57;

const log = (settings: Partial<LogSettings> = {}) => ({
  ref: partitionRef(),
  settings: logSettings(settings),
});

describe.each(kinds)('a batch of a client ($compression, values of $size bytes)', (kind) => {
  const value = Buffer.alloc(kind.size, 'v');
  const key = Buffer.from('k');
  const records = (changes: readonly Partial<RecordInput>[]): RecordInput[] =>
    changes.map((change) => ({ key, value, timestamp: startMs, ...change }));

  function accept(
    input: readonly Partial<RecordInput>[],
    settings: Partial<LogSettings> = {},
    batch: Partial<BatchInput> = {},
  ) {
    const { compression } = kind;
    const sent = rangeOf(buildBatch({ records: records(input), compression, ...batch }));
    return acceptClientBatch(sent, log(settings), startMs, 'beside');
  }

  /** Which records are to blame, and for what. */
  function blamed(...args: Parameters<typeof accept>): string {
    try {
      accept(...args);
    } catch (error) {
      if (!(error instanceof RecordErrors)) throw error;
      return `${error.code} ${error.recordErrors.map(({ batchIndex }) => batchIndex).join()}`;
    }
    return 'nothing';
  }

  it('has its largest timestamp set right', () => {
    const input = [{}, { timestamp: startMs + 500 }, { timestamp: startMs - 500 }];
    const { buffer, start } = accept(input, {}, { maxTimestamp: 7 });
    expect(maxTimestampAt(buffer, start)).toBe(startMs + 500);
    expect(maxTimestampAt(accept([{ timestamp: -1 }]).buffer, 0)).toBe(-1);
  });

  it('has the bounds of timestamps kept, the earliest and the latest', () => {
    const bounds = { timestampBeforeMaxMs: 1000, timestampAfterMaxMs: 1000 };
    const at = (...deltas: number[]) => deltas.map((delta) => ({ timestamp: startMs + delta }));
    expect(blamed(at(0, -1000, 1000, 0), bounds)).toBe('nothing');
    expect(blamed(at(0, -1001, 1000, 0), bounds)).toBe('INVALID_TIMESTAMP 1');
    expect(blamed(at(0, -1000, 1001, 1001), bounds)).toBe('INVALID_TIMESTAMP 2,3');
    expect(blamed([{}, { timestamp: -1 }, {}], bounds)).toBe('nothing');
    const { buffer, start } = accept(at(9999), { ...bounds, timestampType: 'LogAppendTime' });
    expect(maxTimestampAt(buffer, start)).toBe(startMs);
  });

  it('has keys where the topic is compacted', () => {
    const keyless = [{}, { key: null }, {}, { key: null }];
    expect(blamed(keyless, { cleanupCompact: true })).toBe('INVALID_RECORD 1,3');
    expect(blamed([{}, { key: Buffer.alloc(0) }], { cleanupCompact: true })).toBe('nothing');
    expect(blamed(keyless)).toBe('nothing');
  });

  it('has offsets without gaps, or is refused, or built anew where it is compressed', () => {
    const batch = () => accept([{ offset: 0 }, { offset: 2 }], {}, { lastOffset: 1 });
    if (kind.compression === 'none') {
      expect(batch).toThrow('record 1 has the offset delta 2');
      return;
    }
    const read = readRecords(batch());
    expect(read.map(({ offset }) => offset)).toEqual([0, 1]);
    expect(read.every((record) => record.value?.equals(value))).toBe(true);
  });

  it('has as many records as it says', () => {
    const { compression } = kind;
    for (const count of [1, 3]) {
      const batch = buildBatch({ records: records([{}, {}]), compression });
      batch.writeInt32BE(count - 1, lastOffsetDeltaAtOffset);
      batch.writeInt32BE(count, recordsCountAtOffset);
      batch.writeUInt32BE(crc32c(batch, attributesAtOffset, batch.length), crcAtOffset);
      const problem = count === 1 ? 'bytes behind the last record' : 'bytes end within a varint';
      expect(() => acceptClientBatch(rangeOf(batch), log(), startMs, 'loop')).toThrow(problem);
    }
  });
});

describe('what the event loop leaves to others', () => {
  const compressed = codecs.slice(1);
  const repeated = (bytes: number): Buffer => Buffer.alloc(bytes, 'abcdefgh');
  const batchOf = (compression: (typeof codecs)[number], bytes: number) =>
    rangeOf(buildBatch({ records: [{ value: repeated(bytes), timestamp: startMs }], compression }));

  it.each(compressed)('is %s of many bytes', (compression) => {
    const most = mostBytesInLoop(compression);
    for (const [bytes, outcome] of [
      [most - 100, 'accepted'],
      [most, 'takes long'],
      [3 * most, 'takes long'],
    ] as const) {
      const sent = batchOf(compression, bytes);
      const before = Buffer.from(sent.buffer);
      const accept = () => acceptClientBatch(sent, log(), startMs, 'loop');
      if (outcome === 'accepted') expect(accept).not.toThrow();
      else expect(accept).toThrow(TakesLong);
      expect(sent.buffer).toEqual(before);
      expect(() => acceptClientBatch(sent, log(), startMs, 'beside')).not.toThrow();
    }
  });

  it.each(codecs)('is %s that a topic wants in another codec', (compression) => {
    const accept = (bytes: number, settings: Partial<LogSettings>) => () =>
      acceptClientBatch(batchOf(compression, bytes), log(settings), startMs, 'loop');
    const target = compression === 'lz4' ? 'gzip' : 'lz4';
    expect(accept(60_000, { compression: target })).not.toThrow();
    expect(accept(70_000, { compression: target })).toThrow(TakesLong);
    expect(accept(3_000, { compression: target, compressionLevel: 9 })).not.toThrow();
    expect(accept(5_000, { compression: target, compressionLevel: 9 })).toThrow(TakesLong);
  });

  it('is a batch whose offsets have to be given anew', () => {
    const records = [0, 5].map((offset) => ({
      offset,
      value: repeated(40_000),
      timestamp: startMs,
    }));
    const batch = buildBatch({ records, compression: 'gzip', lastOffset: 1 });
    expect(() => acceptClientBatch(rangeOf(batch), log(), startMs, 'loop')).toThrow(TakesLong);
    const accepted = acceptClientBatch(rangeOf(batch), log(), startMs, 'beside');
    expect(readRecords(accepted).map(({ offset }) => offset)).toEqual([0, 1]);
  });

  it('is refused there for what is wrong with it', () => {
    const { buffer } = batchOf('lz4', 5_000_000);
    buffer.fill(0xff, 72, 80); // its first block has more literals than bytes
    buffer.writeUInt32BE(crc32c(buffer, attributesAtOffset, buffer.length), crcAtOffset);
    const accept = (place: 'loop' | 'beside') => () =>
      acceptClientBatch(rangeOf(buffer), log(), startMs, place);
    expect(accept('loop')).toThrow(TakesLong);
    expect(accept('beside')).toThrow(expect.objectContaining({ code: 'INVALID_RECORD' }));
  });
});
