import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Disk } from '../../../src/host/disk.ts';
import { Descriptors } from '../../../src/host/descriptors.ts';
import { SparingDisk } from '../../../src/host/sparing-disk.ts';
import { DiskLogStore } from '../../../src/storage/disk/disk-log-store.ts';
import type { SegmentedLog } from '../../../src/storage/segmented-log.ts';
import { OpenFiles } from '../../../src/storage/disk/open-files.ts';
import type { LogSettings, PartitionLog } from '../../../src/storage/partition-log.ts';
import { batchOf, codeOf, idempotentBatch, put, valuesFrom } from '../../support/batches.ts';
import { logSettings, partitionRef } from '../../support/log-settings.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { MemoryDisk, type Operation } from '../../support/memory-disk.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

const asClient = { leaderEpoch: 0, origin: 'client' } as const;
const firstLog = '/data/orders-0/00000000000000000000.log';
const small = { segmentBytes: 1000, indexIntervalBytes: 200 };

let disk: MemoryDisk;
let clock: ManualClock;
let store: DiskLogStore;

beforeEach(() => {
  disk = new MemoryDisk();
  clock = new ManualClock();
  store = storeOver(disk);
});

function storeOver(on: Disk, more: { files?: OpenFiles } = {}): DiskLogStore {
  return new DiskLogStore({ clock, random: new SeededRandom(2), disk: on, root: '/data', ...more });
}

const open = (changes: Partial<LogSettings> = {}, partition = 0): Promise<PartitionLog> =>
  store.open(partitionRef('orders', partition), logSettings(changes));

/** What a new process finds on a disk. */
const foundOn = async (left: MemoryDisk): Promise<string[]> =>
  valuesFrom(await storeOver(left).open(partitionRef(), logSettings()), 0);

describe.each([
  ['write', 'ENOSPC'],
  ['write', 'EIO'],
  ['write', 'EDQUOT'],
] as const)('a %s that fails with %s', (operation, code) => {
  test('closes its log alone; what was acknowledged is there when it is opened again', async () => {
    const [log, other] = [await open(), await open({}, 1)];
    await put(log, ['a', 'b']);
    disk.failWith(operation, code, { path: /orders-0/, writesBytes: 40 });
    const failed = log.append(batchOf(['c']), asClient);
    expect(await codeOf(() => failed.commit.done)).toBe('KAFKA_STORAGE_ERROR');
    expect(await codeOf(() => log.append(batchOf(['d']), asClient))).toBe('KAFKA_STORAGE_ERROR');
    expect(log.failure?.message).toContain(code);
    expect(await valuesFrom(log, 0)).toEqual(['a', 'b']);
    await put(other, ['x']);
    expect(await valuesFrom(other, 0)).toEqual(['x']);

    disk.heal();
    const again = await open();
    again.becomeLeader(1);
    expect([again.logStartOffset, again.logEndOffset]).toEqual([0, 2]);
    await again.append(batchOf(['e']), { ...asClient, leaderEpoch: 1 }).commit.done;
    expect(await valuesFrom(again, 0)).toEqual(['a', 'b', 'e']);
    await store.close();
    expect(await foundOn(disk.copy())).toEqual(['a', 'b', 'e']);
  });

  test('takes nothing into memory any more', async () => {
    const log = await open();
    await put(log, ['a']);
    disk.failWith(operation, code);
    const first = log.append(batchOf(['b']), asClient);
    await codeOf(() => first.commit.done);
    const { sizeInBytes, logEndOffset } = log;
    for (let i = 0; i < 100; i++) {
      expect(await codeOf(() => log.append(batchOf(['c']), asClient))).toBe('KAFKA_STORAGE_ERROR');
    }
    expect([log.sizeInBytes, log.logEndOffset]).toEqual([sizeInBytes, logEndOffset]);
  });
});

