import { EpochCache } from '../../epoch-cache.ts';
import type { EpochEntry } from '../../epoch-cache.ts';
import type { CheckReport, Severity } from './check-report.ts';

/** Compares `leader-epoch-checkpoint` with the epochs that stand in the batches. */
export class EpochCheck {
  private readonly cache: EpochCache | undefined;
  private lastEpoch = -1;
  private reportedEpoch: number | undefined;

  /**
   * @param entries   undefined: there is no such file that could be read
   * @param logStart  what lies before it was deleted, and the file may not know of it any more
   */
  constructor(
    private readonly report: CheckReport,
    private readonly path: string,
    private readonly entries: readonly EpochEntry[] | undefined,
    private readonly logStart: number,
  ) {
    if (entries === undefined) return;
    const wrong = entries.find(({ epoch, startOffset }, i) => {
      const before = entries[i - 1] ?? { epoch: -1, startOffset: -1 };
      const isWhole = Number.isSafeInteger(epoch) && Number.isSafeInteger(startOffset);
      return !isWhole || epoch <= before.epoch || startOffset < before.startOffset;
    });
    if (wrong === undefined) {
      this.cache = new EpochCache(entries);
      return;
    }
    const { epoch, startOffset } = wrong;
    report.error(path, `epoch ${epoch} at offset ${startOffset} does not follow the entry before`);
  }

  /**
   * @param severity  of a disagreement: a note where the next start reads the batches again
   * @returns what is wrong with the batch itself
   */
  batch(epoch: number, baseOffset: number, severity: Severity): string | undefined {
    if (epoch < 0) return undefined;
    const before = this.lastEpoch;
    if (epoch < before) return `leader epoch ${epoch} comes after ${before}`;
    const written = this.cache?.epochForOffset(baseOffset) ?? epoch;
    if (written < 0 && baseOffset < this.logStart) return undefined;
    // What only one batch says is not held against all that follow.
    if (written <= epoch) this.lastEpoch = written;
    if (written === epoch || this.reportedEpoch === epoch) return undefined;
    this.reportedEpoch = epoch;
    this.report.find(
      severity,
      this.path,
      written < 0
        ? `it does not know epoch ${epoch}, in which offset ${baseOffset} was written`
        : `it gives offset ${baseOffset} the epoch ${written}, its batch says ${epoch}`,
    );
    return undefined;
  }

  end(endOffset: number, severity: Severity): void {
    for (const { epoch, startOffset } of this.entries ?? []) {
      if (startOffset <= endOffset || !Number.isSafeInteger(startOffset)) continue;
      const message = `epoch ${epoch} begins at offset ${startOffset}, the log ends at ${endOffset}`;
      this.report.find(severity, this.path, message);
    }
  }
}
