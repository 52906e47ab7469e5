import { beforeEach, describe, expect, test } from '@jest/globals';
import { DiskLogStore } from '../../../src/storage/disk/disk-log-store.ts';
import type { LogSettings, PartitionLog } from '../../../src/storage/partition-log.ts';
import type { SegmentedLog } from '../../../src/storage/segmented-log.ts';
import { batchOf, codeOf, put, startMs, valuesFrom } from '../../support/batches.ts';
import { logSettings, partitionRef } from '../../support/log-settings.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import type { MemoryDisk } from '../../support/memory-disk.ts';
import { SeededRandom } from '../../support/seeded-random.ts';
import { SlowDisk } from '../../support/slow-disk.ts';

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

async function foundAfterPowerCut(partition = 0): Promise<string[]> {
  const left = storeOver(disk.afterPowerCut());
  return valuesFrom(await left.open(partitionRef('orders', partition), logSettings()), 0);
}

/** Ends the making of one file. */
let finish: () => void;

/** Each file that is made from now on waits for `finish`. */
function holdFiles(): void {
  const create = disk.createInPool.bind(disk);
  disk.createInPool = async (path) => {
    await new Promise<void>((resolve) => (finish = resolve));
    return create(path);
  };
}

async function isOver(work: Promise<unknown>): Promise<boolean> {
  const waited = settle().then(() => 'not yet');
  return (await Promise.race([work, waited])) !== 'not yet';
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
    // Segments that were completed during the first flush are covered by another one.
    expect((await foundAfterPowerCut()).slice(0, 2)).toEqual(['a', 'b']);
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
    for (const partition of logs.keys()) {
      expect((await foundAfterPowerCut(partition))[0]).toBe('a');
    }
  });

  test('a stop does not wait for the turns of logs, which it makes durable itself', async () => {
    const logs = await Promise.all([0, 1, 2, 3].map((partition) => open({}, partition)));
    disk.isSlow = true;
    for (const log of logs) for (const value of ['a', 'b']) await put(log, [value]);
    const closed = store.close();
    await disk.finish();
    await closed;
    expect(disk.exists('/data/.kafka_cleanshutdown')).toBe(true);
    expect(disk.openFiles).toBe(0);
    for (const partition of logs.keys()) {
      expect(await foundAfterPowerCut(partition)).toEqual(['a', 'b']);
    }
  });

  test('a log is not removed before the flush is over that is at it', async () => {
    const log = await open();
    await put(log, ['a']);
    disk.isSlow = true;
    const flush = log.flush();
    const deleted = store.delete(log.ref);
    expect(await isOver(deleted)).toBe(false);
    expect(disk.exists('/data/orders-0')).toBe(true);
    await disk.finish();
    await Promise.all([flush, deleted]);
    expect(disk.exists('/data/orders-0')).toBe(false);
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
  expect(await foundAfterPowerCut()).not.toHaveLength(0);
});

describe('while the file of a new segment is made', () => {
  beforeEach(holdFiles);

  test('other logs go on, and what comes to its own is committed behind it', async () => {
    const [log, other] = [await open(), await open({}, 1)];
    await put(log, ['a']);
    const committed: string[] = [];
    const later = ['b', 'c'].map((value) => put(log, [value]).then(() => committed.push(value)));
    await put(other, ['x']);
    await settle();
    expect({ committed, highWatermark: log.highWatermark }).toEqual({
      committed: [],
      highWatermark: 1,
    });
    expect(await valuesFrom(log, 0)).toEqual(['a']);
    finish();
    await settle();
    expect(committed).toEqual([]); // both are of one turn, and each has a segment of its own
    finish();
    await Promise.all(later);
    expect(committed).toEqual(['b', 'c']);
    expect(await valuesFrom(log, 0)).toEqual(['a', 'b', 'c']);
  });

  test('and it cannot be made, nothing of it is committed, and the log is whole when opened again', async () => {
    const log = await open();
    await put(log, ['a']);
    const failed = codeOf(() => put(log, ['b']));
    await settle();
    disk.failWith('open', 'ENOSPC', { path: /01\.log$/ });
    finish();
    expect(await failed).toBe('KAFKA_STORAGE_ERROR');
    disk.heal();
    const again = await open();
    expect([again.logEndOffset, await valuesFrom(again, 0)]).toEqual([1, ['a']]);
  });
});