describe('a write that failed half-way', () => {
  test('is taken back, so that the client may be told that nothing was written', async () => {
    const log = await open();
    await put(log, ['a']);
    const { sizeInBytes } = log;
    const whole = batchOf(['b']);
    disk.failWith('write', 'ENOSPC', { writesBytes: whole.end });
    const tickets = [log.append(whole, asClient), log.append(batchOf(['c']), asClient)];
    expect(await codeOf(() => tickets[0]!.commit.done)).toBe('KAFKA_STORAGE_ERROR');
    expect(disk.stat(firstLog)?.size).toBe(sizeInBytes);
    disk.heal();
    expect(await valuesFrom(await open(), 0)).toEqual(['a']);
  });

  test('has an unknown outcome where it cannot be taken back; an idempotent retry is safe', async () => {
    const log = await open();
    await log.append(idempotentBatch(9, 0, 0), asClient).commit.done;
    const second = idempotentBatch(9, 0, 1);
    disk.failWith('write', 'EIO', { writesBytes: second.end });
    disk.failWith('truncate', 'EIO');
    const ticket = log.append(second, asClient);
    expect(await codeOf(() => ticket.commit.done)).toBe('REQUEST_TIMED_OUT');
    disk.heal();
    const again = await open();
    expect(await valuesFrom(again, 0)).toEqual(['s0', 's1']); // it did turn up
    const retried = again.append(idempotentBatch(9, 0, 1), asClient);
    expect(retried).toMatchObject({ isDuplicate: true, baseOffset: 1 });
    await retried.commit.done;
    expect(await valuesFrom(again, 0)).toEqual(['s0', 's1']);
  });

  test.each([0, 1, 2, 3, 4, 5, 6])('takes a new segment back as well (call %i)', async (after) => {
    const log = await open(small);
    await put(log, ['a'.repeat(900)]);
    disk.failWith('write', 'ENOSPC', { after });
    const turn = [log.append(batchOf(['b'.repeat(900)]), asClient)];
    turn.push(log.append(batchOf(['c'.repeat(900)]), asClient));
    const codes = await Promise.all(turn.map(({ commit }) => codeOf(() => commit.done)));
    const isWritten = codes[0] === 'nothing thrown';
    expect(new Set(codes).size).toBe(1);
    await settle(); // the flush of what is complete may fail, too
    disk.heal();
    const again = await open(small);
    expect(again.logEndOffset).toBe(isWritten ? 3 : 1);
    await put(again, ['d']);
    const values = await valuesFrom(again, 0);
    expect(values.map((value) => value[0])).toEqual(isWritten ? ['a', 'b', 'c', 'd'] : ['a', 'd']);
    await store.close();
    expect(await foundOn(disk.copy())).toEqual(values);
  });
});

