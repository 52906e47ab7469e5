import type { Uuid } from '../../protocol/uuid.ts';
import type { EpochEntry } from '../epoch-cache.ts';
import type { LogMedium, ReplacementMedium, SegmentMedium } from '../log-medium.ts';
import { writeEpochs, writeIdentity } from './checkpoint-files.ts';
import type { DiskTools, LogFolder } from './disk-segment.ts';
import { DiskSegment } from './disk-segment.ts';
import { cleanedSuffix, epochFile, fileName, identityFile } from './file-names.ts';

/** The folder of one log. It is made by the first write into it. */
export class DiskLogFolder implements LogMedium, LogFolder {
  private readonly segments = new Set<DiskSegment>();
  /** Whether names or small files changed since they were made durable. */
  private hasChanged = false;
  /** Small files that were written and are not durable yet. */
  private readonly newSnapshots = new Set<string>();
  private unsyncedEpochs: readonly EpochEntry[] | undefined;
  private isIdentityUnsynced = false;

  constructor(
    readonly path: string,
    private readonly root: string,
    private readonly topicId: Uuid,
    private readonly indexIntervalBytes: number,
    private readonly tools: DiskTools,
    private isThere: boolean,
  ) {}

  ensure(): void {
    if (this.isThere) return;
    const { disk } = this.tools;
    disk.makeDirectory(this.path);
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
    this.ensure();
    const path = this.snapshotPath(offset);
    this.tools.disk.writeFile(path, snapshot);
    this.newSnapshots.add(path);
    this.hasChanged = true;
  }

  removeSnapshot(offset: number): void {
    const path = this.snapshotPath(offset);
    this.newSnapshots.delete(path);
    try {
      this.tools.disk.remove(path);
    } catch {
      // One too many does no harm, and goes when the log is opened again.
    }
  }

  sync(): void {
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
      this.syncSnapshots();
      disk.syncDirectory(this.path);
      disk.syncDirectory(this.root);
      this.isIdentityUnsynced = false;
      this.unsyncedEpochs = undefined;
    } catch (error) {
      this.hasChanged = true;
      throw error;
    }
  }

  private syncSnapshots(): void {
    for (const path of this.newSnapshots) {
      const file = this.tools.disk.open(path);
      try {
        file.syncNow();
      } finally {
        file.close();
      }
      this.newSnapshots.delete(path);
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
