import { describe, expect, test } from '@jest/globals';
import { DiskLogStore } from '../../../src/storage/disk/disk-log-store.ts';
import type { LogSettings, PartitionLog } from '../../../src/storage/partition-log.ts';
import {
  batchOf,
  codeOf,
  idempotentBatch,
  marker,
  put,
  valuesFrom,
} from '../../support/batches.ts';
import { logSettings, partitionRef } from '../../support/log-settings.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { MemoryDisk } from '../../support/memory-disk.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

const folder = '/data/orders-0';
const asClient = { leaderEpoch: 0, origin: 'client' } as const;
const asCoordinator = { leaderEpoch: 0, origin: 'coordinator' } as const;

interface Opened {
  readonly store: DiskLogStore;
  readonly log: PartitionLog;
  readonly clock: ManualClock;
}

async function open(disk: MemoryDisk, changes: Partial<LogSettings> = {}): Promise<Opened> {
  const clock = new ManualClock();
  const store = new DiskLogStore({ clock, random: new SeededRandom(2), disk, root: '/data' });
  const log = await store.open(partitionRef(), logSettings(changes));
  return { store, log, clock };
}

/** What a restart finds when the process died now. */
async function afterCrash(disk: MemoryDisk, changes: Partial<LogSettings> = {}): Promise<Opened> {
  return open(disk.copy(), changes);
}

const small = { segmentBytes: 1000, indexIntervalBytes: 200 };

