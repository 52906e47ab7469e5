import type { Disk, DiskFile } from '../../host/disk.ts';
import type { AbortedRow } from '../aborted-transactions.ts';
import { abortedRowSize, encodeAbortedRows } from '../aborted-transactions.ts';
import type { HeldFile, Region, ReplacementMedium } from '../log-medium.ts';
import type { SegmentIndexes } from '../segment-indexes.ts';
import { StorageFailure, withCause } from '../storage-failure.ts';
import type { BufferPool, PooledBuffer } from './buffer-pool.ts';
import {
  cleanedSuffix,
  deletedSuffix,
  fileName,
  segmentSuffixes,
  swapSuffix,
  unfinishedSuffix,
} from './file-names.ts';
import type { IndexCache } from './index-cache.ts';
import { readIndexes, rebuildIndexes, type SegmentPaths } from './index-files.ts';
import type { OpenFiles } from './open-files.ts';
import { FileHandle } from './open-files.ts';
import { SharedBytes } from './shared-bytes.ts';

/** A longer read goes through the thread pool even where it is probably cached. */
const longestSyncRead = 1024 * 1024;
const rewrittenAtOnce = 1024 * 1024;

/** Below the recovery point these are trusted, hence they are as durable as the log. */
const derivedSuffixes = ['.index', '.timeindex', '.txnindex'] as const;

/** What the segments of a disk store share. */
export interface DiskTools {
  readonly disk: Disk;
  readonly files: OpenFiles;
  readonly buffers: BufferPool;
  readonly indexes: IndexCache;
  /** Runs later, or when the store closes. */
  whenOver(delayMs: number, action: () => Promise<void>): void;
}

/** The folder of a log. */
export interface LogFolder {
  readonly path: string;
  /** Makes it, unless it is there. */
  ensure(): void;
  /** Names changed in it. */
  changed(): void;
  /**
   * Gives the file that was made for the log's next segment its name, once it is made.
   *
   * @returns false: there is none, or it cannot be had
   */
  takeNext(path: string): Promise<boolean>;
  /** The segment is no longer one of its log. */
  forget(segment: DiskSegment): void;
}

/** What the names of a segment's files end with: nothing, or how far a replacement has come. */
type Mark = '' | typeof cleanedSuffix | typeof swapSuffix;

/** A segment in a `.log` file, its indexes in files beside it. */
export class DiskSegment implements ReplacementMedium {
  private readonly log: FileHandle;
  private isThere: boolean;
  /** Removed from its log: only readers that are at it use it still. */
  private isGone = false;
  /** Something of it could not be sent: it is read to memory, where every read is looked at. */
  private isDoubted = false;
  /** Whether files beside the log were written since their latest fsync began. */
  private isBesideUnsynced = false;
  /** What was read last: all consumers that a commit wakes want the same. */
  private latest: SharedBytes | undefined;
  /** The latest fsync of the files beside the log. */
  private besideSync: Promise<void> | undefined;
  /** Of a complete segment, until they are in their files. */
  private unsaved: SegmentIndexes | undefined;
  readonly canRot = true;
  private readonly paths: SegmentPaths = (suffix) => this.pathOf(suffix);

  constructor(
    private readonly folder: LogFolder,
    readonly baseOffset: number,
    private readonly indexIntervalBytes: number,
    private readonly tools: DiskTools,
    found: boolean,
    private mark: Mark = '',
  ) {
    this.log = new FileHandle(this.pathOf('.log'));
    this.isThere = found;
  }

  get isDirty(): boolean {
    return this.isBesideUnsynced || this.besideSync !== undefined;
  }

  /** Files beside the log were written. */
  besideChanged(): void {
    this.isBesideUnsynced = true;
  }

  async create(): Promise<void> {
    if (this.isThere) return;
    this.prepareFolder();
    const isTaken = this.mark === '' && (await this.folder.takeNext(this.log.path));
    if (!isTaken) await this.tools.files.create(this.log);
    this.noteCreated();
  }

  private createNow(): void {
    if (this.isThere) return;
    this.prepareFolder();
    this.tools.files.use(this.log, true);
    this.noteCreated();
  }

