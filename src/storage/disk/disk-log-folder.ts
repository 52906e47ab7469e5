import type { Uuid } from '../../protocol/uuid.ts';
import type { EpochEntry } from '../epoch-cache.ts';
import type { LogMedium, ReplacementMedium, SegmentMedium } from '../log-medium.ts';
import { writeEpochs, writeIdentity } from './checkpoint-files.ts';
import type { DiskTools, LogFolder } from './disk-segment.ts';
import { DiskSegment } from './disk-segment.ts';
import { cleanedSuffix, epochFile, fileName, identityFile } from './file-names.ts';
import type { RootFolder } from './root-folder.ts';

/** The folder of one log. It is made by the first write into it. */
export class DiskLogFolder implements LogMedium, LogFolder {
  private readonly segments = new Set<DiskSegment>();
  /** Whether names or small files changed since they were made durable. */
  private hasChanged = false;
  /** By offset; not written yet. */
  private readonly newSnapshots = new Map<number, Buffer>();
  private unsyncedEpochs: readonly EpochEntry[] | undefined;
  private isIdentityUnsynced = false;
  /** Whether a segment was removed, and may come back with a power cut; by an earlier process, too. */
  private isRemovalUnsynced = true;

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
    writeIdentity(disk, `${this.path}/${identityFile}`, this.topicId, false);
    this.isThere = true;
    this.isIdentityUnsynced = true;
    this.hasChanged = true;
  }

  changed(): void {
    this.hasChanged = true;
  }

  forget(segment: DiskSegment): void {
    this.segments.delete(segment);
  }

  newSegment(baseOffset: number): SegmentMedium {
    return this.segment(baseOffset, false);
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
    this.unsyncedEpochs = entries;
    writeEpochs(this.tools.disk, `${this.path}/${epochFile}`, entries);
    this.hasChanged = true;
  }

  saveSnapshot(offset: number, snapshot: Buffer): void {
    this.newSnapshots.set(offset, snapshot);
    this.hasChanged = true;
  }

  removeSnapshot(offset: number): void {
    this.newSnapshots.delete(offset);
    try {
      this.tools.disk.remove(this.snapshotPath(offset));
    } catch {
      // One too many does no harm, and goes when the log is opened again.
    }
  }

  syncRemovals(): void {
    if (this.isRemovalUnsynced) this.tools.disk.syncDirectory(this.path);
    this.isRemovalUnsynced = true;
  }

  beginSync(): () => void {
    const snapshots = [...this.newSnapshots.keys()];
    return () => this.sync(snapshots);
  }

  /** @param snapshots  offsets of those that are due */
  private sync(snapshots: readonly number[]): void {
    if (!this.hasChanged || !this.isThere) return;
    const { disk } = this.tools;
    this.hasChanged = false;
    try {
      if (this.isIdentityUnsynced) {
        writeIdentity(disk, `${this.path}/${identityFile}`, this.topicId, true);
      }
      if (this.unsyncedEpochs !== undefined) {
        writeEpochs(disk, `${this.path}/${epochFile}`, this.unsyncedEpochs, true);
      }
      this.writeSnapshots(snapshots);
      disk.syncDirectory(this.path);
      this.root.sync();
      this.isIdentityUnsynced = false;
      this.isRemovalUnsynced = false;
      this.unsyncedEpochs = undefined;
      this.hasChanged ||= this.newSnapshots.size > 0;
    } catch (error) {
      this.hasChanged = true;
      throw error;
    }
  }

  private writeSnapshots(offsets: readonly number[]): void {
    for (const offset of offsets) {
      const snapshot = this.newSnapshots.get(offset);
      if (snapshot === undefined) continue; // its segment is gone
      this.tools.disk.writeFile(this.snapshotPath(offset), snapshot, { sync: true });
      this.newSnapshots.delete(offset);
    }
  }

  private snapshotPath(offset: number): string {
    return `${this.path}/${fileName(offset, '.snapshot')}`;
  }

  /** Closes all files. */
  close(): void {
    for (const segment of this.segments) segment.close();
  }
}
