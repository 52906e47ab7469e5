import type { Clock } from '../../host/clock.ts';
import type { Disk } from '../../host/disk.ts';
import type { Logger } from '../../host/logger.ts';
import {
  baseOffsetAt,
  lastOffsetAt,
  maxTimestampAt,
  partitionLeaderEpochAt,
} from '../../protocol/record-batch.ts';
import { AbortedTransactions } from '../aborted-transactions.ts';
import type { EpochEntry } from '../epoch-cache.ts';
import { EpochCache } from '../epoch-cache.ts';
import type { LogSettings } from '../partition-log.ts';
import type { SegmentIndexes } from '../segment-indexes.ts';
import { emptyIndexes } from '../segment-indexes.ts';
import { newSegmentStart, Segment } from '../segment.ts';
import type { LogState } from '../log-state.ts';
import { rebuildAborted } from './aborted-rebuild.ts';
import { BatchScanner } from './batch-scanner.ts';
import { readEpochs } from './checkpoint-files.ts';
import type { DiskLogFolder } from './disk-log-folder.ts';
import { epochFile } from './file-names.ts';
import { FoundLog, type FoundSegment, type RecoveryWatch } from './found-log.ts';
import { ProducerRecovery } from './producer-recovery.ts';
import {
  atSegmentStart,
  firstTimestampOf,
  isWhole,
  recoveryStart,
  reportCut,
  type RecoveryStart,
} from './segment-recovery.ts';

/** What the checkpoints at the root say of a log, and whether it was left in good order. */
export interface LogMarks {
  readonly isClean: boolean;
  readonly recoveryPoint: number;
  readonly logStartOffset: number;
  /** So far it was compacted, whatever its cleanup policy is now. */
  readonly cleanedUntil: number;
}

/** The tail behind the last row of an index is short. */
const followWindow = 64 * 1024;

/**
 * Makes a log's state from its folder. After a clean stop the files are trusted. Otherwise every
 * segment from the recovery point on is read: the log is cut at the first batch that is torn or does
 * not agree with its checksum, and all that is derived from batches is built anew.
 */
export class LogRecovery {
  private readonly found: FoundLog;
  private readonly producers: ProducerRecovery;
  private epochs = new EpochCache();
  private savedEpochs: readonly EpochEntry[] = [];
  private logEndOffset = 0;
  /** Behind the last batch that was seen. */
  private batchesEnd = 0;

  constructor(
    private readonly folder: DiskLogFolder,
    private readonly marks: LogMarks,
    private readonly settings: LogSettings,
    private readonly disk: Disk,
    private readonly clock: Clock,
    private readonly logger: Logger,
    watch: RecoveryWatch,
  ) {
    this.found = new FoundLog(disk, folder.path, settings, watch, logger);
    this.producers = new ProducerRecovery(this.found, clock, logger);
  }

  async run(): Promise<LogState> {
    this.found.look();
    const epochs = readEpochs(this.disk, `${this.folder.path}/${epochFile}`);
    this.epochs = new EpochCache(epochs);
    this.savedEpochs = epochs ?? [];
    const last = this.found.segments.at(-1);
    if (last === undefined) return this.finish();
    if (this.marks.isClean) {
      this.findEnd(last);
      if (epochs === undefined) await this.rebuildEpochs(this.logEndOffset);
      await this.takeTrusted(this.logEndOffset);
    } else {
      const start = await this.startOfRecovery();
      await this.completeEpochs(start.offset);
      await this.takeTrusted(start.offset);
      await this.recoverFrom(start);
    }
    return this.finish();
  }

  /**
   * Makes the epochs those of the batches below an offset. What the file says of later ones may be
   * of batches that are lost, or in whose place others are; and a power cut may have taken back a
   * deletion that the file knows of.
   */
  private async completeEpochs(untilOffset: number): Promise<void> {
    this.epochs.truncateFromEnd(untilOffset);
    const known = this.epochs.entries[0]?.startOffset ?? Infinity;
    const first = this.found.segments[0] as FoundSegment;
    const start = Math.max(this.marks.logStartOffset, first.baseOffset);
    if (known <= start || start >= untilOffset) return;
    await this.rebuildEpochs(Math.min(known, untilOffset));
  }