  private prepareFolder(): void {
    this.folder.ensure();
    this.clearBeside();
  }

  private noteCreated(): void {
    this.isThere = true;
    this.folder.changed();
  }

  /** What a power cut left of a segment that had this place must not count for the new one. */
  private clearBeside(): void {
    const { disk } = this.tools;
    for (const suffix of derivedSuffixes) {
      if (disk.exists(this.pathOf(suffix))) disk.remove(this.pathOf(suffix));
    }
  }

  writeNow(chunks: readonly Uint8Array[], position: number): void {
    this.createNow();
    this.tools.files.use(this.log).writeSync(chunks, position);
  }

  async write(chunks: readonly Uint8Array[], position: number): Promise<void> {
    await this.create();
    await this.tools.files.during(this.log, (file) => file.write(chunks, position));
  }

  takeBack(position: number, isNew: boolean): void {
    if (!this.isThere) return;
    const { disk, files } = this.tools;
    if (isNew) {
      files.close(this.log);
      disk.remove(this.log.path);
      disk.syncDirectory(this.folder.path);
      return;
    }
    const file = files.use(this.log);
    if (file.size() <= position) return;
    file.truncate(position);
    // A flush of what was there before may have taken the beginning with it.
    file.syncNow();
  }

  async sync(): Promise<void> {
    if (this.isGone) return;
    try {
      await this.tools.files.during(this.log, (file) => file.sync());
    } catch (error) {
      if (this.isRemoved()) return; // while it waited for its turn
      throw error;
    }
    // A file without a name is as durable as one that was never written.
    if (!this.isPresent()) throw new Error(`ENOENT: ${this.log.path} was removed`);
    // Of what another flush is at nothing is durable until that is over.
    while (this.besideSync !== undefined) await this.besideSync;
    if (!this.isBesideUnsynced) return;
    this.besideSync = this.syncAllBeside();
    await this.besideSync;
  }

  /** After a failure all that come fail, too. */
  private async syncAllBeside(): Promise<void> {
    this.isBesideUnsynced = false;
    const { unsaved } = this;
    if (unsaved === undefined) {
      await this.syncBeside('.index');
      await this.syncBeside('.timeindex');
    } else {
      await this.save('.index', unsaved.offsets.bytes);
      await this.save('.timeindex', unsaved.times.bytes);
      this.unsaved = undefined;
    }
    await this.syncBeside('.txnindex');
    this.besideSync = undefined;
  }

  /** Whole or not at all: what an earlier close left is trusted, after a power cut too. */
  private async save(suffix: '.index' | '.timeindex', rows: Buffer): Promise<void> {
    if (this.isGone) return;
    // Of a segment that is gone the one that took its place may have the name.
    await this.tools.files.writeWhole(this.pathOf(suffix), rows, () => !this.isGone);
    this.folder.changed();
  }

  private async syncBeside(suffix: (typeof derivedSuffixes)[number]): Promise<void> {
    const { disk, files } = this.tools;
    const path = this.pathOf(suffix);
    if (this.isGone || !disk.exists(path)) return;
    try {
      await files.sync(path);
    } catch (error) {
      if (!this.isRemoved()) throw error;
    }
  }

  /** Asked anew after a wait, which the type checker would not believe. */
  private isRemoved(): boolean {
    return this.isGone;
  }

  isPresent(): boolean {
    return this.isGone || !this.isThere || this.tools.disk.exists(this.log.path);
  }

  /**
   * Writes the bytes from `from` to `to` once more, as they are read now, and makes them durable.
   * After a failed fsync the system counts them as written, and would not try again by itself.
   *
   * @param isLast  nothing of the log follows: that the file ends at `to` is done once more, too
   */
  async rewrite(from: number, to: number, isLast: boolean): Promise<void> {
    if (!this.isThere) return;
    if (from < to) await this.rewriteBytes(from, to);
    if (isLast) this.cutOnceMore(to);
    await this.sync();
  }

