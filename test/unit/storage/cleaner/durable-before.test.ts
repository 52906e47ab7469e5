import { describe, expect, test } from '@jest/globals';
import type { LogSettings } from '../../../../src/storage/partition-log.ts';
import { valuesFrom } from '../../../support/batches.ts';
import { settle } from '../../../support/manual-clock.ts';
import type { MemoryDisk } from '../../../support/memory-disk.ts';
import { CleaningFixture, inTransaction } from './cleaning-fixture.ts';

const folder = '/data/orders-0';
const fileOf = (baseOffset: number, suffix: string): string =>
  `${folder}/${String(baseOffset).padStart(20, '0')}${suffix}`;

/** What the next process finds. */
async function openedOn(
  disk: MemoryDisk,
  changes: Partial<LogSettings> = {},
): Promise<CleaningFixture> {
  const next = new CleaningFixture('disk');
  await next.store.close();
  next.disk = disk;
  next.store = next.newStore();
  await next.open(changes);
  return next;
}

const long = 'x'.repeat(150);
const from5 = (baseSequence: number) => ({ producerId: 5, producerEpoch: 0, baseSequence });

describe('a compacted log after a power cut', () => {
  test('knows a producer whose latest batch was in memory only when older ones were cleaned', async () => {
    const fixture = new CleaningFixture('disk');
    await fixture.open();
    await fixture.put([['a', 'old']], from5(0));
    await fixture.put([['a', 'new']]);
    await fixture.roll();
    await settle(10); // the first segment is durable
    await fixture.put([['b', 'latest']], from5(1));
    await fixture.cleaner.run();
    expect(await fixture.records()).toEqual([
      [1, 'a', 'new'],
      [3, 'b', 'latest'],
    ]);
    const next = await openedOn(fixture.disk.afterPowerCut());
    expect(next.log.activeProducers()).toMatchObject([{ producerId: 5, lastSequence: 1 }]);
    await next.close();
  });

  test('goes on where its batches end, not in an empty segment behind a gap', async () => {
    const fixture = new CleaningFixture('disk');
    await fixture.open();
    await fixture.put([['a', 'a']]);
    const { size } = fixture.disk.stat(fileOf(0, '.log'))!;
    await fixture.put([['b', 'never durable']]);
    await fixture.roll();
    const disk = fixture.disk.copy();
    disk.truncate(fileOf(0, '.log'), size);
    disk.truncate(fileOf(2, '.log'), 0);
    const next = await openedOn(disk);
    expect(next.log.logEndOffset).toBe(1);
    expect(await next.put([['c', 'c']])).toBe(1);
    const last = await openedOn(next.disk.copy());
    expect(await last.records()).toEqual([
      [0, 'a', 'a'],
      [1, 'c', 'c'],
    ]);
    await last.close();
  });

  test('is read across a gap, as far as what lies behind it is stable', async () => {
    const fixture = new CleaningFixture('disk');
    await fixture.open({ segmentBytes: 600 });
    await fixture.put([['a', long]]);
    const { size } = fixture.disk.stat(fileOf(0, '.log'))!;
    await fixture.put([['b', `never durable${long}`]]);
    await fixture.put([['c', `c${long}`]], inTransaction(5, 0));
    const disk = fixture.disk.copy();
    disk.truncate(fileOf(0, '.log'), size);
    const next = await openedOn(disk);
    const { log } = next;
    expect(log.lastStableOffset).toBe(2);
    expect(await valuesFrom(log, 1)).toEqual([`c${long}`]);
    expect(await valuesFrom(log, 1, 'lastStableOffset')).toEqual([]);
    await next.end('COMMIT', 5);
    const [first] = await valuesFrom(log, 1, 'lastStableOffset');
    expect(first).toBe(`c${long}`);
    await next.close();
  });

  test('has no half swap back that was undone', async () => {
    const fixture = new CleaningFixture('disk');
    await fixture.open();
    await fixture.put([['a', 'old']]);
    await fixture.put([['a', 'new']]);
    await fixture.roll();
    await fixture.log.flush();
    const { disk } = fixture;
    const stored = disk.readFile(fileOf(0, '.log'));
    // Killed in the midst of the renames.
    disk.writeFile(fileOf(0, '.log.swap'), stored.subarray(stored.length / 2), { sync: true });
    disk.writeFile(fileOf(0, '.index.cleaned'), '', { sync: true });
    disk.syncDirectory(folder);
    const next = await openedOn(disk.copy());
    const records = [
      [0, 'a', 'old'],
      [1, 'a', 'new'],
    ];
    expect(await next.records()).toEqual(records);
    for (let i = 0; i < 30; i++) {
      const last = await openedOn(next.disk.afterPowerCut('some'));
      expect(await last.records()).toEqual(records);
      await last.close();
    }
    await next.close();
  });
});

describe('a transaction of which compaction has left nothing', () => {
  const settings = { segmentBytes: 600, deleteRetentionMs: 0 };

  async function cleanOnceMore(fixture: CleaningFixture): Promise<void> {
    await fixture.put([[`z${fixture.log.logEndOffset}`, long]]);
    await fixture.put([[`z${fixture.log.logEndOffset}`, long]]);
    await fixture.put([[`z${fixture.log.logEndOffset}`, long]]);
    await settle(10);
    await fixture.cleaner.run();
  }

  test('is not open after a crash, whatever an older snapshot says', async () => {
    const fixture = new CleaningFixture('disk');
    await fixture.open(settings);
    await fixture.put([['k', long]], inTransaction(1, 0));
    await fixture.put([['f1', long]]);
    await fixture.put([['f2', long]]); // in a segment of its own, whose snapshot knows it as open
    await fixture.end('COMMIT', 1);
    await fixture.put([['f4', long]]);
    await fixture.put([['k', long]], { producerId: 1, producerEpoch: 0, baseSequence: 1 });
    for (let i = 0; i < 4; i++) await cleanOnceMore(fixture);
    const stored = (await fixture.batches()).map(({ baseOffset }) => baseOffset);
    expect(stored.slice(0, 4)).toEqual([1, 2, 4, 5]);
    const disk = fixture.disk.copy();
    expect(disk.exists(fileOf(2, '.snapshot'))).toBe(true);
    // Only so far was known to be durable.
    disk.writeFile('/data/recovery-point-offset-checkpoint', '0\n1\norders 0 2\n');
    const next = await openedOn(disk, settings);
    expect(next.log.lastStableOffset).toBe(next.log.logEndOffset);
    await next.close();
  });

  test('that goes on is open still', async () => {
    const fixture = new CleaningFixture('disk');
    await fixture.open(settings);
    await fixture.put([['f0', long]]);
    await fixture.put([['k', long]], inTransaction(1, 0));
    await fixture.put([['f2', long]]);
    await settle(10);
    const disk = fixture.disk.copy();
    disk.writeFile('/data/recovery-point-offset-checkpoint', '0\n1\norders 0 2\n');
    const next = await openedOn(disk, settings);
    expect(next.log.lastStableOffset).toBe(1);
    await next.close();
  });
});