  /** Finds out from headers which epochs the batches below an offset have. */
  private async rebuildEpochs(untilOffset: number): Promise<void> {
    const later = this.epochs.entries;
    this.epochs = new EpochCache();
    for (const segment of this.found.segments) {
      if (segment.baseOffset >= untilOffset) break;
      await this.found.walk(segment, 0, ({ buffer, at }) => {
        if (baseOffsetAt(buffer, at) >= untilOffset) return false;
        this.assignEpoch(buffer, at);
        return true;
      });
    }
    for (const { epoch, startOffset } of later) this.epochs.assign(epoch, startOffset);
  }

  /** Where begins what was perhaps not durable. */
  private startOfRecovery(): Promise<RecoveryStart> {
    const { segments } = this.found;
    const { recoveryPoint } = this.marks;
    // One that ends at the recovery point, too: perhaps it was durable before it was complete.
    const holds = segments.findLast(({ baseOffset }) => baseOffset < recoveryPoint);
    return recoveryStart(this.found, holds ?? (segments[0] as FoundSegment), recoveryPoint);
  }

  /** Takes in what files say that are trusted. */
  private async takeTrusted(untilOffset: number): Promise<void> {
    await this.producers.loadSnapshot(untilOffset);
    const from = Math.max(this.producers.snapshotOffset, 0);
    for (const segment of this.found.segments) {
      if (segment.baseOffset >= untilOffset) break;
      if (!this.found.takeAborted(segment)) {
        await rebuildAborted(this.found, segment, this.producers, this.logger);
      }
      this.found.takeTimes(segment);
      if (Math.min(segment.endOffset, untilOffset) <= from) continue;
      const { offsets } = this.found.indexesOf(segment);
      await this.found.walk(segment, offsets.positionBefore(from), ({ buffer, at }) => {
        if (baseOffsetAt(buffer, at) >= untilOffset) return false;
        // Rows of the transaction index come from its file.
        if (lastOffsetAt(buffer, at) >= from) this.producers.producers.apply(buffer, at);
        return true;
      });
    }
  }

  /** Follows the batches behind the last row of the index to the end of the log. */
  private findEnd(segment: FoundSegment): void {
    segment.firstTimestamp = firstTimestampOf(this.found, segment);
    segment.indexes = this.found.indexesOf(segment);
    let end = this.follow(segment, segment.indexes);
    if (end < segment.size && segment.indexes.offsets.entries > 0) {
      // Perhaps it is the index that is wrong: nothing is cut on its word.
      this.disk.remove(this.found.pathOf(segment.baseOffset, '.index'));
      segment.indexes = this.found.indexesOf({ ...segment, indexes: undefined });
      end = this.follow(segment, segment.indexes);
    }
    segment.endOffset = this.logEndOffset;
    if (end === segment.size) return;
    const path = this.found.pathOf(segment.baseOffset, '.log');
    const bytes = segment.size - end;
    this.logger.warn('the end of a log was torn and is cut off', { path, position: end, bytes });
    this.found.truncate(segment, end);
  }

  /** @returns where the last whole batch ends */
  private follow(segment: FoundSegment, { offsets, times }: SegmentIndexes): number {
    segment.maxTimestamp = times.lastTimestamp;
    segment.offsetOfMaxTimestamp = times.lastOffset;
    this.logEndOffset = segment.baseOffset;
    const path = this.found.pathOf(segment.baseOffset, '.log');
    const file = this.disk.open(path, { readOnly: true });
    try {
      const scanner = new BatchScanner(file, segment.size, offsets.lastPosition, followWindow);
      while (scanner.look() === 'batch') {
        this.logEndOffset = lastOffsetAt(scanner.buffer, scanner.at) + 1;
        const maxTimestamp = maxTimestampAt(scanner.buffer, scanner.at);
        scanner.next();
        if (maxTimestamp <= segment.maxTimestamp) continue;
        segment.maxTimestamp = maxTimestamp;
        segment.offsetOfMaxTimestamp = this.logEndOffset - 1;
      }
      return scanner.position;
    } finally {
      file.close();
    }
  }

