import type { DiskFile } from '../../../host/disk.ts';
import {
  baseOffsetAt,
  isControlAt,
  lastOffsetAt,
  lastOffsetDeltaAt,
  maxTimestampAt,
  partitionLeaderEpochAt,
  producerIdAt,
  recordsCountAt,
} from '../../../protocol/record-batch.ts';
import type { AbortedRow } from '../../aborted-transactions.ts';
import { largestOffsetDelta } from '../../segment.ts';
import { BatchScanner } from '../batch-scanner.ts';
import { frameInWords, recordsProblem } from './check-batch.ts';
import type { RecordInspector } from './check-batch.ts';
import type { EpochCheck } from './check-epochs.ts';
import type { OffsetIndexCheck, TimeIndexCheck } from './check-indexes.ts';
import type { ProducerCheck } from './check-producers.ts';
import type { CheckReport, Severity } from './check-report.ts';
import { findBatch } from './find-batch.ts';

/** What is known of a log before and while its segments are read, one after the other. */
export interface LogContext {
  readonly report: CheckReport;
  readonly producers: ProducerCheck;
  readonly epochs: EpochCheck;
  readonly inspect: RecordInspector | undefined;
  /** Records may be missing; also set once one is seen to be. */
  isCompacted: boolean;
  /** Where the next batch belongs; undefined behind damage. */
  nextOffset: number | undefined;
  /** Behind the last batch seen. */
  endOffset: number;
  /** Lets others run. */
  pause(): Promise<void>;
}

export interface SegmentToCheck {
  readonly path: string;
  readonly baseOffset: number;
  readonly size: number;
  readonly isLast: boolean;
  /** The next start reads it again from the first byte, whatever stands beside it. */
  readonly willBeRecovered: boolean;
  readonly recoveryPoint: number;
  readonly offsets: OffsetIndexCheck | undefined;
  readonly times: TimeIndexCheck | undefined;
}

/** Rows that the transaction index of a segment must have, and the markers in the segment. */
export interface SegmentTransactions {
  readonly aborted: AbortedRow[];
  /** Offsets of markers, and whose. */
  readonly markers: Map<number, number>;
}

/** After so many bytes others may run. */
const sliceBytes = 16 * 1024 * 1024;

/** Reads a segment from end to end and looks at every batch. */
export class SegmentCheck {
  private readonly transactions: SegmentTransactions = { aborted: [], markers: new Map() };
  private readonly scanner: BatchScanner;
  private readonly derived: Severity;
  private slice = 0;

  constructor(
    private readonly segment: SegmentToCheck,
    private readonly file: DiskFile,
    private readonly log: LogContext,
  ) {
    this.scanner = new BatchScanner(file, segment.size);
    this.derived = segment.willBeRecovered ? 'note' : 'error';
  }

  async run(): Promise<SegmentTransactions> {
    const { scanner, log, segment } = this;
    for (;;) {
      const seen = scanner.look();
      if (seen === 'end') break;
      if (seen === 'batch' && scanner.isIntact()) {
        this.batch();
        await this.maybePause(scanner.bytes);
        scanner.next();
      } else if (!this.damage(seen === 'batch')) break;
    }
    segment.offsets?.end();
    segment.times?.end();
    log.report.bytes += segment.size;
    return this.transactions;
  }

  private batch(): void {
    const { scanner, segment, log } = this;
    const { report } = log;
    const { buffer, at } = scanner.whole();
    const { position } = scanner;
    const [baseOffset, lastOffset] = [baseOffsetAt(buffer, at), lastOffsetAt(buffer, at)];
    report.batches++;
    report.records += Math.max(0, recordsCountAt(buffer, at));
    if (recordsCountAt(buffer, at) < lastOffsetDeltaAt(buffer, at) + 1) this.sawCompaction();
    const problem = recordsProblem(buffer, at, !log.isCompacted, log.inspect);
    if (problem !== undefined) this.error(problem, baseOffset);
    if (!this.isInPlace(buffer, at)) return;
    this.fold(buffer, at, baseOffset);
    segment.offsets?.batch(position, lastOffset);
    segment.times?.batch(baseOffset, lastOffset, maxTimestampAt(buffer, at));
  }

