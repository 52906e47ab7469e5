import { describe, expect, test } from '@jest/globals';
import type { Disk } from '../../../src/host/disk.ts';
import type { Logger } from '../../../src/host/logger.ts';
import { DiskLogStore } from '../../../src/storage/disk/disk-log-store.ts';
import type { LogSettings, PartitionLog } from '../../../src/storage/partition-log.ts';
import {
  batchOf,
  codeOf,
  idempotentBatch,
  marker,
  startMs,
  valuesFrom,
} from '../../support/batches.ts';
import { logSettings, partitionRef } from '../../support/log-settings.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { MemoryDisk } from '../../support/memory-disk.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

const folder = '/data/orders-0';
const firstLog = `${folder}/00000000000000000000.log`;
const asClient = { leaderEpoch: 0, origin: 'client' } as const;
const asCoordinator = { leaderEpoch: 0, origin: 'coordinator' } as const;
const small = { segmentBytes: 20_000, indexIntervalBytes: 500 };

interface Line {
  readonly level: string;
  readonly text: string;
  readonly fields: unknown;
}

function linesInto(lines: Line[]): Logger {
  const at = (level: string) => (text: string, fields?: unknown) => {
    lines.push({ level, text, fields });
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function storeOn(disk: Disk, clock = new ManualClock(), lines: Line[] = []): DiskLogStore {
  const logger = linesInto(lines);
  return new DiskLogStore({ clock, random: new SeededRandom(2), disk, root: '/data', logger });
}

/** Counts the bytes that are read of a disk's `.log` files from now on. */
function countReads(disk: MemoryDisk): { bytes: number } {
  const count = { bytes: 0 };
  const open = disk.open.bind(disk);
  disk.open = (path, options) => {
    const file = open(path, options);
    if (!path.endsWith('.log')) return file;
    const readSync = file.readSync.bind(file);
    const read = file.read.bind(file);
    file.readSync = (...args) => {
      const bytes = readSync(...args);
      count.bytes += bytes;
      return bytes;
    };
    file.read = async (...args) => {
      const before = count.bytes;
      const bytes = await read(...args);
      count.bytes = before + bytes; // it may use readSync
      return bytes;
    };
    return file;
  };
  return count;
}

async function fill(log: PartitionLog, from: number, count: number): Promise<void> {
  for (let i = from; i < from + count; i++) {
    log.append(idempotentBatch(9, 0, i), asClient);
    if (i % 7 === 0) await settle(1);
  }
  await settle(2);
}

const values = (count: number): string[] => Array.from({ length: count }, (_, i) => `s${i}`);

async function reopen(disk: Disk, changes: Partial<LogSettings> = small, lines: Line[] = []) {
  // Late enough that no producer sends again what it sent before.
  const store = storeOn(disk, new ManualClock(startMs + 3_600_000), lines);
  return { store, log: await store.open(partitionRef(), logSettings(changes)) };
}

describe('after a kill', () => {
  test('what was rolled and checkpointed is not read again', async () => {
    const disk = new MemoryDisk();
    const clock = new ManualClock();
    const store = storeOn(disk, clock);
    const log = await store.open(partitionRef(), logSettings(small));
    await fill(log, 0, 1500);
    const logs = disk.files().filter((path) => path.endsWith('.log'));
    expect(logs.length).toBeGreaterThan(5);
    await clock.advance(60_000);
    const killed = disk.copy();
    const count = countReads(killed);
    const again = await reopen(killed);
    expect(await valuesFrom(again.log, 1495)).toEqual(values(1500).slice(1495));
    const active = disk.stat(logs.at(-1)!)!.size;
    expect(log.sizeInBytes).toBeGreaterThan(5 * active);
    // The last segment for recovery, its head once more, and what the reader wanted.
    expect(count.bytes).toBeLessThan(2 * active + 10_000);
  });

  test('a log that nobody wrote to since a clean stop is not read at all', async () => {
    const disk = new MemoryDisk();
    const first = await reopen(disk, { indexIntervalBytes: 500 });
    await fill(first.log, 0, 3000);
    await first.store.close();
    await reopen(disk, { indexIntervalBytes: 500 }); // and killed
    const killed = disk.copy();
    const count = countReads(killed);
    const again = await reopen(killed, { indexIntervalBytes: 500 });
    expect(again.store.wasStoppedCleanly).toBe(false);
    expect(again.log.logEndOffset).toBe(3000);
    expect(again.log.sizeInBytes).toBeGreaterThan(200_000);
    expect(count.bytes).toBeLessThan(3000);
  });

  test('reading begins behind what a clean stop made durable, and finds the same', async () => {
    const changes = { indexIntervalBytes: 500 };
    const disk = new MemoryDisk();
    const first = await reopen(disk, changes);
    await fill(first.log, 0, 3000);
    await first.store.close();
    const second = await reopen(disk, changes);
    await fill(second.log, 3000, 100);
    const killed = disk.copy();
    const fromScratch = disk.copy();
    fromScratch.remove('/data/recovery-point-offset-checkpoint');
    const count = countReads(killed);
    const again = await reopen(killed, changes);
    expect(count.bytes).toBeLessThan(30_000);
    const whole = await reopen(fromScratch, changes);
    for (const { log } of [again, whole]) {
      expect(await valuesFrom(log, 0)).toEqual(values(3100));
      expect(log.activeProducers()).toEqual(second.log.activeProducers());
      expect(log.latestEpoch).toBe(0);
      expect(await log.offsetOfMaxTimestamp()).toEqual(await second.log.offsetOfMaxTimestamp());
    }
    await again.store.close();
    await whole.store.close();
    for (const suffix of ['index', 'timeindex']) {
      const path = `${folder}/00000000000000000000.${suffix}`;
      expect(killed.readFile(path)).toEqual(fromScratch.readFile(path));
    }
  });

  test.each(['.index', '.timeindex'])(
    'a segment of which the %s is lost is read from its start',
    async (suffix) => {
      const disk = new MemoryDisk();
      const first = await reopen(disk, { indexIntervalBytes: 500 });
      await fill(first.log, 0, 300);
      await first.store.close();
      const second = await reopen(disk, { indexIntervalBytes: 500 });
      await fill(second.log, 300, 10);
      const killed = disk.copy();
      killed.remove(firstLog.replace('.log', suffix));
      const again = await reopen(killed, { indexIntervalBytes: 500 });
      expect(await valuesFrom(again.log, 0)).toEqual(values(310));
      expect(again.log.activeProducers()).toEqual(second.log.activeProducers());
    },
  );

  test('what is lost when the middle is damaged is said loudly', async () => {
    const disk = new MemoryDisk();
    const { log } = await reopen(disk);
    await fill(log, 0, 600);
    const killed = disk.copy();
    if (killed.exists('/data/recovery-point-offset-checkpoint')) {
      killed.remove('/data/recovery-point-offset-checkpoint');
    }
    const bytes = killed.readFile(firstLog);
    bytes[bytes.length >> 1]! ^= 4;
    killed.writeFile(firstLog, bytes);
    const lines: Line[] = [];
    const again = await reopen(killed, small, lines);
    const end = again.log.logEndOffset;
    expect(end).toBeGreaterThan(100);
    expect(end).toBeLessThan(200);
    expect(await valuesFrom(again.log, 0)).toEqual(values(end));
    const [line] = lines.filter(({ level }) => level === 'error');
    const lost = log.sizeInBytes - again.log.sizeInBytes;
    expect(line?.text).toContain(`${lost} bytes`);
    expect(line?.text).toContain(`offsets ${end} to 599`);
  });

  test('a torn tail is a warning', async () => {
    const disk = new MemoryDisk();
    const { log } = await reopen(disk);
    await fill(log, 0, 10);
    const killed = disk.copy();
    killed.truncate(firstLog, killed.stat(firstLog)!.size - 3);
    const lines: Line[] = [];
    await reopen(killed, small, lines);
    expect(lines.map(({ level }) => level)).toEqual(['warn']);
    expect(lines[0]?.text).toBe('the end of a log was torn and is cut off');
  });

  test('a tail that is gone after a clean stop is an error, with its offsets', async () => {
    const disk = new MemoryDisk();
    const { log, store } = await reopen(disk);
    await fill(log, 0, 10);
    await store.close();
    disk.truncate(firstLog, disk.stat(firstLog)!.size - 3);
    const lines: Line[] = [];
    const again = await reopen(disk, small, lines);
    expect(again.log.logEndOffset).toBe(9);
    expect(lines.map(({ level, text }) => [level, text])).toEqual([
      ['warn', 'the end of a log was torn and is cut off'],
      ['error', 'offsets 9 to 9 are lost: the log was cut'],
    ]);
  });

  test('aborted transactions below the recovery point outlive a power cut', async () => {
    const disk = new MemoryDisk();
    const { log } = await reopen(disk);
    log.append(idempotentBatch(1, 0, 0, 1, { isTransactional: true }), {
      ...asClient,
      verification: 'off',
    });
    log.append(marker('ABORT', 1, 0), asCoordinator);
    await settle();
    await log.flush();
    const cut = disk.afterPowerCut();
    cut.writeFile('/data/recovery-point-offset-checkpoint', '0\n1\norders 0 2\n');
    const again = await reopen(cut);
    const read = await again.log.read({
      fromOffset: 0,
      maxBytes: 10_000,
      minOneBatch: true,
      limit: 'lastStableOffset',
    });
    expect(read.abortedTransactions).toEqual([{ producerId: 1, firstOffset: 0 }]);
  });
});

describe('how far a recovery is', () => {
  async function threeLogs(): Promise<MemoryDisk> {
    const disk = new MemoryDisk();
    const store = storeOn(disk);
    for (let partition = 0; partition < 3; partition++) {
      const log = await store.open(partitionRef('orders', partition), logSettings());
      await fill(log, 0, 5);
    }
    return disk.copy();
  }

  test('is told when it takes longer than a second', async () => {
    const clock = new ManualClock();
    const lines: Line[] = [];
    const store = storeOn(await threeLogs(), clock, lines);
    await store.open(partitionRef('orders', 0), logSettings());
    await clock.advance(999);
    expect(lines).toEqual([]);
    await clock.advance(1);
    expect(lines.map(({ text }) => text)).toEqual(['recovering logs: 1 of 3, 0.0 of 0.0 GiB']);
    await store.open(partitionRef('orders', 1), logSettings());
    await clock.advance(5000);
    expect(lines[1]?.text).toBe('recovering logs: 2 of 3, 0.0 of 0.0 GiB');
    await store.open(partitionRef('orders', 2), logSettings());
    expect(lines[2]?.text).toBe('recovered 3 logs in 6.0 s, 0.0 GiB were read');
    await clock.advance(60_000);
    expect(lines).toHaveLength(3);
    await store.close();
    expect(clock.pendingTimers).toBe(0);
  });

  test('is not told again while nothing changes', async () => {
    const clock = new ManualClock();
    const lines: Line[] = [];
    const store = storeOn(await threeLogs(), clock, lines);
    await store.open(partitionRef('orders', 0), logSettings());
    await clock.advance(60_000);
    expect(lines.map(({ text }) => text)).toEqual(['recovering logs: 1 of 3, 0.0 of 0.0 GiB']);
    await store.open(partitionRef('orders', 1), logSettings());
    await clock.advance(5_000);
    expect(lines[1]?.text).toBe('recovering logs: 2 of 3, 0.0 of 0.0 GiB');
    await store.close();
  });

  test('is told as far as the disk lets itself be looked at', async () => {
    const clock = new ManualClock();
    const lines: Line[] = [];
    const disk = await threeLogs();
    const store = storeOn(disk, clock, lines);
    const list = disk.list.bind(disk);
    disk.list = (path) => {
      if (path.endsWith('orders-1')) throw Object.assign(new Error('EIO'), { code: 'EIO' });
      return list(path);
    };
    await clock.advance(1000);
    expect(lines.map(({ text }) => text)).toEqual(['recovering logs: 0 of 3, 0.0 of 0.0 GiB']);
    expect(store.describe()).toMatchObject([{ isOffline: true }]);
    await store.close();
  });

  test('is nobody’s business when it is quick, or when there is none', async () => {
    const clock = new ManualClock();
    const lines: Line[] = [];
    const disk = await threeLogs();
    const store = storeOn(disk, clock, lines);
    for (let partition = 0; partition < 3; partition++) {
      await store.open(partitionRef('orders', partition), logSettings());
    }
    await clock.advance(10_000);
    await store.close();
    const afterCleanStop = storeOn(disk, clock, lines);
    await clock.advance(10_000);
    await afterCleanStop.close();
    expect(lines).toEqual([]);
  });

  test('does not keep a store from closing', async () => {
    const disk = new MemoryDisk();
    const { log } = await reopen(disk, {});
    for (let i = 0; i < 4; i++) log.append(batchOf(['x'.repeat(900_000)]), asClient);
    await settle();
    const killed = disk.copy();
    const store = storeOn(killed);
    const opening = codeOf(() => store.open(partitionRef(), logSettings()));
    await store.close();
    expect(await opening).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(killed.exists('/data/.kafka_cleanshutdown')).toBe(false);
    const again = await reopen(killed, {});
    expect(again.log.logEndOffset).toBe(4);
  });
});

test('a log that nobody wrote to is not written to by a clean stop either', async () => {
  const disk = new MemoryDisk();
  const first = await reopen(disk);
  await fill(first.log, 0, 600);
  await first.store.close();
  const second = await reopen(disk);
  second.log.becomeLeader(7);
  disk.failWith('write', 'EIO', { path: /orders-0/ });
  disk.failWith('sync', 'EIO', { path: /orders-0/ });
  await second.store.close();
  expect(disk.exists('/data/.kafka_cleanshutdown')).toBe(true);
  disk.heal();
  const third = await reopen(disk);
  expect(await valuesFrom(third.log, 0)).toEqual(values(600));
});

describe('a stop soon after a kill', () => {
  /** Time that passes whenever somebody looks. */
  class HastyClock extends ManualClock {
    private looks = 0;

    override monotonicMs(): number {
      return super.monotonicMs() + 100 * this.looks++;
    }
  }
  const partitions = Array.from({ length: 40 }, (_, partition) => partition);
  const last = partitionRef('orders', 39);

  async function killed(): Promise<MemoryDisk> {
    const disk = new MemoryDisk();
    const store = storeOn(disk);
    for (const partition of partitions) {
      const log = await store.open(partitionRef('orders', partition), logSettings());
      await fill(log, 0, 3);
    }
    return disk.copy();
  }

  async function recoverAndStop(disk: MemoryDisk, clock: ManualClock, lines: Line[] = []) {
    const synced = new Set<string>();
    const open = disk.open.bind(disk);
    disk.open = (path, options) => {
      const file = open(path, options);
      const sync = file.sync.bind(file);
      file.sync = () => {
        synced.add(path);
        return sync();
      };
      return file;
    };
    const store = storeOn(disk, clock, lines);
    for (const partition of partitions) {
      await store.open(partitionRef('orders', partition), logSettings());
    }
    await fill(await store.open(last, logSettings()), 3, 1);
    await store.close();
    return [...synced].filter((path) => path.endsWith('.log'));
  }

  test('leaves what was only recovered to the next start when time is short', async () => {
    const disk = await killed();
    const lines: Line[] = [];
    const synced = await recoverAndStop(disk, new HastyClock(), lines);
    expect(synced).toContain('/data/orders-39/00000000000000000000.log'); // it holds something new
    expect(synced.length).toBeLessThan(20);
    expect(disk.exists('/data/.kafka_cleanshutdown')).toBe(false);
    expect(lines.at(-1)?.text).toMatch(/^\d+ logs that were recovered will be looked at again/);
    const points = disk.readFile('/data/recovery-point-offset-checkpoint').toString();
    expect(points).toContain('orders 39 4\n');
    const store = storeOn(disk);
    for (const partition of partitions) {
      const log = await store.open(partitionRef('orders', partition), logSettings());
      expect(await valuesFrom(log, 0)).toEqual(values(partition === 39 ? 4 : 3));
    }
  });

  test('makes all of it durable when there is time', async () => {
    const disk = await killed();
    expect((await recoverAndStop(disk, new ManualClock())).length).toBe(40);
    expect(disk.exists('/data/.kafka_cleanshutdown')).toBe(true);
  });
});

test('the root is synced for folders that are new, not for every log', async () => {
  const disk = new MemoryDisk();
  let syncs = 0;
  const syncDirectoryInPool = disk.syncDirectoryInPool.bind(disk);
  disk.syncDirectoryInPool = (path) => {
    if (path === '/data') syncs++;
    return syncDirectoryInPool(path);
  };
  const store = storeOn(disk);
  const logs: PartitionLog[] = [];
  for (let partition = 0; partition < 20; partition++) {
    logs.push(await store.open(partitionRef('orders', partition), logSettings()));
  }
  for (const log of logs) await fill(log, 0, 1);
  const before = syncs;
  for (const log of logs) await log.flush();
  expect(syncs).toBe(before + 1);
  await fill(await store.open(partitionRef('orders', 20), logSettings()), 0, 1);
  await store.get(partitionRef('orders', 20))?.flush();
  expect(syncs).toBe(before + 2);
});
