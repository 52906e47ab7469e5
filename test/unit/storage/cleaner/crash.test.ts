import { describe, expect, test } from '@jest/globals';
import type { MemoryDisk } from '../../../support/memory-disk.ts';
import { settle } from '../../../support/manual-clock.ts';
import { CleaningFixture, inTransaction } from './cleaning-fixture.ts';
import { latestValues, readCommitted } from './read-committed.ts';

/** A log of several segments with all that the cleaner has rules for; everything is durable. */
async function filledLog(): Promise<CleaningFixture> {
  const fixture = new CleaningFixture('disk');
  await fixture.open({ segmentBytes: 1000 });
  for (let i = 0; i < 8; i++) {
    await fixture.put([
      [`k${i % 3}`, `plain ${i}`],
      [`l${i}`, 'once'],
    ]);
    await fixture.put([[`k${i % 4}`, `aborted ${i}`]], inTransaction(1, i));
    await fixture.put([[`m${i % 2}`, `committed ${i}`]], inTransaction(2, i));
    await fixture.end('ABORT', 1);
    await fixture.end('COMMIT', 2);
    if (i % 5 === 0) await fixture.put([[`l${i}`, null]]);
  }
  await fixture.log.flush();
  await fixture.clock.advance(60_000); // checkpoints
  await settle(20);
  return fixture;
}

async function viewOf(fixture: CleaningFixture): Promise<unknown> {
  const records = await readCommitted(fixture.log);
  const offsets = records.map(({ offset }) => offset);
  expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
  return [fixture.log.logStartOffset, fixture.log.logEndOffset, [...latestValues(records)]];
}

/** What is stored after each swap of a cleaning that nothing disturbs; first of all, before it. */
async function storedAfterEachSwap(): Promise<unknown[]> {
  const fixture = await filledLog();
  const { log } = fixture;
  const stored = [await fixture.batches()];
  const replace = log.replaceCleaned.bind(log);
  log.replaceCleaned = async (...args) => {
    const isDone = await replace(...args);
    stored.push(await fixture.batches());
    return isDone;
  };
  await fixture.cleaner.run();
  await fixture.close();
  return stored;
}

/** What the next process finds. */
async function openedOn(disk: MemoryDisk): Promise<CleaningFixture> {
  const next = new CleaningFixture('disk');
  await next.store.close();
  next.disk = disk;
  next.store = next.newStore();
  await next.open({ segmentBytes: 1000 });
  return next;
}

/** Cleans, and stops everything in the midst of a call to the disk. @returns whether it came so far */
async function cleanUntil(fixture: CleaningFixture, calls: number): Promise<boolean> {
  fixture.disk.turnOffAfter(calls);
  await fixture.cleaner.run();
  await settle(10);
  return fixture.disk.isOff;
}

const endings = [
  ['the process is killed', (disk: MemoryDisk) => disk.copy()],
  ['power fails and a prefix of it is kept', (disk: MemoryDisk) => disk.afterPowerCut('a prefix')],
  ['power fails and all that was not synced is lost', (disk: MemoryDisk) => disk.afterPowerCut()],
  [
    'power fails and some of what was not synced is lost',
    (disk: MemoryDisk) => disk.afterPowerCut('some'),
  ],
] as const;

describe('row 160: a crash at any step of a cleaning', () => {
  test.each(endings)('%s: the log reads the same', async (_, crashed) => {
    const view = await viewOf(await filledLog());
    const allowed = await storedAfterEachSwap();
    expect(allowed.length).toBeGreaterThan(3);
    let calls = 0;
    for (let isOff = true; isOff; calls++) {
      const fixture = await filledLog();
      isOff = await cleanUntil(fixture, calls);
      const next = await openedOn(crashed(fixture.disk));
      expect([calls, await viewOf(next)]).toEqual([calls, view]);
      // Each swap is done or undone, never half.
      expect(allowed).toContainEqual(await next.batches());
      const left = next.disk.files().filter((path) => /\.(cleaned|swap)$/.test(path));
      expect(left).toEqual([]);
      // What the next cleaning finds is in order.
      await next.clean();
      expect(next.logged.filter((words) => words !== 'a log was cleaned')).toEqual([]);
      await next.close();
    }
    expect(calls).toBeGreaterThan(20);
  });
});
