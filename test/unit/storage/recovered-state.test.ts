import { describe, expect, test } from '@jest/globals';
import { readRecords } from '../../../src/protocol/record-batch.ts';
import { DiskLogStore } from '../../../src/storage/disk/disk-log-store.ts';
import type { LogSettings, PartitionLog } from '../../../src/storage/partition-log.ts';
import { batchOf, idempotentBatch, marker, startMs } from '../../support/batches.ts';
import { logSettings, partitionRef } from '../../support/log-settings.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemoryDisk } from '../../support/memory-disk.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

const recoveryPoints = '/data/recovery-point-offset-checkpoint';
const epochFile = '/data/orders-0/leader-epoch-checkpoint';

function storeOn(disk: MemoryDisk): DiskLogStore {
  const clock = new ManualClock();
  return new DiskLogStore({ clock, random: new SeededRandom(2), disk, root: '/data' });
}

async function open(disk: MemoryDisk, changes: Partial<LogSettings> = {}): Promise<PartitionLog> {
  return storeOn(disk).open(partitionRef(), logSettings(changes));
}

async function putIn(log: PartitionLog, leaderEpoch: number, values: string[]): Promise<void> {
  if (log.leaderEpoch < leaderEpoch) log.becomeLeader(leaderEpoch);
  for (const value of values) {
    await log.append(batchOf([value]), { leaderEpoch, origin: 'client' }).commit.done;
  }
}

describe('epochs after a power cut', () => {
  test.each([0, 3, 5])(
    'are known from the first record on when the cut took a deletion back (recovery point %i)',
    async (recoveryPoint) => {
      const disk = new MemoryDisk();
      const log = await open(disk);
      await putIn(log, 0, ['a', 'b']);
      await putIn(log, 1, ['c', 'd', 'e']);
      await log.deleteBefore(3);
      await putIn(log, 2, ['f']);
      expect(disk.readFile(epochFile).toString()).toBe('0\n2\n1 3\n2 5\n');
      const left = disk.copy();
      left.remove('/data/log-start-offset-checkpoint');
      left.writeFile(recoveryPoints, `0\n1\norders 0 ${recoveryPoint}\n`);
      const again = await open(left);
      expect(again.logStartOffset).toBe(0);
      const epochs = [0, 1, 2, 3, 4, 5].map((offset) => again.epochForOffset(offset));
      expect(epochs).toEqual([0, 0, 1, 1, 1, 2]);
      expect(again.endOffsetForEpoch(0)).toEqual({ leaderEpoch: 0, endOffset: 2 });
    },
  );

  test.each([0, 2])(
    'are those of the batches, whatever was begun in their place (recovery point %i)',
    async (recoveryPoint) => {
      const disk = new MemoryDisk();
      await putIn(await open(disk), 0, ['a', 'b', 'c', 'd']);
      const left = disk.copy();
      // The last two were cut off, and a leader began there; the file's end was not durable.
      left.writeFile(epochFile, '0\n2\n0 0\n5 2\n');
      left.writeFile(recoveryPoints, `0\n1\norders 0 ${recoveryPoint}\n`);
      const again = await open(left);
      expect(again.logEndOffset).toBe(4);
      expect([1, 2, 3].map((offset) => again.epochForOffset(offset))).toEqual([0, 0, 0]);
      await putIn(again, 6, ['e']);
      expect(again.endOffsetForEpoch(0)).toEqual({ leaderEpoch: 0, endOffset: 4 });
    },
  );
});

