import { mkdtempSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { SystemDisk } from '../../../src/host/system-disk.ts';
import { readRecords } from '../../../src/protocol/record-batch.ts';
import { DiskLogStore } from '../../../src/storage/disk/disk-log-store.ts';
import type {
  LogSettings,
  PartitionLog,
  ReadLimit,
  ReadResult,
} from '../../../src/storage/partition-log.ts';
import { idempotentBatch, put, rangeOf } from '../../support/batches.ts';
import { logSettings, partitionRef } from '../../support/log-settings.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

const value = (number: number): string => `${number}:`.padEnd(10_000 + (number % 7) * 3_000, '.');
const count = 150;
const reader = { isGone: false, waitsFor: undefined, takesFiles: true };

let root: string;
let store: DiskLogStore;
let log: PartitionLog;

async function open(changes: Partial<LogSettings> = {}): Promise<void> {
  const random = new SeededRandom(1);
  store = new DiskLogStore({ clock: new ManualClock(), random, disk: new SystemDisk(), root });
  log = await store.open(partitionRef(), logSettings(changes));
  log.becomeLeader(0);
}

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'odradek-reads-'));
  await open();
});

afterEach(async () => {
  await store.close();
  rmSync(root, { recursive: true });
});

async function read(
  fromOffset: number,
  maxBytes = 300_000,
  limit: ReadLimit = 'highWatermark',
): Promise<ReadResult> {
  return log.read({ fromOffset, maxBytes, minOneBatch: true, limit }, reader);
}

/** The values of a read, wherever they are. */
function valuesOf({ records, inFile }: ReadResult): string[] {
  const ranges = [...records];
  if (inFile !== undefined) {
    const bytes = Buffer.alloc(inFile.end - inFile.start);
    readSync(inFile.file, bytes, 0, bytes.length, inFile.start);
    ranges.push(rangeOf(bytes));
  }
  return ranges.flatMap((range) => readRecords(range).map((one) => String(one.value)));
}

/** All that is there, read by read; and how many of the reads were of files. */
async function all(limit?: ReadLimit, maxBytes?: number) {
  const values: string[] = [];
  let inFiles = 0;
  for (let offset = 0; ;) {
    const result = await read(offset, maxBytes, limit);
    const found = valuesOf(result);
    result.release();
    if (found.length === 0) return { values, inFiles };
    expect(result.endOffset).toBe(offset + found.length);
    expect(result.sizeInBytes).toBeLessThanOrEqual(maxBytes ?? 300_000);
    if (result.inFile !== undefined) inFiles++;
    values.push(...found);
    offset = result.endOffset;
  }
}

const values = (to: number): string[] => Array.from({ length: to }, (_, number) => value(number));

test('batches are given as places in files, in order and whole, up to the last', async () => {
  for (const one of values(count)) await put(log, [one]);
  const found = await all();
  expect(found.values).toEqual(values(count));
  expect(found.inFiles).toBeGreaterThan(5);
  const inMemory = await log.read({
    fromOffset: 0,
    maxBytes: 300_000,
    minOneBatch: true,
    limit: 'highWatermark',
  });
  expect(inMemory.inFile).toBeUndefined();
  expect(valuesOf(inMemory).length).toBeGreaterThan(10);
  inMemory.release();
});

test('little is read to memory, and what does not begin where a read ended before', async () => {
  for (const one of values(count)) await put(log, [one]);
  for (const result of [await read(0, 60_000), await read(5)]) {
    expect(result.inFile).toBeUndefined();
    result.release();
  }
});

test('nothing is given that a reader may not see yet', async () => {
  for (const one of values(40)) await put(log, [one]);
  const open = idempotentBatch(7, 0, 0, 1, { isTransactional: true });
  await log.append(open, { leaderEpoch: 0, origin: 'client', verification: 'off' }).commit.done;
  for (let more = 0; more < 40; more++) await put(log, [value(more)]);
  expect(log.lastStableOffset).toBe(40);
  const stable = await all('lastStableOffset', 350_000);
  expect(stable.values).toEqual(values(40));
  expect(stable.inFiles).toBeGreaterThan(0);
  expect((await all('highWatermark')).values).toHaveLength(81);
});

test('several segments are read one after the other; those that are complete are looked at', async () => {
  await store.close();
  rmSync(root, { recursive: true });
  await open({ segmentBytes: 500_000 });
  for (const one of values(count)) await put(log, [one]);
  const found = await all();
  expect(found.values).toEqual(values(count));
  const early = await read(0);
  expect(early.inFile).toBeUndefined();
  early.release();
});

test('what was found at the start is looked at', async () => {
  for (const one of values(count)) await put(log, [one]);
  await store.close();
  await open();
  const found = await all();
  expect(found.values).toEqual(values(count));
  expect(found.inFiles).toBe(0);
});

test('a file that is being sent stays open, though its log is deleted', async () => {
  for (const one of values(count)) await put(log, [one]);
  const result = await read(0);
  expect(result.inFile).toBeDefined();
  await store.delete(partitionRef());
  expect(valuesOf(result)[0]).toBe(value(0));
  result.release();
});

test('files that are being sent leave others for work that waits', async () => {
  await store.close();
  const random = new SeededRandom(1);
  const disk = new SystemDisk();
  store = new DiskLogStore({ clock: new ManualClock(), random, disk, root, mostOpenFiles: 8 });
  const held: ReadResult[] = [];
  for (let partition = 0; partition < 6; partition++) {
    log = await store.open(partitionRef('more', partition), logSettings());
    log.becomeLeader(0);
    for (const one of values(20)) await put(log, [one]);
    held.push(await read(0));
  }
  expect(held.filter(({ inFile }) => inFile !== undefined)).toHaveLength(2);
  for (const result of held) expect(valuesOf(result)[3]).toBe(value(3));
  await log.flush();
  for (const result of held) result.release();
  const again = await read(0);
  expect(again.inFile).toBeDefined();
  again.release();
});

test('a file that could not be sent is read to memory from then on', async () => {
  for (const one of values(count)) await put(log, [one]);
  const result = await read(0);
  result.inFile?.onUnreadable();
  result.release();
  result.release(); // does no harm
  const again = await read(0);
  expect(again.inFile).toBeUndefined();
  expect(valuesOf(again)[0]).toBe(value(0));
  again.release();
});
