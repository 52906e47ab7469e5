import type { Disk } from '../../../host/disk.ts';
import type { AbortedRow } from '../../aborted-transactions.ts';
import { abortedRowSize, decodeAbortedRows } from '../../aborted-transactions.ts';
import type { EpochEntry } from '../../epoch-cache.ts';
import { decodeSnapshot } from '../../producer-snapshot.ts';
import { OffsetIndex, offsetRowSize, TimeIndex, timeRowSize } from '../../segment-indexes.ts';
import { readEpochs } from '../checkpoint-files.ts';
import {
  cleanedSuffix,
  deletedSuffix,
  epochFile,
  fileName,
  identityFile,
  offsetIn,
  segmentSuffixes,
  swapSuffix,
  unfinishedSuffix,
} from '../file-names.ts';
import { certainlyIndexed } from '../index-files.ts';
import type { RecordInspector } from './check-batch.ts';
import { EpochCheck } from './check-epochs.ts';
import { OffsetIndexCheck, TimeIndexCheck } from './check-indexes.ts';
import type { FoundSnapshot } from './check-producers.ts';
import { compareAborted, ProducerCheck } from './check-producers.ts';
import type { CheckReport, Severity } from './check-report.ts';
import type { LogContext, SegmentToCheck, SegmentTransactions } from './check-segment.ts';
import { SegmentCheck } from './check-segment.ts';

/** What is known of a log that is to be checked. */
export interface LogToCheck {
  /** Of its folder. */
  readonly path: string;
  /** The last stop was clean: nothing is recovered at the next start. */
  readonly isClean: boolean;
  /** What is durable ends here, by the checkpoint at the root. */
  readonly recoveryPoint: number;
  /** Where the log begins, by the checkpoint at the root: within a segment after DeleteRecords. */
  readonly logStart: number;
  /** The cleaner may have taken records away. */
  readonly mayBeCompacted: boolean;
  /** Nobody misses indexes: the metadata log is read as a whole. */
  readonly lacksIndexes: boolean;
  /** Bytes that may lie between two rows of an index. */
  readonly indexInterval: number;
  readonly inspect?: RecordInspector | undefined;
}

/** What of a log there is. */
export interface LogExtent {
  /** Of the first segment; 0 without one. */
  readonly firstOffset: number;
  readonly endOffset: number;
}

/** A cleaner may give a row to each of its writes only, of up to about this many bytes. */
const longestWrite = 1_048_588;

/** Checks the folder of one log: every batch, and everything that stands beside them. */
export async function checkLog(
  disk: Disk,
  log: LogToCheck,
  report: CheckReport,
  pause: () => Promise<void>,
): Promise<LogExtent> {
  return new LogCheck(disk, log, report, pause).run();
}

class LogCheck {
  private readonly names: readonly string[];
  private readonly bases: readonly number[];

  constructor(
    private readonly disk: Disk,
    private readonly log: LogToCheck,
    private readonly report: CheckReport,
    private readonly pause: () => Promise<void>,
  ) {
    this.names = disk.list(log.path);
    this.bases = this.names.flatMap((name) => offsetIn(name, '.log') ?? []);
  }

  async run(): Promise<LogExtent> {
    const { report, bases, log } = this;
    report.logs++;
    this.lookAtNames();
    const firstOffset = bases[0] ?? 0;
    const context: LogContext = {
      report,
      producers: new ProducerCheck(report, this.snapshots(), firstOffset),
      epochs: new EpochCheck(report, this.pathOf(epochFile), this.readEpochs(), log.logStart),
      inspect: log.inspect,
      isCompacted: log.mayBeCompacted,
      nextOffset: firstOffset,
      endOffset: firstOffset,
      pause: this.pause,
    };
    if (log.mayBeCompacted) context.producers.isExact = false;
    for (const [i, baseOffset] of bases.entries()) await this.checkSegment(context, baseOffset, i);
    const { endOffset } = context;
    context.producers.reach(endOffset);
    context.epochs.end(endOffset, this.severityAt(endOffset));
    this.lookAtLateSnapshots(endOffset);
    return { firstOffset, endOffset };
  }

