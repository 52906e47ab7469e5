import type { Disk, DiskFile } from '../../src/host/disk.ts';
import { StoredFile, StoredFolder, type Luck } from './memory-files.ts';
import { SeededRandom } from './seeded-random.ts';

/** Looks are those at what is there: `size`, `stat`, `list`, `volume`; `exists` never fails. */
export type Operation =
  'open' | 'read' | 'write' | 'truncate' | 'sync' | 'rename' | 'remove' | 'look';

/** Which calls fail, of those of one kind. */
export interface FailureOptions {
  /** Only for these paths; default: all. */
  readonly path?: RegExp;
  /** So many calls go well before. */
  readonly after?: number;
  /** So many fail; default: all until `heal`. */
  readonly times?: number;
  /** Of a write: so many bytes are written all the same. */
  readonly writesBytes?: number;
}

interface PlannedFailure {
  readonly operation: Operation;
  readonly code: string;
  readonly path: RegExp;
  readonly writesBytes: number;
  /** Calls that go well, then calls that fail. */
  after: number;
  times: number;
}

/** Faults that happen by chance. */
export interface Faults {
  /** Of how many calls, from 0 to 1. */
  readonly rate: number;
  readonly codes: readonly string[];
  /** Which calls; default: all. */
  readonly operations?: readonly Operation[];
}

/** What is done of a call that fails in the midst. @param bytes  so many; undefined: by chance */
type Half = (bytes?: number) => unknown;

/** A call that is under way. */
interface UnderWay {
  finish(): void;
  /** The machine stops in the midst of it. */
  breakOff(): void;
}

/**
 * A file system that lives in this object: fast, inspectable, and it can be made to fail. It knows
 * what is durable: contents by fsync of their file, names by fsync of their folder.
 *
 * With `chance` calls that are not synchronous end in another order than they began, as chance has it.
 */
export class MemoryDisk implements Disk {
  private root = new StoredFolder();
  private readonly locks = new Set<string>();
  private readonly failures: PlannedFailure[] = [];
  private readonly underWay: UnderWay[] = [];
  private readonly random: SeededRandom;
  private callsLeft = Infinity;
  /** How often each operation was asked for. */
  readonly calls = {
    open: 0,
    read: 0,
    write: 0,
    truncate: 0,
    sync: 0,
    rename: 0,
    remove: 0,
    look: 0,
  };
  openFiles = 0;
  mostOpenFiles = 0;
  /** Faults by chance, while there are any. */
  faults: Faults | undefined;
  /** So often an fsync failed, and dropped what it was to make durable. */
  failedSyncs = 0;
  /** The machine is off, or the process is dead: no call does anything any more. */
  isOff = false;
  /** Resolves when it is. */
  readonly whenOff: Promise<void>;
  private sayOff!: () => void;

  constructor(
    private readonly wallMs: () => number = () => 0,
    private readonly chance?: SeededRandom,
  ) {
    this.random = chance ?? new SeededRandom(1);
    this.whenOff = new Promise((resolve) => (this.sayOff = resolve));
  }

  /** A second disk with the same contents: what a process that starts now would find. */
  copy(): MemoryDisk {
    const copy = new MemoryDisk(this.wallMs, this.chance);
    copy.root = this.root.copy();
    copy.failedSyncs = this.failedSyncs;
    return copy;
  }

  /** What is found when the power comes back. */
  afterPowerCut(luck: Luck = 'nothing'): MemoryDisk {
    const left = new MemoryDisk(this.wallMs, this.chance);
    left.root = this.root.afterPowerCut(this.random, luck);
    return left;
  }

  /** Ends everything at once; what is being written is torn. */
  turnOff(): void {
    this.isOff = true;
    this.sayOff();
    for (const call of this.underWay.splice(0)) call.breakOff();
  }

  /** Ends everything in the midst of the call after `calls` further ones. */
  turnOffAfter(calls: number): void {
    this.callsLeft = calls;
  }