  private async recoverFrom(start: RecoveryStart): Promise<void> {
    this.logEndOffset = this.batchesEnd = start.offset;
    const unsure = this.found.segments.slice(this.found.segments.indexOf(start.segment));
    for (const [i, segment] of unsure.entries()) {
      const validBytes = await this.recover(i === 0 ? start : atSegmentStart(this.found, segment));
      if (validBytes === segment.size && !this.endsBefore(unsure[i + 1])) continue;
      // What comes behind a hole was never committed.
      const later = unsure.slice(i + 1);
      const { logEndOffset, logger } = this;
      await reportCut(this.found, segment, validBytes, logEndOffset, later, logger);
      if (validBytes < segment.size) this.found.truncate(segment, validBytes);
      this.found.drop(later);
      // A power cut must not bring them back once the log has gone on past their first offsets.
      if (later.length > 0) this.disk.syncDirectory(this.folder.path);
      break;
    }
    this.dropEmptyTail();
  }

  /**
   * Empty segments at the end and a gap before them are what a power cut left where compaction may
   * leave gaps, too. Nothing is lost with them, and no reader would get past the gap.
   */
  private dropEmptyTail(): void {
    const { segments } = this.found;
    const end = Math.max(this.batchesEnd, this.marks.cleanedUntil);
    const from = segments.findLastIndex(({ size }) => size > 0) + 1;
    const tail = segments.slice(Math.max(1, from)).filter(({ baseOffset }) => baseOffset > end);
    if (tail.length === 0) return;
    this.found.drop(tail);
    this.disk.syncDirectory(this.folder.path);
    const last = this.found.segments.at(-1) as FoundSegment;
    this.logEndOffset = Math.max(this.batchesEnd, last.baseOffset);
  }

  /** Whether offsets are missing before a segment. Compaction takes some away, and nobody else. */
  private endsBefore(next: FoundSegment | undefined): boolean {
    if (next === undefined || this.settings.cleanupCompact) return false;
    return this.logEndOffset < next.baseOffset && this.marks.cleanedUntil < next.baseOffset;
  }

  /**
   * Reads a segment and builds anew all that is derived from it.
   *
   * @returns where the last good batch ends
   */
  private async recover({ segment, position, offset, builder }: RecoveryStart): Promise<number> {
    const { snapshotOffset, producers } = this.producers;
    segment.isRecovered = true;
    segment.indexes = builder.indexes;
    // What is appended here must not begin before the segment does.
    this.logEndOffset = Math.max(this.logEndOffset, offset);
    const known = segment.aborted.filter(({ lastOffset }) => lastOffset < offset);
    // Rows of what is cut must not count for what is written in its place.
    const hasLostRows = known.length < segment.aborted.length;
    segment.aborted = known;
    let nextOffset = offset;
    const validBytes = await this.found.walk(segment, position, (scanner) => {
      if (!isWhole(scanner, segment.baseOffset, nextOffset)) return false;
      const { buffer, at } = scanner;
      builder.add(buffer, at, scanner.position, scanner.bytes);
      this.assignEpoch(buffer, at);
      nextOffset = this.logEndOffset = this.batchesEnd = lastOffsetAt(buffer, at) + 1;
      if (nextOffset <= snapshotOffset) return true; // the snapshot knows it
      const row = producers.apply(buffer, at);
      if (row !== undefined) segment.aborted.push(row);
      return true;
    });
    segment.firstTimestamp = firstTimestampOf(this.found, segment);
    segment.maxTimestamp = builder.maxTimestamp;
    segment.offsetOfMaxTimestamp = builder.offsetOfMaxTimestamp;
    builder.complete();
    const isSaved = validBytes === position && position > 0 && !hasLostRows;
    if (!isSaved || !this.found.hasSavedIndexes(segment)) {
      this.found.saveDerived(segment, segment.baseOffset < this.marks.recoveryPoint);
    }
    return validBytes;
  }

