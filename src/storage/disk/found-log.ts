import type { Clock } from '../../host/clock.ts';
import type { Disk } from '../../host/disk.ts';
import type { AbortedRow } from '../aborted-transactions.ts';
import { decodeAbortedRows, encodeAbortedRows } from '../aborted-transactions.ts';
import type { LogSettings } from '../partition-log.ts';
import type { SegmentIndexes } from '../segment-indexes.ts';
import { BatchScanner } from './batch-scanner.ts';
import { fileName, offsetIn, segmentSuffixes, type SegmentSuffix } from './file-names.ts';
import { lastTimeRow, readIndexes } from './index-files.ts';

/** After so many bytes others may run. */
const sliceBytes = 8 * 1024 * 1024;

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

/** The files in a log's folder, as they are found there. */
export class FoundLog {
  segments: FoundSegment[] = [];
  private bytesOfSlice = 0;

  constructor(
    readonly disk: Disk,
    readonly folder: string,
    readonly settings: LogSettings,
    private readonly clock: Clock,
  ) {}

  pathOf(offset: number, suffix: SegmentSuffix): string {
    return `${this.folder}/${fileName(offset, suffix)}`;
  }

  findSegments(): void {
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

  /** Offsets in the names of all files of one kind, in order. */
  offsetsOf(suffix: SegmentSuffix): number[] {
    return this.disk
      .list(this.folder)
      .flatMap((name) => offsetIn(name, suffix) ?? [])
      .sort((a, b) => a - b);
  }

  /** Takes a segment's own files at their word. */
  trust(segment: FoundSegment): void {
    const path = this.pathOf(segment.baseOffset, '.txnindex');
    if (this.disk.exists(path)) segment.aborted = decodeAbortedRows(this.disk.readFile(path));
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

  /** Writes what was built from a segment's batches. */
  saveDerived({ baseOffset, indexes, aborted }: FoundSegment): void {
    if (indexes === undefined) return;
    this.disk.writeFile(this.pathOf(baseOffset, '.index'), indexes.offsets.bytes);
    this.disk.writeFile(this.pathOf(baseOffset, '.timeindex'), indexes.times.bytes);
    const path = this.pathOf(baseOffset, '.txnindex');
    if (aborted.length > 0) this.disk.writeFile(path, encodeAbortedRows(aborted));
    else this.disk.remove(path);
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
   * Walks over a segment's batches from `position` on, in slices.
   *
   * @returns where the walk ended: behind the last batch that was visited
   */
  async walk(segment: FoundSegment, position: number, visit: Visit): Promise<number> {
    const file = this.disk.open(this.pathOf(segment.baseOffset, '.log'), { readOnly: true });
    try {
      const scanner = new BatchScanner(file, segment.size, position);
      while (scanner.look() === 'batch') {
        if (visit(scanner) === false) break;
        this.bytesOfSlice += scanner.bytes;
        scanner.next();
        if (this.bytesOfSlice > sliceBytes) await this.letOthersRun();
      }
      return scanner.position;
    } finally {
      file.close();
    }
  }

  private async letOthersRun(): Promise<void> {
    this.bytesOfSlice = 0;
    await new Promise<void>((resolve) => this.clock.defer(resolve));
  }
}