describe('a flush that failed', () => {
  test('is not tried again: nothing is acknowledged until the log is opened again', async () => {
    const log = await open({ flushMessages: 1 });
    await put(log, ['a']);
    disk.failWith('sync', 'EIO', { path: /\.log$/, times: 1 }); // a second try would succeed
    const ticket = log.append(batchOf(['b']), asClient);
    await settle(1);
    const queued = codeOf(() => log.append(batchOf(['c']), asClient).commit.done);
    expect(await codeOf(() => ticket.commit.done)).toBe('KAFKA_STORAGE_ERROR');
    expect(await queued).toBe('KAFKA_STORAGE_ERROR');
    const { sync } = disk.calls;
    expect(await codeOf(() => log.flush())).toBe('KAFKA_STORAGE_ERROR');
    expect(disk.calls.sync).toBe(sync);
    expect(log.highWatermark).toBe(1);
  });

  test('covers nothing: what it covered is written again, and then survives a power cut', async () => {
    const log = await open();
    for (const value of ['a', 'b', 'c']) await put(log, [value]);
    disk.failWith('sync', 'EIO', { path: /\.log$/ });
    expect(await codeOf(() => log.flush())).toBe('REQUEST_TIMED_OUT');
    disk.heal();
    // The system takes it for written now: it is not there, and a plain fsync would not change that.
    expect(await foundOn(disk.afterPowerCut())).toEqual([]);
    const again = await open();
    expect(await valuesFrom(again, 0)).toEqual(['a', 'b', 'c']);
    expect(await foundOn(disk.afterPowerCut())).toEqual(['a', 'b', 'c']);
  });

  test('covers no cut either: what was refused and cut off stays away after a power cut', async () => {
    const log = await open({ flushMessages: 1 });
    // The record is on the disk, its folder fails, and so does the fsync that says it is cut off.
    disk.failWith('sync', 'EIO', { path: /orders-0$/, times: 1 });
    disk.failWith('sync', 'EIO', { path: /\.log$/, after: 1, times: 1 });
    const ticket = log.append(batchOf(['a']), asClient);
    expect(await codeOf(() => ticket.commit.done)).toBe('REQUEST_TIMED_OUT');
    expect(await valuesFrom(await open({ flushMessages: 1 }), 0)).toEqual([]);
    expect(await foundOn(disk.afterPowerCut())).toEqual([]);
  });

  test('may be that of a write that is taken back: what came before is written again', async () => {
    const log = await open();
    await put(log, ['a']);
    disk.failWith('write', 'ENOSPC', { path: /\.log$/, writesBytes: 10 });
    disk.failWith('sync', 'EIO', { path: /\.log$/, times: 1 });
    await put(log, ['b']).catch(() => undefined);
    disk.heal();
    const again = await open();
    await again.flush();
    expect(await foundOn(disk.afterPowerCut())).toEqual(['a']);
  });

  test('keeps the log closed for as long as the disk cannot do better', async () => {
    const log = await open();
    await put(log, ['a']);
    disk.failWith('sync', 'EIO', { path: /\.log$/ });
    await codeOf(() => log.flush());
    await expect(open()).rejects.toThrow('EIO');
    await expect(open()).rejects.toThrow('EIO');
    disk.heal();
    expect(await valuesFrom(await open(), 0)).toEqual(['a']);
  });

  test('cuts the log where the bytes cannot be read back, and says what is lost', async () => {
    const log = await open();
    await put(log, ['a']);
    await log.flush();
    await put(log, ['b']);
    disk.failWith('sync', 'EIO', { path: /\.log$/ });
    await codeOf(() => log.flush());
    disk.heal();
    const bytes = disk.readFile(firstLog);
    bytes[bytes.length - 1]! ^= 1; // the pages are gone, the disk has something else
    disk.writeFile(firstLog, bytes);
    const again = await open();
    expect(await valuesFrom(again, 0)).toEqual(['a']);
  });

  test('in the background closes the log too, with all that waits', async () => {
    const log = await open(small);
    disk.failWith('sync', 'EIO', { path: /\.log$/, times: 1 });
    await put(log, ['a'.repeat(900)]);
    await put(log, ['b'.repeat(900)]); // rolls, and flushes what is complete
    await settle();
    expect(log.failure?.kind).toBe('NotCommitted');
    expect(await codeOf(() => log.append(batchOf(['c']), asClient))).toBe('KAFKA_STORAGE_ERROR');
    expect((await valuesFrom(await open(small), 0)).map(([first]) => first)).toEqual(['a', 'b']);
    const left = await valuesFrom(
      await storeOver(disk.afterPowerCut()).open(partitionRef(), logSettings(small)),
      0,
    );
    expect(left.map(([first]) => first)).toEqual(['a', 'b']);
  });
});

