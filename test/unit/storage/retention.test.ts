import { describe, expect, test } from '@jest/globals';
import { DiskLogStore } from '../../../src/storage/disk/disk-log-store.ts';
import type { LogStore } from '../../../src/storage/log-store.ts';
import { MemoryLogStore } from '../../../src/storage/memory/memory-log-store.ts';
import type { LogSettings, PartitionLog } from '../../../src/storage/partition-log.ts';
import {
  batchOf,
  idempotentBatch,
  marker,
  put,
  startMs,
  valuesFrom,
} from '../../support/batches.ts';
import { logSettings, partitionRef } from '../../support/log-settings.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemoryDisk } from '../../support/memory-disk.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

const engines = ['memory', 'disk'] as const;
type Engine = (typeof engines)[number];

interface Opened {
  readonly store: LogStore;
  readonly clock: ManualClock;
  readonly log: PartitionLog;
}

/** A log whose segments hold one batch each, unless told otherwise. */
async function open(
  engine: Engine,
  changes: Partial<LogSettings>,
  { disk = new MemoryDisk(), clock = new ManualClock(startMs), seed = 1 } = {},
): Promise<Opened> {
  const around = { clock, random: new SeededRandom(seed) };
  const store =
    engine === 'memory'
      ? new MemoryLogStore(around)
      : new DiskLogStore({ ...around, disk, root: '/data' });
  const settings = logSettings({ segmentBytes: 100, retentionMs: -1, ...changes });
  const log = await store.open(partitionRef(), settings);
  log.becomeLeader(0);
  return { store, clock, log };
}

