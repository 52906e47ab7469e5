import type { Disk } from '../../host/disk.ts';
import type { Timer } from '../../host/clock.ts';
import type { Uuid } from '../../protocol/uuid.ts';
import type { LogStoreOptions } from '../base-log-store.ts';
import { BaseLogStore } from '../base-log-store.ts';
import type { CleanableLog } from '../cleaner/cleanable-log.ts';
import type { LogDirectoryDescription } from '../log-store.ts';
import type { LogSettings, PartitionName, PartitionRef } from '../partition-log.ts';
import type { LogState } from '../log-state.ts';
import { SegmentedLog } from '../segmented-log.ts';
import { StorageFailure } from '../storage-failure.ts';
import { BufferPool } from './buffer-pool.ts';
import { readIdentity, writeAtomically, writeIdentity } from './checkpoint-files.ts';
import { DiskLogFolder } from './disk-log-folder.ts';
import type { DiskTools } from './disk-segment.ts';
import {
  fileName,
  folderName,
  identityFile,
  isGivenUp,
  offsetIn,
  partitionOf,
  renamedFolder,
} from './file-names.ts';
import { IndexCache } from './index-cache.ts';
import { LogRecovery } from './log-recovery.ts';
import { OpenFiles } from './open-files.ts';
import { RecoveryProgress } from './recovery-progress.ts';
import { RootCheckpoints } from './root-checkpoints.ts';
import { makeRoot, RootFolder } from './root-folder.ts';
import { rewriteUnsynced, startAgain, startOfLost } from './after-failure.ts';

export interface DiskLogStoreOptions extends LogStoreOptions {
  readonly disk: Disk;
  /** The data directory (`log.dirs`); made when it is not there. */
  readonly root: string;
  /** Looks at the directory once it is ours alone and before anything in it changes; may refuse. */
  readonly inspect?: () => void;
  /** Registration epoch of this broker, for the mark of a clean stop (KIP-966). */
  readonly brokerEpoch?: () => number;
  /** Open files of logs, shared with other stores; default: some of its own. */
  readonly files?: OpenFiles;
  /** Bound on those of its own. */
  readonly mostOpenFiles?: number;
  /** `log.flush.offset.checkpoint.interval.ms`. */
  readonly checkpointMs?: number;
}

const catalogTopic = '__cluster_metadata';
const lockFile = '.lock';
const cleanStopFile = '.kafka_cleanshutdown';
const defaultCheckpointMs = 60_000;
/** For folders whose deletion an earlier process did not finish. */
const leftoverDelayMs = 60_000;

/** A folder with a name that a log may have. */
interface FoundFolder {
  readonly name: string;
  readonly topicName: string;
  readonly partition: number;
}

interface OpenFolder {
  readonly log: SegmentedLog;
  readonly folder: DiskLogFolder;
}

/** All logs of a data directory, in Kafka's own files. One process at a time. */
export class DiskLogStore extends BaseLogStore {
  /** Whether the last stop was clean: then the files can be trusted. */
  readonly wasStoppedCleanly: boolean;

  private readonly disk: Disk;
  private readonly root: string;
  private readonly rootFolder: RootFolder;
  private readonly tools: DiskTools;
  private readonly lock: { release(): void };
  private readonly brokerEpoch: () => number;
  private readonly checkpoints: RootCheckpoints;
  /** Whose a folder is that was found or made; undefined: it does not say. */
  private readonly owners = new Map<string, Uuid | undefined>();
  private readonly progress: RecoveryProgress | undefined;
  private readonly foundAtStart: readonly FoundFolder[];
  /** Found, and not looked into yet. */
  private readonly unopened = new Set<string>();
  private readonly openFolders = new Map<string, OpenFolder>();
  private readonly endings = new Map<() => void, Timer>();
  /** Resolves when the latest one is over. */
  private ending = Promise.resolve();
  /** Whether every log was closed as it should be. */
  private isSound = true;

