import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Disk, DiskFile } from '../../../src/host/disk.ts';

/** Most bytes that the system takes or gives at once: a signal or a network file system may do so. */
const mostBytes = 3;

// The system's calls as they may be: they move a few bytes and say how many.
jest.doMock('node:fs', () => {
  const real = fs;
  const few = (length: number): number => Math.min(length, mostBytes);
  const first = (chunks: readonly Uint8Array[]): Uint8Array[] => {
    const [chunk] = chunks.filter(({ length }) => length > 0);
    return chunk === undefined ? [] : [chunk.subarray(0, few(chunk.length))];
  };
  const readSync = (fd: number, target: Uint8Array, at: number, length: number, from: number) =>
    real.readSync(fd, target, at, few(length), from);
  const writevSync = (fd: number, chunks: readonly Uint8Array[], at: number) =>
    real.writevSync(fd, first(chunks), at);
  const asAsync = <A extends unknown[], R>(call: (...args: A) => R) =>
    Object.assign(() => undefined, {
      [promisify.custom]: (...args: A) => new Promise<R>((resolve) => resolve(call(...args))),
    });
  return {
    ...real,
    readSync,
    writevSync,
    writeSync: (fd: number, bytes: Uint8Array, from: number, length: number, at: number) =>
      real.writeSync(fd, bytes, from, few(length), at),
    read: asAsync((...args: Parameters<typeof readSync>) => ({ bytesRead: readSync(...args) })),
    writev: asAsync((...args: Parameters<typeof writevSync>) => ({
      bytesWritten: writevSync(...args),
    })),
  };
});

const text = 'what is longer than a few bytes';
let disk: Disk;
beforeAll(async () => {
  const { SystemDisk } = await import('../../../src/host/system-disk.ts');
  disk = new SystemDisk();
});

let folder: string;
let file: DiskFile;
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'odradek-short-'));
  file = disk.open(join(folder, 'file'), { create: true });
});
afterEach(() => {
  file.close();
  fs.rmSync(folder, { recursive: true });
});

const stored = (): string => fs.readFileSync(join(folder, 'file'), 'latin1');

describe.each(['at once', 'by the thread pool'] as const)('where it works %s', (how) => {
  const read = async (target: Buffer, offset: number, length: number, position: number) =>
    how === 'at once'
      ? file.readSync(target, offset, length, position)
      : file.read(target, offset, length, position);
  const write = async (chunks: readonly Uint8Array[], position: number): Promise<void> => {
    if (how === 'at once') file.writeSync(chunks, position);
    else await file.write(chunks, position);
  };

  test('a read gives all that was asked for, in its place', async () => {
    fs.writeFileSync(join(folder, 'file'), text);
    const target = Buffer.alloc(14, '.');
    expect(await read(target, 2, 10, 5)).toBe(10);
    expect(target.toString()).toBe(`..${text.slice(5, 15)}..`);
  });

  test('a read gives less only where the file ends', async () => {
    fs.writeFileSync(join(folder, 'file'), text);
    const target = Buffer.alloc(100);
    expect(await read(target, 0, 100, 4)).toBe(text.length - 4);
    expect(target.toString('latin1', 0, text.length - 4)).toBe(text.slice(4));
    expect(await read(target, 0, 100, text.length)).toBe(0);
  });

  test('a write takes all chunks, back to back', async () => {
    await write([Buffer.from(text)], 0);
    expect(stored()).toBe(text);
    await write([Buffer.from('WHAT'), Buffer.alloc(0), Buffer.from(' IS LONGER')], 0);
    expect(stored()).toBe('WHAT IS LONGER' + text.slice(14));
  });
});
