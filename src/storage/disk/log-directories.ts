import type { Disk } from '../../host/disk.ts';
import type { Logger } from '../../host/logger.ts';
import type { Uuid } from '../../protocol/uuid.ts';
import { keyOf } from '../base-log-store.ts';
import type { LogDirectoryDescription, LogStore } from '../log-store.ts';
import type { LogSettings, PartitionLog, PartitionName, PartitionRef } from '../partition-log.ts';
import { StorageFailure, systemCodeOf } from '../storage-failure.ts';
import type { DiskLogStore } from './disk-log-store.ts';
import { folderName } from './file-names.ts';

/** One of `log.dirs`. */
export interface LogDirectory {
  readonly path: string;
  /** Undefined: it could not be read, so nobody knows. */
  readonly id: Uuid | undefined;
  /** Undefined: it is offline since the start. */
  readonly store: DiskLogStore | undefined;
}

interface Directory extends LogDirectory {
  isOffline: boolean;
  /** Logs that were given their place here, whether they have files by now or not. */
  readonly placed: Set<string>;
  /** Folders of all logs that belong here. */
  readonly folders: Set<string>;
}

const probeFile = '.directory-probe';
/** A full disk, or a process out of means: it passes, and spoils no more than the log at hand. */
const passing = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINTR']);

/**
 * Several log directories as one store. A log is where it lies already, else where the catalog has
 * it, else in the directory with the fewest. When a log fails its directory is tried: one that takes
 * no small file any more, for another reason than want of space, is offline until the next start,
 * with all its logs; the others serve on.
 */
export class LogDirectories implements LogStore {
  private readonly directories: readonly Directory[];
  private onOffline: () => void = () => undefined;

  constructor(
    directories: readonly LogDirectory[],
    private readonly disk: Disk,
    private readonly logger: Logger,
    /** What else there is to do when it is closed. */
    private readonly closing: readonly (() => unknown)[] = [],
  ) {
    this.directories = directories.map(({ path, id, store }) => ({
      path,
      id,
      store,
      isOffline: store === undefined,
      placed: new Set(),
      folders: new Set(store?.existingNames().map((name) => folderName(name))),
    }));
    for (const directory of this.directories) {
      directory.store?.onFailure(() => this.examine(directory));
    }
  }

  /** Ids of the directories that serve. */
  get online(): readonly Uuid[] {
    return this.directories.flatMap(({ isOffline, id }) =>
      isOffline || id === undefined ? [] : [id],
    );
  }

  get isPartial(): boolean {
    return this.directories.some(({ isOffline }) => isOffline);
  }

  /** @param listener  told when a directory went offline */
  watch(listener: () => void): void {
    this.onOffline = listener;
  }

  async open(ref: PartitionRef, settings: LogSettings, wish?: Uuid): Promise<PartitionLog> {
    const directory = this.homeOf(ref) ?? this.placeFor(ref, wish);
    const { store, isOffline } = directory;
    if (store === undefined || isOffline) throw offline(directory);
    directory.placed.add(keyOf(ref));
    directory.folders.add(folderName(ref));
    try {
      return await store.open(ref, settings);
    } catch (error) {
      if (systemCodeOf(error) !== undefined) this.examine(directory);
      throw error;
    }
  }

  directoryOf(ref: PartitionRef): Uuid | undefined {
    return this.homeOf(ref)?.id;
  }

  get(ref: PartitionRef): PartitionLog | undefined {
    return this.homeOf(ref)?.store?.get(ref);
  }

  async delete(ref: PartitionRef): Promise<void> {
    const directory = this.homeOf(ref);
    // What lies in a directory that is offline is a stray when it comes back.
    directory?.placed.delete(keyOf(ref));
    directory?.folders.delete(folderName(ref));
    if (directory?.isOffline === false) await directory.store?.delete(ref);
  }

  existing(): readonly PartitionRef[] {
    return this.directories.flatMap(({ store }) => store?.existing() ?? []);
  }

  setAsideStrays(isKnown: (name: PartitionName) => boolean): void {
    for (const { store, folders } of this.directories) {
      store?.setAsideStrays(isKnown);
      for (const name of store?.existingNames() ?? []) {
        if (!isKnown(name)) folders.delete(folderName(name));
      }
    }
  }

  describe(): readonly LogDirectoryDescription[] {
    return this.directories.flatMap(({ path, store, isOffline }) =>
      store === undefined || isOffline ? [offlineDirectory(path)] : store.describe(),
    );
  }

  async close(): Promise<void> {
    const closed = this.directories.map(async ({ store }) => store?.close());
    const results = await Promise.allSettled(closed);
    for (const [i, result] of results.entries()) {
      if (result.status === 'fulfilled') continue;
      const path = this.directories[i]?.path;
      this.logger.error('a log directory could not be closed', { path, error: result.reason });
    }
    for (const close of this.closing) close();
  }

  private homeOf(ref: PartitionRef): Directory | undefined {
    const key = keyOf(ref);
    return (
      this.directories.find(({ placed }) => placed.has(key)) ??
      this.directories.find(({ store }) => store?.holds(ref) === true)
    );
  }

  /** @throws {StorageFailure} the log belongs into a directory that is offline */
  private placeFor(ref: PartitionRef, wish: Uuid | undefined): Directory {
    const wished = this.directories.find(({ id }) => id !== undefined && id === wish);
    if (wished !== undefined) return wished;
    const gone = this.directories.find(({ isOffline }) => isOffline);
    // Nobody knows what lies there: perhaps just this log.
    if (wish !== undefined && gone !== undefined) throw offline(gone);
    const usable = this.directories.filter(({ isOffline }) => !isOffline);
    const [first, ...rest] = usable;
    if (first === undefined) throw offline(gone);
    if (wish !== undefined) {
      this.logger.warn('the log directory of a partition is none of log.dirs any more', {
        folder: folderName(ref),
        directory: wish,
      });
    }
    return rest.reduce((a, b) => (b.folders.size < a.folders.size ? b : a), first);
  }

  /** Is it a log that fails, or all of the directory? */
  private examine(directory: Directory): void {
    const { path, store } = directory;
    if (directory.isOffline || store === undefined) return;
    try {
      const probe = `${path}/${probeFile}`;
      if (!this.disk.exists(path)) throw new Error(`ENOENT: ${path} was removed`);
      this.disk.writeFile(probe, '', { sync: true });
      this.disk.list(path);
      this.disk.remove(probe);
    } catch (error) {
      if (passing.has(systemCodeOf(error) ?? '')) return;
      directory.isOffline = true;
      this.logger.error('a log directory is offline until the next start', { path, error });
      store.giveUp(error);
      this.onOffline();
    }
  }
}

const offline = (directory: Directory | undefined): StorageFailure =>
  new StorageFailure(
    'NotCommitted',
    `the log directory ${directory?.path ?? 'of the partition'} is offline`,
  );

export const offlineDirectory = (path: string): LogDirectoryDescription => ({
  path,
  totalBytes: -1,
  usableBytes: -1,
  logs: [],
  isOffline: true,
});
