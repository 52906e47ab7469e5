import type { Clock, Timer } from '../../host/clock.ts';
import type { Logger } from '../../host/logger.ts';
import type { Random } from '../../host/random.ts';
import { MalformedMessage } from '../../protocol/malformed-message.ts';
import { batchHeaderSize, maxTimestampAt } from '../../protocol/record-batch.ts';
import type { LargeBatches } from '../large-batches.ts';
import { StorageFailure } from '../storage-failure.ts';
import type { CleanableLog } from './cleanable-log.ts';
import type { CleanerSettings } from './cleaner-settings.ts';
import { cleanLog, MapTooSmall } from './clean-log.ts';
import type { CleaningPlan } from './cleaning-plan.ts';
import { isDue, planCleaning } from './cleaning-plan.ts';
import { CleaningAborted, Pace } from './pace.ts';

/** From here on a time means "never". */
const never = 2 ** 53;

/** Up to where each log is clean: `cleaner-offset-checkpoint`. */
export interface CleanerCheckpoint {
  cleanedUntil(log: CleanableLog): number | undefined;
  onCleaned(log: CleanableLog, offset: number): void;
}

export interface CleanerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Asked anew each time. */
  readonly settings: () => CleanerSettings;
  readonly logs: () => Iterable<CleanableLog>;
  readonly largeBatches: LargeBatches;
  readonly checkpoint: CleanerCheckpoint;
}

interface Candidate {
  readonly log: CleanableLog;
  readonly plan: CleaningPlan;
}

/**
 * Cleans the logs of a store, the dirtiest one first, one at a time: on one event loop a second one
 * would only take turns with the first, so `log.cleaner.threads` has no effect.
 */
export class LogCleaner {
  private timer: Timer | undefined;
  private waitingSinceMs: number;
  private running: Promise<void> | undefined;
  private current: CleanableLog | undefined;
  /** The work on the current log. */
  private cleaning: Promise<void> | undefined;
  private currentIsUnwanted = false;
  private isStopped = false;
  private readonly pace: Pace;
  /** Logs with a damaged batch: they are left as they are until they are opened anew. */
  private readonly uncleanable = new WeakSet<CleanableLog>();
  /** What failed is tried again after the next pause. */
  private failed = new WeakSet<CleanableLog>();

  constructor(private readonly parts: CleanerParts) {
    const { clock, settings } = parts;
    this.waitingSinceMs = clock.monotonicMs();
    this.pace = new Pace(clock, settings, () => this.isUnwanted());
  }

  start(): void {
    if (this.parts.settings().isEnabled) this.wait(this.parts.settings().backoffMs);
  }

  /** Ends what is under way. Resolves when it has. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.timer?.cancel();
    this.timer = undefined;
    this.pace.hurry();
    await this.running;
  }

  /** Lets go of a log that is to be deleted or opened anew. */
  async release(log: CleanableLog): Promise<void> {
    if (this.current !== log) return;
    this.currentIsUnwanted = true;
    this.pace.hurry();
    await this.cleaning;
  }

  /** The configuration may be another one: a shorter pause counts from when it began. */
  onSettings(): void {
    if (this.timer === undefined) return;
    const { clock, settings } = this.parts;
    const waitedMs = clock.monotonicMs() - this.waitingSinceMs;
    this.timer.cancel();
    this.schedule(Math.max(0, settings().backoffMs - waitedMs));
  }

  /** Cleans until nothing is left that is due; for tests, and after each pause. */
  async run(): Promise<void> {
    this.running ??= this.work().finally(() => (this.running = undefined));
    await this.running;
  }

  private async work(): Promise<void> {
    await this.cleanAll();
    await this.expire();
  }

  private wait(ms: number): void {
    this.waitingSinceMs = this.parts.clock.monotonicMs();
    this.schedule(ms);
  }

  private schedule(ms: number): void {
    // Without a pause the process would do nothing but look for work.
    this.timer = this.parts.clock.schedule(Math.max(1, ms), () => {
      this.timer = undefined;
      void this.run()
        .catch((error: unknown) => this.parts.logger.error('the cleaner failed', { error }))
        .then(() => {
          if (!this.isStopped) this.wait(this.parts.settings().backoffMs);
        });
    });
  }

  private async cleanAll(): Promise<void> {
    this.failed = new WeakSet();
    for (;;) {
      const dirtiest = await this.findDirtiest();
      if (dirtiest === undefined || this.isStopped) return;
      this.cleaning = this.clean(dirtiest);
      await this.cleaning;
    }
  }

