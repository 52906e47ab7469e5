import type { Clock } from '../../host/clock.ts';
import type { Disk, DiskFile } from '../../host/disk.ts';
import type { Logger } from '../../host/logger.ts';
import {
  baseOffsetAt,
  lastOffsetAt,
  maxTimestampAt,
  partitionLeaderEpochAt,
} from '../../protocol/record-batch.ts';
import {
  AbortedTransactions,
  decodeAbortedRows,
  encodeAbortedRows,
} from '../aborted-transactions.ts';
import type { AbortedRow } from '../aborted-transactions.ts';
import type { EpochEntry } from '../epoch-cache.ts';
import { EpochCache } from '../epoch-cache.ts';
import type { LogSettings } from '../partition-log.ts';
import { decodeSnapshot } from '../producer-snapshot.ts';
import { isExpired, ProducerState } from '../producer-state.ts';
import type { SegmentIndexes } from '../segment-indexes.ts';
import { emptyIndexes } from '../segment-indexes.ts';
import { newSegmentStart, Segment } from '../segment.ts';
import type { LogState } from '../segmented-log.ts';
import { StorageFailure } from '../storage-failure.ts';
import { BatchScanner } from './batch-scanner.ts';
import { readEpochs } from './checkpoint-files.ts';
import type { DiskLogFolder } from './disk-log-folder.ts';
import {
  cleanedSuffix,
  deletedSuffix,
  epochFile,
  fileName,
  offsetIn,
  segmentSuffixes,
  swapSuffix,
} from './file-names.ts';
import { IndexBuilder, lastTimeRow, readIndexes } from './index-files.ts';

/** What the checkpoints at the root say of a log, and whether it was left in good order. */
export interface LogMarks {
  readonly isClean: boolean;
  readonly recoveryPoint: number;
  readonly logStartOffset: number;
}

/** After so many bytes others may run. */
const sliceBytes = 8 * 1024 * 1024;
const largestOffsetDelta = 2_147_483_647;
/** So far back batches are looked for that a producer may send again. */
const recalledBytes = 1024 * 1024;

/** A segment as it is being found. */
interface Found {
  readonly baseOffset: number;
  size: number;
  /** Scanned with checksums; else its files are trusted. */
  isRecovered: boolean;
  maxTimestamp: number;
  offsetOfMaxTimestamp: number;
  firstTimestamp: number | undefined;
  indexes: SegmentIndexes | undefined;
  aborted: AbortedRow[];
}

/**
 * Makes a log's state from its folder. After a clean stop the files are trusted. Otherwise every
 * segment from the recovery point on is read: the log is cut at the first batch that is torn or does
 * not agree with its checksum, and all that is derived from batches is built anew.
 */
export class LogRecovery {
  private readonly producers = new ProducerState();
  private readonly aborted = new AbortedTransactions();
  private epochs = new EpochCache();
  private savedEpochs: readonly EpochEntry[] = [];
  private segments: Found[] = [];
  private snapshotOffset = -1;
  private logEndOffset = 0;
  private scannedBytes = 0;