  private async rewriteBytes(from: number, to: number): Promise<void> {
    const { buffer, release } = this.lend(Math.min(rewrittenAtOnce, to - from));
    try {
      await this.tools.files.during(this.log, async (file) => {
        for (let at = from; at < to; at += buffer.length) {
          const length = Math.min(buffer.length, to - at);
          this.checkRead(await file.read(buffer, 0, length, at), length, at);
          await file.write([buffer.subarray(0, length)], at);
        }
      });
    } finally {
      release();
    }
  }

  /**
   * What was cut off, by whoever took a failed write back or recovered the log, may be on the disk
   * still. A size that stays the same is nothing to write, hence the file grows first.
   */
  private cutOnceMore(size: number): void {
    const file = this.tools.files.use(this.log);
    file.truncate(size + 1);
    file.truncate(size);
  }

  private lend(length: number): { readonly buffer: Buffer; readonly release: () => void } {
    const lent = this.tools.buffers.take(length);
    return { buffer: lent.buffer.subarray(0, length), release: () => lent.release() };
  }

  read(position: number, length: number, isNear: boolean): Region | Promise<Region> {
    if (!isNear || length > longestSyncRead) return this.readInPool(position, length);
    const known = this.latest?.find(position, length);
    if (known !== undefined) return known;
    this.latest = new SharedBytes(this.readNow(position, length), position, length);
    return this.latest.find(position, length) as Region;
  }

  hold(): HeldFile | undefined {
    if (this.isGone || this.isDoubted) return undefined;
    try {
      const file = this.tools.files.hold(this.log);
      if (file === undefined) return undefined;
      if (file.descriptor !== undefined) return this.held(file, file.descriptor);
      this.tools.files.letGo(this.log);
      return undefined;
    } catch (error) {
      throw this.unreadable(error);
    }
  }

  private held(file: DiskFile, descriptor: number): HeldFile {
    let isHeld = true;
    return {
      descriptor,
      readNow: (target, position) => {
        try {
          this.checkRead(
            file.readSync(target, 0, target.length, position),
            target.length,
            position,
          );
        } catch (error) {
          throw this.unreadable(error);
        }
      },
      doubt: () => (this.isDoubted = true),
      release: () => {
        if (isHeld) this.tools.files.letGo(this.log);
        isHeld = false;
      },
    };
  }

  private readNow(position: number, length: number): PooledBuffer {
    const lent = this.tools.buffers.take(length);
    try {
      const read = this.tools.files.use(this.log).readSync(lent.buffer, 0, length, position);
      this.checkRead(read, length, position);
      return lent;
    } catch (error) {
      lent.release();
      throw this.unreadable(error);
    }
  }

  private async readInPool(position: number, length: number): Promise<Region> {
    const lent = this.tools.buffers.take(length);
    const { buffer } = lent;
    try {
      const read = await this.tools.files.during(this.log, (file) =>
        file.read(buffer, 0, length, position),
      );
      this.checkRead(read, length, position);
      return { ranges: [{ buffer, start: 0, end: length }], release: () => lent.release() };
    } catch (error) {
      lent.release();
      throw this.unreadable(error);
    }
  }

  private checkRead(read: number, wanted: number, position: number): void {
    if (read === wanted) return;
    const where = `${this.log.path} at ${position}`;
    throw new StorageFailure('Corrupt', `${where}: ${read} bytes instead of ${wanted}`);
  }

  private unreadable(error: unknown): StorageFailure {
    if (error instanceof StorageFailure) return error;
    // That it is not there any more says nothing of its log.
    const cause = this.isGone ? undefined : error;
    return new StorageFailure('Unreadable', withCause('cannot read the log', error), cause);
  }

  appendAborted(rows: readonly AbortedRow[]): void {
    const file = this.tools.disk.open(this.pathOf('.txnindex'), { create: true });
    try {
      // A torn row is overwritten.
      const position = Math.floor(file.size() / abortedRowSize) * abortedRowSize;
      file.writeSync([encodeAbortedRows(rows)], position);
    } finally {
      file.close();
    }
    this.besideChanged();
    this.folder.changed();
  }