test('a read of what was found on the disk gives all that was there when it began', async () => {
  const before = new MemoryDisk();
  await putIn(await open(before), 0, ['a']);
  const disk = before.copy();
  let goOn = (): void => undefined;
  const gate = new Promise<void>((resolve) => (goOn = resolve));
  const openFile = disk.open.bind(disk);
  disk.open = (path, options) => {
    const file = openFile(path, options);
    const read = file.read.bind(file);
    // As a disk that is slow: the bytes are those of when it was asked.
    file.read = async (...args) => {
      const bytes = await read(...args);
      await gate;
      return bytes;
    };
    return file;
  };
  const log = await open(disk);
  await putIn(log, 0, ['b']);
  const wish = { fromOffset: 0, maxBytes: 10_000, minOneBatch: true } as const;
  const reading = log.read({ ...wish, limit: 'highWatermark' });
  await putIn(log, 0, ['c']);
  goOn();
  const result = await reading;
  const found = result.records.flatMap((range) => readRecords(range));
  expect(found.map(({ value }) => value?.toString())).toEqual(['a', 'b']);
  result.release();
});

describe('time indexes after a power cut', () => {
  const first = '/data/orders-0/00000000000000000000';
  /** Batches of one record; the fourth of the first ten has the largest time. */
  async function twoSegments(disk: MemoryDisk): Promise<Partial<LogSettings>> {
    const size = batchOf(['v0'], { timestamp: startMs }).end;
    const changes = { segmentBytes: 10 * size, indexIntervalBytes: 1 };
    const log = await open(disk, changes);
    for (let i = 0; i < 12; i++) {
      const timestamp = startMs + (i < 4 ? 1000 * i : 0);
      await log.append(batchOf([`v${i % 10}`], { timestamp }), { leaderEpoch: 0, origin: 'client' })
        .commit.done;
    }
    await log.flush();
    expect(disk.exists('/data/orders-0/00000000000000000010.log')).toBe(true);
    expect(disk.stat(`${first}.timeindex`)?.size).toBe(36);
    return changes;
  }

  test.each([
    ['within the segment', 8],
    ['at its end', 10],
  ])('one that lacks rows is built anew where the recovery point is %s', async (_, point) => {
    const alive = new MemoryDisk();
    const changes = await twoSegments(alive);
    const disk = alive.copy();
    // The segment was complete after its last flush: its files were not durable yet.
    disk.truncate(`${first}.timeindex`, 12);
    disk.remove('/data/orders-0/00000000000000000010.snapshot');
    disk.writeFile(recoveryPoints, `0\n1\norders 0 ${point}\n`);
    const again = await open(disk, changes);
    const largest = { offset: 3, timestamp: startMs + 3000, leaderEpoch: 0 };
    expect(await again.offsetOfMaxTimestamp()).toEqual(largest);
    expect(await again.offsetForTimestamp(startMs + 2001)).toEqual(largest);
    expect(disk.stat(`${first}.timeindex`)?.size).toBe(36);
  });

  test('a snapshot, which says that they are whole, is there no earlier than that', async () => {
    const disk = new MemoryDisk();
    disk.failWith('sync', 'EIO', { path: /timeindex/ });
    await expect(twoSegments(disk)).rejects.toThrow('EIO');
    expect(disk.exists(`${first}.index`)).toBe(true);
    expect(disk.exists(`${first}.timeindex`)).toBe(false);
    expect(disk.files().filter((path) => path.endsWith('.snapshot'))).toEqual([]);
  });

  test('one that a kill left torn above the recovery point is gone', async () => {
    const alive = new MemoryDisk();
    const changes = await twoSegments(alive);
    const disk = alive.copy();
    const snapshot = '/data/orders-0/00000000000000000010.snapshot';
    disk.writeFile(snapshot, '');
    disk.writeFile(recoveryPoints, '0\n1\norders 0 5\n');
    const store = storeOn(disk);
    const again = await store.open(partitionRef(), logSettings(changes));
    expect(again.logEndOffset).toBe(12);
    expect(disk.exists(snapshot)).toBe(false);
    await store.close();
    expect(disk.exists('/data/.kafka_cleanshutdown')).toBe(true);
  });

  test('rows that a clean stop left stay until all are there when the segment is complete', async () => {
    const disk = new MemoryDisk();
    const size = batchOf(['a']).end;
    const changes = { segmentBytes: 6 * size, indexIntervalBytes: 1 };
    const store = storeOn(disk);
    await putIn(await store.open(partitionRef(), logSettings(changes)), 0, ['a', 'b', 'c', 'd']);
    await store.close();
    const rows = disk.readFile(`${first}.index`);
    expect(rows.length).toBeGreaterThan(0);
    const found: Buffer[] = [];
    const rename = disk.rename.bind(disk);
    disk.rename = (from, to) => {
      if (to === `${first}.index`) found.push(disk.readFile(to), disk.readFile(from));
      rename(from, to);
    };
    const log = await open(disk, changes);
    await putIn(log, 1, ['e', 'f', 'g']);
    expect(disk.exists('/data/orders-0/00000000000000000006.log')).toBe(true);
    await log.flush();
    const [kept, grown] = found as [Buffer, Buffer];
    expect(found).toHaveLength(2);
    expect(kept).toEqual(rows);
    expect(grown.length).toBeGreaterThan(rows.length);
    expect(grown.subarray(0, rows.length)).toEqual(rows);
    expect(disk.afterPowerCut().readFile(`${first}.index`)).toEqual(grown);
  });
});

