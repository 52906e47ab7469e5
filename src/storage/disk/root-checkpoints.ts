import type { Disk } from '../../host/disk.ts';
import type { Logger } from '../../host/logger.ts';
import type { SegmentedLog } from '../segmented-log.ts';
import type { OffsetsByFolder } from './checkpoint-files.ts';
import { readOffsets, writeOffsets } from './checkpoint-files.ts';
import { cleanerFile, highWatermarkFile, logStartFile, recoveryPointFile } from './file-names.ts';

/** Logs by the names of their folders. */
type OpenLogs = ReadonlyMap<string, { readonly log: SegmentedLog }>;

/** What the checkpoint files of a data directory say of each log, by the name of its folder. */
export class RootCheckpoints {
  private readonly recoveryPoints: OffsetsByFolder;
  private readonly logStarts: OffsetsByFolder;
  private readonly highWatermarks: OffsetsByFolder;
  private readonly cleaned: OffsetsByFolder;
  /** Whether they were written when that was tried last. */
  private isWritten = true;
  /** Whether the starts were written since they were durable. */
  private areStartsUnsynced = false;
  /** Whether the files may name folders that are gone. */
  private namesGone = false;

  constructor(
    private readonly disk: Disk,
    private readonly root: string,
    private readonly logger: Logger,
  ) {
    this.recoveryPoints = readOffsets(disk, this.pathOf(recoveryPointFile));
    this.logStarts = readOffsets(disk, this.pathOf(logStartFile));
    this.highWatermarks = readOffsets(disk, this.pathOf(highWatermarkFile));
    this.cleaned = readOffsets(disk, this.pathOf(cleanerFile));
  }

  recoveryPointOf(name: string): number {
    return this.recoveryPoints.get(name) ?? 0;
  }

  logStartOf(name: string): number {
    return this.logStarts.get(name) ?? 0;
  }

  /** Up to where the cleaner has come; undefined: it never did anything. */
  cleanedUntil(name: string): number | undefined {
    return this.cleaned.get(name);
  }

  onCleaned(name: string, offset: number): void {
    this.cleaned.set(name, offset);
    this.writeCleaned();
  }

  /** What was cut off a log and is written anew is dirty. */
  onOpened(name: string, logEndOffset: number): void {
    if ((this.cleaned.get(name) ?? 0) > logEndOffset) this.cleaned.set(name, logEndOffset);
  }

  /** What they say of a folder is not true of another one of that name. */
  forget(name: string): void {
    for (const map of [this.recoveryPoints, this.logStarts, this.highWatermarks]) {
      if (map.delete(name)) this.namesGone = true;
    }
    if (!this.cleaned.delete(name)) return;
    this.namesGone = true;
    this.writeCleaned();
  }

  /**
   * A new log comes under this name: after a crash, too, it must not be taken for one that had the
   * name before it, and began and was durable somewhere else.
   *
   * @throws raw system errors
   */
  begin(name: string): void {
    this.forget(name);
    if (!this.namesGone) return;
    this.writeOffsets(recoveryPointFile, this.recoveryPoints, true);
    this.writeOffsets(highWatermarkFile, this.highWatermarks, true);
    this.writeOffsets(logStartFile, this.logStarts, true);
    this.writeOffsets(cleanerFile, this.cleaned, true);
    this.disk.syncDirectory(this.root);
    this.namesGone = false;
  }

  /** Writes down how far each log is durable, begins, and was committed. @returns whether it could */
  write(logs: OpenLogs, sync: boolean): boolean {
    let hasChanged = sync || !this.isWritten || this.areStartsUnsynced;
    for (const [name, { log }] of logs) {
      if (log.logEndOffset === 0) continue; // perhaps it has no folder yet
      const hasGrown = this.highWatermarks.get(name) !== log.highWatermark;
      if (hasGrown && !sync) log.checkPresence();
      hasChanged ||= hasGrown || this.recoveryPoints.get(name) !== log.recoveryPoint;
      this.recoveryPoints.set(name, log.recoveryPoint);
      this.highWatermarks.set(name, log.highWatermark);
    }
    if (!hasChanged) return true;
    try {
      this.writeOffsets(recoveryPointFile, this.recoveryPoints, sync);
      // As often as Kafka's: what was deleted before that stays deleted after a power cut, too.
      const mustSync = sync || this.areStartsUnsynced || this.someStartsWithin(logs);
      this.writeOffsets(highWatermarkFile, this.highWatermarks, mustSync);
      this.writeLogStarts(logs, mustSync);
      if (mustSync) this.disk.syncDirectory(this.root);
      this.areStartsUnsynced = false;
      this.isWritten = true;
    } catch (error) {
      // Until it works again a start after a crash has more to read, and that is all.
      this.isWritten = false;
      this.logger.error('could not write the checkpoints', { root: this.root, error });
    }
    return this.isWritten;
  }

  /**
   * A high watermark below it is written first: nobody shall find a log that begins behind it.
   *
   * @throws raw system errors
   */
  writeLogStarts(logs: OpenLogs, sync: boolean): void {
    let isBehind = false;
    for (const [name, { log }] of logs) {
      if (log.logStartOffset === 0) continue;
      this.logStarts.set(name, log.logStartOffset);
      if ((this.highWatermarks.get(name) ?? 0) >= log.logStartOffset) continue;
      this.highWatermarks.set(name, log.highWatermark);
      isBehind = true;
    }
    if (isBehind) this.writeOffsets(highWatermarkFile, this.highWatermarks, sync);
    this.writeOffsets(logStartFile, this.logStarts, sync);
    this.areStartsUnsynced = !sync;
  }

  /** Whether a log begins within a segment, which nothing but the checkpoint says. */
  private someStartsWithin(logs: OpenLogs): boolean {
    for (const name of this.logStarts.keys()) {
      const log = logs.get(name)?.log;
      if (log === undefined || log.logStartOffset > (log.allSegments[0]?.baseOffset ?? 0)) {
        return true;
      }
    }
    return false;
  }

  private writeCleaned(): void {
    try {
      this.writeOffsets(cleanerFile, this.cleaned, false);
    } catch (error) {
      // What is clean is cleaned once more, no harm is done.
      this.logger.error('could not write a checkpoint', { path: this.pathOf(cleanerFile), error });
    }
  }

  /** A directory that holds no log of ours is left as it was found. */
  private writeOffsets(file: string, offsets: OffsetsByFolder, sync: boolean): void {
    const path = this.pathOf(file);
    if (offsets.size > 0 || this.disk.exists(path)) writeOffsets(this.disk, path, offsets, sync);
  }

  private pathOf(file: string): string {
    return `${this.root}/${file}`;
  }
}
