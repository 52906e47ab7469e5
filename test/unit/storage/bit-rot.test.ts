import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Logger } from '../../../src/host/logger.ts';
import { DiskLogStore } from '../../../src/storage/disk/disk-log-store.ts';
import type { PartitionLog } from '../../../src/storage/partition-log.ts';
import { batchOf, codeOf, startMs, valuesFrom } from '../../support/batches.ts';
import { batchesIn, errorsOf, flip, readAll } from '../../support/bit-rot.ts';
import { logSettings, partitionRef } from '../../support/log-settings.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { MemoryDisk } from '../../support/memory-disk.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

const folder = '/data/orders-0';
const settings = logSettings({ segmentBytes: 6000, indexIntervalBytes: 300 });
const batches = 200;

let errors: string[];
const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (text) => errors.push(text),
};

async function openOn(disk: MemoryDisk): Promise<{ store: DiskLogStore; log: PartitionLog }> {
  const clock = new ManualClock();
  const random = new SeededRandom(1);
  const store = new DiskLogStore({ clock, random, disk, root: '/data', logger });
  errors = [];
  return { store, log: await store.open(partitionRef(), settings) };
}

interface Written {
  readonly disk: MemoryDisk;
  /** All batches, and where each begins in them. */
  readonly bytes: Buffer;
  readonly positions: readonly number[];
  /** First offsets of the batches. */
  readonly offsets: readonly number[];
}

/** A log of many segments, in two leader epochs, cleanly closed. */
async function write(): Promise<Written> {
  const disk = new MemoryDisk();
  const { store, log } = await openOn(disk);
  for (let i = 0; i < batches; i++) {
    if (i === batches / 2) log.becomeLeader(3);
    const values = Array.from({ length: 1 + (i % 3) }, (_, k) => `${i}-${k}`.repeat(1 + (i % 20)));
    const leaderEpoch = i < batches / 2 ? 0 : 3;
    log.append(batchOf(values, { timestamp: startMs + i }), { leaderEpoch, origin: 'client' });
    await settle(1);
  }
  await store.close();
  const logs = disk.files().filter((path) => path.endsWith('.log'));
  const bytes = Buffer.concat(logs.map((path) => disk.readFile(path)));
  const placed = batchesIn(bytes);
  const positions = placed.map(({ position }) => position);
  return { disk, bytes, positions, offsets: placed.map(({ baseOffset }) => baseOffset) };
}

let written: Written;
let closed: string[];
let indexes: string[];

beforeAll(async () => {
  written = await write();
  closed = written.disk
    .files()
    .filter((path) => path.endsWith('.log'))
    .slice(0, -1);
  indexes = written.disk
    .files()
    .filter((path) => /index$/.test(path) && closed.includes(path.replace(/\.\w+$/, '.log')));
});