describe('after a clean stop', () => {
  test('everything is as it was', async () => {
    const disk = new MemoryDisk();
    const before = await open(disk, small);
    for (let i = 0; i < 40; i++) await put(before.log, [`a${i}`, `b${i}`]);
    before.log.becomeLeader(3);
    await before.log.append(batchOf(['c']), { leaderEpoch: 3, origin: 'client' }).commit.done;
    await before.store.close();
    expect(disk.readFile('/data/.kafka_cleanshutdown').toString()).toBe(
      '{"version":0,"brokerEpoch":-1}',
    );
    const { store, log } = await open(disk, small);
    expect(store.wasStoppedCleanly).toBe(true);
    expect(disk.exists('/data/.kafka_cleanshutdown')).toBe(false);
    expect([log.logStartOffset, log.highWatermark, log.logEndOffset]).toEqual([0, 81, 81]);
    expect(log.latestEpoch).toBe(3);
    expect(log.endOffsetForEpoch(0)).toEqual({ leaderEpoch: 0, endOffset: 80 });
    expect(await valuesFrom(log, 0)).toHaveLength(81);
    log.becomeLeader(4);
    await log.append(batchOf(['d']), { leaderEpoch: 4, origin: 'client' }).commit.done;
    expect(await valuesFrom(log, 80)).toEqual(['c', 'd']);
    await store.close();
  });

  test('a repeated batch is still known (67)', async () => {
    const disk = new MemoryDisk();
    const before = await open(disk);
    before.log.append(idempotentBatch(9, 0, 0, 2), asClient);
    await before.log.append(idempotentBatch(9, 0, 2, 2), asClient).commit.done;
    await before.store.close();
    const { store, log } = await open(disk);
    const again = log.append(idempotentBatch(9, 0, 2, 2), asClient);
    expect(again).toMatchObject({ isDuplicate: true, baseOffset: 2, lastOffset: 3 });
    expect(await codeOf(() => log.append(idempotentBatch(9, 0, 5), asClient))).toBe(
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
    );
    await store.close();
  });

  test.each([
    ['in one segment', {}],
    ['in segments that begin in between', { segmentBytes: 200, indexIntervalBytes: 100 }],
  ])('each of the last five batches is still known, %s (63)', async (_, settings) => {
    const disk = new MemoryDisk();
    const before = await open(disk, settings);
    for (let i = 0; i < 8; i++) {
      await before.log.append(idempotentBatch(9, 0, 2 * i, 2), asClient).commit.done;
    }
    await before.log.append(idempotentBatch(10, 0, 0), asClient).commit.done;
    await before.store.close();
    const { store, log } = await open(disk, settings);
    for (let i = 3; i < 8; i++) {
      expect(log.append(idempotentBatch(9, 0, 2 * i, 2), asClient)).toMatchObject({
        isDuplicate: true,
        baseOffset: 2 * i,
      });
    }
    expect(await codeOf(() => log.append(idempotentBatch(9, 0, 4, 2), asClient))).toBe(
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
    );
    const next = log.append(idempotentBatch(9, 0, 16), asClient);
    expect(next).toMatchObject({ isDuplicate: false, baseOffset: 17 });
    await store.close();
  });

  test('where a log starts is remembered (160)', async () => {
    const disk = new MemoryDisk();
    const before = await open(disk);
    for (const value of ['a', 'b', 'c']) await put(before.log, [value]);
    await before.log.deleteBefore(2);
    // Never behind the start: Kafka complains of a log that begins where nothing is committed.
    expect(disk.readFile('/data/replication-offset-checkpoint').toString()).toMatch(/ 0 [2-9]\n/);
    expect(disk.readFile('/data/log-start-offset-checkpoint').toString()).toBe(
      '0\n1\norders 0 2\n',
    );
    const crashed = await afterCrash(disk);
    expect(crashed.log.logStartOffset).toBe(2);
    await before.store.close();
    const { log } = await open(disk);
    expect(log.logStartOffset).toBe(2);
  });

  test('a log of which everything expired goes on where it was', async () => {
    const disk = new MemoryDisk();
    const before = await open(disk, { ...small, retentionMs: 1000 });
    for (let i = 0; i < 30; i++) await put(before.log, [`a${i}`]);
    await before.clock.advance(2000);
    await before.log.applyRetention();
    expect(before.log.logStartOffset).toBe(30);
    const crashed = await afterCrash(disk);
    expect([crashed.log.logStartOffset, crashed.log.logEndOffset]).toEqual([30, 30]);
    await before.store.close();
    const { log } = await open(disk);
    expect([log.logStartOffset, log.logEndOffset]).toEqual([30, 30]);
  });

  test('nothing is made before the first append', async () => {
    const disk = new MemoryDisk();
    const { store, log } = await open(disk);
    log.becomeLeader(5);
    expect(disk.exists(folder)).toBe(false);
    await store.close();
    expect(disk.exists(folder)).toBe(false);
    const again = await open(disk);
    await put(again.log, ['a']);
    expect(disk.files().filter((path) => path.startsWith(folder))).toEqual([
      `${folder}/00000000000000000000.log`,
      `${folder}/leader-epoch-checkpoint`,
      `${folder}/partition.metadata`,
    ]);
  });

  test('logs that were not opened stay as good as they were', async () => {
    const disk = new MemoryDisk();
    const before = await open(disk);
    await put(before.log, ['a']);
    const killed = disk.copy();
    const clock = new ManualClock();
    const options = { clock, random: new SeededRandom(1), disk: killed, root: '/data' };
    const store = new DiskLogStore(options);
    expect(store.existing()).toEqual([partitionRef()]);
    expect(store.describe()[0]?.logs).toEqual([
      { ref: partitionRef(), sizeInBytes: batchOf(['a']).end },
    ]);
    await store.close();
    expect(killed.exists('/data/.kafka_cleanshutdown')).toBe(false);
  });
});

