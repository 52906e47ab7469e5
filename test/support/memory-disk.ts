import type { Disk, DiskFile } from '../../src/host/disk.ts';

type Operation = 'open' | 'read' | 'write' | 'sync' | 'rename' | 'remove';

/** A file system that lives in this object: fast, inspectable, and it can be made to fail. */
export class MemoryDisk implements Disk {
  /** Contents by path; a folder is `null`. */
  private readonly entries = new Map<string, Content | null>();
  private readonly locks: Set<string>;
  private readonly failures = new Map<Operation, string>();
  /** How often each operation was asked for. */
  readonly calls = { open: 0, read: 0, write: 0, sync: 0 };
  openFiles = 0;
  mostOpenFiles = 0;

  constructor(
    private readonly wallMs: () => number = () => 0,
    locks = new Set<string>(),
  ) {
    this.locks = locks;
  }

  /** A second disk with the same contents: what a process that starts now would find. */
  copy(): MemoryDisk {
    const copy = new MemoryDisk(this.wallMs);
    for (const [path, content] of this.entries) {
      copy.entries.set(path, content === null ? null : content.copy());
    }
    return copy;
  }

  /** Lets every further `operation` fail with a system error, until `heal`. */
  failWith(operation: Operation, code: string): void {
    this.failures.set(operation, code);
  }

  heal(): void {
    this.failures.clear();
  }

  /** Paths of all files, sorted. */
  files(): string[] {
    return [...this.entries].flatMap(([path, content]) => (content === null ? [] : [path])).sort();
  }

  open(path: string, options: { create?: boolean; readOnly?: boolean } = {}): DiskFile {
    this.calls.open++;
    this.maybeFail('open');
    let content = this.entries.get(path);
    if (content === undefined && options.create === true) {
      content = this.create(path);
    }
    if (content === undefined || content === null) throw systemError('ENOENT', path);
    this.openFiles++;
    this.mostOpenFiles = Math.max(this.mostOpenFiles, this.openFiles);
    return new MemoryFile(this, content);
  }

  exists(path: string): boolean {
    return this.entries.has(path);
  }

  stat(path: string): { size: number; modifiedMs: number; isDirectory: boolean } | undefined {
    const content = this.entries.get(path);
    if (content === undefined) return undefined;
    return {
      size: content?.length ?? 0,
      modifiedMs: content?.modifiedMs ?? 0,
      isDirectory: content === null,
    };
  }

  list(path: string): string[] {
    const names = new Set<string>();
    for (const entry of this.entries.keys()) {
      if (!entry.startsWith(`${path}/`)) continue;
      names.add(entry.slice(path.length + 1).split('/')[0]!);
    }
    return [...names].sort();
  }

  makeDirectory(path: string): void {
    const parts = path.split('/');
    for (let i = 2; i <= parts.length; i++) {
      const folder = parts.slice(0, i).join('/');
      if (!this.entries.has(folder)) this.entries.set(folder, null);
    }
  }

  readFile(path: string): Buffer {
    this.maybeFail('read');
    return Buffer.from(this.content(path).bytes());
  }

  writeFile(path: string, data: Uint8Array | string, options: { sync?: boolean } = {}): void {
    this.calls.write++;
    this.maybeFail('write');
    if (options.sync === true) this.synced();
    const content = this.create(path);
    content.write(typeof data === 'string' ? Buffer.from(data) : data, 0, this.wallMs());
  }

  rename(from: string, to: string): void {
    this.maybeFail('rename');
    if (!this.entries.has(from)) throw systemError('ENOENT', from);
    for (const [path, content] of [...this.entries]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.entries.delete(path);
      this.entries.set(to + path.slice(from.length), content);
    }
  }

  remove(path: string): void {
    this.maybeFail('remove');
    for (const entry of [...this.entries.keys()]) {
      if (entry === path || entry.startsWith(`${path}/`)) this.entries.delete(entry);
    }
  }

  syncDirectory(): void {
    this.synced();
  }

  volume(): { totalBytes: number; usableBytes: number } {
    return { totalBytes: 1_000_000_000, usableBytes: 500_000_000 };
  }

  lock(path: string): { release(): void } {
    if (this.locks.has(path)) throw systemError('ELOCKED', path);
    this.locks.add(path);
    if (!this.entries.has(path)) this.create(path);
    return { release: () => this.locks.delete(path) };
  }

  /** Cuts a file, as a torn write would. */
  truncate(path: string, length: number): void {
    this.content(path).truncate(length);
  }

  maybeFail(operation: Operation): void {
    const code = this.failures.get(operation);
    if (code !== undefined) throw systemError(code, operation);
  }

  synced(): void {
    this.calls.sync++;
    this.maybeFail('sync');
  }

  touch(): number {
    return this.wallMs();
  }

  private create(path: string): Content {
    const folder = path.slice(0, path.lastIndexOf('/'));
    if (folder !== '' && this.entries.get(folder) !== null) throw systemError('ENOENT', path);
    const content = new Content();
    this.entries.set(path, content);
    return content;
  }

  private content(path: string): Content {
    const content = this.entries.get(path);
    if (content === undefined || content === null) throw systemError('ENOENT', path);
    return content;
  }
}

class Content {
  private data = Buffer.alloc(0);
  length = 0;
  modifiedMs = 0;

  bytes(): Buffer {
    return this.data.subarray(0, this.length);
  }

  copy(): Content {
    const copy = new Content();
    copy.write(this.bytes(), 0, this.modifiedMs);
    return copy;
  }

  write(chunk: Uint8Array, position: number, modifiedMs: number): void {
    const end = position + chunk.length;
    if (end > this.data.length) {
      const grown = Buffer.alloc(Math.max(end, this.data.length * 2));
      this.bytes().copy(grown);
      this.data = grown;
    }
    this.data.set(chunk, position);
    this.length = Math.max(this.length, end);
    this.modifiedMs = modifiedMs;
  }

  truncate(length: number): void {
    this.data.fill(0, length, this.length);
    this.length = Math.min(this.length, length);
  }
}

class MemoryFile implements DiskFile {
  private isOpen = true;

  constructor(
    private readonly disk: MemoryDisk,
    private readonly content: Content,
  ) {}

  size(): number {
    return this.content.length;
  }

  readSync(target: Uint8Array, offset: number, length: number, position: number): number {
    this.check();
    this.disk.calls.read++;
    this.disk.maybeFail('read');
    const bytes = this.content.bytes().subarray(position, position + length);
    target.set(bytes, offset);
    return bytes.length;
  }

  async read(t: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    await Promise.resolve();
    return this.readSync(t, offset, length, position);
  }

  writeSync(chunks: readonly Uint8Array[], position: number): void {
    this.check();
    this.disk.calls.write++;
    this.disk.maybeFail('write');
    let at = position;
    for (const chunk of chunks) {
      this.content.write(chunk, at, this.disk.touch());
      at += chunk.length;
    }
  }

  async write(chunks: readonly Uint8Array[], position: number): Promise<void> {
    await Promise.resolve();
    this.writeSync(chunks, position);
  }

  truncate(length: number): void {
    this.check();
    this.content.truncate(length);
  }

  syncNow(): void {
    this.check();
    this.disk.synced();
  }

  async sync(): Promise<void> {
    await Promise.resolve();
    this.syncNow();
  }

  close(): void {
    this.check();
    this.isOpen = false;
    this.disk.openFiles--;
  }

  private check(): void {
    if (!this.isOpen) throw systemError('EBADF', 'a closed file');
  }
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
