import type { Timer } from '../host/clock.ts';
import type { LogMedium } from './log-medium.ts';
import type { LogSurroundings } from './log-state.ts';
import type { SegmentList } from './segment-list.ts';
import { CacheNotWritten } from './storage-failure.ts';

/** From here on a period means "never" (Kafka's default for flush.ms is Long.MAX_VALUE). */
const never = 2 ** 50;

/** Knows how far a log is durable, and when more of it must be. */
export class LogFlusher {
  private timer: Timer | undefined;
  private readonly underWay = new Set<Promise<void>>();
  /** How often a flush was wanted for which nobody waits, and whether one waits or is under way. */
  private wishes = 0;
  private isInTurn = false;
  /**
   * A flush failed. The system may have dropped what it could not write and take it for written:
   * a second try would succeed and mean nothing. Only a log that is opened again can be flushed.
   */
  private failed: Error | undefined;

  /**
   * @param recoveryPoint  what is durable ends here
   * @param flush          flushes what is committed; what fails is the log's matter
   */
  constructor(
    public recoveryPoint: number,
    private readonly segments: SegmentList,
    private readonly medium: LogMedium,
    private readonly around: Pick<LogSurroundings, 'clock' | 'flushes'>,
    private readonly flush: () => Promise<void>,
  ) {}

  get hasFailed(): boolean {
    return this.failed !== undefined;
  }

  /** What the medium holds is unknown, as after a failed flush. */
  giveUp(cause: unknown): void {
    this.failed ??= cause instanceof Error ? cause : new Error(String(cause));
  }

  /** Makes everything durable that the medium was given. @param endOffset  that much is committed */
  async sync(endOffset: number): Promise<void> {
    const flush = this.syncAll(endOffset);
    this.underWay.add(flush);
    try {
      await flush;
    } finally {
      this.underWay.delete(flush);
    }
  }

  private async syncAll(endOffset: number): Promise<void> {
    this.refuseAfterFailure();
    const syncRest = this.medium.beginSync();
    try {
      for (const segment of this.segments.all) {
        const { storedSize } = segment;
        if (segment.syncedSize >= storedSize && !segment.medium.isDirty) continue;
        await segment.medium.sync();
        this.refuseAfterFailure(); // of another flush that was under way
        segment.syncedSize = Math.max(segment.syncedSize, storedSize);
      }
      await syncRest();
      this.refuseAfterFailure();
    } catch (error) {
      if (!(error instanceof CacheNotWritten)) this.giveUp(error);
      throw error;
    }
    this.recoveryPoint = Math.max(this.recoveryPoint, endOffset);
  }

  private refuseAfterFailure(): void {
    if (this.failed !== undefined) throw this.failed;
  }

  /** Flushes `flushMs` from now, unless that is planned already or there is nothing to flush. */
  plan(flushMs: number, endOffset: number): void {
    if (flushMs >= never || this.timer !== undefined || this.recoveryPoint >= endOffset) return;
    this.timer = this.around.clock.schedule(flushMs, () => {
      this.timer = undefined;
      this.start();
    });
  }

  forgetPlan(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  /** Flushes what is committed by then, when it is this log's turn. Nobody waits for it. */
  start(): void {
    this.wishes++;
    if (this.isInTurn) return;
    this.isInTurn = true;
    void this.around.flushes.run(() => this.flushInTurn());
  }

  private async flushInTurn(): Promise<void> {
    const { wishes } = this;
    await this.flush().catch(() => undefined); // the log is poisoned then, and has said so
    this.isInTurn = false;
    // A segment was completed meanwhile; other logs come first.
    if (this.wishes > wishes) this.start();
  }

  /** Resolves once no flush is under way; one that waits for its turn is not waited for. */
  async idle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.allSettled(this.underWay);
  }
}