  private assignEpoch(buffer: Buffer, at: number): void {
    const epoch = partitionLeaderEpochAt(buffer, at);
    if (epoch < 0 || epoch <= (this.epochs.latest ?? -1)) return;
    this.epochs.assign(epoch, baseOffsetAt(buffer, at));
  }

  private finish(): LogState {
    const { found, marks } = this;
    const startMark = marks.logStartOffset;
    if (found.segments.length > 0 && this.logEndOffset < startMark) this.giveUpAll(startMark);
    if (found.segments.length === 0) this.logEndOffset = startMark;
    const firstBase = found.segments[0]?.baseOffset ?? startMark;
    const logStartOffset = Math.max(startMark, firstBase);
    this.epochs.truncateFromEnd(this.logEndOffset);
    this.epochs.truncateFromStart(logStartOffset);
    this.saveEpochs();
    this.producers.removeStraySnapshots(this.logEndOffset);
    const segments = found.segments.map((each, i) =>
      this.makeSegment(each, i === found.segments.length - 1),
    );
    if (segments.length === 0) segments.push(this.emptySegment(startMark));
    const aborted = new AbortedTransactions();
    for (const each of found.segments) for (const row of each.aborted) aborted.add(row);
    const { logEndOffset } = this;
    if (marks.isClean && logEndOffset < marks.recoveryPoint) this.reportLoss();
    // Names that are found after a crash need not be durable.
    if (!marks.isClean) this.folder.changed();
    return {
      segments,
      logStartOffset,
      logEndOffset,
      recoveryPoint: marks.isClean ? logEndOffset : Math.min(marks.recoveryPoint, logEndOffset),
      snapshotOffset: this.producers.snapshotOffset,
      producers: this.producers.producers,
      epochs: this.epochs,
      aborted,
    };
  }

  /** A clean stop has written down where the log ended. */
  private reportLoss(): void {
    const { folder, logEndOffset, logger, marks } = this;
    logger.error(
      `offsets ${logEndOffset} to ${marks.recoveryPoint - 1} are lost: the log was cut`,
      {
        folder: folder.path,
      },
    );
  }

  /** The files end before the log's start: someone removed them. */
  private giveUpAll(startMark: number): void {
    this.logger.warn('the log ends before its start and begins anew there', {
      folder: this.folder.path,
      logEndOffset: this.logEndOffset,
      logStartOffset: startMark,
    });
    this.found.drop(this.found.segments);
    this.epochs = new EpochCache();
  }

  private saveEpochs(): void {
    const { entries } = this.epochs;
    const isSame =
      entries.length === this.savedEpochs.length &&
      entries.every(({ epoch, startOffset }, i) => {
        const saved = this.savedEpochs[i];
        return saved?.epoch === epoch && saved.startOffset === startOffset;
      });
    if (!isSame) this.folder.saveEpochs(entries);
  }

  private makeSegment(found: FoundSegment, isLast: boolean): Segment {
    const stat = this.disk.stat(this.found.pathOf(found.baseOffset, '.log'));
    const nowMs = this.clock.wallMs();
    const medium = this.folder.segment(found.baseOffset, true);
    const segment = new Segment(
      {
        ...found,
        createdMs: nowMs,
        lastModifiedMs: stat?.modifiedMs ?? nowMs,
        rollJitterMs: 0,
        // The last one grows; the others' are loaded when someone needs them.
        indexes: isLast ? found.indexes : undefined,
      },
      medium,
    );
    if (found.isRecovered) {
      segment.syncedSize = 0;
      medium.besideChanged();
    }
    return segment;
  }

  private emptySegment(baseOffset: number): Segment {
    const start = newSegmentStart(baseOffset, this.clock.wallMs(), 0, emptyIndexes(baseOffset));
    return new Segment(start, this.folder.newSegment(baseOffset));
  }
}
