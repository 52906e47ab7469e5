import type { Clock } from '../../host/clock.ts';
import type { Logger } from '../../host/logger.ts';

/** Shorter recoveries need no words. */
const firstReportMs = 1_000;
const reportEveryMs = 5_000;
/** Folders looked into before others run. */
const foldersPerSlice = 64;
const bytesPerGibibyte = 1024 ** 3;

export interface ProgressSurroundings {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Runs an action later, unless the store closes before. */
  after(delayMs: number, action: () => void): void;
  /** Bytes of a folder's log that have to be read, at most. */
  sizeOf(name: string): number;
}

/** Says how far a store is with its logs after an unclean stop, when that takes long. */
export class RecoveryProgress {
  private readonly beganMs: number;
  private readonly total: number;
  private readBytes = 0;
  private hasReported = false;
  private reportedDone = 0;
  private reportedBytes = 0;
  /** Bytes to read of the logs that are not done; undefined: nobody has looked. */
  private readonly sizes = new Map<string, number>();

  /** @param waiting  names of the folders that are not done */
  constructor(
    private readonly waiting: ReadonlySet<string>,
    private readonly around: ProgressSurroundings,
  ) {
    this.beganMs = around.clock.monotonicMs();
    this.total = waiting.size;
    if (this.total > 0) around.after(firstReportMs, () => this.measure([...waiting]));
  }

  onRead(bytes: number): void {
    this.readBytes += bytes;
  }

  /** One more log is open. */
  onDone(): void {
    if (this.waiting.size > 0 || !this.hasReported) return;
    const seconds = ((this.around.clock.monotonicMs() - this.beganMs) / 1000).toFixed(1);
    this.around.logger.info(
      `recovered ${this.total} logs in ${seconds} s, ${gibibytes(this.readBytes)} GiB were read`,
    );
    this.hasReported = false;
  }

  private measure(names: readonly string[]): void {
    for (const name of names.slice(0, foldersPerSlice)) {
      if (this.waiting.has(name)) this.sizes.set(name, this.around.sizeOf(name));
    }
    const rest = names.slice(foldersPerSlice);
    if (rest.length === 0) this.report();
    else this.around.clock.defer(() => this.measure(rest));
  }

  private report(): void {
    const { waiting, total, readBytes } = this;
    if (waiting.size === 0) return;
    this.around.after(reportEveryMs, () => this.report());
    // A log that fails or that nobody wants may wait for long.
    const done = total - waiting.size;
    if (this.hasReported && done === this.reportedDone && readBytes === this.reportedBytes) return;
    this.hasReported = true;
    this.reportedDone = done;
    this.reportedBytes = readBytes;
    let leftBytes = 0;
    for (const name of waiting) leftBytes += this.sizes.get(name) ?? 0;
    this.around.logger.info(
      `recovering logs: ${done} of ${total}, ` +
        `${gibibytes(readBytes)} of ${gibibytes(readBytes + leftBytes)} GiB`,
    );
  }
}

const gibibytes = (bytes: number): string => (bytes / bytesPerGibibyte).toFixed(1);