  /** Lets further calls of `operation` fail with a system error, until `heal`. */
  failWith(operation: Operation, code: string, options: FailureOptions = {}): void {
    const { path = /(?:)/, after = 0, times = Infinity, writesBytes = 0 } = options;
    this.failures.push({ operation, code, path, after, times, writesBytes });
  }

  heal(): void {
    this.failures.length = 0;
    this.faults = undefined;
  }

  /** Paths of all files, sorted. */
  files(): string[] {
    const found: string[] = [];
    const visit = (folder: StoredFolder, path: string): void => {
      for (const [name, node] of folder.entries) {
        if (node instanceof StoredFile) found.push(`${path}/${name}`);
        else visit(node, `${path}/${name}`);
      }
    };
    visit(this.root, '');
    return found.sort();
  }

  open(path: string, options: { create?: boolean; readOnly?: boolean } = {}): DiskFile {
    this.call('open', path);
    let file = this.find(path);
    if (file === undefined && options.create === true) file = this.create(path);
    if (!(file instanceof StoredFile)) throw systemError('ENOENT', path);
    this.openFiles++;
    this.mostOpenFiles = Math.max(this.mostOpenFiles, this.openFiles);
    return new MemoryFile(this, path, file);
  }

  createInPool(path: string): Promise<DiskFile> {
    return this.later(
      () => this.open(path, { create: true }),
      () => {
        if (this.find(path) === undefined && this.random.below(2) === 0) this.create(path);
      },
    );
  }

  /** A moment to die, but none to fail: the system's own says no where it cannot look. */
  exists(path: string): boolean {
    if (!this.isOff && this.count('look')) this.turnOff();
    return !this.isOff && this.find(path) !== undefined;
  }

  stat(path: string): { size: number; modifiedMs: number; isDirectory: boolean } | undefined {
    this.call('look', path);
    const node = this.find(path);
    if (node === undefined) return undefined;
    return node instanceof StoredFile
      ? { size: node.length, modifiedMs: node.modifiedMs, isDirectory: false }
      : { size: 0, modifiedMs: 0, isDirectory: true };
  }

  list(path: string): string[] {
    this.call('look', path);
    const folder = this.find(path);
    return folder instanceof StoredFolder ? [...folder.entries.keys()].sort() : [];
  }

  makeDirectory(path: string): void {
    this.call('write', path);
    let folder = this.root;
    for (const name of partsOf(path)) {
      let next = folder.entries.get(name);
      if (next === undefined) folder.change([[name, (next = new StoredFolder())]]);
      if (next instanceof StoredFile) throw systemError('ENOTDIR', path);
      folder = next;
    }
  }

  readFile(path: string): Buffer {
    this.call('read', path);
    return Buffer.from(this.file(path).read());
  }

  writeFile(path: string, data: Uint8Array | string, options: { sync?: boolean } = {}): void {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    let file: StoredFile | undefined;
    // Opened, made empty, written: three moments to fail.
    this.call('write', path, (planned) => {
      const part = planned ?? this.random.below(bytes.length + 2) - 1;
      if (part < 0) return;
      file = this.emptied(path);
      file.write(bytes.subarray(0, part), 0, this.wallMs());
    });
    file = this.emptied(path);
    file.write(bytes, 0, this.wallMs());
    if (options.sync === true) this.sync(path, file);
  }

  writeFileInPool(path: string, data: Uint8Array): Promise<void> {
    return this.later(
      () => this.writeFile(path, data, { sync: true }),
      () =>
        this.emptied(path).write(
          data.subarray(0, this.random.below(data.length + 1)),
          0,
          this.wallMs(),
        ),
    );
  }

  private emptied(path: string): StoredFile {
    const found = this.find(path);
    if (!(found instanceof StoredFile)) return this.create(path);
    if (found.length > 0) found.truncate(0, this.wallMs());
    return found;
  }