  private async checkSegment(context: LogContext, baseOffset: number, i: number): Promise<void> {
    const { disk, log, report } = this;
    const path = this.pathOf(fileName(baseOffset, '.log'));
    report.segments++;
    this.join(context, baseOffset, path);
    const isLast = i === this.bases.length - 1;
    const end = this.bases[i + 1] ?? Infinity;
    const willBeRecovered = !log.isClean && end > log.recoveryPoint;
    const size = disk.stat(path)?.size ?? 0;
    const segment: SegmentToCheck = {
      path,
      baseOffset,
      size,
      isLast,
      willBeRecovered,
      recoveryPoint: log.recoveryPoint,
      ...this.openIndexes(baseOffset, size, willBeRecovered),
    };
    const file = disk.open(path, { readOnly: true });
    let transactions: SegmentTransactions;
    try {
      transactions = await new SegmentCheck(segment, file, context).run();
    } finally {
      file.close();
    }
    const severity = willBeRecovered ? 'note' : 'error';
    this.checkAborted(baseOffset, transactions, context.producers.isExact, severity);
  }

  /** Does the segment follow the one before? */
  private join(context: LogContext, baseOffset: number, path: string): void {
    const { nextOffset, endOffset, isCompacted } = context;
    const isOverlap = baseOffset < endOffset;
    const isHole = !isCompacted && nextOffset !== undefined && baseOffset > nextOffset;
    if (isOverlap || isHole) {
      const message = `it begins at offset ${baseOffset}, but the segment before it ends at ${endOffset}`;
      this.report.error(path, message, { offset: baseOffset });
      context.producers.isExact = false;
    }
    context.nextOffset = baseOffset;
    context.endOffset = Math.max(endOffset, baseOffset);
  }

  private openIndexes(
    baseOffset: number,
    size: number,
    willBeRecovered: boolean,
  ): Pick<SegmentToCheck, 'offsets' | 'times'> {
    const trust = (path: string) => ({
      report: this.report,
      path,
      severity: willBeRecovered ? ('note' as const) : ('error' as const),
      isComplete: !willBeRecovered,
    });
    const isExpected = size > 0 && !willBeRecovered;
    const offsets = this.readIndex(baseOffset, '.index', offsetRowSize, isExpected);
    const times = this.readIndex(baseOffset, '.timeindex', timeRowSize, isExpected);
    const { lacksIndexes, mayBeCompacted, indexInterval } = this.log;
    // A start begins anew to count the bytes since the last row.
    const rowlessBytes = certainlyIndexed * (indexInterval + (mayBeCompacted ? longestWrite : 0));
    return {
      offsets:
        offsets &&
        new OffsetIndexCheck(
          new OffsetIndex(baseOffset, offsets.bytes),
          trust(offsets.path),
          isExpected && !lacksIndexes ? rowlessBytes : Infinity,
        ),
      times: times && new TimeIndexCheck(new TimeIndex(baseOffset, times.bytes), trust(times.path)),
    };
  }

  private readIndex(
    baseOffset: number,
    suffix: '.index' | '.timeindex',
    rowBytes: number,
    isExpected: boolean,
  ): { path: string; bytes: Buffer } | undefined {
    const path = this.pathOf(fileName(baseOffset, suffix));
    if (!this.disk.exists(path)) {
      if (isExpected && !this.log.lacksIndexes)
        this.report.note(path, 'it is not there; it is built anew when it is needed');
      return undefined;
    }
    const bytes = this.read(path);
    if (bytes === undefined) return undefined;
    const excess = bytes.length % rowBytes;
    if (excess > 0) {
      const message = `it ends ${excess} bytes behind its last whole row`;
      const position = bytes.length - excess;
      this.report.find(isExpected ? 'error' : 'note', path, message, { position });
    }
    return { path, bytes: bytes.subarray(0, bytes.length - excess) };
  }

