import type { Disk } from '../../host/disk.ts';
import type { AbortedRow } from '../aborted-transactions.ts';
import { writeAtomically } from './checkpoint-files.ts';
import { decodeAbortedRows, encodeAbortedRows } from '../aborted-transactions.ts';
import type { LogSettings } from '../partition-log.ts';
import type { SegmentIndexes } from '../segment-indexes.ts';
import { BatchScanner } from './batch-scanner.ts';
import { fileName, offsetIn, segmentSuffixes, type SegmentSuffix } from './file-names.ts';
import { lastTimeRow, readIndexes } from './index-files.ts';
import { clearLeftovers } from './leftovers.ts';

/** A segment as it is being found. */
export interface FoundSegment {
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

  constructor(
    readonly disk: Disk,
    readonly folder: string,
    readonly settings: LogSettings,
    private readonly watch: RecoveryWatch,
  ) {}

  pathOf(offset: number, suffix: SegmentSuffix): string {
    return `${this.folder}/${fileName(offset, suffix)}`;
  }

  /** Looks into the folder, and clears up there. */
  look(): void {
    const names = this.disk.list(this.folder);
    this.names = clearLeftovers(this.disk, this.folder, names);
    this.segments = this.offsetsOf('.log').map((baseOffset) => ({
      baseOffset,
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

  /** Takes a segment's own files at their word. */
  trust(segment: FoundSegment): void {
    const aborted = fileName(segment.baseOffset, '.txnindex');
    if (this.names.includes(aborted)) {
      segment.aborted = decodeAbortedRows(this.disk.readFile(`${this.folder}/${aborted}`));
    }
    if (segment.indexes !== undefined) return; // the last one: seen already
    const last = lastTimeRow(this.disk, this.folder, segment.baseOffset);
    const { times } = last === undefined ? this.indexesOf(segment) : { times: undefined };
    segment.maxTimestamp = last?.timestamp ?? times?.lastTimestamp ?? -1;
    segment.offsetOfMaxTimestamp = last?.offset ?? times?.lastOffset ?? segment.baseOffset;
  }

  indexesOf(segment: FoundSegment): SegmentIndexes {
    const { indexIntervalBytes } = this.settings;
    return (
      segment.indexes ?? readIndexes(this.disk, this.folder, segment.baseOffset, indexIntervalBytes)
    );
  }

  /** Whether the files of its indexes hold more than what is known of a segment. */
  hasMoreRows({ baseOffset, indexes }: FoundSegment): boolean {
    if (indexes === undefined) return false;
    const sizeOf = (suffix: '.index' | '.timeindex'): number =>
      this.disk.stat(this.pathOf(baseOffset, suffix))?.size ?? 0;
    return (
      sizeOf('.index') > indexes.offsets.bytes.length ||
      sizeOf('.timeindex') > indexes.times.bytes.length
    );
  }

  /** Writes what was built from a segment's batches, some rows of which may be trusted already. */
  saveDerived({ baseOffset, indexes, aborted }: FoundSegment): void {
    if (indexes === undefined) return;
    this.save(this.pathOf(baseOffset, '.index'), indexes.offsets.bytes);
    this.save(this.pathOf(baseOffset, '.timeindex'), indexes.times.bytes);
    const path = this.pathOf(baseOffset, '.txnindex');
    if (aborted.length > 0) this.save(path, encodeAbortedRows(aborted));
    else this.disk.remove(path);
  }

  /** What was durable of the file must not be lost with what is new in it. */
  private save(path: string, bytes: Buffer): void {
    if (this.disk.exists(path)) writeAtomically(this.disk, path, bytes, true);
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