  rename(from: string, to: string): void {
    this.call('rename', from);
    const node = this.find(from);
    if (node === undefined) throw systemError('ENOENT', from);
    const [source, target] = [this.folderOf(from), this.folderOf(to)];
    const [oldName, newName] = [nameOf(from), nameOf(to)];
    if (source === target) {
      source.change([
        [oldName, undefined],
        [newName, node],
      ]);
    } else {
      target.change([[newName, node]]);
      source.change([[oldName, undefined]]);
    }
  }

  remove(path: string): void {
    this.call('remove', path);
    const node = this.find(path);
    if (node instanceof StoredFolder) {
      for (const name of [...node.entries.keys()]) this.remove(`${path}/${name}`);
    }
    if (node !== undefined) this.folderOf(path).change([[nameOf(path), undefined]]);
  }

  removeInPool(path: string): Promise<void> {
    return this.later(() => this.remove(path));
  }

  syncDirectoryInPool(path: string): Promise<void> {
    const folder = this.find(path);
    const mark = folder instanceof StoredFolder ? folder.mark : 0;
    return this.later(() => {
      this.call('sync', path);
      if (!(folder instanceof StoredFolder)) throw systemError('ENOENT', path);
      folder.sync(mark);
    });
  }

  syncDirectory(path: string): void {
    this.call('sync', path);
    const folder = this.find(path);
    if (!(folder instanceof StoredFolder)) throw systemError('ENOENT', path);
    folder.sync();
  }

  volume(path: string): { totalBytes: number; usableBytes: number } {
    this.call('look', path);
    return { totalBytes: 1_000_000_000, usableBytes: 500_000_000 };
  }

  lock(path: string): { release(): void } {
    this.checkPower();
    if (this.locks.has(path)) throw systemError('ELOCKED', path);
    this.locks.add(path);
    if (this.find(path) === undefined) this.create(path);
    return { release: () => this.locks.delete(path) };
  }

  /** Cuts a file, as a torn write would. */
  truncate(path: string, length: number): void {
    this.file(path).truncate(length, this.wallMs());
  }

  /**
   * Counts a call, and lets it fail where it shall.
   *
   * @param half  what is done of it when it fails in the midst: so many bytes, or by chance
   */
  call(operation: Operation, path: string, half: Half = () => undefined): void {
    this.checkPower();
    if (this.count(operation)) {
      half();
      this.turnOff();
      this.checkPower();
    }
    const planned = this.plannedFailure(operation, path);
    if (planned !== undefined) {
      half(planned.writesBytes);
      throw systemError(planned.code, path);
    }
    const { faults } = this;
    if (faults?.operations?.includes(operation) === false) return;
    if (faults === undefined || this.random.fraction() >= faults.rate) return;
    half();
    throw systemError(this.random.pick(faults.codes), operation);
  }

  /** @returns whether the machine goes off in the midst of this call */
  private count(operation: Operation): boolean {
    this.calls[operation]++;
    return this.callsLeft-- <= 0;
  }

  private plannedFailure(operation: Operation, path: string): PlannedFailure | undefined {
    for (const failure of this.failures) {
      if (failure.operation !== operation || !failure.path.test(path)) continue;
      if (failure.after-- > 0) continue;
      if (failure.times-- > 0) return failure;
    }
    return undefined;
  }

  write(path: string, file: StoredFile, chunks: readonly Uint8Array[], position: number): void {
    this.call('write', path, (planned) => this.writePart(file, chunks, position, planned));
    file.write(Buffer.concat(chunks), position, this.wallMs());
  }

  /** Some first bytes of a write. */
  writePart(
    file: StoredFile,
    chunks: readonly Uint8Array[],
    position: number,
    size?: number,
  ): void {
    const bytes = Buffer.concat(chunks);
    const part = bytes.subarray(0, size ?? this.random.below(bytes.length + 1));
    if (part.length > 0) file.write(part, position, this.wallMs());
  }