  /** @throws an error with code ELOCKED when another process has the directory */
  constructor(options: DiskLogStoreOptions) {
    super(options);
    const { disk, root } = options;
    this.disk = disk;
    this.root = root;
    this.rootFolder = new RootFolder(disk, root);
    this.brokerEpoch = options.brokerEpoch ?? (() => -1);
    this.tools = {
      disk,
      files: options.files ?? new OpenFiles(disk, options.mostOpenFiles),
      buffers: new BufferPool(),
      indexes: new IndexCache(),
      whenOver: (delayMs, action) => this.whenOver(delayMs, action),
    };
    makeRoot(disk, root);
    this.lock = disk.lock(this.pathOf(lockFile));
    try {
      options.inspect?.();
      this.wasStoppedCleanly = disk.exists(this.pathOf(cleanStopFile));
      // From now on the directory is in use; without the mark it counts as left in disorder. A power
      // cut must not bring it back, also where a process that was killed has removed it.
      if (this.wasStoppedCleanly) disk.remove(this.pathOf(cleanStopFile));
      disk.syncDirectory(root);
      this.checkpoints = new RootCheckpoints(disk, root, this.logger);
      this.foundAtStart = this.findFolders();
    } catch (error) {
      this.stopTimers();
      this.lock.release();
      throw error;
    }
    const checkpointMs = options.checkpointMs ?? defaultCheckpointMs;
    this.every(checkpointMs, () => this.checkpoint(false), options.initialTaskDelayMs);
    this.progress = this.wasStoppedCleanly ? undefined : this.watchRecovery();
  }

  private watchRecovery(): RecoveryProgress {
    return new RecoveryProgress(this.unopened, {
      clock: this.clock,
      logger: this.logger,
      after: (delayMs, action) => this.after(delayMs, action),
      sizeOf: (name) => this.unsureBytesIfKnown(name),
    });
  }

  existing(): readonly PartitionRef[] {
    return this.foundAtStart.flatMap(({ name, topicName, partition }) => {
      const topicId = this.ownerOf(name);
      return topicId === undefined ? [] : [{ topicId, topicName, partition }];
    });
  }

  /** Logs found at start, without a look into any of them. */
  existingNames(): readonly PartitionName[] {
    return this.foundAtStart;
  }

  setAsideStrays(isKnown: (name: PartitionName) => boolean): void {
    for (const found of this.foundAtStart) {
      if (isKnown(found) || !this.unopened.has(found.name)) continue;
      try {
        this.setAside(found.name, 'nobody knows the topic of a folder, which is set aside');
      } catch (error) {
        const where = { root: this.root, folder: found.name, error };
        this.logger.error('a folder whose topic nobody knows cannot be set aside', where);
      }
    }
  }

  describe(): readonly LogDirectoryDescription[] {
    const logs = [...this.logs.values()].map(({ ref, sizeInBytes }) => ({ ref, sizeInBytes }));
    try {
      for (const { name, topicName, partition } of this.foundAtStart) {
        if (!this.unopened.has(name)) continue;
        const topicId = this.ownerOf(name);
        if (topicId === undefined) continue;
        const ref = { topicId, topicName, partition };
        logs.push({ ref, sizeInBytes: this.sizeOfFolder(name) });
      }
      return [{ path: this.root, ...this.disk.volume(this.root), logs }];
    } catch (error) {
      this.logger.warn('a log directory cannot be looked at', { root: this.root, error });
      return [{ path: this.root, totalBytes: -1, usableBytes: -1, logs: [], isOffline: true }];
    }
  }

  /** Is there a folder of the log, or one that may be its? */
  holds(ref: PartitionRef): boolean {
    const name = folderName(ref);
    return this.isThere(name) && (this.ownerOf(name) ?? ref.topicId) === ref.topicId;
  }

  override async close(): Promise<void> {
    if (this.isClosed) return;
    await super.close();
    for (const [end, timer] of [...this.endings]) {
      timer.cancel();
      end();
    }
    await this.ending;
    for (const { folder } of this.openFolders.values()) await folder.forgoSegment();
    this.tools.files.closeAll();
    const isNoted = this.checkpoint(true);
    // Logs that were never looked at are only as good as they were before.
    const areKnown = this.wasStoppedCleanly || this.unopened.size === 0;
    if (this.isSound && isNoted && areKnown) this.leaveCleanMark();
    try {
      this.lock.release();
    } catch (error) {
      // It is recognized as that of a process that has ended.
      this.logger.warn('could not give a log directory back', { root: this.root, error });
    }
  }

  private leaveCleanMark(): void {
    try {
      const mark = JSON.stringify({ version: 0, brokerEpoch: this.brokerEpoch() });
      // Whole or not at all: an empty one would count.
      writeAtomically(this.disk, this.pathOf(cleanStopFile), mark, true);
      this.disk.syncDirectory(this.root);
    } catch (error) {
      // The next start looks at everything, and finds it in good order.
      this.logger.warn('could not leave the mark of a clean stop', { root: this.root, error });
    }
  }

