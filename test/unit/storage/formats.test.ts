import { describe, expect, test } from '@jest/globals';
import {
  abortedRowSize,
  AbortedTransactions,
  decodeAbortedRows,
  encodeAbortedRows,
  soundAbortedRows,
} from '../../../src/storage/aborted-transactions.ts';
import {
  readEpochs,
  readIdentity,
  readOffsets,
  writeEpochs,
  writeIdentity,
  writeOffsets,
} from '../../../src/storage/disk/checkpoint-files.ts';
import {
  fileName,
  isGivenUp,
  offsetIn,
  partitionOf,
  renamedFolder,
} from '../../../src/storage/disk/file-names.ts';
import { EpochCache } from '../../../src/storage/epoch-cache.ts';
import { decodeSnapshot, encodeSnapshot } from '../../../src/storage/producer-snapshot.ts';
import { ProducerEntry } from '../../../src/storage/producer-state.ts';
import { OffsetIndex, TimeIndex } from '../../../src/storage/segment-indexes.ts';
import { MemoryDisk } from '../../support/memory-disk.ts';

describe('producer snapshots', () => {
  const entry = new ProducerEntry(4000);
  entry.add(3, 17, 905, 4, 1_700_000_000_123);
  entry.coordinatorEpoch = 2;
  entry.currentTransactionStartOffset = 880;

  test('have the layout that is drawn atop of the codec', () => {
    const bytes = encodeSnapshot([entry], 1);
    expect(bytes.toString('hex')).toMatch(
      /^0001[0-9a-f]{8}000000010000000000000fa0000300000011000000000000038900000004/,
    );
    expect(bytes).toHaveLength(10 + 46);
  });

  test('read back what they hold', () => {
    const [read] = decodeSnapshot(encodeSnapshot([entry], 1));
    expect(read).toEqual(entry);
  });

  test('a producer without a remembered batch keeps its epoch', () => {
    const quiet = new ProducerEntry(1);
    quiet.enterEpoch(5);
    expect(decodeSnapshot(encodeSnapshot([quiet], 1))).toEqual([quiet]);
  });

  test('every cut and every flipped byte is noticed', () => {
    const bytes = encodeSnapshot([entry], 1);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeSnapshot(bytes.subarray(0, length))).toThrow();
    }
    for (let at = 0; at < bytes.length; at++) {
      const wrong = Buffer.from(bytes);
      wrong[at]! ^= 0x40;
      expect(() => decodeSnapshot(wrong)).toThrow();
    }
  });
});

describe('transaction index', () => {
  const rows = [
    { producerId: 9, firstOffset: 4, lastOffset: 10, lastStableOffset: 2 },
    { producerId: 8, firstOffset: 2, lastOffset: 12, lastStableOffset: 13 },
    { producerId: 7, firstOffset: 14, lastOffset: 20, lastStableOffset: 21 },
  ];

  test('reads back what it holds and leaves a torn row', () => {
    const bytes = encodeAbortedRows(rows);
    expect(bytes).toHaveLength(3 * abortedRowSize);
    expect(decodeAbortedRows(bytes)).toEqual(rows);
    expect(decodeAbortedRows(bytes.subarray(0, -1))).toEqual(rows.slice(0, 2));
  });

  test('an unknown version is refused', () => {
    const bytes = encodeAbortedRows(rows);
    bytes[1] = 9;
    expect(() => decodeAbortedRows(bytes)).toThrow('version 9');
  });

  test('rows that cannot be right are recognized', () => {
    const read = (changed: Partial<(typeof rows)[number]>, end = 21) =>
      soundAbortedRows(encodeAbortedRows([rows[0]!, { ...rows[1]!, ...changed }]), 10, end);
    expect(read({})).toEqual(rows.slice(0, 2));
    for (const changed of [
      { producerId: -1 },
      { firstOffset: -1 },
      { firstOffset: 12 },
      { lastOffset: 10 },
      { lastOffset: 21 },
      { lastStableOffset: -1 },
      { lastStableOffset: 14 },
    ]) {
      expect(() => read(changed)).toThrow('a row does not fit the segment');
    }
    expect(() => read({}, 12)).toThrow('a row does not fit the segment');
    const bytes = encodeAbortedRows(rows);
    expect(() => soundAbortedRows(bytes, 11, 21)).toThrow('a row does not fit the segment');
    expect(() => soundAbortedRows(bytes.subarray(0, -1), 0, 21)).toThrow('a row is torn');
    expect(() => soundAbortedRows(Buffer.alloc(0), 0, 21)).toThrow('it is empty');
  });

  test('finds what overlaps, forgets what is deleted', () => {
    const aborted = new AbortedTransactions();
    for (const row of rows) aborted.add(row);
    const found = (from: number, end: number) =>
      aborted.overlapping(from, end).map(({ producerId }) => producerId);
    expect(found(0, 100)).toEqual([8, 9, 7]);
    expect(found(11, 14)).toEqual([8]);
    expect(found(0, 3)).toEqual([8]);
    expect(found(21, 30)).toEqual([]);
    aborted.removeBefore(12);
    expect(found(0, 100)).toEqual([8, 7]);
  });
});