  /** @param mark  what was written when the fsync began */
  sync(path: string, file: StoredFile, mark = file.mark): void {
    let random: SeededRandom | undefined = this.random;
    try {
      this.call('sync', path, (planned) => (random = planned === undefined ? random : undefined));
    } catch (error) {
      if (!this.isOff) {
        this.failedSyncs++;
        file.failSync(random);
      }
      throw error;
    }
    file.sync(mark);
  }

  cut(path: string, file: StoredFile, length: number): void {
    this.call('truncate', path);
    file.truncate(length, this.wallMs());
  }

  /** Does something a little later, in an order of its own. */
  later<T>(action: () => T, breakOff: () => void = () => undefined): Promise<T> {
    if (this.chance === undefined) return Promise.resolve().then(action);
    return new Promise<T>((resolve, reject) => {
      const finish = (): void => {
        try {
          resolve(action());
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      // Nobody lives to hear of a call that was broken off.
      if (this.underWay.push({ finish, breakOff }) === 1) this.schedule();
    });
  }

  private schedule(): void {
    setImmediate(() => {
      for (let ended = 1 + this.random.below(3); ended > 0; ended--) {
        if (this.underWay.length === 0) return;
        const [call] = this.underWay.splice(this.random.below(this.underWay.length), 1);
        call?.finish();
      }
      if (this.underWay.length > 0) this.schedule();
    });
  }

  checkPower(): void {
    if (this.isOff) throw systemError('EIO', 'the machine is off');
  }

  private create(path: string): StoredFile {
    const file = new StoredFile();
    file.modifiedMs = this.wallMs();
    this.folderOf(path).change([[nameOf(path), file]]);
    return file;
  }

  private find(path: string): StoredFile | StoredFolder | undefined {
    let node: StoredFile | StoredFolder | undefined = this.root;
    for (const name of partsOf(path)) {
      if (!(node instanceof StoredFolder)) return undefined;
      node = node.entries.get(name);
    }
    return node;
  }

  private file(path: string): StoredFile {
    const file = this.find(path);
    if (!(file instanceof StoredFile)) throw systemError('ENOENT', path);
    return file;
  }

  private folderOf(path: string): StoredFolder {
    const folder = this.find(path.slice(0, path.lastIndexOf('/')));
    if (!(folder instanceof StoredFolder)) throw systemError('ENOENT', path);
    return folder;
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

class MemoryFile implements DiskFile {
  private isOpen = true;

  constructor(
    private readonly disk: MemoryDisk,
    private readonly path: string,
    private readonly file: StoredFile,
  ) {}

  size(): number {
    this.check();
    this.disk.call('look', this.path);
    return this.file.length;
  }

  readSync(target: Uint8Array, offset: number, length: number, position: number): number {
    this.check();
    this.disk.call('read', this.path);
    const bytes = this.file.read().subarray(position, position + length);
    target.set(bytes, offset);
    return bytes.length;
  }

  read(target: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    return this.disk.later(() => this.readSync(target, offset, length, position));
  }

  writeSync(chunks: readonly Uint8Array[], position: number): void {
    this.check();
    this.disk.write(this.path, this.file, chunks, position);
  }

  write(chunks: readonly Uint8Array[], position: number): Promise<void> {
    const { disk, file } = this;
    return disk.later(
      () => this.writeSync(chunks, position),
      () => disk.writePart(file, chunks, position),
    );
  }

  truncate(length: number): void {
    this.check();
    this.disk.cut(this.path, this.file, length);
  }

  syncNow(): void {
    this.check();
    this.disk.sync(this.path, this.file);
  }

  sync(): Promise<void> {
    const { mark } = this.file;
    return this.disk.later(() => {
      this.check();
      this.disk.sync(this.path, this.file, mark);
    });
  }

  close(): void {
    if (!this.isOpen) throw systemError('EBADF', 'a closed file');
    this.isOpen = false;
    this.disk.openFiles--;
  }

  private check(): void {
    this.disk.checkPower();
    if (!this.isOpen) throw systemError('EBADF', 'a closed file');
  }
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
