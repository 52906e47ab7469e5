import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test } from '@jest/globals';
import { SystemDisk } from '../../../src/host/system-disk.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'odradek-disk-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const onLinux = process.platform === 'linux' ? it : it.skip; // only Linux tells of processes

describe('the lock of a folder', () => {
  it('names the process that has it', () => {
    const lock = join(folder, '.lock');
    new SystemDisk().lock(lock);
    expect(() => new SystemDisk().lock(lock)).toThrow(
      `${folder} is in use by process ${process.pid}`,
    );
  });

  onLinux('is not taken while another process is about to', () => {
    const lock = join(folder, '.lock');
    const claim = `${lock}.claim`;
    const start = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ')[19];
    writeFileSync(claim, `${hostname()} ${process.pid} ${start ?? ''}`);
    expect(() => new SystemDisk().lock(lock)).toThrow(
      `${folder} is in use by another process that begins now`,
    );
    expect(existsSync(lock)).toBe(false);
  });

  it.each([
    ['that has ended', `${hostname()} 4194305 1`],
    ['that was killed before it could say so', ''],
  ])('is taken where the claim is of a process %s', (_, left) => {
    const lock = join(folder, '.lock');
    writeFileSync(`${lock}.claim`, left);
    new SystemDisk().lock(lock);
    expect([existsSync(lock), existsSync(`${lock}.claim`)]).toEqual([true, false]);
  });

  onLinux('is free when its process has ended, though its parent has not noticed', async () => {
    // The shell becomes a program that never asks after its child.
    const parent = spawn('sh', ['-c', "sh -c 'echo $$' & exec sleep 60"]);
    const pid = await new Promise<string>((resolve) =>
      parent.stdout.once('data', (data: Buffer) => resolve(data.toString().trim())),
    );
    const stateOf = (): string =>
      /\) (.)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '';
    while (stateOf() !== 'Z') await new Promise((resolve) => setTimeout(resolve, 5));
    const start = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19];
    const lock = join(folder, '.lock');
    writeFileSync(lock, `${hostname()} ${pid} ${start ?? ''}`);
    expect(() => new SystemDisk().lock(lock)).not.toThrow();
    parent.kill();
  });
});

describe('a new folder', () => {
  test('comes with those above it', () => {
    const disk = new SystemDisk();
    disk.makeDirectory(join(folder, 'a', 'b'));
    disk.makeDirectory(join(folder, 'a', 'b'));
    expect(disk.stat(join(folder, 'a', 'b'))?.isDirectory).toBe(true);
  });

  onLinux('is refused at once where the system makes none', () => {
    expect(() => new SystemDisk().makeDirectory('/proc/odradek/data')).toThrow('ENOENT');
  });
});

describe('what is larger than one write', () => {
  const bytes = Buffer.from(Uint8Array.from({ length: 5_000_000 }, (_, at) => at % 253));
  /** Chunks of all sizes, one of them larger than a write may be. */
  const chunks = [0, 10, 700_000, 1_300_000, 1_300_001, 4_900_000, 5_000_000]
    .map((end, at, ends) => bytes.subarray(ends[at - 1] ?? 0, end))
    .filter(({ length }) => length > 0);

  it.each(['writeSync', 'write'] as const)('arrives whole, by %s', async (call) => {
    const path = join(folder, 'file');
    const file = new SystemDisk().open(path, { create: true });
    file.writeSync([Buffer.from('head')], 0);
    await file[call](chunks, 4);
    expect(file.size()).toBe(5_000_004);
    file.close();
    expect(readFileSync(path).subarray(4).equals(bytes)).toBe(true);
  });
});

describe('in the thread pool', () => {
  const disk = new SystemDisk();

  test('a file is made, or opened as it is', async () => {
    const path = join(folder, 'log');
    const made = await disk.createInPool(path);
    made.writeSync([Buffer.from('abc')], 0);
    made.close();
    const found = await disk.createInPool(path);
    expect(found.size()).toBe(3);
    found.close();
  });

  test('a file is written anew, and an error says which', async () => {
    const path = join(folder, 'index');
    writeFileSync(path, 'what was there before');
    await disk.writeFileInPool(path, Buffer.from('rows'));
    expect(readFileSync(path, 'utf8')).toBe('rows');
    const absent = join(folder, 'absent', 'index');
    await expect(disk.writeFileInPool(absent, Buffer.from('rows'))).rejects.toMatchObject({
      code: 'ENOENT',
      path: absent,
    });
  });

  test('a file, a folder with all that is in it, and what is not there are removed', async () => {
    const file = join(folder, 'file');
    const inner = join(folder, 'folder', 'inner');
    writeFileSync(file, '');
    disk.makeDirectory(inner);
    writeFileSync(join(inner, 'file'), '');
    await disk.removeInPool(file);
    await disk.removeInPool(join(folder, 'folder'));
    await disk.removeInPool(join(folder, 'absent'));
    expect(disk.list(folder)).toEqual([]);
  });
});