describe('after a kill', () => {
  test('a cut at any byte leaves a prefix of what was written', async () => {
    const disk = new MemoryDisk();
    const { log } = await open(disk);
    const ends = [0];
    const values: string[] = [];
    for (let i = 0; i < 12; i++) {
      await put(log, [`a${i}`, `b${i}`.repeat(i)]);
      values.push(`a${i}`, `b${i}`.repeat(i));
      ends.push(log.sizeInBytes);
    }
    for (let length = 0; length <= log.sizeInBytes; length++) {
      const cut = disk.copy();
      cut.truncate(`${folder}/00000000000000000000.log`, length);
      const whole = ends.filter((end) => end <= length).length - 1;
      const recovered = await open(cut);
      expect(recovered.log.logEndOffset).toBe(whole * 2);
      expect(await valuesFrom(recovered.log, 0)).toEqual(values.slice(0, whole * 2));
      await put(recovered.log, ['new']);
      expect((await valuesFrom(recovered.log, 0)).at(-1)).toBe('new');
    }
  });

  test('a flipped byte ends the log before its batch; later segments go', async () => {
    const disk = new MemoryDisk();
    const { log } = await open(disk, small);
    for (let i = 0; i < 60; i++) log.append(batchOf([`a${i}`]), asClient);
    await settle();
    const random = new SeededRandom(5);
    const logs = disk.files().filter((path) => path.endsWith('.log'));
    expect(logs.length).toBeGreaterThan(3);
    // Without a recovery point nothing is trusted.
    for (let i = 0; i < 40; i++) {
      const hurt = disk.copy();
      if (hurt.exists('/data/recovery-point-offset-checkpoint')) {
        hurt.remove('/data/recovery-point-offset-checkpoint');
      }
      const path = random.pick(logs);
      const bytes = hurt.readFile(path);
      bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
      hurt.writeFile(path, bytes);
      const recovered = await open(hurt, small);
      const { logEndOffset } = recovered.log;
      const values = await valuesFrom(recovered.log, 0);
      // Base offset and leader epoch are not under the checksum.
      expect(values).toEqual(Array.from({ length: values.length }, (_, n) => `a${n}`));
      expect(logEndOffset).toBeGreaterThanOrEqual(values.length);
    }
  });

  test('a hole between segments is cut, but for one that compaction has made', async () => {
    const disk = new MemoryDisk();
    const { log, store } = await open(disk, small);
    for (let i = 0; i < 60; i++) await put(log, [`a${i}`]);
    await store.close();
    const logs = disk.files().filter((path) => path.endsWith('.log'));
    const baseOf = (path: string | undefined): number => parseInt(path!.split('/').at(-1)!, 10);
    const [behindHole, behindNext] = [baseOf(logs[2]), baseOf(logs[3])];
    disk.remove(logs[1]!);
    disk.remove('/data/.kafka_cleanshutdown');
    disk.remove('/data/recovery-point-offset-checkpoint');
    const endWhenCleanedUntil = async (offset: number): Promise<number> => {
      const found = disk.copy();
      found.writeFile('/data/cleaner-offset-checkpoint', `0\n1\norders 0 ${offset}\n`);
      return (await open(found, small)).log.logEndOffset;
    };
    expect(await endWhenCleanedUntil(0)).toBe(baseOf(logs[1]));
    expect(await endWhenCleanedUntil(behindHole - 1)).toBe(baseOf(logs[1]));
    expect(await endWhenCleanedUntil(behindHole)).toBe(60);
    expect(await endWhenCleanedUntil(behindNext)).toBe(60);
  });

  test('indexes, snapshots and epochs come back when they are deleted', async () => {
    const disk = new MemoryDisk();
    const { log, store } = await open(disk, small);
    for (let i = 0; i < 60; i++) {
      log.append(idempotentBatch(9, 0, i, 1), asClient);
      if (i === 30) log.becomeLeader(0);
      await settle(1);
    }
    await store.close();
    const whole = disk.copy();
    for (const path of disk.files()) {
      if (/index$|snapshot$|leader-epoch/.test(path)) disk.remove(path);
    }
    const again = await open(disk, small);
    expect(again.log.activeProducers()[0]?.lastSequence).toBe(59);
    expect(again.log.latestEpoch).toBe(0);
    for (let offset = 0; offset < 60; offset += 5) {
      expect((await valuesFrom(again.log, offset))[0]).toBe(`s${offset}`);
    }
    await again.store.close();
    for (const path of whole.files().filter((each) => /index$/.test(each))) {
      expect([path, disk.readFile(path)]).toEqual([path, whole.readFile(path)]);
    }
  });

  test('a wrong index cuts nothing', async () => {
    const disk = new MemoryDisk();
    const { log, store } = await open(disk, small);
    for (let i = 0; i < 8; i++) await put(log, [`a${i}`]);
    await store.close();
    const path = `${folder}/00000000000000000000.index`;
    const index = disk.readFile(path);
    index[index.length - 1]! += 3;
    disk.writeFile(path, index);
    const again = await open(disk, small);
    expect(await valuesFrom(again.log, 0)).toHaveLength(8);
    expect(again.log.logEndOffset).toBe(8);
  });

  test('producers, open and aborted transactions are rebuilt (67)', async () => {
    const disk = new MemoryDisk();
    const { log } = await open(disk, small);
    const send = (producerId: number, sequence: number) =>
      log.append(idempotentBatch(producerId, 0, sequence, 1, { isTransactional: true }), {
        ...asClient,
        verification: 'off',
      });
    for (let i = 0; i < 30; i++) {
      send(1, i);
      log.append(marker(i % 2 === 0 ? 'ABORT' : 'COMMIT', 1, 0), asCoordinator);
      await settle(1);
    }
    send(2, 0);
    await settle();
    const read = async (of: PartitionLog) => {
      const found = [];
      for (let from = 0; from < of.lastStableOffset;) {
        const result = await of.read({
          fromOffset: from,
          maxBytes: 1,
          minOneBatch: true,
          limit: 'lastStableOffset',
        });
        found.push(...(result.abortedTransactions ?? []));
        result.release();
        from++;
      }
      return found;
    };
    const expected = await read(log);
    expect(expected).toHaveLength(30); // 15, each seen at the record and at the marker
    const recovered = await afterCrash(disk, small);
    expect(recovered.log.lastStableOffset).toBe(log.lastStableOffset);
    expect(recovered.log.activeProducers()).toEqual(log.activeProducers());
    expect(await read(recovered.log)).toEqual(expected);
    await recovered.store.close();
  });

  test('what is below the recovery point is not read again', async () => {
    const disk = new MemoryDisk();
    const { log, clock } = await open(disk, small);
    for (let i = 0; i < 60; i++) log.append(batchOf([`a${i}`]), asClient);
    await settle();
    await log.flush();
    await clock.advance(60_000); // the checkpoint is written
    const killed = disk.copy();
    const first = `${folder}/00000000000000000000.log`;
    const bytes = killed.readFile(first);
    bytes[65]! ^= 1;
    killed.writeFile(first, bytes);
    const recovered = await open(killed, small);
    expect(recovered.log.logEndOffset).toBe(60);
  });

  test('leftovers of deletions, swaps and files that were not finished are cleared', async () => {
    const disk = new MemoryDisk();
    const { log } = await open(disk, small);
    for (let i = 0; i < 30; i++) log.append(batchOf([`a${i}`]), asClient);
    await settle();
    disk.writeFile(`${folder}/00000000000000000000.index.deleted`, 'x');
    disk.writeFile(`${folder}/00000000000000000000.log.cleaned`, 'x');
    const first = disk.readFile(`${folder}/00000000000000000000.log`);
    disk.writeFile(`${folder}/00000000000000000000.log.swap`, first);
    disk.writeFile(`${folder}/00000000000000000000.timeindex.tmp`, 'x');
    const killed = disk.copy();
    const recovered = await open(killed, small);
    expect(await valuesFrom(recovered.log, 0)).toHaveLength(30);
    const left = /\.(deleted|cleaned|swap|tmp)$/;
    expect(killed.files().filter((path) => left.test(path))).toEqual([]);
  });

  test('epochs from before the start of the log are left in their file, and cut off', async () => {
    const disk = new MemoryDisk();
    const { log } = await open(disk);
    log.becomeLeader(0);
    await put(log, ['a', 'b']);
    log.becomeLeader(3);
    await log.append(batchOf(['c', 'd']), { leaderEpoch: 3, origin: 'client' }).commit.done;
    const epochs = (): string => disk.readFile(`${folder}/leader-epoch-checkpoint`).toString();
    expect(epochs()).toBe('0\n2\n0 0\n3 2\n');
    await log.deleteBefore(3);
    await log.append(batchOf(['e']), { leaderEpoch: 3, origin: 'client' }).commit.done;
    expect(epochs()).toBe('0\n2\n0 0\n3 2\n');
    const recovered = await afterCrash(disk);
    expect(recovered.log.epochForOffset(2)).toBe(-1);
    expect(recovered.log.endOffsetForEpoch(0)).toEqual({ leaderEpoch: 0, endOffset: 3 });
  });
});

