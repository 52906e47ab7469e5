import { beforeAll, describe, expect, test } from '@jest/globals';
import type { PartitionLog } from '../../../src/storage/partition-log.ts';
import { batchOf, idempotentBatch, marker, put, valuesFrom } from '../../support/batches.ts';
import { endAs, endings, openFound } from '../../support/found-folder.ts';
import { logSettings } from '../../support/log-settings.ts';
import { MemoryDisk } from '../../support/memory-disk.ts';

const settings = logSettings({ segmentBytes: 1000, indexIntervalBytes: 200 });
const asClient = { leaderEpoch: 0, origin: 'client' } as const;

const openOn = (disk: MemoryDisk, lines?: string[]) => openFound(disk, settings, lines);

const indexesOn = (disk: MemoryDisk): string[] =>
  disk.files().filter((path) => path.endsWith('.txnindex'));

const rowSize = 34;
const rounds = 12;
let transactional: MemoryDisk;
/** In order. */
let paths: string[];

/** Per offset, what a read_committed consumer is told of the batch there. */
async function abortedSeen(log: PartitionLog): Promise<string[]> {
  const seen: string[] = [];
  for (let fromOffset = 0; fromOffset < log.lastStableOffset; fromOffset++) {
    const limit = 'lastStableOffset';
    const read = await log.read({ fromOffset, maxBytes: 1, minOneBatch: true, limit });
    seen.push(JSON.stringify(read.abortedTransactions));
    read.release();
  }
  return seen;
}

/** Transactions of two producers that overlap, and go over from segment to segment. */
beforeAll(async () => {
  transactional = new MemoryDisk();
  const { store, log } = await openOn(transactional);
  const send = async (producerId: number, sequence: number) => {
    const batch = idempotentBatch(producerId, 0, sequence, 1, { isTransactional: true });
    await log.append(batch, { ...asClient, verification: 'off' }).commit.done;
  };
  const end = async (type: 'ABORT' | 'COMMIT', producerId: number) => {
    const coordinator = { leaderEpoch: 0, origin: 'coordinator' } as const;
    await log.append(marker(type, producerId, 0), coordinator).commit.done;
  };
  for (let round = 0; round < rounds; round++) {
    await send(7, 2 * round);
    if (round > 0) await end(round % 3 === 0 ? 'COMMIT' : 'ABORT', 8);
    await send(8, round);
    await send(7, 2 * round + 1);
    await end('ABORT', 7);
  }
  await end('ABORT', 8);
  await store.close();
  paths = indexesOn(transactional);
});

const rowChanged =
  (at: number, value: number) =>
  (disk: MemoryDisk, path: string): void => {
    const bytes = disk.readFile(path);
    bytes[bytes.length - rowSize + at] = value;
    disk.writeFile(path, bytes);
  };

interface Damage {
  readonly what: string;
  readonly change: (disk: MemoryDisk, path: string) => void;
  /** Is it told from what a power cut leaves, in the last segment after a kill? Default: yes. */
  readonly isPlain?: false;
}

const damages: readonly Damage[] = [
  { what: 'a torn row', change: (d, path) => d.truncate(path, d.readFile(path).length - 1) },
  { what: 'a row of a version to come', change: rowChanged(1, 1) },
  { what: 'a row that ends before the segment', change: rowChanged(25, 0) },
  { what: 'a row that ends behind the segment', change: rowChanged(22, 1), isPlain: false },
  { what: 'a row that begins behind its end', change: rowChanged(14, 1) },
  { what: 'a row with a stable offset behind its end', change: rowChanged(30, 1) },
  { what: 'no contents', change: (d, path) => d.writeFile(path, '') },
  { what: 'zeros', change: (d, path) => d.writeFile(path, Buffer.alloc(rowSize)) },
  {
    what: 'the last row twice',
    change: (d, path) => {
      const bytes = d.readFile(path);
      d.writeFile(path, Buffer.concat([bytes, bytes.subarray(-rowSize)]));
    },
  },
  { what: 'words', change: (d, path) => d.writeFile(path, 'no transaction index\n') },
  {
    what: 'contents that cannot be read',
    change: (d, path) => d.failWith('read', 'EIO', { path: RegExp(`^${path}$`), times: 1 }),
  },
];

test('there are enough of them', () => {
  expect(paths.length).toBeGreaterThan(3);
  const rows = paths.map((path) => transactional.readFile(path).length / rowSize);
  expect(rows.reduce((sum, each) => sum + each)).toBe(21);
});

