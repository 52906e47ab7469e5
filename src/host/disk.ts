/**
 * The file system as storage sees it. Calls are synchronous, but for those of the thread pool, which
 * is for what can block for long while requests come; errors are the raw system errors (with `code`),
 * which only storage catches and translates.
 * `SystemDisk` is the real one; tests have one in memory.
 */
export interface Disk {
  /** Opens for reading and writing at any position; creates the file when `create` is set. */
  open(path: string, options?: { create?: boolean; readOnly?: boolean }): DiskFile;
  /** Makes the file and opens it; one that is there already is opened as it is. */
  createInPool(path: string): Promise<DiskFile>;
  /** Never fails: says no, too, where the system does not let us look. */
  exists(path: string): boolean;
  /** Size in bytes and modification time; undefined when there is no such file. */
  stat(path: string): { size: number; modifiedMs: number; isDirectory: boolean } | undefined;
  /** Names in a folder, sorted; empty when there is no such folder. */
  list(path: string): string[];
  makeDirectory(path: string): void;
  readFile(path: string): Buffer;
  /** Writes the whole file; the caller makes it atomic with `rename` where that matters. */
  writeFile(path: string, data: Uint8Array | string, options?: { sync?: boolean }): void;
  /** As `writeFile`, and makes it durable. */
  writeFileInPool(path: string, data: Uint8Array): Promise<void>;
  rename(from: string, to: string): void;
  /** Removes a file, or a folder with all that is in it; harmless when absent. */
  remove(path: string): void;
  /** As `remove`. */
  removeInPool(path: string): Promise<void>;
  /** Makes names created, renamed or removed in a folder durable. */
  syncDirectory(path: string): void;
  /** As `syncDirectory`: those that were there when it began; others may be durable, too. */
  syncDirectoryInPool(path: string): Promise<void>;
  /** Bytes of the volume that holds `path`. */
  volume(path: string): { totalBytes: number; usableBytes: number };
  /**
   * Takes a lock file for this process.
   * @throws an error with code ELOCKED when another living process holds it
   */
  lock(path: string): { release(): void };
}

/** An open file. Positions and lengths are bytes. */
export interface DiskFile {
  /** Of the system; undefined where the file is not one of the system's. */
  readonly descriptor?: number;
  size(): number;
  /**
   * Reads `length` bytes into `target` at `offset`; returns how many there were: fewer only where
   * the file ends. What the system gives piece by piece is put together here, once for all callers.
   */
  readSync(target: Uint8Array, offset: number, length: number, position: number): number;
  read(target: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  /** Writes all chunks, back to back, from `position` on. */
  writeSync(chunks: readonly Uint8Array[], position: number): void;
  write(chunks: readonly Uint8Array[], position: number): Promise<void>;
  truncate(length: number): void;
  syncNow(): void;
  /** As `syncNow`, of what was written when it began. */
  sync(): Promise<void>;
  close(): void;
}