  /** Logs that are both compacted and deleted are looked at as often as they are cleaned, as in Kafka. */
  private async expire(): Promise<void> {
    for (const log of [...this.parts.logs()]) {
      if (this.isStopped) return;
      if (!log.settings.cleanupDelete || !this.isCandidate(log)) continue;
      try {
        await log.applyRetention();
      } catch (error) {
        this.onFailure(log, error);
      }
    }
  }

  private async findDirtiest(): Promise<Candidate | undefined> {
    const { logs, checkpoint, clock } = this.parts;
    let dirtiest: Candidate | undefined;
    for (const log of [...logs()]) {
      if (!this.isCandidate(log)) continue;
      if (log.settings.maxCompactionLagMs < never) await this.learnTimestamps(log);
      if (!this.isCandidate(log)) continue;
      const plan = planCleaning(log, checkpoint.cleanedUntil(log), clock.wallMs());
      if (plan.isReset) checkpoint.onCleaned(log, plan.firstDirtyOffset);
      if (!isDue(plan, log)) continue;
      if (dirtiest === undefined || plan.dirtyRatio > dirtiest.plan.dirtyRatio) {
        dirtiest = { log, plan };
      }
      if (this.pace.isOver) await this.breathe();
    }
    return dirtiest;
  }

  private isCandidate(log: CleanableLog): boolean {
    return (
      log.settings.cleanupCompact &&
      log.failure === undefined &&
      !this.uncleanable.has(log) &&
      !this.failed.has(log)
    );
  }

  private async breathe(): Promise<void> {
    await this.pace.rest().catch(() => undefined); // nothing is under way that could be aborted
  }

  /** When the first batch of each dirty segment was written, where that was never seen. */
  private async learnTimestamps(log: CleanableLog): Promise<void> {
    const from = this.parts.checkpoint.cleanedUntil(log) ?? 0;
    for (const [i, segment] of log.allSegments.entries()) {
      const end = log.allSegments[i + 1]?.baseOffset ?? Infinity;
      if (end <= from || segment.firstTimestamp !== undefined) continue;
      if (segment.readableSize < batchHeaderSize) continue;
      try {
        const region = await segment.medium.read(0, batchHeaderSize, false);
        const [first] = region.ranges;
        if (first !== undefined) segment.firstTimestamp = maxTimestampAt(first.buffer, first.start);
        region.release();
      } catch (error) {
        this.onFailure(log, error);
        return;
      }
    }
  }

  private async clean({ log, plan }: Candidate): Promise<void> {
    const { clock, random, settings, checkpoint, logger, largeBatches } = this.parts;
    const startedMs = clock.monotonicMs();
    this.current = log;
    this.currentIsUnwanted = false;
    try {
      const result = await cleanLog(
        log,
        plan,
        settings(),
        clock.wallMs(),
        this.pace,
        largeBatches,
        random.bytes16(),
      );
      checkpoint.onCleaned(log, result.cleanedUntil);
      logger.info('a log was cleaned', {
        topic: log.ref.topicName,
        partition: log.ref.partition,
        from: plan.firstDirtyOffset,
        to: result.cleanedUntil,
        bytesBefore: result.bytesRead,
        bytesAfter: result.bytesWritten,
        ms: Math.round(clock.monotonicMs() - startedMs),
      });
    } catch (error) {
      this.onFailure(log, error);
    } finally {
      this.current = undefined;
    }
  }

  private onFailure(log: CleanableLog, error: unknown): void {
    this.failed.add(log);
    // Its owner has said so already, or wanted it so.
    if (error instanceof CleaningAborted || log.failure !== undefined) return;
    const where = { topic: log.ref.topicName, partition: log.ref.partition, error };
    if (isDamage(error)) {
      this.uncleanable.add(log);
      this.parts.logger.error('a log cannot be cleaned and is left as it is', where);
    } else {
      this.parts.logger.error('a log could not be cleaned; it is tried again', where);
    }
  }

  private isUnwanted(): boolean {
    const { current } = this;
    if (this.isStopped) return true;
    if (current === undefined) return false;
    return (
      this.currentIsUnwanted || current.failure !== undefined || !current.settings.cleanupCompact
    );
  }
}

/** Is it the log that is at fault, not the machine? */
function isDamage(error: unknown): boolean {
  if (error instanceof StorageFailure) return error.kind === 'Corrupt';
  return error instanceof MalformedMessage || error instanceof MapTooSmall;
}
