import { Descriptors, type FileKeeper } from '../../host/descriptors.ts';
import type { Disk, DiskFile } from '../../host/disk.ts';
import { CacheNotWritten } from '../storage-failure.ts';
import { unfinishedSuffix } from './file-names.ts';

/** A file that may be open or not; it is opened again when it is used. */
export class FileHandle {
  file: DiskFile | undefined;
  /** Work that goes on beyond the call, and who holds it: such a file stays open. */
  works = 0;
  holds = 0;

  constructor(public path: string) {}
}

const defaultMostOpen = 512;

/**
 * Keeps the number of open files bounded: the one used longest ago is closed first. Of those that may
 * be open at most half are worked with at a time, folders among them; who comes later waits. A quarter
 * may be held beside that, for as long as a reader of what is sent from them takes.
 */
export class OpenFiles implements FileKeeper {
  /** In order of last use. */
  private readonly open = new Set<FileHandle>();
  private latest: FileHandle | undefined;
  /** Files that are worked with, and who waits until they are fewer. */
  private busy = 0;
  private held = 0;
  /** Files that are open for one call only. */
  private passing = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly disk: Disk,
    private readonly mostOpen = defaultMostOpen,
    private readonly descriptors = new Descriptors(),
  ) {
    descriptors.keptBy(this);
  }

  get openFiles(): number {
    return this.open.size;
  }

  /** The file, open; good until the next call. @throws raw system errors */
  use(handle: FileHandle, create = false): DiskFile {
    if (handle.file !== undefined) {
      if (this.latest !== handle) {
        this.open.delete(handle);
        this.open.add(handle);
        this.latest = handle;
      }
      return handle.file;
    }
    this.keepAtMost(this.bound - 1);
    handle.file = this.disk.open(handle.path, { create });
    this.open.add(handle);
    this.latest = handle;
    return handle.file;
  }

  /**
   * Makes the file, in the thread pool. It is open then. Nobody uses it meanwhile, for it is nowhere.
   *
   * @throws raw system errors
   */
  async create(handle: FileHandle): Promise<void> {
    await this.inTurn(async () => {
      handle.file = await this.disk.createInPool(handle.path);
      this.open.add(handle);
      this.latest = handle;
    });
  }

  /** Works with the file for a while, during which it stays open. */
  async during<T>(handle: FileHandle, work: (file: DiskFile) => Promise<T>): Promise<T> {
    while (handle.works === 0 && this.isCrowded) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    if (handle.works++ === 0) this.busy++;
    try {
      return await work(this.use(handle));
    } finally {
      if (--handle.works === 0) this.leave();
      this.shutIfClosed(handle);
    }
  }

  /**
   * The file, which stays open until `letGo`; undefined where as many are held as may be.
   *
   * @throws raw system errors
   */
  hold(handle: FileHandle): DiskFile | undefined {
    if (handle.holds === 0 && this.held >= this.mostHeld) return undefined;
    const file = this.use(handle);
    if (handle.holds++ === 0) this.held++;
    return file;
  }

  letGo(handle: FileHandle): void {
    if (--handle.holds === 0) this.held--;
    this.shutIfClosed(handle);
  }

  /** Makes a file durable that nobody keeps open. @throws raw system errors */
  async sync(path: string): Promise<void> {
    const handle = new FileHandle(path);
    try {
      await this.during(handle, (file) => file.sync());
    } finally {
      this.close(handle);
    }
  }

  /**
   * Writes a file that could be built anew, durably: whole or not at all, and only if it is wanted
   * still when all is written. The folder has the name then, which is not durable yet.
   *
   * @throws {CacheNotWritten}
   */
  async writeWhole(path: string, data: Uint8Array, isWanted: () => boolean): Promise<void> {
    const beside = path + unfinishedSuffix;
    try {
      await this.inTurn(() => this.disk.writeFileInPool(beside, data));
      if (isWanted()) this.disk.rename(beside, path);
      else this.disk.remove(beside);
    } catch (error) {
      this.removeIfPossible(beside);
      if (isWanted()) throw new CacheNotWritten(error);
    }
  }

  /** Removes a file that the next start would remove. */
  removeIfPossible(path: string): void {
    try {
      this.disk.remove(path);
    } catch {
      // Whoever opens the log next does.
    }
  }

  /** Makes the names in a folder durable, which is open meanwhile. @throws raw system errors */
  async syncDirectory(path: string): Promise<void> {
    await this.inTurn(() => this.disk.syncDirectoryInPool(path));
  }

  /** Work that has one file open of its own. */
  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    while (this.isCrowded) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.busy++;
    this.passing++;
    try {
      this.keepAtMost(this.bound);
      return await work();
    } finally {
      this.passing--;
      this.leave();
    }
  }

  /** Closes the file, at once or when the last use is over. */
  close(handle: FileHandle): void {
    this.open.delete(handle);
    if (this.latest === handle) this.latest = undefined;
    this.shutIfClosed(handle);
  }

  closeAll(): void {
    for (const handle of [...this.open]) this.close(handle);
  }

  keepAtMost(most: number): void {
    for (const handle of this.open) {
      if (this.open.size + this.passing <= most) return;
      if (isFree(handle)) this.close(handle);
    }
  }

  private get bound(): number {
    return Math.min(this.mostOpen, this.descriptors.mostFiles);
  }

  private get isCrowded(): boolean {
    return this.busy >= Math.max(1, Math.floor(this.bound / 2));
  }

  /** Of what sockets cannot take away. */
  private get mostHeld(): number {
    return Math.max(1, Math.floor(Math.min(this.mostOpen, this.descriptors.guaranteedFiles) / 4));
  }

  /** Closed, but for who works with it or holds it: the last one out does it. */
  private shutIfClosed(handle: FileHandle): void {
    if (isFree(handle) && !this.open.has(handle)) this.shut(handle);
  }

  private leave(): void {
    this.busy--;
    this.waiting.shift()?.();
  }

  private shut(handle: FileHandle): void {
    handle.file?.close();
    handle.file = undefined;
  }
}

function isFree({ works, holds }: FileHandle): boolean {
  return works === 0 && holds === 0;
}
