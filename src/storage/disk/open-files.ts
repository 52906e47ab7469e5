import type { Disk, DiskFile } from '../../host/disk.ts';
import { systemCodeOf } from '../storage-failure.ts';

/** A file that may be open or not; it is opened again when it is used. */
export class FileHandle {
  file: DiskFile | undefined;
  /** Uses that go on beyond the call: such a file stays open. */
  pins = 0;

  constructor(public path: string) {}
}

/** Keeps the number of open files bounded: the one used longest ago is closed first. */
export class OpenFiles {
  /** In order of last use. */
  private readonly open = new Set<FileHandle>();
  private latest: FileHandle | undefined;

  constructor(
    private readonly disk: Disk,
    private readonly mostOpen = 512,
  ) {}

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
    handle.file = this.openWithRoom(handle.path, create);
    this.open.add(handle);
    this.latest = handle;
    if (this.open.size > this.mostOpen) this.closeOldest(this.mostOpen);
    return handle.file;
  }

  /** Works with the file for a while, during which it stays open. */
  async during<T>(handle: FileHandle, work: (file: DiskFile) => Promise<T>): Promise<T> {
    const file = this.use(handle);
    handle.pins++;
    try {
      return await work(file);
    } finally {
      handle.pins--;
      // Closed, but for us: the last one out does it.
      if (handle.pins === 0 && !this.open.has(handle)) this.shut(handle);
    }
  }

  /** Closes the file, at once or when the last use is over. */
  close(handle: FileHandle): void {
    this.open.delete(handle);
    if (this.latest === handle) this.latest = undefined;
    if (handle.pins === 0) this.shut(handle);
  }

  closeAll(): void {
    for (const handle of [...this.open]) this.close(handle);
  }

  /** When the system has no descriptors left, half of ours make room. */
  private openWithRoom(path: string, create: boolean): DiskFile {
    try {
      return this.disk.open(path, { create });
    } catch (error) {
      const code = systemCodeOf(error);
      if ((code !== 'EMFILE' && code !== 'ENFILE') || this.open.size === 0) throw error;
      this.latest = undefined;
      this.closeOldest(Math.floor(this.open.size / 2));
      return this.disk.open(path, { create });
    }
  }

  private closeOldest(mostOpen: number): void {
    for (const handle of this.open) {
      if (this.open.size <= mostOpen) return;
      if (handle.pins === 0 && handle !== this.latest) this.close(handle);
    }
  }

  private shut(handle: FileHandle): void {
    handle.file?.close();
    handle.file = undefined;
  }
}