  seal(indexes: SegmentIndexes): void {
    this.unsaved = indexes;
    this.tools.indexes.put(this, indexes);
    this.besideChanged();
    this.folder.changed();
  }

  loadIndexes(): SegmentIndexes {
    if (this.unsaved !== undefined) return this.unsaved;
    try {
      return this.tools.indexes.get(this, () =>
        readIndexes(this.tools.disk, this.paths, this.baseOffset, this.indexIntervalBytes),
      );
    } catch (error) {
      throw this.unreadable(error);
    }
  }

  async rebuildIndexes(): Promise<void> {
    const { disk, indexes } = this.tools;
    // A failure is its log's matter.
    if (this.besideSync !== undefined) await this.besideSync.catch(() => undefined);
    this.unsaved = undefined; // found wrong
    try {
      const { paths, baseOffset, indexIntervalBytes } = this;
      const built = await rebuildIndexes(disk, paths, baseOffset, indexIntervalBytes);
      indexes.put(this, built);
    } catch (error) {
      throw this.unreadable(error);
    }
  }

  remove(delayMs: number, isReplaced: boolean): void {
    const { disk } = this.tools;
    this.tools.files.close(this.log);
    const gone: string[] = [];
    for (const suffix of segmentSuffixes) {
      const path = this.pathOf(suffix);
      if (!disk.exists(path)) continue;
      const mustGo = isReplaced || suffix === '.log';
      const given = mustGo ? this.marked(path) : this.renamed(path);
      gone.push(given);
      // A reader that is at it opens what is there now.
      if (suffix === '.log') this.log.path = given;
    }
    this.isGone = true;
    this.tools.indexes.forget(this);
    this.folder.forget(this);
    this.tools.whenOver(delayMs, async () => {
      this.tools.files.close(this.log);
      for (const path of gone) await disk.removeInPool(path);
      this.tools.files.close(this.log); // a reader that was at it still may have opened it
    });
  }

  private marked(path: string): string {
    this.tools.disk.rename(path, path + deletedSuffix);
    return path + deletedSuffix;
  }

  /** An index without its log does no harm, even where the disk does not let the mark be set. */
  private renamed(path: string): string {
    try {
      return this.marked(path);
    } catch {
      return path; // removed in the end all the same
    }
  }

  /**
   * The names change as in Apache Kafka, which ends or undoes an interrupted swap by the same rule:
   * a `.swap` file counts only where no `.cleaned` file is left.
   */
  async beginSwap(): Promise<void> {
    this.changeMark(swapSuffix);
    // In this order on the disk, too: what it replaces must not be gone before it counts.
    await this.tools.files.syncDirectory(this.folder.path);
  }

  async endSwap(): Promise<void> {
    // What it replaced must not come back once nothing says any more that it was replaced.
    await this.tools.files.syncDirectory(this.folder.path);
    this.changeMark('');
    this.folder.changed();
  }

  discard(): void {
    this.isGone = true;
    this.tools.files.close(this.log);
    this.tools.indexes.forget(this);
    this.folder.forget(this);
    this.clear();
  }

  /** Removes its files; there may be some that an earlier attempt could not remove. */
  clear(): void {
    for (const suffix of segmentSuffixes) this.tools.disk.remove(this.pathOf(suffix));
    for (const suffix of derivedSuffixes) {
      this.tools.disk.remove(this.pathOf(suffix) + unfinishedSuffix);
    }
  }

  private changeMark(mark: Mark): void {
    const { disk } = this.tools;
    const before = segmentSuffixes.map((suffix) => this.pathOf(suffix));
    this.mark = mark;
    for (const [i, suffix] of segmentSuffixes.entries()) {
      const path = before[i] as string;
      if (disk.exists(path)) disk.rename(path, this.pathOf(suffix));
    }
    // The file itself may stay open.
    this.log.path = this.pathOf('.log');
  }

  /** Closes the file; it is opened again when needed, under the folder's name of then. */
  close(): void {
    this.tools.files.close(this.log);
  }

  private pathOf(suffix: (typeof segmentSuffixes)[number]): string {
    return `${this.folder.path}/${fileName(this.baseOffset, suffix)}${this.mark}`;
  }
}
