import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { SystemDisk } from '../../../src/host/system-disk.ts';
import { DiskLogStore } from '../../../src/storage/disk/disk-log-store.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { SeededRandom } from '../../support/seeded-random.ts';
import { logStoreContract } from '../../unit/storage/log-store-contract.ts';

const roots: string[] = [];

function newRoot(): string {
  const root = mkdtempSync(join(tmpdir(), 'odradek-storage-'));
  roots.push(root);
  return root;
}

afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

logStoreContract('DiskLogStore on the real disk', () => {
  const clock = new ManualClock();
  const random = new SeededRandom(1);
  const store = new DiskLogStore({ clock, random, disk: new SystemDisk(), root: newRoot() });
  return { clock, store };
});

describe('SystemDisk', () => {
  const disk = new SystemDisk();

  test('a lock is held once, also by the same process, and given back', () => {
    const path = join(newRoot(), '.lock');
    const lock = disk.lock(path);
    expect(() => disk.lock(path)).toThrow(/is in use by process/);
    lock.release();
    disk.lock(path).release();
    expect(disk.exists(path)).toBe(false);
  });

  test('the lock of a process that is gone is taken over', () => {
    const path = join(newRoot(), '.lock');
    disk.writeFile(path, 'some-container-that-was 1 5');
    disk.lock(path).release();
  });

  test('writes many chunks at a position, and reads short at the end', async () => {
    const file = disk.open(join(newRoot(), 'f'), { create: true });
    const chunks = Array.from({ length: 3000 }, (_, i) => Buffer.from([i & 0xff, 7]));
    file.writeSync(chunks, 10);
    await file.write(chunks, 6010);
    expect(file.size()).toBe(12_010);
    const target = Buffer.alloc(100);
    expect(file.readSync(target, 0, 100, 12_000)).toBe(10);
    expect(await file.read(target, 0, 4, 6010)).toBe(4);
    expect([...target.subarray(0, 4)]).toEqual([0, 7, 1, 7]);
    await file.sync();
    file.close();
  });

  test('a write that fails says of which file', async () => {
    const full = '/dev/full'; // Linux has it for such tests
    if (!disk.exists(full)) return;
    const failure = expect.objectContaining({ code: 'ENOSPC', path: full }) as unknown as Error;
    expect(() => disk.writeFile(full, 'x')).toThrow(failure);
    const file = disk.open(full);
    expect(() => file.writeSync([Buffer.from('x')], 0)).toThrow(failure);
    await expect(file.write([Buffer.from('x')], 0)).rejects.toEqual(failure);
    file.close();
  });
});