describe.each(engines)('retention in the %s engine (row 159)', (engine) => {
  test('goes by the time of the records, to the millisecond', async () => {
    const { store, clock, log } = await open(engine, { retentionMs: 1000 });
    for (let i = 0; i < 4; i++) await put(log, [`v${i}`], startMs + i * 100);
    await clock.advance(1000);
    await log.applyRetention();
    expect(log.logStartOffset).toBe(0);
    await clock.advance(1);
    await log.applyRetention();
    expect(log.logStartOffset).toBe(1);
    await clock.advance(100);
    await log.applyRetention();
    expect(log.logStartOffset).toBe(2);
    await store.close();
  });

  test('stops at the first segment that may stay, whatever comes behind it', async () => {
    const { store, clock, log } = await open(engine, { retentionMs: 1000 });
    await put(log, ['old'], startMs);
    await put(log, ['young'], startMs + 5000);
    await put(log, ['old again'], startMs);
    await clock.advance(2000);
    await log.applyRetention();
    expect(log.logStartOffset).toBe(1);
    await store.close();
  });

  test('goes on by time behind what went by size, and by size behind what lay below the start', async () => {
    const size = batchOf(['v']).end;
    const { store, clock, log } = await open(engine, {
      retentionMs: 1000,
      retentionBytes: size * 3,
      segmentBytes: size,
    });
    await put(log, ['y'], startMs + 10_000); // too many by size
    for (const value of ['a', 'b']) await put(log, [value], startMs); // too old
    await put(log, ['z'], startMs + 10_000);
    await clock.advance(2000);
    await log.applyRetention();
    expect(log.logStartOffset).toBe(3);
    await store.close();
  });

  test('records of the future are not old, however small retention.ms is', async () => {
    const { store, clock, log } = await open(engine, { retentionMs: 0 });
    await put(log, ['a'], startMs + 60_000);
    await clock.advance(60_000);
    await log.applyRetention();
    expect(log.logStartOffset).toBe(0);
    await clock.advance(1);
    await log.applyRetention();
    expect(log.logStartOffset).toBe(1);
    await store.close();
  });

  test('records without a time are as old as their segment was written last', async () => {
    const { store, clock, log } = await open(engine, { retentionMs: 1000, segmentBytes: 10_000 });
    await put(log, ['a'], -1);
    await clock.advance(800);
    await put(log, ['b'], -1);
    await clock.advance(1000);
    await log.applyRetention();
    expect(log.logStartOffset).toBe(0);
    await clock.advance(1);
    await log.applyRetention();
    expect(log.logStartOffset).toBe(2);
    await store.close();
  });

  test('retention.ms=-1 and retention.bytes=-1 keep everything', async () => {
    const { store, clock, log } = await open(engine, { retentionMs: -1, retentionBytes: -1 });
    for (let i = 0; i < 4; i++) await put(log, [`v${i}`], 1);
    await clock.advance(1_000_000_000);
    expect([log.logStartOffset, log.logEndOffset]).toEqual([0, 4]);
    await store.close();
  });

  test('retention.bytes takes a segment only if what stays is as large as it says', async () => {
    const size = batchOf(['v0']).end;
    const keep = async (retentionBytes: number): Promise<number> => {
      const { store, log } = await open(engine, { retentionBytes, segmentBytes: size });
      for (let i = 0; i < 4; i++) await put(log, [`v${i}`]);
      await log.applyRetention();
      const { logStartOffset } = log;
      await store.close();
      return logStartOffset;
    };
    expect(await keep(size * 2)).toBe(2);
    expect(await keep(size * 2 + 1)).toBe(1);
    expect(await keep(0)).toBe(4);
  });

  test('cleanup.policy=compact,delete deletes as well; compact alone does not', async () => {
    const expired = async (cleanupDelete: boolean): Promise<number> => {
      const changes = { cleanupCompact: true, cleanupDelete, retentionMs: 1000 };
      const { store, clock, log } = await open(engine, changes);
      await put(log, ['a'], startMs);
      await clock.advance(1001);
      await log.applyRetention();
      const { logStartOffset } = log;
      await store.close();
      return logStartOffset;
    };
    expect(await expired(true)).toBe(1);
    expect(await expired(false)).toBe(0);
  });

  test('DeleteRecords in a compacted log removes whole segments below the start', async () => {
    const { store, log } = await open(engine, { cleanupCompact: true, cleanupDelete: false });
    for (let i = 0; i < 4; i++) await put(log, [`v${i}`]);
    await log.deleteBefore(2);
    expect(log.logStartOffset).toBe(2);
    expect(log.sizeInBytes).toBe(2 * batchOf(['v2']).end);
    expect(await valuesFrom(log, 2)).toEqual(['v2', 'v3']);
    await store.close();
  });

  test('new settings are in force at once: age, size, and what fills a segment', async () => {
    const { store, clock, log } = await open(engine, { retentionMs: -1 });
    const change = async (changes: Partial<LogSettings>) =>
      store.open(partitionRef(), logSettings({ segmentBytes: 100, retentionMs: -1, ...changes }));
    for (let i = 0; i < 4; i++) await put(log, [`v${i}`], startMs + i);
    await clock.advance(1000);
    await change({ retentionMs: 999 });
    await log.applyRetention();
    expect(log.logStartOffset).toBe(1);
    await change({ retentionBytes: batchOf(['v0']).end });
    await log.applyRetention();
    expect(log.logStartOffset).toBe(3);

    await change({ segmentBytes: 100_000, segmentMs: 50 });
    const at = startMs + 2000;
    for (const ms of [at, at + 50, at + 51]) await put(log, ['x'], ms);
    // Offset 3 was alone for longer; 4 and 5 are together, and 6 begins a segment.
    const sizeBefore = log.sizeInBytes;
    await log.deleteBefore(6);
    expect(sizeBefore - log.sizeInBytes).toBe(batchOf(['v3']).end + 2 * batchOf(['x']).end);
    await store.close();
  });

  test('runs first after log.initial.task.delay.ms, then at its interval', async () => {
    const clock = new ManualClock(startMs);
    const around = {
      ...{ clock, random: new SeededRandom(1) },
      ...{ initialTaskDelayMs: 30_000, retentionCheckMs: 300_000 },
    };
    const store =
      engine === 'memory'
        ? new MemoryLogStore(around)
        : new DiskLogStore({ ...around, disk: new MemoryDisk(), root: '/data' });
    const settings = logSettings({ segmentBytes: 100, retentionMs: 0 });
    const log = await store.open(partitionRef(), settings);
    log.becomeLeader(0);
    await put(log, ['a'], startMs);
    await clock.advance(29_999);
    expect(log.logStartOffset).toBe(0);
    await clock.advance(1);
    expect(log.logStartOffset).toBe(1);
    await put(log, ['b'], startMs);
    await clock.advance(299_999);
    expect(log.logStartOffset).toBe(1);
    await clock.advance(1);
    expect(log.logStartOffset).toBe(2);
    await store.close();
  });

  test('segment.jitter.ms lets a segment roll earlier, by chance', async () => {
    const rolledAfter = async (seed: number): Promise<number> => {
      const changes = { segmentBytes: 100_000, segmentMs: 1000, segmentJitterMs: 500 };
      const { store, log } = await open(engine, changes, { seed });
      await put(log, ['a'], startMs);
      for (let ms = 1; ; ms += 10) {
        await put(log, ['b'], startMs + ms);
        const before = log.sizeInBytes;
        await log.deleteBefore(log.logEndOffset - 1);
        if (log.sizeInBytes === before) continue; // still the same segment
        await store.close();
        return ms;
      }
    };
    const times = [await rolledAfter(1), await rolledAfter(2), await rolledAfter(3)];
    for (const ms of times) {
      expect(ms).toBeGreaterThan(500);
      expect(ms).toBeLessThanOrEqual(1011);
    }
    expect(new Set(times).size).toBeGreaterThan(1);
  });
});