  private checkAborted(
    baseOffset: number,
    { aborted, markers }: SegmentTransactions,
    isExact: boolean,
    severity: Severity,
  ): void {
    const path = this.pathOf(fileName(baseOffset, '.txnindex'));
    let rows: AbortedRow[] = [];
    if (this.disk.exists(path)) {
      const bytes = this.read(path);
      if (bytes === undefined) return;
      const excess = bytes.length % abortedRowSize;
      if (excess > 0) {
        const position = bytes.length - excess;
        this.report.find(severity, path, `its last row is torn`, { position });
      }
      try {
        rows = decodeAbortedRows(bytes);
      } catch (error) {
        this.report.find(severity, path, (error as Error).message);
        return;
      }
    }
    for (const problem of compareAborted(rows, aborted, markers, isExact)) {
      this.report.find(severity, path, problem);
    }
  }

  private snapshots(): FoundSnapshot[] {
    return this.names.flatMap((name) => {
      const offset = offsetIn(name, '.snapshot');
      if (offset === undefined) return [];
      const path = this.pathOf(name);
      const bytes = this.read(path);
      if (bytes === undefined) return [];
      try {
        decodeSnapshot(bytes);
        return [{ path, offset, bytes }];
      } catch (error) {
        this.report.find(this.severityAt(offset), path, (error as Error).message);
        return [];
      }
    });
  }

  private lookAtLateSnapshots(endOffset: number): void {
    for (const name of this.names) {
      const offset = offsetIn(name, '.snapshot');
      if (offset === undefined || offset <= endOffset) continue;
      const message = `it is of offset ${offset}, but the log ends at ${endOffset}`;
      this.report.find(this.severityAt(offset), this.pathOf(name), message);
    }
  }

  private readEpochs(): EpochEntry[] | undefined {
    const path = this.pathOf(epochFile);
    if ((this.disk.stat(path)?.size ?? 0) === 0) {
      const holdsData = this.bases.length > 0 && this.log.isClean;
      if (holdsData)
        this.report.note(path, 'it is not there, or empty; it is built anew from the batches');
      return undefined;
    }
    try {
      const entries = readEpochs(this.disk, path);
      if (entries === undefined) this.report.error(path, 'it is torn, or no such file at all');
      return entries;
    } catch (error) {
      this.report.error(path, (error as Error).message);
      return undefined;
    }
  }

  private lookAtNames(): void {
    const deleted = this.names.filter((name) => name.endsWith(deletedSuffix));
    if (deleted.length > 1) {
      const message = `${deleted.length} files are deleted and wait for their end`;
      this.report.note(this.log.path, message);
    }
    for (const name of this.names) {
      if (deleted.length > 1 && deleted.includes(name)) continue;
      const words = leftoverInWords(name);
      if (words !== undefined) this.report.note(this.pathOf(name), words);
    }
  }

  /** @returns undefined when it cannot be read, which is said */
  private read(path: string): Buffer | undefined {
    try {
      return this.disk.readFile(path);
    } catch (error) {
      this.report.error(path, `it cannot be read: ${(error as Error).message}`);
      return undefined;
    }
  }

  /** Of something that the next start finds out anew from an offset on, if the stop was not clean. */
  private severityAt(offset: number): Severity {
    return !this.log.isClean && offset >= this.log.recoveryPoint ? 'note' : 'error';
  }

  private pathOf(name: string): string {
    return `${this.log.path}/${name}`;
  }
}

const knownNames = new Set([epochFile, identityFile, 'quorum-state']);

function leftoverInWords(name: string): string | undefined {
  if (name.endsWith(deletedSuffix)) return 'it is deleted and waits for its end';
  if (name.endsWith(cleanedSuffix))
    return 'a compaction did not finish it; the next start removes it';
  if (name.endsWith(swapSuffix))
    return 'a compaction was about to put it in place; the next start does';
  if (name.endsWith(unfinishedSuffix)) return 'it was not finished; the next start removes it';
  const isKnown =
    knownNames.has(name) ||
    name.endsWith('.checkpoint') ||
    [...segmentSuffixes, '.snapshot' as const].some(
      (suffix) => offsetIn(name, suffix) !== undefined,
    );
  return isKnown ? undefined : 'a file that no log has';
}