describe('flush.messages=1', () => {
  test('one fsync serves all that wait', async () => {
    const log = await open({ flushMessages: 1 });
    await put(log, ['first']); // the folder and its names are there now
    const { sync } = disk.calls;
    const inOneTurn = Array.from({ length: 100 }, (_, i) =>
      log.append(batchOf([`a${i}`]), asClient),
    );
    await Promise.all(inOneTurn.map(({ commit }) => commit.done));
    expect(disk.calls.sync - sync).toBe(1);
    const first = log.append(batchOf(['b']), asClient);
    await new Promise((resolve) => setImmediate(resolve)); // its fsync is under way
    const meanwhile = Array.from({ length: 100 }, (_, i) =>
      log.append(batchOf([`c${i}`]), asClient),
    );
    await Promise.all([first, ...meanwhile].map(({ commit }) => commit.done));
    expect(disk.calls.sync - sync).toBe(3);
    expect(await foundOn(disk.afterPowerCut())).toHaveLength(202);
  });

  test('what is found after a kill is durable before it is served', async () => {
    const log = await open({ flushMessages: 1 });
    await log.append(idempotentBatch(9, 0, 0), asClient).commit.done;
    disk.turnOffAfter(1); // written, and killed in the fsync
    log.append(idempotentBatch(9, 0, 1), asClient).commit.done.catch(() => undefined);
    await disk.whenOff;
    disk = disk.copy();
    store = storeOver(disk);
    const again = await open({ flushMessages: 1 });
    const retried = again.append(idempotentBatch(9, 0, 1), asClient);
    expect(retried).toMatchObject({ isDuplicate: true, baseOffset: 1 });
    await retried.commit.done;
    expect(await foundOn(disk.afterPowerCut())).toEqual(['s0', 's1']);
  });

  test('what is found and cannot be made durable is not served as if it were', async () => {
    await put(await open(), ['a']);
    disk = disk.copy();
    store = storeOver(disk);
    disk.failWith('sync', 'EIO', { times: 1 });
    expect(await codeOf(() => open({ flushMessages: 1 }))).toBe('REQUEST_TIMED_OUT');
    const again = await open({ flushMessages: 1 });
    expect(await valuesFrom(again, 0)).toEqual(['a']);
    expect(await foundOn(disk.afterPowerCut())).toEqual(['a']);
  });

  test('an acknowledgement includes the names: of the folder, and of each new segment', async () => {
    const synced: string[] = [];
    const syncDirectoryInPool = disk.syncDirectoryInPool.bind(disk);
    disk.syncDirectoryInPool = (path) => {
      synced.push(path);
      return syncDirectoryInPool(path);
    };
    const log = await open({ ...small, flushMessages: 1 });
    await put(log, ['a']);
    expect(synced).toEqual(['/data/orders-0', '/data']);
    await put(log, ['b']);
    expect(synced).toHaveLength(2); // nothing new
    await put(log, ['c'.repeat(900)]);
    expect(synced.slice(2)).toContain('/data/orders-0');
  });
});

describe('files that are removed under us', () => {
  test('are missed by the fsync of the next append', async () => {
    const log = await open({ flushMessages: 1 });
    await put(log, ['a', 'b']);
    disk.remove('/data/orders-0');
    const ticket = log.append(batchOf(['c']), asClient);
    expect(await codeOf(() => ticket.commit.done)).toBe('KAFKA_STORAGE_ERROR');
  });

  test('are missed at the next checkpoint; the log begins anew behind what it had', async () => {
    const log = await open();
    await put(log, ['a', 'b']);
    disk.remove('/data/orders-0');
    await put(log, ['c']); // into a file without a name: nobody can know yet
    await clock.advance(60_000);
    expect(log.failure?.message).toContain('removed');
    const again = await open();
    expect([again.logStartOffset, again.logEndOffset]).toEqual([3, 3]);
    await put(again, ['d']);
    expect(await valuesFrom(again, 3)).toEqual(['d']);
    expect(disk.exists('/data/orders-0/00000000000000000003.log')).toBe(true);
    await store.close();
    const later = await storeOver(disk).open(partitionRef(), logSettings());
    expect([later.logStartOffset, later.logEndOffset]).toEqual([3, 4]);
  });
});