  protected async loadStored(
    ref: PartitionRef,
    settings: LogSettings,
    failed: SegmentedLog | undefined,
  ): Promise<SegmentedLog> {
    const name = folderName(ref);
    this.claimFolder(ref, name);
    const isThere = this.isThere(name) && this.disk.exists(this.pathOf(name));
    const isUntouched = this.unopened.has(name);
    if (!isThere && failed === undefined) this.checkpoints.begin(name);
    const before = this.openFolders.get(name);
    before?.folder.close();
    const { disk, rootFolder, tools, clock, logger } = this;
    const folder = new DiskLogFolder(
      this.pathOf(name),
      rootFolder,
      ref.topicId,
      settings.indexIntervalBytes,
      tools,
      isThere,
    );
    const marks = {
      isClean: !isThere || (isUntouched && failed === undefined && this.wasStoppedCleanly),
      recoveryPoint: before?.log.recoveryPoint ?? this.checkpoints.recoveryPointOf(name),
      logStartOffset: isThere
        ? startAgain(this.checkpoints.logStartOf(name), failed)
        : startOfLost(failed),
      cleanedUntil: this.checkpoints.cleanedUntil(name) ?? 0,
    };
    const watch = { onRead: (bytes: number) => this.onRead(bytes), check: () => this.checkOpen() };
    const recovery = new LogRecovery(folder, marks, settings, disk, clock, logger, watch);
    const found = await recovery.run();
    const state = failed === undefined ? found : await this.afterFailure(found, failed, folder);
    const log = new SegmentedLog(ref, settings, state, folder, this.surroundings);
    // One that failed may have failed at this very file.
    if (isThere && (failed !== undefined || this.ownerOf(name) === undefined)) {
      writeIdentity(disk, `${this.pathOf(name)}/${identityFile}`, ref.topicId);
    }
    this.owners.set(name, ref.topicId);
    this.unopened.delete(name);
    this.checkpoints.onOpened(name, log.logEndOffset);
    this.openFolders.set(name, { log, folder });
    this.progress?.onDone();
    return log;
  }

  private onRead(bytes: number): void {
    this.progress?.onRead(bytes);
  }

  /** A recovery that nobody waits for any more does not keep the process. */
  private checkOpen(): void {
    if (this.isClosed) throw new StorageFailure('Fenced', 'the store is closed');
  }

  /** For words only: a folder that cannot be looked at says so when its log is opened. */
  private unsureBytesIfKnown(name: string): number {
    try {
      return this.unsureBytes(name);
    } catch {
      return 0;
    }
  }

  /** Bytes that a recovery of the log has to read, at most. */
  private unsureBytes(name: string): number {
    const recoveryPoint = this.checkpoints.recoveryPointOf(name);
    const offsets = this.disk
      .list(this.pathOf(name))
      .flatMap((file) => offsetIn(file, '.log') ?? []);
    const holds = offsets.findLast((offset) => offset <= recoveryPoint) ?? 0;
    return offsets
      .filter((offset) => offset >= holds)
      .reduce((sum, offset) => sum + this.sizeOfFile(name, offset), 0);
  }

  private sizeOfFile(name: string, offset: number): number {
    return this.disk.stat(`${this.pathOf(name)}/${fileName(offset, '.log')}`)?.size ?? 0;
  }

  /** What a log that failed left, made good. @throws raw system errors: the disk is not well yet */
  private async afterFailure(
    state: LogState,
    failed: SegmentedLog,
    folder: DiskLogFolder,
  ): Promise<LogState> {
    const { topicName, partition } = failed.ref;
    const where = { topic: topicName, partition };
    const [start, end] = [state.logStartOffset, state.logEndOffset];
    if (start > failed.logStartOffset || end < failed.highWatermark) {
      this.logger.error('records that were acknowledged are lost: the disk has them no more', {
        ...where,
        had: `${failed.logStartOffset} to ${failed.highWatermark}`,
        has: `${start} to ${end}`,
      });
    }
    if (!failed.hasFailedFlush) return state;
    await rewriteUnsynced(state, failed, folder);
    this.logger.info('what a failed flush covered was read back and written again', where);
    return { ...state, recoveryPoint: end };
  }