describe('one bit of a closed segment turns over', () => {
  test('a thousand times: it is read as it was written, or refused; a check finds it', async () => {
    expect(await errorsOf(written.disk, folder)).toEqual([]);
    expect(closed.length).toBeGreaterThan(3);
    const random = new SeededRandom(77);
    let refused = 0;
    for (let round = 0; round < 1000; round++) {
      const disk = written.disk.copy();
      const path = random.pick(closed);
      const bit = random.below(disk.stat(path)!.size * 8);
      flip(disk, path, bit);
      if (round % 3 === 0) {
        const index = random.pick(indexes);
        flip(disk, index, random.below(disk.stat(index)!.size * 8));
      }
      const { log } = await openOn(disk);
      const first = random.below(written.offsets.length);
      const wanted = written.bytes.subarray(written.positions[first]);
      const found = await readAll(log, written.offsets[first]!, 100 + random.below(3000));
      const context = `round ${round}: bit ${bit} of ${path}`;
      expect([context, await errorsOf(disk, folder)]).not.toEqual([context, []]);
      expect([context, found.bytes.equals(wanted.subarray(0, found.bytes.length))]).toEqual([
        context,
        true,
      ]);
      if (found.code === undefined) {
        expect([context, found.bytes.length]).toEqual([context, wanted.length]);
        continue;
      }
      expect([context, found.code]).toEqual([context, 'CORRUPT_MESSAGE']);
      expect([context, errors.length]).toEqual([context, 1]);
      refused++;
    }
    // Those that were not refused lie before what was read.
    expect(refused).toBeGreaterThan(400);
  });

  test('every bit of a batch’s header, read from its segment’s start', async () => {
    const path = closed[1]!;
    const segmentBase = Number(/(\d+)\.log$/.exec(path)![1]);
    const first = written.offsets.indexOf(segmentBase);
    const size = written.positions[first + 5]! - written.positions[first + 4]!;
    const inFile = written.positions[first + 4]! - written.positions[first]!;
    expect(size).toBeGreaterThan(61);
    for (let bit = 0; bit < 61 * 8; bit++) {
      const disk = written.disk.copy();
      flip(disk, path, inFile * 8 + bit);
      const { log } = await openOn(disk);
      const found = await readAll(log, segmentBase, 100_000);
      expect([bit, found.code]).toEqual([bit, 'CORRUPT_MESSAGE']);
      const before = written.bytes.subarray(written.positions[first], written.positions[first + 4]);
      expect([bit, found.bytes.equals(before)]).toEqual([bit, true]);
    }
  });

  test('what comes behind the damage can be read, and the damage is logged once', async () => {
    const disk = written.disk.copy();
    const path = closed[1]!;
    const segmentBase = Number(/(\d+)\.log$/.exec(path)![1]);
    flip(disk, path, 70 * 8);
    const { log } = await openOn(disk);
    for (let i = 0; i < 3; i++) {
      expect(await codeOf(() => log.read(wish(segmentBase)))).toBe('CORRUPT_MESSAGE');
    }
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain('at position 0');
    const next = Number(/(\d+)\.log$/.exec(closed[2]!)![1]);
    expect((await valuesFrom(log, next)).length).toBe(log.logEndOffset - next);
    expect((await valuesFrom(log, next - 1)).length).toBe(log.logEndOffset - next + 1);
  });

  test('what comes behind it in the same segment can be read, from the next batch on', async () => {
    const size = written.disk.stat(closed[0]!)!.size;
    const inFirst = written.positions.filter((position) => position < size).length;
    expect(inFirst).toBeGreaterThan(10);
    for (let batch = 0; batch < inFirst; batch++) {
      const next = written.positions[batch + 1]!;
      // Its last byte, and bytes of its header: the last offset, the number of records.
      for (const at of [next - 1, written.positions[batch]! + 26, written.positions[batch]! + 60]) {
        const disk = written.disk.copy();
        flip(disk, closed[0]!, at * 8);
        const { log } = await openOn(disk);
        const found = await readAll(log, written.offsets[batch + 1]!, 1000);
        expect([batch, at, found.code]).toEqual([batch, at, undefined]);
        expect([batch, at, found.bytes.equals(written.bytes.subarray(next))]).toEqual([
          batch,
          at,
          true,
        ]);
        const damaged = written.offsets[batch]!;
        expect(await codeOf(() => log.read(wish(damaged)))).toBe('CORRUPT_MESSAGE');
        expect(errors).toEqual([expect.stringContaining(`, offset ${damaged}: `)]);
      }
    }
  });

  test('a look-up by time says so as well', async () => {
    const disk = written.disk.copy();
    const path = closed[1]!;
    const first = written.offsets.indexOf(Number(/(\d+)\.log$/.exec(path)![1]));
    flip(disk, path, 70 * 8);
    const { log } = await openOn(disk);
    expect(await codeOf(() => log.offsetForTimestamp(startMs + first))).toBe('CORRUPT_MESSAGE');
    expect(errors).toHaveLength(1);
    expect((await log.offsetForTimestamp(startMs + first - 1))?.offset).toBe(
      written.offsets[first - 1],
    );
  });
});

const wish = (fromOffset: number) =>
  ({ fromOffset, maxBytes: 1000, minOneBatch: true, limit: 'highWatermark' }) as const;

describe('one bit of an index turns over', () => {
  test('every bit: records and times are found all the same', async () => {
    const path = closed[1]!;
    const segmentBase = Number(/(\d+)\.log$/.exec(path)![1]);
    const first = written.offsets.indexOf(segmentBase);
    for (const suffix of ['.index', '.timeindex']) {
      const index = path.replace('.log', suffix);
      const bits = written.disk.stat(index)!.size * 8;
      for (let bit = 0; bit < bits; bit += 3) {
        const disk = written.disk.copy();
        flip(disk, index, bit);
        const { log } = await openOn(disk);
        for (const i of [first, first + 7, first + 20]) {
          const found = await readAll(log, written.offsets[i]!, 100_000);
          const wanted = written.bytes.subarray(written.positions[i]);
          expect([suffix, bit, found.code, found.bytes.equals(wanted)]).toEqual([
            suffix,
            bit,
            undefined,
            true,
          ]);
          const time = await log.offsetForTimestamp(startMs + i);
          expect([suffix, bit, time?.offset]).toEqual([suffix, bit, written.offsets[i]]);
        }
        expect(errors).toEqual([]);
      }
    }
  });
});

test('a wrong index does not make records older than they are', async () => {
  const disk = written.disk.copy();
  const index = closed[0]!.replace('.log', '.timeindex');
  flip(disk, index, (disk.stat(index)!.size - 12) * 8 + 23); // the last row: years earlier
  const rows = disk.readFile(index);
  disk.writeFile(index, rows.subarray(rows.length - 12)); // and the only one, so that it fits
  const { log } = await openOn(disk);
  log.updateSettings({ ...settings, retentionMs: 1000 });
  await log.applyRetention();
  expect(log.logStartOffset).toBe(0);
  expect((await readAll(log, 0, 100_000)).bytes.equals(written.bytes)).toBe(true);
});

test('a log remembers wrong epochs: what its batches say counts', async () => {
  const disk = written.disk.copy();
  const path = `${folder}/leader-epoch-checkpoint`;
  disk.writeFile(path, disk.readFile(path).toString().replace('\n0 0\n', '\n1 0\n'));
  const { log } = await openOn(disk);
  expect((await readAll(log, 0, 100_000)).bytes.equals(written.bytes)).toBe(true);
});