  constructor(
    private readonly folder: DiskLogFolder,
    private readonly marks: LogMarks,
    private readonly settings: LogSettings,
    private readonly disk: Disk,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  async run(): Promise<LogState> {
    this.tidyUp();
    this.segments = this.findSegments();
    const epochs = readEpochs(this.disk, `${this.folder.path}/${epochFile}`);
    this.epochs = new EpochCache(epochs);
    this.savedEpochs = epochs ?? [];
    const firstUnsure = this.firstUnsure();
    const last = this.segments.at(-1);
    if (firstUnsure === undefined && last !== undefined) this.findEnd(last);
    await this.loadProducers(firstUnsure?.baseOffset ?? this.logEndOffset, epochs === undefined);
    await this.recoverFrom(firstUnsure);
    return this.finish();
  }

  /** Removes what an interrupted deletion or compaction left, and ends an interrupted swap. */
  private tidyUp(): void {
    const names = this.disk.list(this.folder.path);
    for (const name of names) {
      if (!name.endsWith(deletedSuffix) && !name.endsWith(cleanedSuffix)) continue;
      this.disk.remove(`${this.folder.path}/${name}`);
    }
    const swaps = names.filter((name) => name.endsWith(swapSuffix));
    for (const name of swaps) {
      const plain = name.slice(0, -swapSuffix.length);
      const baseOffset = offsetIn(plain, '.log');
      if (baseOffset !== undefined) this.removeReplaced(baseOffset, `${this.folder.path}/${name}`);
    }
    for (const name of swaps) {
      const path = `${this.folder.path}/${name}`;
      this.disk.rename(path, path.slice(0, -swapSuffix.length));
    }
  }

  /** Removes the segments whose batches are in a new one that only lacks its name. */
  private removeReplaced(from: number, swapPath: string): void {
    const until = this.endOfFile(swapPath, from);
    for (const name of this.disk.list(this.folder.path)) {
      for (const suffix of segmentSuffixes) {
        const offset = offsetIn(name, suffix);
        if (offset === undefined || offset < from || offset >= until) continue;
        this.disk.remove(`${this.folder.path}/${name}`);
      }
    }
  }

  private endOfFile(path: string, baseOffset: number): number {
    const file = this.disk.open(path, { readOnly: true });
    try {
      let end = baseOffset;
      const scanner = new BatchScanner(file, file.size());
      while (scanner.look() === 'batch') {
        end = lastOffsetAt(scanner.buffer, scanner.at) + 1;
        scanner.next();
      }
      return end;
    } finally {
      file.close();
    }
  }

  private findSegments(): Found[] {
    const found: Found[] = [];
    for (const name of this.disk.list(this.folder.path)) {
      const baseOffset = offsetIn(name, '.log');
      if (baseOffset === undefined) continue;
      found.push({
        baseOffset,
        size: this.disk.stat(this.pathOf(baseOffset, '.log'))?.size ?? 0,
        isRecovered: false,
        maxTimestamp: -1,
        offsetOfMaxTimestamp: baseOffset,
        firstTimestamp: undefined,
        indexes: undefined,
        aborted: [],
      });
    }
    return found.sort((a, b) => a.baseOffset - b.baseOffset);
  }

  /** The first segment that may hold what was not durable; undefined after a clean stop. */
  private firstUnsure(): Found | undefined {
    if (this.marks.isClean) return undefined;
    const holdsRecoveryPoint = this.segments.findLast(
      ({ baseOffset }) => baseOffset <= this.marks.recoveryPoint,
    );
    return holdsRecoveryPoint ?? this.segments[0];
  }

  /**
   * Loads the latest snapshot and takes in the headers behind it, as far as files are trusted.
   *
   * @param allEpochs  the epochs are lost: go through all headers
   */
  private async loadProducers(untilOffset: number, allEpochs: boolean): Promise<void> {
    this.loadSnapshot(untilOffset);
    await this.recallBatches();
    const from = Math.max(this.snapshotOffset, 0);
    for (const [i, segment] of this.segments.entries()) {
      if (segment.baseOffset >= untilOffset) break;
      const end = this.segments[i + 1]?.baseOffset ?? Infinity;
      this.trust(segment);
      if (!allEpochs && end <= from) continue;
      const { offsets } = this.indexesOf(segment);
      await this.scan(
        segment,
        allEpochs ? 0 : offsets.positionBefore(from),
        false,
        (buffer, at) => {
          if (allEpochs) this.assignEpoch(buffer, at);
          // Rows of the transaction index come from its file.
          if (lastOffsetAt(buffer, at) >= from) this.producers.apply(buffer, at);
        },
      );
    }
  }

  private loadSnapshot(untilOffset: number): void {
    const offsets = this.snapshotOffsets().reverse();
    for (const offset of offsets) {
      // One past the part that is trusted may know of batches that are lost.
      if (offset > untilOffset) continue;
      try {
        const nowMs = this.clock.wallMs();
        for (const entry of decodeSnapshot(this.disk.readFile(this.pathOf(offset, '.snapshot')))) {
          if (isExpired(entry, nowMs, this.settings.producerIdExpirationMs)) continue;
          this.producers.load(entry);
        }
        this.snapshotOffset = offset;
        return;
      } catch (error) {
        if (!(error instanceof StorageFailure)) throw error;
        this.logger.warn('a producer snapshot is unreadable and is rebuilt from the log', {
          path: this.pathOf(offset, '.snapshot'),
        });
        this.disk.remove(this.pathOf(offset, '.snapshot'));
      }
    }
  }

  /**
   * A snapshot has room for the last batch of each producer only. A producer that had several under
   * way and heard of none sends them all again: they are looked up in the log's last bytes.
   */
  private async recallBatches(): Promise<void> {
    if (this.snapshotOffset <= 0 || this.producers.size === 0) return;
    const seen = new ProducerState();
    for (const { segment, position } of this.tailBelow(this.snapshotOffset)) {
      await this.scan(segment, position, false, (buffer, at) => {
        if (lastOffsetAt(buffer, at) < this.snapshotOffset) seen.apply(buffer, at);
      });
    }
    this.producers.recall(seen);
  }

  /** Where to begin in which segments, to see the last bytes below an offset. */
  private tailBelow(offset: number): { readonly segment: Found; readonly position: number }[] {
    const tail: { segment: Found; position: number }[] = [];
    let left = recalledBytes;
    for (const segment of [...this.segments].reverse()) {
      if (segment.baseOffset >= offset) continue;
      const { offsets } = this.indexesOf(segment);
      const end = offsets.positionBefore(offset);
      tail.unshift({ segment, position: offsets.rowBefore(end - left) });
      left -= end;
      if (left <= 0) break;
    }
    return tail;
  }

  private snapshotOffsets(): number[] {
    return this.disk
      .list(this.folder.path)
      .flatMap((name) => offsetIn(name, '.snapshot') ?? [])
      .sort((a, b) => a - b);
  }

  /** Takes a segment's own files at their word. */
  private trust(segment: Found): void {
    const path = this.pathOf(segment.baseOffset, '.txnindex');
    if (this.disk.exists(path)) segment.aborted = decodeAbortedRows(this.disk.readFile(path));
    if (segment.indexes !== undefined) return; // the last one: seen already
    const last = lastTimeRow(this.disk, this.folder.path, segment.baseOffset);
    const { times } = last === undefined ? this.indexesOf(segment) : { times: undefined };
    segment.maxTimestamp = last?.timestamp ?? times?.lastTimestamp ?? -1;
    segment.offsetOfMaxTimestamp = last?.offset ?? times?.lastOffset ?? segment.baseOffset;
  }

  private indexesOf(segment: Found): SegmentIndexes {
    const { indexIntervalBytes } = this.settings;
    return (
      segment.indexes ??
      readIndexes(this.disk, this.folder.path, segment.baseOffset, indexIntervalBytes)
    );
  }

  /** Follows the batches behind the last row of the index to the end of the log. */
  private findEnd(segment: Found): void {
    segment.indexes = this.indexesOf(segment);
    const file = this.disk.open(this.pathOf(segment.baseOffset, '.log'));
    try {
      const first = new BatchScanner(file, segment.size);
      if (first.look() === 'batch') {
        segment.firstTimestamp = maxTimestampAt(first.buffer, first.at);
      }
      let end = this.follow(segment, segment.indexes, file);
      if (end < segment.size && segment.indexes.offsets.entries > 0) {
        // Perhaps it is the index that is wrong: nothing is cut on its word.
        this.disk.remove(this.pathOf(segment.baseOffset, '.index'));
        segment.indexes = this.indexesOf({ ...segment, indexes: undefined });
        end = this.follow(segment, segment.indexes, file);
      }
      this.cut(segment, end, file);
    } finally {
      file.close();
    }
  }

  /** @returns where the last whole batch ends */
  private follow(segment: Found, { offsets, times }: SegmentIndexes, file: DiskFile): number {
    segment.maxTimestamp = times.lastTimestamp;
    segment.offsetOfMaxTimestamp = times.lastOffset;
    this.logEndOffset = segment.baseOffset;
    const scanner = new BatchScanner(file, segment.size, offsets.lastPosition);
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

  private cut(segment: Found, size: number, file: { truncate(length: number): void }): void {
    if (size === segment.size) return;
    this.logger.warn('the end of a log was torn and is cut off', {
      path: this.pathOf(segment.baseOffset, '.log'),
      bytes: segment.size - size,
    });
    file.truncate(size);
    segment.size = size;
  }

  private async recoverFrom(first: Found | undefined): Promise<void> {
    if (first === undefined) return;
    this.logEndOffset = first.baseOffset;
    const unsure = this.segments.slice(this.segments.indexOf(first));
    for (const [i, segment] of unsure.entries()) {
      const { size } = segment;
      await this.recover(segment);
      if (segment.size === size) continue;
      // What comes behind a hole was never committed.
      const lost = unsure.slice(i + 1);
      for (const each of lost) this.removeFiles(each);
      this.segments = this.segments.filter((each) => !lost.includes(each));
      break;
    }
  }

  /** Reads a whole segment and builds anew all that is derived from it. */
  private async recover(segment: Found): Promise<void> {
    const { baseOffset } = segment;
    const indexes = emptyIndexes(baseOffset);
    const builder = new IndexBuilder(indexes, this.settings.indexIntervalBytes);
    segment.isRecovered = true;
    segment.indexes = indexes;
    const validBytes = await this.scan(segment, 0, true, (buffer, at, position, bytes) => {
      if (position === 0) segment.firstTimestamp = maxTimestampAt(buffer, at);
      builder.add(buffer, at, position, bytes);
      this.assignEpoch(buffer, at);
      this.logEndOffset = lastOffsetAt(buffer, at) + 1;
      if (this.logEndOffset <= this.snapshotOffset) return; // the snapshot knows it
      const row = this.producers.apply(buffer, at);
      if (row !== undefined) segment.aborted.push(row);
    });
    segment.maxTimestamp = builder.maxTimestamp;
    segment.offsetOfMaxTimestamp = builder.offsetOfMaxTimestamp;
    builder.complete();
    const file = this.disk.open(this.pathOf(baseOffset, '.log'));
    try {
      this.cut(segment, validBytes, file);
    } finally {
      file.close();
    }
    this.saveDerived(segment);
  }

  private saveDerived({ baseOffset, indexes, aborted }: Found): void {
    if (indexes === undefined) return;
    this.disk.writeFile(this.pathOf(baseOffset, '.index'), indexes.offsets.bytes);
    this.disk.writeFile(this.pathOf(baseOffset, '.timeindex'), indexes.times.bytes);
    const path = this.pathOf(baseOffset, '.txnindex');
    if (aborted.length > 0) this.disk.writeFile(path, encodeAbortedRows(aborted));
    else this.disk.remove(path);
  }

  private removeFiles({ baseOffset }: Found): void {
    for (const suffix of segmentSuffixes) this.disk.remove(this.pathOf(baseOffset, suffix));
  }

  private assignEpoch(buffer: Buffer, at: number): void {
    const epoch = partitionLeaderEpochAt(buffer, at);
    if (epoch < 0 || epoch <= (this.epochs.latest ?? -1)) return;
    this.epochs.assign(epoch, baseOffsetAt(buffer, at));
  }

  /**
   * Walks over a segment's batches.
   *
   * @param isStrict  stops where a checksum or the order of offsets is wrong
   * @returns         where the last good batch ends
   */
  private async scan(
    segment: Found,
    position: number,
    isStrict: boolean,
    visit: (buffer: Buffer, at: number, position: number, bytes: number) => void,
  ): Promise<number> {
    const file = this.disk.open(this.pathOf(segment.baseOffset, '.log'), { readOnly: true });
    try {
      const scanner = new BatchScanner(file, segment.size, position);
      let nextOffset = segment.baseOffset;
      while (scanner.look() === 'batch') {
        const { buffer, at, bytes } = scanner;
        if (isStrict && !this.isInPlace(segment, buffer, at, nextOffset)) break;
        if (isStrict && !scanner.isIntact()) break;
        nextOffset = lastOffsetAt(buffer, at) + 1;
        visit(buffer, at, scanner.position, bytes);
        scanner.next();
        this.scannedBytes += bytes;
        if (this.scannedBytes > sliceBytes) await this.letOthersRun();
      }
      return scanner.position;
    } finally {
      file.close();
    }
  }

  private isInPlace(segment: Found, buffer: Buffer, at: number, nextOffset: number): boolean {
    const lastOffset = lastOffsetAt(buffer, at);
    return (
      baseOffsetAt(buffer, at) >= nextOffset &&
      lastOffset >= baseOffsetAt(buffer, at) &&
      lastOffset - segment.baseOffset <= largestOffsetDelta
    );
  }

  private async letOthersRun(): Promise<void> {
    this.scannedBytes = 0;
    await new Promise<void>((resolve) => this.clock.defer(resolve));
  }

  private finish(): LogState {
    const startMark = this.marks.logStartOffset;
    if (this.segments.length > 0 && this.logEndOffset < startMark) this.giveUpAll(startMark);
    if (this.segments.length === 0) this.logEndOffset = startMark;
    const firstBase = this.segments[0]?.baseOffset ?? startMark;
    const logStartOffset = Math.max(startMark, firstBase);
    this.epochs.truncateFromEnd(this.logEndOffset);
    this.epochs.truncateFromStart(logStartOffset);
    this.saveEpochs();
    this.removeStraySnapshots();
    const segments = this.segments.map((found, i) =>
      this.makeSegment(found, i === this.segments.length - 1),
    );
    if (segments.length === 0) segments.push(this.emptySegment(startMark));
    for (const { aborted } of this.segments) for (const row of aborted) this.aborted.add(row);
    const { logEndOffset, marks } = this;
    return {
      segments,
      logStartOffset,
      logEndOffset,
      recoveryPoint: marks.isClean ? logEndOffset : Math.min(marks.recoveryPoint, logEndOffset),
      snapshotOffset: this.snapshotOffset,
      producers: this.producers,
      epochs: this.epochs,
      aborted: this.aborted,
    };
  }

  /** The files end before the log's start: someone removed them. */
  private giveUpAll(startMark: number): void {
    this.logger.warn('the log ends before its start and begins anew there', {
      folder: this.folder.path,
      logEndOffset: this.logEndOffset,
      logStartOffset: startMark,
    });
    for (const segment of this.segments) this.removeFiles(segment);
    this.segments = [];
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

  /** Keeps the snapshots at the segments' starts and the latest one behind them. */
  private removeStraySnapshots(): void {
    const bases = new Set(this.segments.map(({ baseOffset }) => baseOffset));
    const offsets = this.snapshotOffsets().filter((offset) => offset <= this.logEndOffset);
    const latest = offsets.at(-1);
    for (const offset of this.snapshotOffsets()) {
      if (bases.has(offset) && offset <= this.logEndOffset) continue;
      if (offset === latest) continue;
      this.disk.remove(this.pathOf(offset, '.snapshot'));
    }
  }

  private makeSegment(found: Found, isLast: boolean): Segment {
    const stat = this.disk.stat(this.pathOf(found.baseOffset, '.log'));
    const nowMs = this.clock.wallMs();
    const segment = new Segment(
      {
        ...found,
        createdMs: nowMs,
        lastModifiedMs: stat?.modifiedMs ?? nowMs,
        rollJitterMs: 0,
        // The last one grows; the others' are loaded when someone needs them.
        indexes: isLast ? found.indexes : undefined,
      },
      this.folder.segment(found.baseOffset, true),
    );
    if (found.isRecovered) segment.syncedSize = 0;
    return segment;
  }

  private emptySegment(baseOffset: number): Segment {
    const start = newSegmentStart(baseOffset, this.clock.wallMs(), 0, emptyIndexes(baseOffset));
    return new Segment(start, this.folder.newSegment(baseOffset));
  }

  private pathOf(offset: number, suffix: Parameters<typeof fileName>[1]): string {
    return `${this.folder.path}/${fileName(offset, suffix)}`;
  }
}
