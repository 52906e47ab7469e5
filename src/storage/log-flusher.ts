import type { Clock, Timer } from '../host/clock.ts';
import type { LogMedium } from './log-medium.ts';
import type { SegmentList } from './segment-list.ts';

/** From here on a period means "never" (Kafka's default for flush.ms is Long.MAX_VALUE). */
const never = 2 ** 50;

/** Knows how far a log is durable, and when more of it must be. */
export class LogFlusher {
  private timer: Timer | undefined;
  private background: Promise<void> | undefined;

  /**
   * @param recoveryPoint  what is durable ends here
   * @param flush          flushes the log; what fails is the log's matter
   */
  constructor(
    public recoveryPoint: number,
    private readonly segments: SegmentList,
    private readonly medium: LogMedium,
    private readonly clock: Clock,
    private readonly flush: () => Promise<void>,
  ) {}

  /** Makes everything durable that the medium was given. @param endOffset  where that ends */
  async sync(endOffset: number): Promise<void> {
    for (const segment of this.segments.all) {
      const { storedSize } = segment;
      if (segment.syncedSize >= storedSize) continue;
      await segment.medium.sync();
      segment.syncedSize = Math.max(segment.syncedSize, storedSize);
    }
    this.medium.sync();
    this.recoveryPoint = Math.max(this.recoveryPoint, endOffset);
  }

  /** Flushes `flushMs` from now, unless that is planned already or there is nothing to flush. */
  plan(flushMs: number, endOffset: number): void {
    if (flushMs >= never || this.timer !== undefined || this.recoveryPoint >= endOffset) return;
    this.timer = this.clock.schedule(flushMs, () => {
      this.timer = undefined;
      this.start();
    });
  }

  forgetPlan(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  /** Flushes without anyone waiting. */
  start(): void {
    this.background ??= this.flush()
      .catch(() => undefined) // the log is poisoned then, and has said so
      .finally(() => (this.background = undefined));
  }

  /** Resolves once no flush is under way. */
  async idle(): Promise<void> {
    await this.background;
  }
}
