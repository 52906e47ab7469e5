import type { Disk } from '../../host/disk.ts';
import type { Logger } from '../../host/logger.ts';
import type { AbortedRow } from '../aborted-transactions.ts';
import { encodeAbortedRows, soundAbortedRows } from '../aborted-transactions.ts';
import type { LogSettings } from '../partition-log.ts';
import type { SegmentIndexes } from '../segment-indexes.ts';
import { BatchScanner } from './batch-scanner.ts';
import { writeAtomically } from './checkpoint-files.ts';
import { fileName, offsetIn, segmentSuffixes, type SegmentSuffix } from './file-names.ts';
import { lastTimeRow, readIndexes, type SegmentPaths } from './index-files.ts';
import { clearLeftovers } from './leftovers.ts';

/** A segment as it is being found. */
export interface FoundSegment {
  readonly baseOffset: number;
  /** Where the next one begins; of the last one Infinity, until its end is found. */
  endOffset: number;
  size: number;
  /** Scanned with checksums; else its files are trusted. */
  isRecovered: boolean;
  maxTimestamp: number;
  offsetOfMaxTimestamp: number;
  firstTimestamp: number | undefined;
  indexes: SegmentIndexes | undefined;
  aborted: AbortedRow[];
}

/** The scanner stands at a batch; `false` ends the walk in front of it. */
export type Visit = (scanner: BatchScanner) => unknown;

/** Follows a recovery, and may end it. */
export interface RecoveryWatch {
  /** Told of every stretch that was read. */
  onRead(bytes: number): void;
  /** Nobody wants the log any more. @throws {StorageFailure} Fenced */
  check(): void;
}

/** The files in a log's folder, as they are found there. */
export class FoundLog {
  segments: FoundSegment[] = [];
  /** Files in the folder. */
  private names: readonly string[] = [];
  /** Base offsets of the segments that have a transaction index. */
  private withAborted: ReadonlySet<number> = new Set();

  constructor(
    readonly disk: Disk,
    readonly folder: string,
    readonly settings: LogSettings,
    private readonly watch: RecoveryWatch,
    private readonly logger: Logger,
  ) {}

  pathOf(offset: number, suffix: SegmentSuffix): string {
    return `${this.folder}/${fileName(offset, suffix)}`;
  }

  pathsOf(baseOffset: number): SegmentPaths {
    return (suffix) => this.pathOf(baseOffset, suffix);
  }

  /** Looks into the folder, and clears up there. */
  look(): void {
    const names = this.disk.list(this.folder);
    this.names = clearLeftovers(this.disk, this.folder, names);
    this.withAborted = new Set(this.offsetsOf('.txnindex'));
    this.segments = this.offsetsOf('.log').map((baseOffset, i, all) => ({
      baseOffset,
      endOffset: all[i + 1] ?? Infinity,
      size: this.disk.stat(this.pathOf(baseOffset, '.log'))?.size ?? 0,
      isRecovered: false,
      maxTimestamp: -1,
      offsetOfMaxTimestamp: baseOffset,
      firstTimestamp: undefined,
      indexes: undefined,
      aborted: [],
    }));
  }

  /** Offsets in the names of all files of one kind that were found, in order. */
  offsetsOf(suffix: SegmentSuffix): number[] {
    return this.names.flatMap((name) => offsetIn(name, suffix) ?? []);
  }

  /** Takes a segment's transaction index at its word. @returns false where it cannot be right */
  takeAborted(segment: FoundSegment): boolean {
    const { baseOffset, endOffset } = segment;
    segment.aborted = [];
    if (!this.withAborted.has(baseOffset)) return true;
    const path = this.pathOf(baseOffset, '.txnindex');
    try {
      segment.aborted = soundAbortedRows(this.disk.readFile(path), baseOffset, endOffset);
      return true;
    } catch (error) {
      const message = 'a transaction index cannot be used and is rebuilt from the log';
      this.logger.warn(message, { path, reason: (error as Error).message });
      return false;
    }
  }