describe('a disk that cannot be read', () => {
  test.each(['EIO', 'EMFILE', 'EACCES'])('with %s has no corrupt records', async (code) => {
    const log = await open();
    await put(log, ['a']);
    disk.failWith('read', code);
    expect(await codeOf(() => valuesFrom(log, 0))).toBe('KAFKA_STORAGE_ERROR');
    disk.heal();
    expect(await valuesFrom(log, 0)).toEqual(['a']);
    await put(log, ['b']); // the log itself is well
  });

  test('keeps no index back: it is made in memory when it cannot be written', async () => {
    const log = await open(small);
    for (let i = 0; i < 60; i++) await put(log, [`a${i}`]);
    await store.close();
    for (const path of disk.files()) if (path.endsWith('index')) disk.remove(path);
    store = storeOver(disk);
    const again = await open(small);
    for (const path of disk.files()) if (path.endsWith('index')) disk.remove(path);
    disk.failWith('write', 'ENOSPC');
    expect((await valuesFrom(again, 5))[0]).toBe('a5');
  });
});

describe('what could be built anew and cannot be written', () => {
  const besides = [/\.index\.tmp$/, /\.timeindex\.tmp$/, /\.snapshot\.tmp$/];

  test.each(besides)('(%p) puts nothing in doubt that an fsync has covered', async (path) => {
    const log = await open(small);
    disk.failWith('write', 'ENOSPC', { path, writesBytes: 1 });
    for (const value of ['a', 'b']) await put(log, [value.repeat(900)]);
    await settle();
    expect(log.failure?.message).toContain('ENOSPC');
    expect(disk.files().filter((file) => file.endsWith('.tmp'))).toEqual([]);
    disk.heal();
    const { hasFailedFlush } = log as unknown as Pick<SegmentedLog, 'hasFailedFlush'>;
    expect(hasFailedFlush).toBe(false);
    const again = await open(small);
    await put(again, ['c']);
    const values = await valuesFrom(again, 0);
    expect(values.map((value) => value[0])).toEqual(['a', 'b', 'c']);
    await store.close();
    expect(await foundOn(disk.copy())).toEqual(values);
  });
});

describe('when the system has no descriptors left', () => {
  /** A store whose open files make room. */
  function sparing(): void {
    const descriptors = new Descriptors();
    const onDisk = new SparingDisk((disk = new MemoryDisk()), descriptors);
    store = storeOver(onDisk, { files: new OpenFiles(onDisk, undefined, descriptors) });
  }

  const calls: { what: string; operation: Operation; path: RegExp }[] = [
    { what: 'a log', operation: 'open', path: /orders-10.*\.log$/ },
    { what: 'a segment that follows', operation: 'open', path: /orders-10.*[1-9]\d*\.log$/ },
    { what: 'an index', operation: 'write', path: /orders-10.*\.index\.tmp$/ },
    { what: 'a snapshot', operation: 'write', path: /orders-10.*\.snapshot\.tmp$/ },
    { what: 'a checkpoint', operation: 'write', path: /orders-10.*checkpoint/ },
    { what: 'a folder', operation: 'sync', path: /orders-10$/ },
  ];

  test.each(calls)('our own make room for $what', async ({ operation, path }) => {
    sparing();
    const logs = await Promise.all(Array.from({ length: 10 }, (_, i) => open({}, i)));
    for (const log of logs) await put(log, ['a']);
    const last = await open({ ...small, flushMessages: 1 }, 10);
    last.becomeLeader(0);
    disk.failWith(operation, 'EMFILE', { path, times: 2 });
    const [opened, called] = [disk.openFiles, disk.calls[operation]];
    for (let i = 0; i < 60; i++) await put(last, [`a${i}`]);
    expect(disk.files().filter((path) => /orders-10.*\.log$/.test(path)).length).toBeGreaterThan(1);
    expect(last.failure).toBeUndefined();
    expect(disk.calls[operation]).toBeGreaterThan(called + 2);
    expect(disk.openFiles).toBeLessThan(opened);
    for (const log of logs) await put(log, ['c']);
    for (const log of logs) expect(await valuesFrom(log, 0)).toEqual(['a', 'c']);
    await store.close();
    expect(disk.openFiles).toBe(0);
    expect(disk.exists('/data/.kafka_cleanshutdown')).toBe(true);
  });

  test('and none of ours either, the log alone fails, and is well when there are some', async () => {
    sparing();
    const log = await open();
    disk.failWith('open', 'EMFILE');
    expect(await codeOf(() => log.append(batchOf(['a']), asClient).commit.done)).toBe(
      'KAFKA_STORAGE_ERROR',
    );
    disk.heal();
    await put(await open(), ['b']);
    expect(await valuesFrom(await open(), 0)).toEqual(['b']);
  });
});

