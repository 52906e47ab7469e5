import * as fs from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Disk, DiskFile } from './disk.ts';

/** Of a file that need not be there. */
const openingFlags = fs.constants.O_RDWR | fs.constants.O_CREAT;
const canOpenFolders = process.platform !== 'win32';
const openAsync = promisify(fs.open);
const writeFileAsync = promisify(fs.writeFile);
const fsyncAsync = promisify(fs.fsync);
const unlinkAsync = promisify(fs.unlink);
const rmAsync = promisify(fs.rm);

/** The machine's own file system. */
export class SystemDisk implements Disk {
  open(path: string, options: { create?: boolean; readOnly?: boolean } = {}): DiskFile {
    return new SystemFile(openFile(path, options), path);
  }

  async createInPool(path: string): Promise<DiskFile> {
    return new SystemFile(await openAsync(path, openingFlags, 0o644), path);
  }

  exists(path: string): boolean {
    return fs.existsSync(path);
  }

  stat(path: string): { size: number; modifiedMs: number; isDirectory: boolean } | undefined {
    const stats = fs.statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    return { size: stats.size, modifiedMs: stats.mtimeMs, isDirectory: stats.isDirectory() };
  }

  list(path: string): string[] {
    try {
      return fs.readdirSync(path).sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  makeDirectory(path: string): void {
    if (fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
    // Step by step: Node's own recursion does not end where the system refuses a folder (/proc).
    if (dirname(path) !== path) this.makeDirectory(dirname(path));
    fs.mkdirSync(path);
  }

  readFile(path: string): Buffer {
    return fs.readFileSync(path);
  }

  writeFile(path: string, data: Uint8Array | string, options: { sync?: boolean } = {}): void {
    const descriptor = fs.openSync(path, 'w');
    try {
      fs.writeFileSync(descriptor, data);
      if (options.sync === true) fs.fsyncSync(descriptor);
    } catch (error) {
      throw named(error, path);
    } finally {
      fs.closeSync(descriptor);
    }
  }

  async writeFileInPool(path: string, data: Uint8Array): Promise<void> {
    await writeFileAsync(path, data, { flush: true }).catch((error: unknown) => {
      throw named(error, path);
    });
  }

  rename(from: string, to: string): void {
    fs.renameSync(from, to);
  }

  remove(path: string): void {
    fs.rmSync(path, { recursive: true, force: true });
  }

  async removeInPool(path: string): Promise<void> {
    try {
      await unlinkAsync(path); // looks at nothing beforehand, as `rm` does
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      await rmAsync(path, { recursive: true, force: true });
    }
  }

  syncDirectory(path: string): void {
    if (!canOpenFolders) return;
    const descriptor = fs.openSync(path, 'r');
    try {
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  }

  async syncDirectoryInPool(path: string): Promise<void> {
    if (!canOpenFolders) return;
    const descriptor = fs.openSync(path, 'r');
    try {
      await fsyncAsync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  }

  volume(path: string): { totalBytes: number; usableBytes: number } {
    const stats = fs.statfsSync(path);
    return { totalBytes: stats.blocks * stats.bsize, usableBytes: stats.bavail * stats.bsize };
  }

  /** Who has a lock file, in words; undefined when nobody that lives does. Only looks. */
  holderOf(path: string): string | undefined {
    const owner = contentOf(path);
    if (!isAlive(owner) && !isLockedInKernel(path)) return undefined;
    const [, pid] = owner.split(' ');
    return pid === undefined ? 'another process' : `process ${pid}`;
  }

  /**
   * The file holds `host pid start`: who has it. Node offers no advisory locks, so a lock whose
   * owner is gone is recognized by asking for the process and when it was started (in a container
   * every life of the broker has the same pid). An owner on another host is taken for dead: a
   * container that was killed and made anew has another host name. A lock that Kafka itself holds
   * (an empty file, locked in the kernel) is found where the kernel lists it.
   *
   * Looking and taking are one: whoever does it has a second file, which only one can make.
   */
  lock(path: string): { release(): void } {
    const claim = claimOf(path);
    try {
      this.take(path);
    } finally {
      fs.rmSync(claim, { force: true });
    }
    let isHeld = true;
    return {
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        fs.rmSync(path, { force: true });
      },
    };
  }

  private take(path: string): void {
    const holder = this.holderOf(path);
    if (holder !== undefined) throw inUse(path, holder);
    const wasThere = fs.existsSync(path);
    try {
      fs.writeFileSync(path, thisProcess());
    } catch (error) {
      if (!wasThere && fs.existsSync(path)) fs.rmSync(path); // nothing half made stays
      throw named(error, path);
    }
  }
}

/** A claim that says nothing for so long is what a process left that was killed. */
const claimWaitMs = 50;

/** @returns the path of the file that is there while a lock is taken; made by this process */
function claimOf(path: string): string {
  const claim = `${path}.claim`;
  try {
    fs.writeFileSync(claim, thisProcess(), { flag: 'wx' });
    return claim;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw named(error, path);
  }
  let owner = contentOf(claim);
  if (owner === '') {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, claimWaitMs);
    owner = contentOf(claim);
  }
  if (owner !== '' && isAlive(owner)) throw inUse(path, 'another process that begins now');
  fs.rmSync(claim, { force: true });
  return claimOf(path);
}

/** Of a small file; '' where there is none. */
function contentOf(path: string): string {
  return fs.existsSync(path) ? fs.readFileSync(path, 'utf8').trim() : '';
}

/** As a lock file has it. */
function thisProcess(): string {
  return `${hostname()} ${process.pid} ${startOfProcess(process.pid) ?? ''}`.trim();
}

function inUse(path: string, holder: string): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(`${dirname(path)} is in use by ${holder}`);
  error.code = 'ELOCKED';
  return error;
}

function openFile(path: string, options: { create?: boolean; readOnly?: boolean }): number {
  if (options.readOnly === true) return fs.openSync(path, 'r');
  return fs.openSync(path, options.create === true ? openingFlags : fs.constants.O_RDWR, 0o644);
}

const readAsync = promisify(fs.read);
const writevAsync = promisify(fs.writev);
const fdatasyncAsync = promisify(fs.fdatasync);

/**
 * Bytes of one write. From 2 MiB on Linux may take a huge page of the page cache for it, which on a
 * virtual machine is often one that the host has taken back: then a MiB costs ten times as much.
 */
const largestWrite = 1024 * 1024;

class SystemFile implements DiskFile {
  constructor(
    readonly descriptor: number,
    private readonly path: string,
  ) {}

  size(): number {
    return fs.fstatSync(this.descriptor).size;
  }

  readSync(target: Uint8Array, offset: number, length: number, position: number): number {
    let read = 0;
    while (read < length) {
      const got = fs.readSync(
        this.descriptor,
        target,
        offset + read,
        length - read,
        position + read,
      );
      if (got === 0) break;
      read += got;
    }
    return read;
  }

  async read(
    target: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<number> {
    let read = 0;
    while (read < length) {
      const { bytesRead } = await readAsync(
        this.descriptor,
        target,
        offset + read,
        length - read,
        position + read,
      );
      if (bytesRead === 0) break;
      read += bytesRead;
    }
    return read;
  }

  writeSync(chunks: readonly Uint8Array[], position: number): void {
    let at = position;
    let rest: readonly Uint8Array[] = chunks;
    for (let left = sizeOf(rest); left > 0;) {
      const written = this.writeSome(forOneWrite(rest, left), at);
      requireProgress(written);
      at += written;
      left -= written;
      if (left > 0) rest = withoutFirst(rest, written);
    }
  }

  private writeSome(chunks: readonly Uint8Array[], at: number): number {
    const [first] = chunks;
    try {
      return chunks.length === 1 && first !== undefined
        ? fs.writeSync(this.descriptor, first, 0, first.length, at)
        : fs.writevSync(this.descriptor, chunks, at);
    } catch (error) {
      throw named(error, this.path);
    }
  }

  async write(chunks: readonly Uint8Array[], position: number): Promise<void> {
    let at = position;
    let rest: readonly Uint8Array[] = chunks;
    for (let left = sizeOf(rest); left > 0;) {
      const part = forOneWrite(rest, left);
      const { bytesWritten } = await writevAsync(this.descriptor, part, at).catch(
        (error: unknown) => {
          throw named(error, this.path);
        },
      );
      requireProgress(bytesWritten);
      at += bytesWritten;
      left -= bytesWritten;
      if (left > 0) rest = withoutFirst(rest, bytesWritten);
    }
  }

  truncate(length: number): void {
    fs.ftruncateSync(this.descriptor, length);
  }

  syncNow(): void {
    fs.fdatasyncSync(this.descriptor);
  }

  async sync(): Promise<void> {
    await fdatasyncAsync(this.descriptor);
  }

  close(): void {
    fs.closeSync(this.descriptor);
  }
}

/** A device that takes nothing and says nothing must not hold up the process for ever. */
function requireProgress(written: number): void {
  if (written > 0) return;
  throw Object.assign(new Error('EIO: the device takes no more bytes'), { code: 'EIO' });
}

/** The system does not say of which file a write failed. */
function named(error: unknown, path: string): Error {
  return Object.assign(error as NodeJS.ErrnoException, { path });
}

/** @param size  of all chunks together */
function forOneWrite(chunks: readonly Uint8Array[], size: number): readonly Uint8Array[] {
  if (size <= largestWrite) return chunks;
  const part: Uint8Array[] = [];
  let room = largestWrite;
  for (const chunk of chunks) {
    part.push(chunk.length <= room ? chunk : chunk.subarray(0, room));
    room -= chunk.length;
    if (room <= 0) break;
  }
  return part;
}

function sizeOf(chunks: readonly Uint8Array[]): number {
  let size = 0;
  for (const chunk of chunks) size += chunk.length;
  return size;
}

/** What is left to write after the system took only part of it. */
function withoutFirst(chunks: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let skip = bytes;
  const rest: Uint8Array[] = [];
  for (const chunk of chunks) {
    if (skip >= chunk.length) {
      skip -= chunk.length;
    } else {
      rest.push(skip === 0 ? chunk : chunk.subarray(skip));
      skip = 0;
    }
  }
  return rest;
}

/**
 * When a process was started, in the system's ticks; undefined where the system does not tell, and
 * for a process that has ended and only waits for its parent to notice.
 */
function startOfProcess(pid: number): string | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined; // not Linux, or no such process
  }
}

function isAlive(owner: string): boolean {
  const [host, pid, start] = owner.split(' ');
  if (host !== hostname() || pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return start === undefined || start === startOfProcess(Number(pid));
}

function isLockedInKernel(path: string): boolean {
  const inode = fs.statSync(path, { throwIfNoEntry: false })?.ino;
  if (inode === undefined) return false;
  try {
    return fs
      .readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .some((line) => line.split(/\s+/)[5]?.endsWith(`:${inode}`) === true);
  } catch {
    return false; // not Linux
  }
}