describe('when the disk fails', () => {
  test('a failed write ends the log; opened again it goes on at a higher epoch', async () => {
    const disk = new MemoryDisk();
    const { log, store } = await open(disk);
    await put(log, ['a']);
    disk.failWith('write', 'ENOSPC');
    const ticket = log.append(batchOf(['b']), asClient);
    expect(await codeOf(() => ticket.commit.done)).toBe('KAFKA_STORAGE_ERROR');
    expect(log.failure?.kind).toBe('NotCommitted');
    expect(await codeOf(() => log.append(batchOf(['c']), asClient))).toBe('KAFKA_STORAGE_ERROR');
    expect(log.highWatermark).toBe(1);
    disk.heal();
    const again = await store.open(partitionRef(), logSettings());
    expect(again).not.toBe(log);
    again.becomeLeader(1);
    await again.append(batchOf(['d']), { leaderEpoch: 1, origin: 'client' }).commit.done;
    expect(await valuesFrom(again, 0)).toEqual(['a', 'd']);
    await store.close();
    expect(disk.exists('/data/.kafka_cleanshutdown')).toBe(true);
  });

  test('a failed fsync is not taken for a commit', async () => {
    const disk = new MemoryDisk();
    const { log, store } = await open(disk, { flushMessages: 1 });
    disk.failWith('sync', 'EIO');
    const ticket = log.append(batchOf(['a']), asClient);
    const behind = settle(1).then(() => log.append(batchOf(['b']), asClient).commit.done);
    expect(await codeOf(() => ticket.commit.done)).toBe('REQUEST_TIMED_OUT');
    expect(await codeOf(() => behind)).toBe('KAFKA_STORAGE_ERROR');
    expect(log.highWatermark).toBe(0);
    disk.heal();
    await store.close();
    expect(disk.exists('/data/.kafka_cleanshutdown')).toBe(false);
  });

  test('a read that finds less than there must be is corrupt', async () => {
    const disk = new MemoryDisk();
    const { log } = await open(disk);
    await put(log, ['a']);
    disk.truncate(`${folder}/00000000000000000000.log`, 20);
    expect(await codeOf(() => valuesFrom(log, 0))).toBe('CORRUPT_MESSAGE');
  });
});

