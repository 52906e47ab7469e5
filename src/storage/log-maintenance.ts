import type { AbortedRow, AbortedTransactions } from './aborted-transactions.ts';
import type { LogMedium, ReplacementMedium } from './log-medium.ts';
import type { LogSurroundings } from './log-state.ts';
import type { LogSettings, PartitionLog } from './partition-log.ts';
import { countExpired } from './retention.ts';
import type { SegmentList } from './segment-list.ts';
import type { Segment } from './segment.ts';

/** What the maintenance of a log does to it beside its segments. */
export interface MaintenanceOwner {
  /** Begins a new segment behind all that was appended. */
  roll(nowMs: number): void;
  flush(): Promise<void>;
  /** Resolves once no write is under way. */
  written(): Promise<void>;
  moveLogStart(offset: number): void;
  /** Makes sure how old a segment is. @throws {StorageFailure} Corrupt */
  confirmTime(index: number): Promise<void>;
  onFailed(cause: unknown): void;
}

/** What it is given of its log. */
interface MaintainedParts {
  readonly segments: SegmentList;
  readonly aborted: AbortedTransactions;
  readonly medium: LogMedium;
  readonly around: Pick<LogSurroundings, 'clock' | 'logger'>;
}

type MaintainedLog = Pick<
  PartitionLog,
  'ref' | 'failure' | 'logStartOffset' | 'highWatermark' | 'logEndOffset'
> & { readonly settings: LogSettings };

/**
 * Segments go, and cleaned ones come in the place of others: one after the other, whoever wants it.
 * Readers of the old ones finish undisturbed.
 */
export class LogMaintenance {
  private latest: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly log: MaintainedLog,
    private readonly parts: MaintainedParts,
    private readonly owner: MaintenanceOwner,
  ) {}

  /** Resolves once nothing is under way. Never rejects. */
  async idle(): Promise<void> {
    await this.latest;
  }

  /** Deletes what settings, or the log's start, no longer cover. */
  async deleteExpired(settings: LogSettings): Promise<void> {
    await this.inTurn(() => this.deleteNow(settings));
  }

  /** As `CleanableLog` has it. */
  async replaceCleaned(
    old: readonly Segment[],
    cleaned: Segment,
    replacement: ReplacementMedium,
    aborted: readonly AbortedRow[],
  ): Promise<boolean> {
    let isDone = false;
    await this.inTurn(async () => {
      const { all } = this.parts.segments;
      if (this.hasFailed() || old.some((segment) => !all.includes(segment))) return;
      const next = all[all.indexOf(old.at(-1) as Segment) + 1] as Segment;
      try {
        await replacement.beginSwap();
        this.forget(old, [cleaned]);
        this.parts.aborted.replaceBetween(cleaned.baseOffset, next.baseOffset, aborted);
        const { fileDeleteDelayMs } = this.log.settings;
        for (const each of old) each.medium.remove(fileDeleteDelayMs, true);
        await replacement.endSwap();
      } catch (error) {
        this.owner.onFailed(error);
        throw error;
      }
      isDone = true;
    });
    return isDone;
  }

  private async inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.latest.then(work).finally(() => this.parts.medium.removed());
    this.latest = turn.catch(() => undefined);
    await turn;
  }

  private async deleteNow(settings: LogSettings): Promise<void> {
    if (this.hasFailed()) return;
    const { segments, around } = this.parts;
    const nowMs = around.clock.wallMs();
    await this.confirmAges(this.countExpired(settings, nowMs));
    const expired = this.countExpired(settings, nowMs);
    if (expired === 0 || this.hasFailed()) return;
    if (expired < segments.all.length) {
      await this.owner.written();
    } else {
      // Before the old segments go the new one is there for good: it alone says where the log ends.
      this.owner.roll(nowMs);
      await this.owner.flush();
    }
    if (this.hasFailed()) return;
    const gone = await this.remove(expired);
    if (gone.length === 0) return;
    const { topicName, partition } = this.log.ref;
    around.logger.info('segments that nobody needs any more are deleted', {
      topic: topicName,
      partition,
      segments: gone.length,
      bytes: gone.reduce((sum, { size }) => sum + size, 0),
      logStartOffset: this.log.logStartOffset,
    });
  }

  private countExpired(settings: LogSettings, nowMs: number): number {
    const { logStartOffset, highWatermark, logEndOffset } = this.log;
    const { all, sizeInBytes } = this.parts.segments;
    const view = { segments: all, logStartOffset, highWatermark, logEndOffset, sizeInBytes };
    return countExpired(view, settings, nowMs);
  }

  /** Makes sure how old the first segments are, which are to go. */
  private async confirmAges(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      if (this.parts.segments.all[i]?.isTimeSure !== false) continue;
      // What is damaged is as old as its index says.
      await this.owner.confirmTime(i).catch(() => undefined);
    }
  }

  /**
   * One after the other, on the disk too: a log is cut at a hole. What the disk does not let go now
   * goes another time, and until then the log begins there: no crash may move its start back.
   *
   * @param count  so many of the first
   * @returns      those that are gone
   */
  private async remove(count: number): Promise<readonly Segment[]> {
    const old = this.parts.segments.all.slice(0, count + 1);
    for (let i = 0; i < count; i++) {
      const [segment, next] = [old[i] as Segment, old[i + 1] as Segment];
      try {
        await this.parts.medium.syncRemovals();
        if (this.hasFailed()) return old.slice(0, i);
        segment.medium.remove(this.log.settings.fileDeleteDelayMs, false);
      } catch (error) {
        const { topicName, partition } = this.log.ref;
        const where = { topic: topicName, partition, baseOffset: segment.baseOffset };
        this.parts.around.logger.warn('a segment could not be deleted yet', { ...where, error });
        return old.slice(0, i);
      }
      this.forget([segment], []);
      this.owner.moveLogStart(next.baseOffset);
    }
    return old.slice(0, count);
  }

  /** Puts segments in the place of others, all at once: retention none, the cleaner a smaller one. */
  private forget(old: readonly Segment[], replacements: readonly Segment[]): void {
    const { segments, medium, aborted } = this.parts;
    segments.replace(old, replacements);
    for (const { baseOffset } of old) {
      if (replacements.some((each) => each.baseOffset === baseOffset)) continue;
      medium.removeSnapshot(baseOffset);
    }
    aborted.removeBefore((segments.all[0] as Segment).baseOffset);
  }

  /** Asked anew after every wait. */
  private hasFailed(): boolean {
    return this.log.failure !== undefined;
  }
}