  /** Takes a segment's time index at its word. */
  takeTimes(segment: FoundSegment): void {
    if (segment.indexes !== undefined) return; // the last one: seen already
    const last = lastTimeRow(this.disk, this.pathsOf(segment.baseOffset), segment.baseOffset);
    const { times } = last === undefined ? this.indexesOf(segment) : { times: undefined };
    segment.maxTimestamp = last?.timestamp ?? times?.lastTimestamp ?? -1;
    segment.offsetOfMaxTimestamp = last?.offset ?? times?.lastOffset ?? segment.baseOffset;
  }

  indexesOf(segment: FoundSegment): SegmentIndexes {
    const { indexIntervalBytes } = this.settings;
    const { baseOffset, indexes } = segment;
    return (
      indexes ?? readIndexes(this.disk, this.pathsOf(baseOffset), baseOffset, indexIntervalBytes)
    );
  }

  /** Whether the files of a segment's indexes hold what is known of it, no more and no less. */
  hasSavedIndexes({ baseOffset, indexes }: FoundSegment): boolean {
    const holds = (suffix: '.index' | '.timeindex', bytes: Buffer): boolean => {
      const path = this.pathOf(baseOffset, suffix);
      return this.disk.exists(path) && this.disk.readFile(path).equals(bytes);
    };
    return (
      indexes !== undefined &&
      holds('.index', indexes.offsets.bytes) &&
      holds('.timeindex', indexes.times.bytes)
    );
  }

  /**
   * Writes what was built from a segment's batches.
   *
   * @param isTrusted  its first part lies below the recovery point: of that part the next recovery
   *   will believe what the files say, hence they are durable at once
   */
  saveDerived(segment: FoundSegment, isTrusted: boolean): void {
    const { baseOffset, indexes } = segment;
    if (indexes === undefined) return;
    this.save(this.pathOf(baseOffset, '.index'), indexes.offsets.bytes, isTrusted);
    this.save(this.pathOf(baseOffset, '.timeindex'), indexes.times.bytes, isTrusted);
    this.saveAborted(segment, isTrusted);
  }

  saveAborted({ baseOffset, aborted }: FoundSegment, isTrusted: boolean): void {
    const path = this.pathOf(baseOffset, '.txnindex');
    if (aborted.length > 0) this.save(path, encodeAbortedRows(aborted), isTrusted);
    else this.disk.remove(path);
  }

  private save(path: string, bytes: Buffer, isTrusted: boolean): void {
    if (isTrusted) writeAtomically(this.disk, path, bytes, true);
    else this.disk.writeFile(path, bytes);
  }

  /** Removes segments with all their files. */
  drop(lost: readonly FoundSegment[]): void {
    for (const { baseOffset } of lost) {
      for (const suffix of segmentSuffixes) this.disk.remove(this.pathOf(baseOffset, suffix));
    }
    this.segments = this.segments.filter((each) => !lost.includes(each));
  }

  truncate(segment: FoundSegment, size: number): void {
    const file = this.disk.open(this.pathOf(segment.baseOffset, '.log'));
    try {
      file.truncate(size);
    } finally {
      file.close();
    }
    segment.size = size;
  }

  /**
   * Walks over a segment's batches from `position` on; others run while it reads.
   *
   * @returns where the walk ended: behind the last batch that was visited
   */
  async walk(segment: FoundSegment, position: number, visit: Visit): Promise<number> {
    const file = this.disk.open(this.pathOf(segment.baseOffset, '.log'), { readOnly: true });
    try {
      const scanner = new BatchScanner(file, segment.size, position);
      for (;;) {
        if (scanner.mustLoad) await this.load(scanner);
        if (scanner.look() !== 'batch' || visit(scanner) === false) break;
        this.watch.onRead(scanner.bytes);
        scanner.next();
      }
      return scanner.position;
    } finally {
      file.close();
    }
  }

  private async load(scanner: BatchScanner): Promise<void> {
    this.watch.check();
    await scanner.load();
  }
}