  /** Are the offsets those that belong here? */
  private isInPlace(buffer: Buffer, at: number): boolean {
    const { segment, log } = this;
    const baseOffset = baseOffsetAt(buffer, at);
    const lastOffset = lastOffsetAt(buffer, at);
    const expected = log.nextOffset;
    const least = Math.max(segment.baseOffset, log.endOffset);
    const isWithin =
      lastOffset >= baseOffset && lastOffset - segment.baseOffset <= largestOffsetDelta;
    const isMisplaced =
      baseOffset < least ||
      !isWithin ||
      (!log.isCompacted && expected !== undefined && baseOffset !== expected);
    if (!isMisplaced) {
      log.nextOffset = log.endOffset = lastOffset + 1;
      return true;
    }
    const belongs = expected === undefined ? `${least} or more belongs` : `${expected} belongs`;
    this.error(`a batch begins with offset ${baseOffset} where ${belongs}`, baseOffset);
    // The next one tells whether it is this batch that is wrong or those before it.
    log.nextOffset = undefined;
    if (baseOffset > least && isWithin) log.endOffset = least + lastOffsetDeltaAt(buffer, at) + 1;
    log.producers.isExact = false;
    this.segment.times?.skip();
    this.segment.offsets?.skip(this.scanner.position + this.scanner.bytes);
    return false;
  }

  private fold(buffer: Buffer, at: number, baseOffset: number): void {
    const { log, segment } = this;
    const severity = this.isVolatile(baseOffset) ? 'note' : this.derived;
    const epochProblem = log.epochs.batch(partitionLeaderEpochAt(buffer, at), baseOffset, severity);
    if (epochProblem !== undefined) this.error(epochProblem, baseOffset);
    log.producers.reach(baseOffset);
    const sequence = log.isCompacted ? undefined : log.producers.sequenceProblem(buffer, at);
    if (sequence !== undefined) {
      const place = { position: this.scanner.position, offset: baseOffset };
      log.report.find(sequence.isRepeated ? 'error' : 'note', segment.path, sequence.words, place);
    }
    try {
      const row = log.producers.apply(buffer, at);
      if (row !== undefined) this.transactions.aborted.push(row);
    } catch {
      log.producers.isExact = false; // a marker that cannot be read, which was said already
    }
    if (isControlAt(buffer, at)) {
      this.transactions.markers.set(baseOffset, producerIdAt(buffer, at));
    }
  }

  /**
   * Says what is wrong at the present position and goes to the next intact batch.
   *
   * @param isFrame  the frame of the batch is whole, but its checksum does not agree
   * @returns whether there is one
   */
  private damage(isFrame: boolean): boolean {
    const { scanner, segment, log } = this;
    const { position, bytes } = scanner;
    const left = segment.size - position;
    const what = isFrame
      ? `the checksum of a batch of ${bytes} bytes does not agree`
      : frameInWords(scanner.buffer, scanner.at, bytes, left);
    const bounds = {
      lowest: Math.max(log.endOffset, segment.baseOffset),
      highest: segment.baseOffset + largestOffsetDelta,
    };
    const goesOnBehind = isFrame && this.isIntactAt(position + bytes);
    const next = goesOnBehind
      ? position + bytes
      : findBatch(this.file, segment.size, position + 1, bounds);
    const isTail = next === undefined || next === segment.size;
    const isTorn = isTail && segment.isLast && this.isVolatile(log.endOffset);
    const place = { position, offset: log.endOffset };
    if (isTorn) {
      const words = `${what}; the next start cuts off these ${left} bytes, which were never made durable`;
      log.report.note(segment.path, words, place);
    } else {
      const rest = isTail
        ? `; nothing whole follows`
        : `; the next whole batch begins at byte ${next}`;
      log.report.error(segment.path, what + rest, place);
      log.producers.isExact = false;
      segment.times?.skip();
    }
    log.nextOffset = undefined;
    if (next === undefined) {
      if (!isTorn) segment.offsets?.skip(segment.size);
      return false;
    }
    segment.offsets?.skip(next);
    scanner.position = next;
    return true;
  }

  private isIntactAt(position: number): boolean {
    if (position === this.segment.size) return true;
    const scanner = new BatchScanner(this.file, this.segment.size, position);
    return scanner.look() === 'batch' && scanner.isIntact();
  }

  /** May an unclean stop have lost what was written from here on? */
  private isVolatile(offset: number): boolean {
    return this.segment.willBeRecovered && offset >= this.segment.recoveryPoint;
  }

  private sawCompaction(): void {
    if (this.log.isCompacted) return;
    this.log.isCompacted = true;
    this.log.producers.isExact = false;
  }

  private error(message: string, offset: number): void {
    const { position } = this.scanner;
    this.log.report.error(this.segment.path, message, { position, offset });
  }

  private async maybePause(bytes: number): Promise<void> {
    this.slice += bytes;
    if (this.slice < sliceBytes) return;
    this.slice = 0;
    await this.log.pause();
  }
}