describe('where a log starts', () => {
  const filled = async (disk: MemoryDisk): Promise<Opened> => {
    const opened = await open('disk', { segmentBytes: 200 }, { disk });
    for (let i = 0; i < 10; i++) await put(opened.log, [`v${i}`]);
    return opened;
  };

  test('DeleteRecords survives a kill at once, within a segment too (160)', async () => {
    const disk = new MemoryDisk();
    const { log } = await filled(disk);
    await log.deleteBefore(5);
    const { store, log: again } = await open('disk', {}, { disk: disk.copy() });
    expect([again.logStartOffset, again.logEndOffset]).toEqual([5, 10]);
    expect(await valuesFrom(again, 5)).toEqual(['v5', 'v6', 'v7', 'v8', 'v9']);
    await store.close();
  });

  test('what retention removed does not come back after a kill', async () => {
    const disk = new MemoryDisk();
    const { log, store } = await filled(disk);
    await store.open(partitionRef(), logSettings({ segmentBytes: 200, retentionBytes: 0 }));
    await log.applyRetention();
    expect(log.logStartOffset).toBe(10);
    const { store: second, log: again } = await open('disk', {}, { disk: disk.copy() });
    expect([again.logStartOffset, again.logEndOffset]).toEqual([10, 10]);
    await put(again, ['next']);
    expect(await valuesFrom(again, 10)).toEqual(['next']);
    await second.close();
  });

  test('retention goes by the same times after a restart', async () => {
    const clock = new ManualClock(startMs);
    const disk = new MemoryDisk(() => clock.wallMs());
    const { log, store } = await open('disk', { segmentBytes: 100 }, { disk, clock });
    for (const ms of [startMs, -1, startMs + 500]) await put(log, ['v'], ms);
    await store.close();
    await clock.advance(1001);
    const second = await open('disk', { retentionMs: 1000 }, { disk, clock });
    await second.log.applyRetention();
    expect(second.log.logStartOffset).toBe(2); // that without a time was written at startMs
    await second.store.close();
  });
});

test('a reader whose segment is deleted under it still hears what was aborted there', async () => {
  const disk = new MemoryDisk(() => startMs, new SeededRandom(5));
  const { store, log } = await open('disk', { fileDeleteDelayMs: 60_000 }, { disk });
  const aborted = idempotentBatch(1, 0, 0, 1, { isTransactional: true });
  const first = log.append(aborted, { leaderEpoch: 0, origin: 'client', verification: 'off' });
  await first.commit.done;
  await log.append(marker('ABORT', 1, 0), { leaderEpoch: 0, origin: 'coordinator' }).commit.done;
  for (let i = 0; i < 4; i++) await put(log, [`v${i}`]);
  const request = { fromOffset: 0, maxBytes: 1000, minOneBatch: true } as const;
  const reading = log.read({ ...request, limit: 'lastStableOffset' });
  expect(reading).toBeInstanceOf(Promise);
  const deleting = log.deleteBefore(4);
  const read = await reading;
  expect(read.sizeInBytes).toBeGreaterThan(0);
  expect(log.logStartOffset).toBe(4);
  expect(read.abortedTransactions).toEqual([{ producerId: 1, firstOffset: 0 }]);
  read.release();
  await deleting;
  await store.close();
});