describe('small files that cannot be written', () => {
  test('checkpoints: tried again, and a clean stop is clean once they work', async () => {
    const log = await open();
    await put(log, ['a']);
    disk.failWith('write', 'ENOSPC', { path: /checkpoint/ });
    await clock.advance(60_000);
    expect(log.failure).toBeUndefined();
    disk.heal();
    await clock.advance(60_000); // nothing is new but that it failed
    expect(disk.readFile('/data/replication-offset-checkpoint').toString()).toBe(
      '0\n1\norders 0 1\n',
    );
    await store.close();
    expect(disk.exists('/data/.kafka_cleanshutdown')).toBe(true);
  });

  test('checkpoints at the stop: the next start trusts nothing', async () => {
    await put(await open(), ['a']);
    disk.failWith('write', 'ENOSPC', { path: /checkpoint/ });
    await store.close();
    expect(disk.exists('/data/.kafka_cleanshutdown')).toBe(false);
    disk.heal();
    expect(await foundOn(disk.copy())).toEqual(['a']);
  });

  test.each(['write', 'rename'] as const)(
    'the mark of a clean stop: none is left when its %s fails',
    async (operation) => {
      await put(await open(), ['a']);
      disk.failWith(operation, 'ENOSPC', { path: /cleanshutdown/ });
      await store.close();
      expect(disk.exists('/data/.kafka_cleanshutdown')).toBe(false);
      disk.heal();
      expect(await foundOn(disk.copy())).toEqual(['a']);
    },
  );

  test('the start of a log: the client hears it, and may ask again', async () => {
    const log = await open();
    for (const value of ['a', 'b', 'c']) await put(log, [value]);
    disk.failWith('write', 'ENOSPC', { path: /log-start/ });
    expect(await codeOf(() => log.deleteBefore(2))).toBe('KAFKA_STORAGE_ERROR');
    expect(await codeOf(() => log.deleteBefore(2))).toBe('KAFKA_STORAGE_ERROR');
    disk.failWith('write', 'ENOSPC', { path: /\.log$/, times: 1 });
    await expect(put(log, ['d'])).rejects.toThrow();
    const again = await open();
    expect(again.logStartOffset).toBe(2);
    disk.heal();
    expect(await again.deleteBefore(2)).toBe(2);
    const left = await storeOver(disk.copy()).open(partitionRef(), logSettings());
    expect(left.logStartOffset).toBe(2);
  });

  test('the start of a log is durable from the next checkpoint on, as with Kafka', async () => {
    const log = await open({ flushMessages: 1 });
    for (const value of ['a', 'b', 'c']) await put(log, [value]);
    await clock.advance(60_000);
    await log.deleteBefore(2);
    const startAfterPowerCut = async (): Promise<number> =>
      (await storeOver(disk.afterPowerCut()).open(partitionRef(), logSettings())).logStartOffset;
    expect(await startAfterPowerCut()).toBe(0);
    await clock.advance(60_000);
    expect(await startAfterPowerCut()).toBe(2);
    await put(log, ['d']);
    await clock.advance(60_000);
    expect(await startAfterPowerCut()).toBe(2);
  });

  test.each(['leader-epoch', 'partition.metadata'])(
    '%s: as with a write of records',
    async (name) => {
      const log = await open();
      disk.failWith('write', 'ENOSPC', { path: new RegExp(name) });
      const ticket = log.append(batchOf(['a']), asClient);
      expect(await codeOf(() => ticket.commit.done)).toBe('KAFKA_STORAGE_ERROR');
      disk.heal();
      const again = await open();
      again.becomeLeader(1);
      await again.append(batchOf(['b']), { ...asClient, leaderEpoch: 1 }).commit.done;
      await store.close();
      expect(await foundOn(disk.copy())).toEqual(['b']);
      expect(disk.readFile('/data/orders-0/partition.metadata').toString()).toContain(
        partitionRef().topicId,
      );
    },
  );
});