describe('the folder', () => {
  test('belongs to one process', async () => {
    const disk = new MemoryDisk();
    await open(disk);
    expect(await codeOf(() => open(disk))).toBe('ELOCKED');
  });

  test('of a deleted partition is renamed, and gone after the delay', async () => {
    const disk = new MemoryDisk();
    const { store, log, clock } = await open(disk);
    await put(log, ['a']);
    await store.delete(partitionRef());
    expect(disk.exists(folder)).toBe(false);
    expect(disk.list('/data').join()).toMatch(/orders-0\.[0-9a-f]{32}-delete/);
    await clock.advance(60_000);
    expect(disk.list('/data').join()).not.toMatch(/delete/);
    await store.close();
  });

  test.each(['killed', 'cut off from power'])(
    'of a new topic with the name of a deleted one is its own when the process is %s',
    async (how) => {
      const disk = new MemoryDisk();
      const { store, log, clock } = await open(disk, { flushMessages: 1 });
      for (let i = 0; i < 9; i++) await put(log, ['old']);
      await log.deleteBefore(7);
      await clock.advance(60_000); // the checkpoints say where it begins and is durable
      await store.delete(partitionRef());
      const ref = { ...partitionRef(), topicId: 'AAAAAAAAAAAAAAAAAAAAZg' };
      const settings = logSettings({ flushMessages: 1 });
      await put(await store.open(ref, settings), ['new']);
      const left = how === 'killed' ? disk.copy() : disk.afterPowerCut();
      const around = { clock: new ManualClock(), random: new SeededRandom(2) };
      const again = new DiskLogStore({ ...around, disk: left, root: '/data' });
      const found = await again.open(ref, settings);
      expect([found.logStartOffset, found.logEndOffset]).toEqual([0, 1]);
      expect(await valuesFrom(found, 0)).toEqual(['new']);
    },
  );

  test('of another topic of the same name is set aside', async () => {
    const disk = new MemoryDisk();
    const before = await open(disk);
    await put(before.log, ['a']);
    await before.store.close();
    const clock = new ManualClock();
    const options = { clock, random: new SeededRandom(1), disk, root: '/data' };
    const store = new DiskLogStore(options);
    const ref = { ...partitionRef(), topicId: 'AAAAAAAAAAAAAAAAAAAAZg' };
    const log = await store.open(ref, logSettings());
    expect(log.logEndOffset).toBe(0);
    expect(disk.list('/data').join()).toMatch(/orders-0\.[0-9a-f]{32}-stray/);
    await store.close();
  });

  test('deleted segments are renamed, and gone after file.delete.delay.ms', async () => {
    const disk = new MemoryDisk();
    const { store, log, clock } = await open(disk, { ...small, fileDeleteDelayMs: 500 });
    for (let i = 0; i < 60; i++) log.append(batchOf([`a${i}`]), asClient);
    await settle();
    const parked = log.read({
      fromOffset: 0,
      maxBytes: 9,
      minOneBatch: true,
      limit: 'logEndOffset',
    });
    await log.deleteBefore(50);
    (await parked).release();
    expect(disk.exists(`${folder}/00000000000000000000.log.deleted`)).toBe(true);
    await clock.advance(500);
    expect(disk.files().join()).not.toMatch(/deleted|00000000000000000000/);
    await store.close();
  });

  test('has a bounded number of open files', async () => {
    const disk = new MemoryDisk();
    const clock = new ManualClock();
    const options = { clock, random: new SeededRandom(1), disk, root: '/data', mostOpenFiles: 8 };
    const store = new DiskLogStore(options);
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 30; i++) {
        const log = await store.open(partitionRef('many', i), logSettings());
        await put(log, [`p${i}`]);
        expect(await valuesFrom(log, round)).toEqual([`p${i}`]);
      }
    }
    expect(disk.openFiles).toBeLessThanOrEqual(8);
    expect(disk.mostOpenFiles).toBeLessThanOrEqual(10);
    await store.close();
    expect(disk.openFiles).toBe(0);
  });

  test('one vectored write per turn and log', async () => {
    const disk = new MemoryDisk();
    const { log } = await open(disk);
    await put(log, ['a']);
    const before = disk.calls.write;
    for (let i = 0; i < 50; i++) log.append(batchOf([`a${i}`]), asClient);
    await settle();
    expect(disk.calls.write - before).toBe(1);
  });

  test('flush.ms flushes after a while, flush.messages by count', async () => {
    const disk = new MemoryDisk();
    const { log, clock } = await open(disk, { flushMs: 1000, flushMessages: 3 });
    const atStart = disk.calls.sync;
    await put(log, ['a']);
    expect(disk.calls.sync).toBe(atStart);
    await clock.advance(1000);
    expect(disk.calls.sync).toBeGreaterThan(atStart);
    const { sync } = disk.calls;
    await put(log, ['b']);
    await put(log, ['c']);
    expect(disk.calls.sync).toBe(sync);
    await put(log, ['d']);
    expect(disk.calls.sync).toBeGreaterThan(sync);
  });
});
