import type { Uuid } from '../../protocol/uuid.ts';
import type { EpochEntry } from '../epoch-cache.ts';
import type { LogMedium, ReplacementMedium, SegmentMedium } from '../log-medium.ts';
import { writeEpochs, writeIdentity } from './checkpoint-files.ts';
import type { DiskTools, LogFolder } from './disk-segment.ts';
import { DiskSegment } from './disk-segment.ts';
import { cleanedSuffix, epochFile, fileName, identityFile, nextSegmentFile } from './file-names.ts';
import { FileHandle } from './open-files.ts';
import type { RootFolder } from './root-folder.ts';

/** The folder of one log. It is made by the first write into it. */
export class DiskLogFolder implements LogMedium, LogFolder {
  private readonly segments = new Set<DiskSegment>();
  /** Whether names or small files changed since they were made durable. */
  private hasChanged = false;
  /** By offset; not durable yet. */
  private readonly newSnapshots = new Map<number, Buffer>();
  private areEpochsUnsynced = false;
  private isIdentityUnsynced = false;
  /** Whether a segment was removed, and may come back with a power cut; by an earlier process, too. */
  private isRemovalUnsynced = true;
  private syncing: Promise<void> | undefined;
  /** Whether the file of the next segment is there, once that is known; undefined: nobody asked for it. */
  private isNextMade: Promise<boolean> | undefined;
  /** Of snapshots, one after the other. */
  private removal = Promise.resolve();

  constructor(
    readonly path: string,
    private readonly root: RootFolder,
    private readonly topicId: Uuid,
    private readonly indexIntervalBytes: number,
    private readonly tools: DiskTools,
    private isThere: boolean,
  ) {}

  ensure(): void {
    if (this.isThere) return;
    const { disk } = this.tools;
    disk.makeDirectory(this.path);
    this.root.changed();
    // Before any data: whose it is must never be in doubt.
    writeIdentity(disk, `${this.path}/${identityFile}`, this.topicId);
    this.isThere = true;
    this.isIdentityUnsynced = true;
    this.hasChanged = true;
  }

  changed(): void {
    this.hasChanged = true;
  }

  forget(segment: DiskSegment): void {
    this.segments.delete(segment);
    this.isRemovalUnsynced = true;
  }

  newSegment(baseOffset: number): SegmentMedium {
    return this.segment(baseOffset, false);
  }

  expectSegment(): void {
    if (this.isThere) this.isNextMade ??= this.makeNext();
  }

  private async makeNext(): Promise<boolean> {
    const { files } = this.tools;
    const next = new FileHandle(this.nextPath);
    try {
      await files.create(next);
      files.close(next);
      return true;
    } catch {
      return false; // whoever makes it when it is needed hears why
    }
  }

  /** No segment will be wanted any more: nothing is left of what was made for it. */
  async forgoSegment(): Promise<void> {
    if ((await this.isNextMade) === true) this.tools.files.removeIfPossible(this.nextPath);
  }

  async takeNext(path: string): Promise<boolean> {
    if (this.isNextMade === undefined) return false;
    const isMade = await this.isNextMade;
    try {
      if (isMade) this.tools.disk.rename(this.nextPath, path);
      return isMade;
    } catch {
      return false; // as above
    } finally {
      this.isNextMade = undefined;
    }
  }

  newReplacement(baseOffset: number): ReplacementMedium {
    const segment = this.segment(baseOffset, false, cleanedSuffix);
    segment.clear();
    return segment;
  }

  segment(baseOffset: number, found: boolean, mark: '' | typeof cleanedSuffix = ''): DiskSegment {
    const { indexIntervalBytes, tools } = this;
    const segment = new DiskSegment(this, baseOffset, indexIntervalBytes, tools, found, mark);
    this.segments.add(segment);
    return segment;
  }

  /** A segment that is one of the log's. */
  found(baseOffset: number): DiskSegment | undefined {
    for (const segment of this.segments) if (segment.baseOffset === baseOffset) return segment;
    return undefined;
  }

  saveEpochs(entries: readonly EpochEntry[]): void {
    this.ensure();
    writeEpochs(this.tools.disk, `${this.path}/${epochFile}`, entries);
    this.areEpochsUnsynced = true;
    this.hasChanged = true;
  }

  saveSnapshot(offset: number, snapshot: Buffer): void {
    this.newSnapshots.set(offset, snapshot);
    this.hasChanged = true;
  }

  removeSnapshot(offset: number): void {
    this.newSnapshots.delete(offset);
    // One too many does no harm, and goes when the log is opened again.
    const remove = (): Promise<void> => this.tools.disk.removeInPool(this.snapshotPath(offset));
    this.removal = this.removal.then(remove).catch(() => undefined);
  }

  async removed(): Promise<void> {
    await this.removal;
  }

  async syncRemovals(): Promise<void> {
    while (this.syncing !== undefined) await this.syncing;
    if (this.isRemovalUnsynced) await this.syncNames();
  }

  beginSync(): () => Promise<void> {
    const snapshots = [...this.newSnapshots.keys()];
    return () => this.sync(snapshots);
  }

  /** @param snapshots  offsets of those that are due */
  private async sync(snapshots: readonly number[]): Promise<void> {
    // Of what another flush is at nothing is durable until that is over.
    while (this.syncing !== undefined) await this.syncing;
    if (!this.hasChanged || !this.isThere) return;
    this.syncing = this.syncChanges(snapshots);
    await this.syncing;
  }

  /** What changes meanwhile is the next one's. After a failure there is none: all that come fail, too. */
  private async syncChanges(snapshots: readonly number[]): Promise<void> {
    const { files } = this.tools;
    this.hasChanged = false;
    if (this.isIdentityUnsynced) {
      this.isIdentityUnsynced = false;
      await files.sync(`${this.path}/${identityFile}`);
    }
    if (this.areEpochsUnsynced) {
      this.areEpochsUnsynced = false;
      await files.sync(`${this.path}/${epochFile}`);
    }
    for (const offset of snapshots) await this.writeSnapshot(offset);
    await this.syncNames();
    await this.root.sync();
    this.hasChanged ||= this.newSnapshots.size > 0;
    this.syncing = undefined;
  }

  private async writeSnapshot(offset: number): Promise<void> {
    const snapshot = this.newSnapshots.get(offset);
    if (snapshot === undefined) return; // its segment is gone
    const isWanted = (): boolean => this.newSnapshots.has(offset);
    await this.tools.files.writeWhole(this.snapshotPath(offset), snapshot, isWanted);
    this.newSnapshots.delete(offset);
  }

  private async syncNames(): Promise<void> {
    this.isRemovalUnsynced = false;
    try {
      await this.tools.files.syncDirectory(this.path);
    } catch (error) {
      this.isRemovalUnsynced = true;
      throw error;
    }
  }

  private get nextPath(): string {
    return `${this.path}/${nextSegmentFile}`;
  }

  private snapshotPath(offset: number): string {
    return `${this.path}/${fileName(offset, '.snapshot')}`;
  }

  /** Closes all files. */
  close(): void {
    for (const segment of this.segments) segment.close();
  }
}
