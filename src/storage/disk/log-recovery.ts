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
import type { LogState } from '../segmented-log.ts';
import { BatchScanner } from './batch-scanner.ts';
import { readEpochs } from './checkpoint-files.ts';
import type { DiskLogFolder } from './disk-log-folder.ts';
import { epochFile } from './file-names.ts';
import { FoundLog, type FoundSegment } from './found-log.ts';
import { IndexBuilder } from './index-files.ts';
import { clearLeftovers } from './leftovers.ts';
import { ProducerRecovery } from './producer-recovery.ts';

/** What the checkpoints at the root say of a log, and whether it was left in good order. */
export interface LogMarks {
  readonly isClean: boolean;
  readonly recoveryPoint: number;
  readonly logStartOffset: number;
}

const largestOffsetDelta = 2_147_483_647;

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

  constructor(
    private readonly folder: DiskLogFolder,
    private readonly marks: LogMarks,
    private readonly settings: LogSettings,
    private readonly disk: Disk,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {
    this.found = new FoundLog(disk, folder.path, settings, clock);
    this.producers = new ProducerRecovery(this.found, clock, logger);
  }

  async run(): Promise<LogState> {
    clearLeftovers(this.disk, this.folder.path);
    this.found.findSegments();
    const epochs = readEpochs(this.disk, `${this.folder.path}/${epochFile}`);
    this.epochs = new EpochCache(epochs);
    this.savedEpochs = epochs ?? [];
    const firstUnsure = this.firstUnsure();
    const last = this.found.segments.at(-1);
    if (firstUnsure === undefined && last !== undefined) this.findEnd(last);
    await this.takeTrusted(firstUnsure?.baseOffset ?? this.logEndOffset, epochs === undefined);
    await this.recoverFrom(firstUnsure);
    return this.finish();
  }

  /** The first segment that may hold what was not durable; undefined after a clean stop. */
  private firstUnsure(): FoundSegment | undefined {
    if (this.marks.isClean) return undefined;
    const { segments } = this.found;
    const holdsRecoveryPoint = segments.findLast(
      ({ baseOffset }) => baseOffset <= this.marks.recoveryPoint,
    );
    return holdsRecoveryPoint ?? segments[0];
  }

  /**
   * Takes in what files say that are trusted.
   *
   * @param allEpochs  the epochs are lost: go through all headers
   */
  private async takeTrusted(untilOffset: number, allEpochs: boolean): Promise<void> {
    await this.producers.loadSnapshot(untilOffset);
    const from = Math.max(this.producers.snapshotOffset, 0);
    const { segments } = this.found;
    for (const [i, segment] of segments.entries()) {
      if (segment.baseOffset >= untilOffset) break;
      const end = segments[i + 1]?.baseOffset ?? Infinity;
      this.found.trust(segment);
      if (!allEpochs && end <= from) continue;
      const { offsets } = this.found.indexesOf(segment);
      const position = allEpochs ? 0 : offsets.positionBefore(from);
      await this.found.walk(segment, position, ({ buffer, at }) => {
        if (allEpochs) this.assignEpoch(buffer, at);
        // Rows of the transaction index come from its file.
        if (lastOffsetAt(buffer, at) >= from) this.producers.producers.apply(buffer, at);
      });
    }
  }

  /** Follows the batches behind the last row of the index to the end of the log. */
  private findEnd(segment: FoundSegment): void {
    segment.indexes = this.found.indexesOf(segment);
    const file = this.disk.open(this.found.pathOf(segment.baseOffset, '.log'));
    try {
      const first = new BatchScanner(file, segment.size);
      if (first.look() === 'batch') {
        segment.firstTimestamp = maxTimestampAt(first.buffer, first.at);
      }
      let end = this.follow(
        segment,
        segment.indexes,
        new BatchScanner(file, segment.size, segment.indexes.offsets.lastPosition),
      );
      if (end < segment.size && segment.indexes.offsets.entries > 0) {
        // Perhaps it is the index that is wrong: nothing is cut on its word.
        this.disk.remove(this.found.pathOf(segment.baseOffset, '.index'));
        segment.indexes = this.found.indexesOf({ ...segment, indexes: undefined });
        end = this.follow(
          segment,
          segment.indexes,
          new BatchScanner(file, segment.size, segment.indexes.offsets.lastPosition),
        );
      }
      this.cut(segment, end);
    } finally {
      file.close();
    }
  }

  /** @returns where the last whole batch ends */
  private follow(segment: FoundSegment, { times }: SegmentIndexes, scanner: BatchScanner): number {
    segment.maxTimestamp = times.lastTimestamp;
    segment.offsetOfMaxTimestamp = times.lastOffset;
    this.logEndOffset = segment.baseOffset;
    while (scanner.look() === 'batch') {
      this.logEndOffset = lastOffsetAt(scanner.buffer, scanner.at) + 1;
      const maxTimestamp = maxTimestampAt(scanner.buffer, scanner.at);
      scanner.next();
      if (maxTimestamp <= segment.maxTimestamp) continue;
      segment.maxTimestamp = maxTimestamp;
      segment.offsetOfMaxTimestamp = this.logEndOffset - 1;
    }
    return scanner.position;
  }

  private cut(segment: FoundSegment, size: number): void {
    if (size === segment.size) return;
    this.logger.warn('the end of a log was torn and is cut off', {
      path: this.found.pathOf(segment.baseOffset, '.log'),
      bytes: segment.size - size,
    });
    this.found.truncate(segment, size);
  }

  private async recoverFrom(first: FoundSegment | undefined): Promise<void> {
    if (first === undefined) return;
    this.logEndOffset = first.baseOffset;
    const unsure = this.found.segments.slice(this.found.segments.indexOf(first));
    for (const [i, segment] of unsure.entries()) {
      const { size } = segment;
      await this.recover(segment);
      if (segment.size === size && !this.endsBefore(unsure[i + 1])) continue;
      // What comes behind a hole was never committed.
      this.found.drop(unsure.slice(i + 1));
      break;
    }
  }

  /** Whether offsets are missing before a segment. Compaction takes some away, and nobody else. */
  private endsBefore(next: FoundSegment | undefined): boolean {
    if (next === undefined || this.settings.cleanupCompact) return false;
    return this.logEndOffset < next.baseOffset;
  }

  /** Reads a whole segment and builds anew all that is derived from it. */
  private async recover(segment: FoundSegment): Promise<void> {
    const { baseOffset } = segment;
    const { snapshotOffset, producers } = this.producers;
    const indexes = emptyIndexes(baseOffset);
    const builder = new IndexBuilder(indexes, this.settings.indexIntervalBytes);
    segment.isRecovered = true;
    segment.indexes = indexes;
    let nextOffset = baseOffset;
    const validBytes = await this.found.walk(segment, 0, (scanner) => {
      const { buffer, at, position, bytes } = scanner;
      if (!isInPlace(baseOffset, buffer, at, nextOffset) || !scanner.isIntact()) return false;
      if (position === 0) segment.firstTimestamp = maxTimestampAt(buffer, at);
      builder.add(buffer, at, position, bytes);
      this.assignEpoch(buffer, at);
      nextOffset = this.logEndOffset = lastOffsetAt(buffer, at) + 1;
      if (nextOffset <= snapshotOffset) return true; // the snapshot knows it
      const row = producers.apply(buffer, at);
      if (row !== undefined) segment.aborted.push(row);
      return true;
    });
    segment.maxTimestamp = builder.maxTimestamp;
    segment.offsetOfMaxTimestamp = builder.offsetOfMaxTimestamp;
    builder.complete();
    this.cut(segment, validBytes);
    this.found.saveDerived(segment);
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
      medium.isDirty = true;
    }
    return segment;
  }

  private emptySegment(baseOffset: number): Segment {
    const start = newSegmentStart(baseOffset, this.clock.wallMs(), 0, emptyIndexes(baseOffset));
    return new Segment(start, this.folder.newSegment(baseOffset));
  }
}

function isInPlace(segmentBase: number, buffer: Buffer, at: number, nextOffset: number): boolean {
  const lastOffset = lastOffsetAt(buffer, at);
  return (
    baseOffsetAt(buffer, at) >= nextOffset &&
    lastOffset >= baseOffsetAt(buffer, at) &&
    lastOffset - segmentBase <= largestOffsetDelta
  );
}