describe('the file of the next segment', () => {
  const nextFile = '/data/orders-0/next-segment.tmp';
  let made: string[];

  beforeEach(() => {
    made = [];
    const create = disk.createInPool.bind(disk);
    disk.createInPool = (path) => {
      made.push(path);
      return create(path);
    };
  });

  /** Two batches, the second of which leaves less than an eighth of a segment. */
  async function fill(log: PartitionLog): Promise<void> {
    for (const value of ['a', 'x'.repeat(45)]) await put(log, [value]);
    await settle();
  }

  /** A log whose next append needs another segment. */
  async function nearlyFull(): Promise<PartitionLog> {
    const log = await open({ segmentBytes: 200 });
    await fill(log);
    return log;
  }

  test('is made before it is needed, and an append has to give it its name only', async () => {
    const log = await nearlyFull();
    expect({ made, isThere: disk.exists(nextFile) }).toEqual({ made: [nextFile], isThere: true });
    await put(log, ['b']);
    expect({ made, isThere: disk.exists(nextFile) }).toEqual({ made: [nextFile], isThere: false });
    expect(await valuesFrom(log, 2)).toEqual(['b']);
    await log.flush();
    expect((await foundAfterPowerCut()).slice(2)).toEqual(['b']);
  });

  test('is not made while there is room', async () => {
    await put(await open(), ['a']);
    await settle();
    expect(made).toEqual([]);
  });

  test('is made for each segment that fills', async () => {
    const log = await nearlyFull();
    for (let i = 0; i < 3; i++) await fill(log);
    expect(made).toEqual([nextFile, nextFile, nextFile, nextFile]);
    expect([log.logEndOffset, disk.files().filter((file) => file.endsWith('.log'))]).toEqual([
      8,
      [0, 2, 4, 6].map((offset) => `/data/orders-0/0000000000000000000${offset}.log`),
    ]);
  });

  test.each(['open', 'rename'] as const)(
    'is made when it is needed, where it could not be made ahead (%s)',
    async (operation) => {
      disk.failWith(operation, 'EIO', { path: /next-segment/ });
      const log = await nearlyFull();
      await put(log, ['b']);
      expect(made).toEqual([nextFile, '/data/orders-0/00000000000000000002.log']);
      expect(await valuesFrom(log, 2)).toEqual(['b']);
      disk.heal();
      await put(log, ['x'.repeat(45)]);
      await settle();
      expect(made.slice(2)).toEqual([nextFile]);
    },
  );

  describe('while it is made', () => {
    beforeEach(holdFiles);

    test('an append that needs it waits', async () => {
      const log = await nearlyFull();
      const ticket = log.append(batchOf(['b']), { leaderEpoch: 0, origin: 'client' });
      await settle();
      expect(log.highWatermark).toBe(2);
      finish();
      await ticket.commit.done;
      expect(made).toEqual([nextFile]);
      expect(await valuesFrom(log, 2)).toEqual(['b']);
    });

    test('the store is closed once it is gone again', async () => {
      await nearlyFull();
      const closed = store.close();
      expect(await isOver(closed)).toBe(false);
      finish();
      await closed;
      expect({ made, isThere: disk.exists(nextFile) }).toEqual({
        made: [nextFile],
        isThere: false,
      });
    });
  });

  test('is made when it is needed, where a turn fills two segments', async () => {
    const log = await nearlyFull();
    const values = ['x'.repeat(100), 'y'.repeat(100)];
    await Promise.all(values.map((value) => put(log, [value])));
    expect(made).toEqual([nextFile, '/data/orders-0/00000000000000000003.log']);
    expect(await valuesFrom(log, 2)).toEqual(values);
  });

  test('is not for what takes the place of other segments', async () => {
    const log = (await nearlyFull()) as unknown as Pick<SegmentedLog, 'newReplacement'>;
    await log.newReplacement(0).write([Buffer.from('cleaned')], 0);
    expect({ made, isThere: disk.exists(nextFile) }).toEqual({
      made: [nextFile, '/data/orders-0/00000000000000000000.log.cleaned'],
      isThere: true,
    });
  });

  test('does not stay when the store is closed', async () => {
    await nearlyFull();
    await store.close();
    expect(disk.exists(nextFile)).toBe(false);
  });

  test('does not stay after a crash, whatever was written to it', async () => {
    const log = await nearlyFull();
    await log.flush();
    const left = disk.afterPowerCut();
    left.writeFile(nextFile, 'what was written before its name was durable');
    const again = await storeOver(left).open(log.ref, logSettings());
    expect(again.logEndOffset).toBe(2);
    expect(left.exists(nextFile)).toBe(false);
  });
});