describe('transactions after a power cut', () => {
  const named = (offset: number, suffix: string): string =>
    `/data/orders-0/${String(offset).padStart(20, '0')}.${suffix}`;

  test('one whose marker may be deleted is not open for ever', async () => {
    const disk = new MemoryDisk();
    const sent = idempotentBatch(7, 0, 0, 1, { isTransactional: true });
    const segmentBytes = 100; // one batch each
    const log = await open(disk, { segmentBytes });
    log.becomeLeader(0);
    const coordinator = { leaderEpoch: 0, origin: 'coordinator' } as const;
    await log.append(sent, { ...coordinator, verification: 'off' }).commit.done;
    await putIn(log, 0, ['behind the transaction']);
    await log.append(marker('COMMIT', 7, 0), coordinator).commit.done;
    await putIn(log, 0, ['a', 'b', 'c']);
    await log.flush();
    expect(log.lastStableOffset).toBe(6);
    // The snapshot at offset 1 knows the transaction; those behind the marker were not durable.
    const left = disk.copy();
    for (const offset of [2, 3, 4, 5, 6]) left.remove(named(offset, 'snapshot'));
    for (const offset of [0, 1, 2, 3]) left.remove(named(offset, 'log'));
    expect(left.exists(named(1, 'snapshot'))).toBe(true);
    const again = await open(left, { segmentBytes });
    expect([again.logStartOffset, again.lastStableOffset, again.logEndOffset]).toEqual([4, 6, 6]);
    const [producer] = again.activeProducers();
    expect(producer).toMatchObject({ producerId: 7, currentTransactionStartOffset: -1 });
  });

  test('zeros of a torn row are no aborted transaction', async () => {
    const disk = new MemoryDisk();
    const store = storeOn(disk);
    await putIn(await store.open(partitionRef(), logSettings()), 0, ['a', 'b']);
    await store.close();
    const left = disk.copy();
    left.remove('/data/.kafka_cleanshutdown');
    left.writeFile(named(0, 'txnindex'), Buffer.alloc(34));
    const again = await open(left);
    const limit = 'lastStableOffset';
    const read = await again.read({ fromOffset: 0, maxBytes: 1000, minOneBatch: true, limit });
    expect(read.abortedTransactions).toEqual([]);
    read.release();
    expect(left.exists(named(0, 'txnindex'))).toBe(false);
  });
});

test('a power cut does not bring the mark of a clean stop back that a killed process removed', async () => {
  const disk = new MemoryDisk();
  const store = storeOn(disk);
  await putIn(await store.open(partitionRef(), logSettings()), 0, ['a']);
  await store.close();
  const mark = '/data/.kafka_cleanshutdown';
  const used = disk.afterPowerCut();
  expect(used.exists(mark)).toBe(true);
  used.remove(mark); // and here it was killed
  storeOn(used);
  expect(used.afterPowerCut('nothing').exists(mark)).toBe(false);
});
