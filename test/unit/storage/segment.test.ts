import { describe, expect, test } from '@jest/globals';
import { BufferPool } from '../../../src/storage/disk/buffer-pool.ts';
import { FileHandle, OpenFiles } from '../../../src/storage/disk/open-files.ts';
import { MemorySegment } from '../../../src/storage/memory/memory-segment.ts';
import type { LogSettings } from '../../../src/storage/partition-log.ts';
import { emptyIndexes } from '../../../src/storage/segment-indexes.ts';
import { newSegmentStart, Segment } from '../../../src/storage/segment.ts';
import { batchOf, startMs } from '../../support/batches.ts';
import { logSettings } from '../../support/log-settings.ts';
import { MemoryDisk } from '../../support/memory-disk.ts';

describe('a segment is full', () => {
  const make = (jitterMs = 0) =>
    new Segment(
      newSegmentStart(1000, startMs, jitterMs, emptyIndexes(1000)),
      new MemorySegment(1000),
    );
  const filled = (jitterMs = 0): Segment => {
    const segment = make(jitterMs);
    const { buffer } = batchOf(['a'], { baseOffset: 1000, timestamp: startMs });
    segment.append(buffer, 0, 0);
    return segment;
  };
  const isFull = (
    segment: Segment,
    changes: Partial<LogSettings>,
    { bytes = 100, lastOffset = 1001, maxTimestamp = startMs, nowMs = startMs } = {},
  ) => segment.mustRoll(bytes, lastOffset, maxTimestamp, nowMs, logSettings(changes));

  test('by size, to the byte', () => {
    const segment = filled();
    expect(isFull(segment, { segmentBytes: segment.size + 100 })).toBe(false);
    expect(isFull(segment, { segmentBytes: segment.size + 99 })).toBe(true);
  });

  test('never while it is empty, but for the offsets', () => {
    expect(isFull(make(), { segmentBytes: 1 })).toBe(false);
    expect(isFull(make(), {}, { lastOffset: 1000 + 2 ** 31 - 1 })).toBe(false);
    expect(isFull(make(), {}, { lastOffset: 1000 + 2 ** 31 })).toBe(true);
  });

  test('by the time between its first batch and the next, less the jitter', () => {
    const after = (ms: number) => ({ maxTimestamp: startMs + ms });
    expect(isFull(filled(), { segmentMs: 500 }, after(500))).toBe(false);
    expect(isFull(filled(), { segmentMs: 500 }, after(501))).toBe(true);
    expect(isFull(filled(100), { segmentMs: 500 }, after(401))).toBe(true);
  });

  test('by its age where records have no time', () => {
    const segment = make();
    segment.append(batchOf(['a'], { baseOffset: 1000, timestamp: -1 }).buffer, 0, 0);
    const later = { maxTimestamp: -1, nowMs: startMs + 501 };
    expect(isFull(segment, { segmentMs: 500 }, later)).toBe(true);
    expect(isFull(segment, { segmentMs: 501 }, later)).toBe(false);
  });

  test('when an index is, with a row kept for the roll', () => {
    const segment = filled();
    for (let i = 1; i < 4; i++) {
      const { buffer } = batchOf(['a'], { baseOffset: 1000 + i, timestamp: startMs + i });
      segment.append(buffer, 0, 0);
    }
    expect(segment.indexes.times.entries).toBe(3);
    expect(isFull(segment, { segmentIndexBytes: 12 * 5 })).toBe(false);
    expect(isFull(segment, { segmentIndexBytes: 12 * 4 })).toBe(true);
    segment.complete();
    expect(segment.indexes.times.lastTimestamp).toBe(startMs + 3);
  });
});

test('pooled buffers are used again, and given back once', () => {
  const pool = new BufferPool(20_000);
  const first = pool.take(5000);
  expect(first.buffer).toHaveLength(8192);
  first.release();
  first.release();
  const second = pool.take(8192);
  expect(second.buffer).toBe(first.buffer);
  expect(pool.take(8192).buffer).not.toBe(first.buffer);
  expect(pool.take(9_000_000).buffer.length).toBe(9_000_000);
});

test('a file in use stays open until the use is over', async () => {
  const disk = new MemoryDisk();
  disk.makeDirectory('/d');
  const files = new OpenFiles(disk, 1);
  const [one, two] = [new FileHandle('/d/1'), new FileHandle('/d/2')];
  files.use(one, true);
  let finish: () => void = () => undefined;
  const long = files.during(one, () => new Promise<void>((resolve) => (finish = resolve)));
  files.use(two, true);
  expect(disk.openFiles).toBe(2);
  files.close(one);
  expect(disk.openFiles).toBe(2);
  finish();
  await long;
  expect(disk.openFiles).toBe(1);
  files.closeAll();
  expect(disk.openFiles).toBe(0);
});