describe('a name that cannot be changed', () => {
  test('of a deleted partition: a new topic of that name does not inherit its records', async () => {
    await put(await open(), ['old']);
    disk.failWith('rename', 'EIO');
    await expect(store.delete(partitionRef())).rejects.toThrow('EIO');
    disk.heal();
    const ref = { ...partitionRef(), topicId: 'AAAAAAAAAAAAAAAAAAAAZg' };
    const log = await store.open(ref, logSettings());
    await put(log, ['new']);
    expect(await valuesFrom(log, 0)).toEqual(['new']);
    await store.close();
  });

  test('of a deleted segment: it goes another time, and none that follows goes before it', async () => {
    const log = await open({ ...small, fileDeleteDelayMs: 0 });
    for (let i = 0; i < 60; i++) await put(log, [`a${i}`]);
    const before = disk.files();
    disk.failWith('rename', 'EIO', { path: /orders-0.*log$/, times: 1 });
    expect(await log.deleteBefore(50)).toBe(50);
    expect(disk.files().filter((path) => path.endsWith('.log'))).toEqual(
      before.filter((path) => path.endsWith('.log')),
    );
    await log.applyRetention();
    await clock.advance(0);
    expect(disk.exists(firstLog)).toBe(false);
    expect(log.logStartOffset).toBe(50);
    await store.close();
  });
});

test('retention moves the start no further than files are gone: a kill does not move it back', async () => {
  const log = await open({ ...small, retentionBytes: 0, fileDeleteDelayMs: 0 });
  for (let i = 0; i < 60; i++) await put(log, [`a${i}`]);
  disk.failWith('rename', 'EIO', { path: /orders-0.*log$/, after: 1 });
  await log.applyRetention();
  expect(log.logStartOffset).toBeGreaterThan(0);
  expect(log.logStartOffset).toBeLessThan(50);
  const killed = disk.copy();
  disk.heal();
  await log.applyRetention();
  expect(log.logStartOffset).toBe(60);
  const { logStartOffset } = await storeOver(killed).open(partitionRef(), logSettings(small));
  expect(killed.exists(`/data/orders-0/${String(logStartOffset).padStart(20, '0')}.log`)).toBe(
    true,
  );
  await store.close();
});

test('segments are deleted in order: no power cut leaves a hole, at which the log would be cut', async () => {
  const log = await open({ ...small, flushMessages: 1 });
  for (let i = 0; i < 60; i++) await put(log, [`a${i}`]);
  await log.deleteBefore(50);
  for (let i = 0; i < 50; i++) {
    const left = storeOver(disk.afterPowerCut('some'));
    expect((await left.open(partitionRef(), logSettings(small))).logEndOffset).toBe(60);
  }
});

test('segments that recovery cuts off do not come back after a power cut', async () => {
  const log = await open({ ...small, flushMessages: 1 });
  for (let i = 0; i < 60; i++) await put(log, [`a${i}`]);
  const logsOn = (on: MemoryDisk): string[] => on.files().filter((path) => path.endsWith('.log'));
  const [, second = '', third] = logsOn(disk);
  expect(third).toBeDefined();
  const left = disk.afterPowerCut();
  const bytes = Buffer.from(left.readFile(second));
  bytes[bytes.length - 1]! ^= 1;
  left.writeFile(second, bytes, { sync: true });
  await storeOver(left).open(partitionRef(), logSettings(small));
  expect(logsOn(left.afterPowerCut())).toEqual(logsOn(left));
  expect(logsOn(left)).not.toContain(third);
});
