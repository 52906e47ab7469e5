import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { DiskLogStore } from '../../../../src/storage/disk/disk-log-store.ts';
import { defaultCleanerSettings } from '../../../../src/storage/cleaner/cleaner-settings.ts';
import { readRecords } from '../../../../src/protocol/record-batch.ts';
import { settle } from '../../../support/manual-clock.ts';
import { SlowDisk } from '../../../support/slow-disk.ts';
import type { TestLog } from './cleaning-fixture.ts';
import { CleaningFixture } from './cleaning-fixture.ts';

const checkpointPath = '/data/cleaner-offset-checkpoint';

describe('the cleaner beside the other work on a log', () => {
  let fixture: CleaningFixture;

  beforeEach(async () => {
    fixture = new CleaningFixture('disk');
    await fixture.open();
    for (let i = 0; i < 6; i++) {
      await fixture.put([
        ['a', `a${i}`],
        ['b', `b${i}`],
      ]);
      await fixture.roll();
    }
    await fixture.log.flush();
  });

  afterEach(async () => {
    await fixture.close();
    expect(fixture.disk.openFiles).toBe(0);
    expect(fixture.clock.pendingTimers).toBe(0);
  });

  const leftBeside = () =>
    fixture.disk.files().filter((path) => /\.(cleaned|swap)(\.tmp)?$/.test(path));

  test('a reader in the midst of a read finishes with what was there', async () => {
    const { log } = fixture;
    const limit = 'highWatermark';
    const reading = log.read({ fromOffset: 0, maxBytes: 100_000, minOneBatch: true, limit });
    await fixture.cleaner.run();
    const result = await reading;
    const [first] = readRecords(result.records[0]!);
    expect(first?.value?.toString()).toBe('a0');
    result.release();
    expect((await fixture.records()).map(([, , value]) => value)).toEqual(['a5', 'b5']);
  });

  test('replaced files are marked, and removed after file.delete.delay.ms', async () => {
    await fixture.cleaner.run();
    const deleted = () => fixture.disk.files().filter((path) => path.endsWith('.deleted')).length;
    expect(deleted()).toBeGreaterThan(0);
    await fixture.clock.advance(59_999);
    expect(deleted()).toBeGreaterThan(0);
    await fixture.clock.advance(1);
    expect(deleted()).toBe(0);
  });

  test.each([
    ['compact,delete', true],
    ['compact', false],
  ])('with cleanup.policy=%s, what is too old: is it deleted? %s', async (_, cleanupDelete) => {
    const { log, cleaner, clock } = fixture;
    log.updateSettings({ ...log.settings, cleanupDelete, retentionMs: 1_000 });
    await clock.advance(1_001);
    await cleaner.run();
    expect(log.logStartOffset).toBe(cleanupDelete ? log.logEndOffset : 0);
  });

  test('a reader finds what was cleaned before its files have their last names', async () => {
    await fixture.close();
    const disk = new SlowDisk();
    fixture = new CleaningFixture('disk', disk);
    const other = await fixture.open({ segmentBytes: 200 }, 'other');
    const log = await fixture.open();
    for (const value of ['1', '2', '3']) {
      await fixture.put([['a', value]]);
      await fixture.roll();
    }
    await log.flush();
    disk.isSlow = true;
    const cleaning = fixture.cleaner.run();
    await settle();
    const isBetween = () => /deleted/.test(disk.files().join()) && leftBeside().length > 0;
    while (!isBetween()) {
      expect(disk.held).not.toHaveLength(0);
      disk.held.shift()?.();
      await settle();
    }
    // Its indexes are not in memory any more either.
    disk.isSlow = false;
    fixture.log = other;
    for (let i = 0; i < 70; i++) await fixture.put([['b', 'x'.repeat(100)]]);
    disk.isSlow = true;
    const limit = 'highWatermark';
    const request = { fromOffset: 1, maxBytes: 1000, minOneBatch: true, limit } as const;
    const reading = Promise.resolve().then(() => log.read(request));
    await settle();
    disk.isSlow = false;
    await disk.finish();
    const read = await reading;
    expect(readRecords(read.records[0]!)[0]?.key?.toString()).toMatch('roll');
    read.release();
    await cleaning;
    expect(log.failure).toBeUndefined();
    expect(leftBeside()).toEqual([]);
  });

  test('DeleteRecords amid a cleaning ends it; the next one goes through', async () => {
    const cleaning = fixture.cleaner.run();
    await fixture.log.deleteBefore(7);
    await cleaning;
    expect(fixture.checkpoint.size).toBe(0);
    expect(leftBeside()).toEqual([]);
    await fixture.cleaner.run();
    expect(fixture.log.logStartOffset).toBe(7);
    expect((await fixture.records()).map(([, , value]) => value)).toEqual(['a5', 'b5']);
  });

  test('a failure of the log ends it', async () => {
    const cleaning = fixture.cleaner.run();
    fixture.disk.failWith('write', 'EIO');
    await fixture.put([['c', '1']]).catch(() => undefined);
    fixture.disk.heal();
    await cleaning;
    expect(fixture.checkpoint.size).toBe(0);
    expect(leftBeside()).toEqual([]);
  });

  test('a topic that is not compacted any more is let go', async () => {
    const cleaning = fixture.cleaner.run();
    fixture.log.updateSettings({ ...fixture.log.settings, cleanupCompact: false });
    await cleaning;
    expect(fixture.checkpoint.size).toBe(0);
    expect(leftBeside()).toEqual([]);
    expect(await fixture.records()).toHaveLength(12);
  });

  test.each(['open', 'write', 'sync'] as const)('when %s fails it is tried again', async (call) => {
    fixture.disk.failWith(call, 'ENOSPC');
    await fixture.cleaner.run();
    fixture.disk.heal();
    expect(fixture.log.failure).toBeUndefined();
    expect(fixture.logged).toEqual(['a log could not be cleaned; it is tried again']);
    expect(leftBeside()).toEqual([]);
    await fixture.cleaner.run();
    expect(await fixture.records()).toHaveLength(2);
  });

  test('when a file cannot take its place the log is given up, and whole when opened again', async () => {
    fixture.disk.failWith('rename', 'EIO', { path: /\.cleaned$/ });
    await fixture.cleaner.run();
    fixture.disk.heal();
    expect(fixture.log.failure?.kind).toBe('NotCommitted');
    await fixture.open();
    expect((await fixture.records()).map(([, , value]) => value).slice(-2)).toEqual(['a5', 'b5']);
    await fixture.cleaner.run();
    expect(await fixture.records()).toHaveLength(2);
  });

  test('a batch that claims another offset is not copied', async () => {
    const [first] = fixture.disk.files().filter((path) => path.endsWith('.log'));
    const file = fixture.disk.open(first!);
    file.writeSync([Buffer.from([0x80])], 0); // the base offset, which no checksum covers
    file.close();
    await fixture.cleaner.run();
    expect(fixture.logged).toEqual(['a log cannot be cleaned and is left as it is']);
  });

  test('a damaged batch: the log is reported and left as it is, others are cleaned', async () => {
    const damaged = fixture.log;
    const [first] = fixture.disk.files().filter((path) => path.endsWith('.log'));
    const file = fixture.disk.open(first!);
    file.writeSync([Buffer.from('?')], 70);
    file.close();
    const other = await fixture.open({}, 'whole');
    await fixture.put([['a', '1']]);
    await fixture.put([['a', '2']]);
    await fixture.roll();
    const cleaner = fixture.newCleaner(() => [damaged, other]);
    await cleaner.run();
    await cleaner.run();
    expect(fixture.logged.sort()).toEqual([
      'a log cannot be cleaned and is left as it is',
      'a log was cleaned',
    ]);
    expect(await fixture.records()).toEqual([[1, 'a', '2']]);
    expect(leftBeside()).toEqual([]);
    expect(damaged.sizeInBytes).toBeGreaterThan(500);
  });

  test('log.cleaner.io.max.bytes.per.second makes it pause, which ends when it stops', async () => {
    fixture.settings = { ...fixture.settings, maxBytesPerSecond: 1 };
    await fixture.clock.advance(1000);
    let isDone = false;
    const cleaning = fixture.cleaner.run().then(() => (isDone = true));
    await settle(20);
    expect(isDone).toBe(false);
    await fixture.cleaner.stop();
    await cleaning;
    expect(fixture.checkpoint.size).toBe(0);
  });

  test('a log is let go of without the others being cleaned first', async () => {
    const first = fixture.log;
    const other = await fixture.open({}, 'other');
    await fixture.put([['a', '1']]);
    await fixture.put([['a', '2']]);
    await fixture.roll();
    const cleaner = fixture.newCleaner(() => [first, other]);
    fixture.settings = { ...fixture.settings, maxBytesPerSecond: 1 };
    await fixture.clock.advance(1000);
    const cleaning = cleaner.run();
    await settle(20); // it pauses amid the first one
    let goOn = (): void => undefined;
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    const { medium } = other.allSegments[0]!;
    const read = medium.read.bind(medium);
    jest.spyOn(medium, 'read').mockImplementation(async (...args) => {
      await gate;
      return read(...args);
    });
    await cleaner.release(first);
    expect(fixture.logged).toEqual([]);
    goOn();
    await cleaning;
    expect(fixture.logged).toEqual(['a log was cleaned']);
    expect([...fixture.checkpoint.keys()]).toEqual([other]);
  });
});