describe('indexes', () => {
  test('rows are relative to the base offset, big-endian', () => {
    const offsets = new OffsetIndex(1000);
    offsets.append(1007, 4200);
    expect(offsets.bytes.toString('hex')).toBe('0000000700001068');
    const times = new TimeIndex(1000);
    times.maybeAppend(1_700_000_000_000, 1007);
    expect(times.bytes.toString('hex')).toBe('0000018bcfe5680000000007');
  });

  test('a look-up gives the last row at or before', () => {
    const offsets = new OffsetIndex(100);
    for (let i = 1; i <= 200; i++) offsets.append(100 + i * 10, i * 1000);
    expect(offsets.positionBefore(100)).toBe(0);
    expect(offsets.positionBefore(109)).toBe(0);
    expect(offsets.positionBefore(110)).toBe(1000);
    expect(offsets.positionBefore(2095)).toBe(199_000);
    expect(offsets.positionBefore(9_999_999)).toBe(200_000);
    const times = new TimeIndex(100);
    times.maybeAppend(50, 105);
    times.maybeAppend(50, 109); // not larger: no row
    times.maybeAppend(60, 110);
    expect([49, 50, 59, 60, 99].map((time) => times.rowOf(time)?.offset)).toEqual([
      undefined,
      105,
      105,
      110,
      110,
    ]);
  });

  test('rows that cannot be right are recognized', () => {
    const sound = new OffsetIndex(0, Buffer.from('00000001000000050000000200000009', 'hex'));
    expect(sound.isSound(10)).toBe(true);
    expect(sound.isSound(9)).toBe(false);
    const falling = new OffsetIndex(0, Buffer.from('00000002000000050000000100000009', 'hex'));
    expect(falling.isSound(10)).toBe(false);
    const zeros = new TimeIndex(0, Buffer.alloc(24));
    expect(zeros.isSound()).toBe(false);
  });
});

describe('epoch cache', () => {
  test('an epoch in which nothing was written leaves no trace', () => {
    const cache = new EpochCache();
    cache.assign(1, 0);
    cache.assign(2, 10);
    cache.assign(3, 10);
    expect(cache.entries).toEqual([
      { epoch: 1, startOffset: 0 },
      { epoch: 3, startOffset: 10 },
    ]);
    expect(cache.assign(3, 15)).toBe(false);
  });

  test('is cut at both ends with the log', () => {
    const cache = new EpochCache([
      { epoch: 1, startOffset: 0 },
      { epoch: 2, startOffset: 10 },
      { epoch: 5, startOffset: 20 },
    ]);
    cache.truncateFromStart(12);
    expect(cache.entries).toEqual([
      { epoch: 2, startOffset: 12 },
      { epoch: 5, startOffset: 20 },
    ]);
    expect(cache.endOffsetFor(1, 30)).toEqual({ leaderEpoch: 1, endOffset: 12 });
    expect(cache.endOffsetFor(4, 30)).toEqual({ leaderEpoch: 2, endOffset: 20 });
    expect(cache.epochForOffset(11)).toBe(-1);
    cache.truncateFromEnd(20);
    expect(cache.latest).toBe(2);
  });
});

describe('checkpoints', () => {
  const disk = new MemoryDisk();
  disk.makeDirectory('/d');

  test('are the lines that Kafka writes, and read back', () => {
    writeEpochs(disk, '/d/e', [
      { epoch: 0, startOffset: 0 },
      { epoch: 2, startOffset: 1320 },
    ]);
    expect(disk.readFile('/d/e').toString()).toBe('0\n2\n0 0\n2 1320\n');
    expect(readEpochs(disk, '/d/e')).toHaveLength(2);
    writeOffsets(disk, '/d/o', new Map([['a-b-12', 7]]), false);
    expect(disk.readFile('/d/o').toString()).toBe('0\n1\na-b 12 7\n');
    expect(readOffsets(disk, '/d/o')).toEqual(new Map([['a-b-12', 7]]));
    writeIdentity(disk, '/d/p', 'oiwwT0xKQ2e8YxHM2T0c7A', false);
    expect(disk.readFile('/d/p').toString()).toBe('version: 0\ntopic_id: oiwwT0xKQ2e8YxHM2T0c7A');
    expect(readIdentity(disk, '/d/p')).toBe('oiwwT0xKQ2e8YxHM2T0c7A');
  });

  test('a torn file counts as not there, an unknown version is refused', () => {
    disk.writeFile('/d/torn', '0\n2\n0 0\n');
    expect(readEpochs(disk, '/d/torn')).toBeUndefined();
    const whole = '0\n2\n0 0\n2 1320\n';
    for (let length = 0; length < whole.length; length++) {
      disk.writeFile('/d/torn', whole.slice(0, length));
      expect(readEpochs(disk, '/d/torn')).toBeUndefined();
    }
    disk.writeFile('/d/torn', '');
    expect(readOffsets(disk, '/d/torn').size).toBe(0);
    disk.writeFile('/d/new', '1\n0\n');
    expect(() => readEpochs(disk, '/d/new')).toThrow('unknown version 1');
  });
});

describe('names', () => {
  test('of files', () => {
    expect(fileName(4992, '.timeindex')).toBe('00000000000000004992.timeindex');
    expect(offsetIn('00000000000000004992.log', '.log')).toBe(4992);
    expect(offsetIn('00000000000000004992.log.deleted', '.log')).toBeUndefined();
    expect(offsetIn('leader-epoch-checkpoint', '.log')).toBeUndefined();
  });

  test('of folders', () => {
    expect(partitionOf('my-topic-12')).toEqual({ topicName: 'my-topic', partition: 12 });
    expect(partitionOf('bootstrap.checkpoint')).toBeUndefined();
    const hex = '0123456789abcdef0123456789abcdef';
    expect(renamedFolder('orders-3', hex, 'delete')).toBe(`orders-3.${hex}-delete`);
    expect(isGivenUp(`orders-3.${hex}-delete`)).toBe(true);
    const long = renamedFolder(`${'x'.repeat(249)}-3`, hex, 'delete');
    expect(long).toHaveLength(255);
    expect(long.endsWith(`-3.${hex}-delete`)).toBe(true);
  });
});