  protected removeStored(ref: PartitionRef, log: SegmentedLog | undefined): void {
    const name = folderName(ref);
    if (log === undefined && this.ownerOf(name) !== ref.topicId) return;
    this.openFolders.get(name)?.folder.close();
    this.openFolders.delete(name);
    const gone = this.pathOf(renamedFolder(name, this.hex32(), 'delete'));
    const isThere = this.disk.exists(this.pathOf(name));
    // While this fails the name is known as taken: a new topic that has it sets the folder aside.
    if (isThere) this.disk.rename(this.pathOf(name), gone);
    this.forget(name);
    if (!isThere) return;
    this.whenOver(log?.fileDeleteDelayMs ?? leftoverDelayMs, () => this.removeFolder(gone));
  }

  protected onLogStartSet(): void {
    if (!this.isClosed) this.checkpoints.writeLogStarts(this.openFolders, false);
  }

  protected onCloseFailed(): void {
    this.isSound = false;
  }

  protected cleanedUntil({ ref }: CleanableLog): number | undefined {
    return this.checkpoints.cleanedUntil(folderName(ref));
  }

  protected onCleaned({ ref }: CleanableLog, offset: number): void {
    this.checkpoints.onCleaned(folderName(ref), offset);
  }

  /** A folder of this name that belongs to another topic is set aside. */
  private claimFolder(ref: PartitionRef, name: string): void {
    const owner = this.ownerOf(name);
    if (owner === undefined || owner === ref.topicId) return;
    this.openFolders.get(name)?.folder.close();
    this.setAside(name, 'a folder belongs to another topic of that name and is set aside');
  }

  /** What is not known is kept: somebody may have mixed up two folders. */
  private setAside(name: string, why: string): void {
    const renamedTo = renamedFolder(name, this.hex32(), 'stray');
    const topicId = this.ownerOf(name);
    this.disk.rename(this.pathOf(name), this.pathOf(renamedTo));
    this.logger.warn(why, { folder: name, topicId, renamedTo });
    this.forget(name);
  }

  private forget(name: string): void {
    this.openFolders.delete(name);
    this.owners.delete(name);
    this.unopened.delete(name);
    this.checkpoints.forget(name);
  }

  /** Was it found at start, or made since? */
  private isThere(name: string): boolean {
    return this.unopened.has(name) || this.owners.has(name);
  }

  /** Read when it is needed: at start there may be ten thousand. */
  private ownerOf(name: string): Uuid | undefined {
    if (!this.owners.has(name) && this.unopened.has(name)) {
      this.owners.set(name, readIdentity(this.disk, `${this.pathOf(name)}/${identityFile}`));
    }
    return this.owners.get(name);
  }

  /** Goes by names alone. */
  private findFolders(): FoundFolder[] {
    const found: FoundFolder[] = [];
    for (const name of this.disk.list(this.root)) {
      if (isGivenUp(name)) {
        this.whenOver(leftoverDelayMs, () => this.removeFolder(this.pathOf(name)));
        continue;
      }
      const partition = partitionOf(name);
      // The catalog's own log is none of ours.
      if (partition === undefined || partition.topicName === catalogTopic) continue;
      this.unopened.add(name);
      found.push({ name, ...partition });
    }
    return found;
  }

  private sizeOfFolder(name: string): number {
    return this.disk
      .list(this.pathOf(name))
      .flatMap((file) => offsetIn(file, '.log') ?? [])
      .reduce((sum, offset) => sum + this.sizeOfFile(name, offset), 0);
  }

  /** @returns whether it could be written */
  private checkpoint(sync: boolean): boolean {
    const isWritten = this.checkpoints.write(this.openFolders, sync);
    if (!isWritten) this.surroundings.onFailed();
    return isWritten;
  }

  /** File by file, for Node would begin with all of them at once. */
  private async removeFolder(path: string): Promise<void> {
    for (const name of this.disk.list(path)) await this.disk.removeInPool(`${path}/${name}`);
    await this.disk.removeInPool(path);
  }

  /** One after the other: requests need the thread pool, too. */
  private whenOver(delayMs: number, action: () => Promise<void>): void {
    const end = (): void => {
      this.endings.delete(end);
      this.ending = this.ending.then(action).catch((error: unknown) => {
        this.logger.warn('could not remove deleted files', { root: this.root, error });
      });
    };
    if (this.isClosed) end();
    else this.endings.set(end, this.clock.schedule(delayMs, end));
  }

  private hex32(): string {
    return Buffer.from(this.surroundings.random.bytes16()).toString('hex');
  }

  private pathOf(name: string): string {
    return `${this.root}/${name}`;
  }
}
