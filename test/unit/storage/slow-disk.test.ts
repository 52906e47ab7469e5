import { beforeEach, describe, expect, test } from '@jest/globals';
import { DiskLogStore } from '../../../src/storage/disk/disk-log-store.ts';
import type { LogSettings, PartitionLog } from '../../../src/storage/partition-log.ts';
import type { SegmentedLog } from '../../../src/storage/segmented-log.ts';
import { batchOf, put, startMs, valuesFrom } from '../../support/batches.ts';
import { logSettings, partitionRef } from '../../support/log-settings.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { MemoryDisk } from '../../support/memory-disk.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

/** While it is slow, what the thread pool is given waits until a test lets it go on. */
class SlowDisk extends MemoryDisk {
  isSlow = false;
  readonly held: (() => void)[] = [];

  override later<T>(action: () => T): Promise<T> {
    if (!this.isSlow) return super.later(action);
    return new Promise<T>((resolve) => this.held.push(() => resolve(super.later(action))));
  }

  /** Does all that waits, and what follows it. */
  async finish(): Promise<void> {
    while (this.held.length > 0) {
      this.held.shift()?.();
      await settle();
    }
  }
}

let disk: SlowDisk;
let clock: ManualClock;
let store: DiskLogStore;

beforeEach(() => {
  disk = new SlowDisk();
  clock = new ManualClock(startMs);
  store = storeOver(disk);
});

const storeOver = (on: MemoryDisk): DiskLogStore =>
  new DiskLogStore({ clock, random: new SeededRandom(2), disk: on, root: '/data' });

/** A log whose segments hold one batch each, unless told otherwise. */
const open = async (changes: Partial<LogSettings> = {}, partition = 0): Promise<PartitionLog> =>
  store.open(partitionRef('orders', partition), logSettings({ segmentBytes: 100, ...changes }));

const foundAfterPowerCut = async (): Promise<string[]> =>
  valuesFrom(await storeOver(disk.afterPowerCut()).open(partitionRef(), logSettings()), 0);

async function isOver(work: Promise<unknown>): Promise<boolean> {
  let over = false;
  void work.then(() => (over = true));
  await settle();
  return over;
}

describe('while an fsync takes its time', () => {
  test('appends go on over changes of the segment, which are durable afterwards', async () => {
    const log = await open();
    disk.isSlow = true;
    const { sync } = disk.calls;
    for (const value of ['a', 'b', 'c']) await put(log, [value]);
    expect(disk.calls.sync).toBe(sync);
    expect(await foundAfterPowerCut()).toEqual([]);
    await disk.finish();
    expect(await foundAfterPowerCut()).toEqual(['a', 'b']);
  });

  test('appends go on beside retention, and what it deletes goes one after the other', async () => {
    const log = await open({ retentionMs: 1000 });
    for (const value of ['a', 'b', 'c']) await put(log, [value], startMs);
    await log.flush();
    await clock.advance(1001);
    disk.isSlow = true;
    const retention = log.applyRetention();
    await put(log, ['d'], startMs + 1001);
    expect(await valuesFrom(log, 3)).toEqual(['d']);
    expect(await isOver(retention)).toBe(false);
    await disk.finish();
    expect(log.logStartOffset).toBe(3);
    expect(await isOver(retention)).toBe(true);
  });

  test('a second flush waits for what the first one is at', async () => {
    const log = await open();
    await put(log, ['a']);
    disk.isSlow = true;
    const flushes = [log.flush(), log.flush()];
    await settle();
    expect(disk.held).not.toHaveLength(0);
    while (disk.held.length > 0) {
      for (const flush of flushes) expect(await isOver(flush)).toBe(false);
      disk.held.shift()?.();
      await settle();
    }
    for (const flush of flushes) expect(await isOver(flush)).toBe(true);
    expect(await foundAfterPowerCut()).toEqual(['a']);
  });

  test('two logs at a time are made durable for which nobody waits', async () => {
    const logs = await Promise.all([0, 1, 2, 3, 4].map((partition) => open({}, partition)));
    disk.isSlow = true;
    for (const log of logs) for (const value of ['a', 'b']) await put(log, [value]);
    await settle();
    expect(disk.held).toHaveLength(2);
    await disk.finish();
    for (const log of logs) expect((log as SegmentedLog).recoveryPoint).toBeGreaterThan(0);
  });
});

test('a log in which writes are always under way is made durable all the same', async () => {
  const log = await open({ segmentBytes: 2_000_000, maxMessageBytes: 2_000_000 });
  const large = 'x'.repeat(1_100_000); // goes through the thread pool
  disk.isSlow = true;
  for (let i = 0; i < 40; i++) {
    log.append(batchOf([large]), { leaderEpoch: 0, origin: 'client' });
    await settle();
    if (i > 0) disk.held.shift()?.(); // the one before is written when the next one waits already
    await settle();
  }
  expect((log as SegmentedLog).recoveryPoint).toBeGreaterThan(0);
});