describe('the cleaner of a store', () => {
  let fixture: CleaningFixture;
  let settings = defaultCleanerSettings;

  beforeEach(async () => {
    fixture = new CleaningFixture('disk');
    await fixture.store.close();
    settings = defaultCleanerSettings;
    fixture.newStore = () =>
      new DiskLogStore({
        clock: fixture.clock,
        random: fixture.random,
        disk: fixture.disk,
        root: '/data',
        cleaner: () => settings,
      });
    fixture.store = fixture.newStore();
  });

  afterEach(async () => {
    await fixture.close();
    expect(fixture.clock.pendingTimers).toBe(0);
  });

  async function dirtyLog(): Promise<TestLog> {
    const log = await fixture.open();
    for (let i = 0; i < 5; i++) await fixture.put([['a', String(i)]]);
    await fixture.roll();
    return log;
  }

  const isClean = async () => (await fixture.records()).length === 1;

  async function backoff(ms: number): Promise<void> {
    await fixture.clock.advance(ms);
    await settle(30);
  }

  test('looks for work every log.cleaner.backoff.ms', async () => {
    await dirtyLog();
    await backoff(14_999);
    expect(await isClean()).toBe(false);
    await backoff(1);
    expect(await isClean()).toBe(true);
  });

  test('goes on after a round that failed in no known way', async () => {
    const log = await dirtyLog();
    const segments = jest.spyOn(log, 'allSegments', 'get').mockImplementation(() => {
      throw new Error('a bug');
    });
    await backoff(15_000);
    segments.mockRestore();
    expect(await isClean()).toBe(false);
    await backoff(15_000);
    expect(await isClean()).toBe(true);
  });

  test('takes a new log.cleaner.backoff.ms at once', async () => {
    const log = await dirtyLog();
    await backoff(5000);
    settings = { ...settings, backoffMs: 6000 };
    log.updateSettings(log.settings);
    await backoff(999);
    expect(await isClean()).toBe(false);
    await backoff(1);
    expect(await isClean()).toBe(true);
  });

  test('takes a topic that becomes compacted', async () => {
    const log = await dirtyLog();
    log.updateSettings({ ...log.settings, cleanupCompact: false });
    await backoff(15_000);
    expect(await isClean()).toBe(false);
    log.updateSettings({ ...log.settings, cleanupCompact: true });
    await backoff(15_000);
    expect(await isClean()).toBe(true);
  });

  test('does nothing without log.cleaner.enable', async () => {
    await fixture.store.close();
    settings = { ...settings, isEnabled: false };
    fixture.store = fixture.newStore();
    await dirtyLog();
    await backoff(100_000);
    expect(await isClean()).toBe(false);
  });

  test('row 160: what is clean is remembered in Kafka’s own file', async () => {
    await dirtyLog();
    await backoff(15_000);
    expect(fixture.disk.readFile(checkpointPath).toString()).toBe('0\n1\norders 0 5\n');
    await fixture.restart();
    const reads = fixture.disk.calls.read;
    await backoff(15_000);
    expect(fixture.disk.calls.read).toBe(reads); // nothing is dirty
    expect(fixture.disk.readFile(checkpointPath).toString()).toBe('0\n1\norders 0 5\n');
  });

  test('row 160: a checkpoint past the end of the log counts up to that end', async () => {
    await dirtyLog();
    await fixture.store.close();
    fixture.disk.writeFile(checkpointPath, '0\n1\norders 0 1000\n');
    fixture.store = fixture.newStore();
    await fixture.open();
    for (let i = 0; i < 5; i++) await fixture.put([['a', String(i)]]);
    await fixture.roll();
    await backoff(15_000);
    expect(fixture.disk.readFile(checkpointPath).toString()).toBe('0\n1\norders 0 11\n');
    expect(await fixture.records()).toEqual([[10, 'a', '4']]);
  });

  test('row 160: a checkpoint below the log’s start is moved there', async () => {
    const log = await dirtyLog();
    await backoff(15_000);
    for (let i = 0; i < 5; i++) await fixture.put([['b', String(i)]]);
    await log.deleteBefore(8);
    await backoff(15_000);
    expect(fixture.disk.readFile(checkpointPath).toString()).toBe('0\n1\norders 0 8\n');
  });

  test('a deleted topic leaves nothing behind, not even amid its cleaning', async () => {
    const log = await dirtyLog();
    settings = { ...settings, maxBytesPerSecond: 1 };
    await backoff(15_000);
    await fixture.store.delete(log.ref);
    await fixture.open();
    await fixture.put([['a', 'new']]);
    await backoff(15_000);
    expect(await fixture.records()).toEqual([[0, 'a', 'new']]);
    await fixture.clock.advance(60_000);
    expect(fixture.disk.files().filter((path) => /cleaned|swap|delete/.test(path))).toEqual([]);
  });

  test('a topic made anew under a name is dirty from its beginning', async () => {
    const log = await dirtyLog();
    await backoff(15_000);
    await fixture.store.delete(log.ref);
    expect(fixture.disk.readFile(checkpointPath).toString()).toBe('0\n0\n');
  });
});