describe.each(endings)('%s', (_, isClean) => {
  test.each(damages)('one with $what is rebuilt', async ({ change, isPlain = true }) => {
    const expected = await abortedSeen((await openOn(transactional.copy())).log);
    const all = isPlain || isClean !== false ? paths : paths.slice(0, -1);
    for (const path of all) {
      const disk = transactional.copy();
      change(disk, path);
      endAs(disk, isClean);
      const lines: string[] = [];
      const { store, log } = await openOn(disk, lines);
      expect(await abortedSeen(log)).toEqual(expected);
      const said = lines.filter((line) => line.includes('transaction index cannot be used'));
      // Without a recovery point nothing is believed anyway.
      expect(said).toEqual(isClean === undefined ? [] : [expect.stringContaining(path)]);
      disk.heal();
      for (const each of paths) expect(disk.readFile(each)).toEqual(transactional.readFile(each));
      await store.close();
      const later: string[] = [];
      expect(await abortedSeen((await openOn(disk, later)).log)).toEqual(expected);
      expect(later).toEqual([]);
    }
  });

  test('all are rebuilt without snapshots', async () => {
    const expected = await abortedSeen((await openOn(transactional.copy())).log);
    const disk = transactional.copy();
    for (const path of paths) disk.writeFile(path, 'x');
    for (const path of disk.files()) if (path.endsWith('.snapshot')) disk.remove(path);
    endAs(disk, isClean);
    expect(await abortedSeen((await openOn(disk)).log)).toEqual(expected);
    for (const path of paths) expect(disk.readFile(path)).toEqual(transactional.readFile(path));
  });

  test('one of a segment without aborted transactions goes', async () => {
    const disk = new MemoryDisk();
    const { store, log } = await openOn(disk);
    for (let i = 0; i < 30; i++) await put(log, [`v${i}`]);
    await store.close();
    const names = disk.files().filter((path) => path.endsWith('.log'));
    expect(names.length).toBeGreaterThan(2);
    for (const path of names) disk.writeFile(path.replace('.log', '.txnindex'), 'x');
    endAs(disk, isClean);
    expect(await valuesFrom((await openOn(disk)).log, 0)).toHaveLength(30);
    expect(indexesOn(disk)).toEqual([]);
  });
});

test('a clean start reads no segment but those whose transaction index is damaged', async () => {
  const opened = async (change: (disk: MemoryDisk) => void): Promise<Set<string>> => {
    const disk = transactional.copy();
    change(disk);
    const seen = new Set<string>();
    const open = disk.open.bind(disk);
    disk.open = (path, options) => {
      if (path.endsWith('.log')) seen.add(path);
      return open(path, options);
    };
    await openOn(disk);
    return seen;
  };
  const logOf = (path: string) => path.replace('.txnindex', '.log');
  const last = logOf(paths.at(-1)!);
  expect(await opened(() => undefined)).toEqual(new Set([last]));
  const damaged = await opened((disk) => disk.truncate(paths[2]!, 1));
  expect(damaged).toEqual(new Set([last, logOf(paths[2]!)]));
});

test('one that cannot be written serves all the same', async () => {
  const expected = await abortedSeen((await openOn(transactional.copy())).log);
  const disk = transactional.copy();
  disk.writeFile(paths[1]!, 'x');
  disk.failWith('write', 'ENOSPC', { path: /txnindex/ });
  const lines: string[] = [];
  const { log } = await openOn(disk, lines);
  expect(await abortedSeen(log)).toEqual(expected);
  expect(lines).toEqual([
    expect.stringContaining('transaction index cannot be used'),
    expect.stringContaining('transaction index cannot be written'),
  ]);
});

test('one is rebuilt around a damaged batch, which is said', async () => {
  const disk = transactional.copy();
  disk.writeFile(paths[1]!, 'x');
  const segment = paths[1]!.replace('.txnindex', '.log');
  const bytes = disk.readFile(segment);
  bytes[bytes.length - 1]! ^= 1;
  disk.writeFile(segment, bytes);
  const lines: string[] = [];
  const { log } = await openOn(disk, lines);
  expect(log.logEndOffset).toBe(5 * rounds);
  expect(lines.filter((line) => line.includes('damaged batch hides'))).toEqual([
    expect.stringContaining(segment),
  ]);
});

test('a torn row that came with a torn end costs nothing', async () => {
  const disk = transactional.copy();
  const path = paths.at(-1)!;
  disk.truncate(path, disk.readFile(path).length - 1);
  const segment = path.replace('.txnindex', '.log');
  const half = batchOf(['x']).buffer.subarray(0, 40);
  disk.writeFile(segment, Buffer.concat([disk.readFile(segment), half]));
  disk.remove('/data/.kafka_cleanshutdown');
  const recoveryPoint = 5 * rounds - 3;
  disk.writeFile('/data/recovery-point-offset-checkpoint', `0\n1\norders 0 ${recoveryPoint}\n`);
  const lines: string[] = [];
  const { log } = await openOn(disk, lines);
  expect(await abortedSeen(log)).toEqual(
    await abortedSeen((await openOn(transactional.copy())).log),
  );
  expect(disk.readFile(path)).toEqual(transactional.readFile(path));
  expect(lines).toEqual([
    expect.stringContaining('transaction index cannot be used'),
    expect.stringContaining('the end of a log was torn'),
  ]);
});
