import type { Clock, Timer } from '../host/clock.ts';
import type { Logger } from '../host/logger.ts';
import { silentLogger } from '../host/logger.ts';
import type { Random } from '../host/random.ts';
import type { CleanableLog } from './cleaner/cleanable-log.ts';
import type { CleanerSettings } from './cleaner/cleaner-settings.ts';
import { LogCleaner } from './cleaner/log-cleaner.ts';
import { Lanes } from './lanes.ts';
import { LargeBatches } from './large-batches.ts';
import type { LogDirectoryDescription, LogStore } from './log-store.ts';
import type { LogSettings, PartitionLog, PartitionName, PartitionRef } from './partition-log.ts';
import type { LogSurroundings } from './log-state.ts';
import type { SegmentedLog } from './segmented-log.ts';
import { StorageFailure, withCause } from './storage-failure.ts';
import { CommitTurn } from './write-queue.ts';

export interface LogStoreOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger;
  /** `log.retention.check.interval.ms`; 0: retention is applied by others only. */
  readonly retentionCheckMs?: number;
  /** `log.initial.task.delay.ms`: before the first round of retention and of checkpoints. Default: as between rounds. */
  readonly initialTaskDelayMs?: number | undefined;
  /** `producer.id.expiration.check.interval.ms`. */
  readonly producerExpiryCheckMs?: number;
  /** The cleaner's configuration of now; left out: nothing is compacted. */
  readonly cleaner?: () => CleanerSettings;
  /** Default: the event loop does all by itself. */
  readonly largeBatches?: LargeBatches;
}

const defaultProducerExpiryCheckMs = 600_000;
const defaultRetentionCheckMs = 300_000;
/** So many logs are closed at a time: each may wait for the disk. */
const closedTogether = 16;
/** So many logs are made durable at a time for which nobody waits. */
const flushedTogether = 2;
/** So long a stop makes logs durable to which nothing came since they were recovered. */
const settlingMs = 1_000;

/** Which logs are open, and what happens to them from time to time: the same for every engine. */
export abstract class BaseLogStore implements LogStore {
  protected readonly clock: Clock;
  protected readonly logger: Logger;
  protected readonly surroundings: LogSurroundings;
  protected readonly logs = new Map<string, SegmentedLog>();
  protected isClosed = false;
  protected readonly cleaner: LogCleaner | undefined;
  private readonly opening = new Map<string, Promise<PartitionLog>>();
  private readonly timers = new Set<Timer>();
  private readonly failureListeners: (() => void)[] = [];
  /** The round that is under way. */
  private retention: Promise<void> | undefined;
  private givenUp: StorageFailure | undefined;

  constructor(options: LogStoreOptions) {
    this.clock = options.clock;
    this.logger = options.logger ?? silentLogger;
    this.surroundings = {
      clock: options.clock,
      random: options.random,
      logger: this.logger,
      turn: new CommitTurn(options.clock),
      largeBatches: options.largeBatches ?? new LargeBatches(options.clock, () => undefined),
      flushes: new Lanes(flushedTogether),
      onLogStartSet: (log) => this.onLogStartSet(log),
      onSettings: () => this.cleaner?.onSettings(),
      onFailed: () => {
        for (const listener of this.failureListeners) listener();
      },
    };
    this.every(options.producerExpiryCheckMs ?? defaultProducerExpiryCheckMs, () => {
      for (const log of this.logs.values()) log.expireProducers();
    });
    const retentionCheckMs = options.retentionCheckMs ?? defaultRetentionCheckMs;
    this.every(retentionCheckMs, () => this.startRetention(), options.initialTaskDelayMs);
    this.cleaner = this.startCleaner(options);
  }

  async open(ref: PartitionRef, settings: LogSettings): Promise<PartitionLog> {
    if (this.isClosed) throw new StorageFailure('Fenced', 'the store is closed');
    if (this.givenUp !== undefined) throw this.givenUp;
    const key = keyOf(ref);
    const log = this.logs.get(key);
    if (log !== undefined && log.failure === undefined) {
      log.updateSettings(settings);
      return log;
    }
    let opening = this.opening.get(key);
    if (opening === undefined) {
      opening = this.load(key, ref, settings, log).finally(() => this.opening.delete(key));
      this.opening.set(key, opening);
    }
    return opening;
  }

  get(ref: PartitionRef): PartitionLog | undefined {
    return this.logs.get(keyOf(ref));
  }

  async delete(ref: PartitionRef): Promise<void> {
    const key = keyOf(ref);
    await this.opening.get(key)?.catch(() => undefined);
    const log = this.logs.get(key);
    this.logs.delete(key);
    log?.abandon('the partition was deleted');
    await this.letGo(log);
    this.removeStored(ref, log);
  }

  /** Called when a log has failed, or something else that the store keeps. */
  onFailure(listener: () => void): void {
    this.failureListeners.push(listener);
  }

  /** What holds the store is lost: every log fails, and none is opened any more. */
  giveUp(cause: unknown): void {
    const words = withCause('the log directory is offline', cause);
    this.givenUp = new StorageFailure('NotCommitted', words, cause);
    this.stopTimers();
    this.onCloseFailed();
    for (const log of this.logs.values()) log.giveUp(this.givenUp);
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    this.stopTimers();
    await this.cleaner?.stop();
    await Promise.allSettled(this.opening.values());
    await this.closeLogs();
  }

  /** First those that hold something new; of the others as many as there is time for. */
  private async closeLogs(): Promise<void> {
    const all = [...this.logs.values()];
    const logs = [...all.filter((log) => !log.isAsFound), ...all.filter((log) => log.isAsFound)];
    const { clock } = this;
    let endMs: number | undefined;
    const isLate = (): boolean =>
      clock.monotonicMs() > (endMs ??= clock.monotonicMs() + settlingMs);
    let left = 0;
    for (let i = 0; i < logs.length; i += closedTogether) {
      const closing = logs.slice(i, i + closedTogether).map((log) => log.close(isLate));
      for (const result of await Promise.allSettled(closing)) {
        if (result.status === 'fulfilled') {
          if (!result.value) left++;
          continue;
        }
        this.logger.error('a log could not be closed', { error: result.reason });
        this.onCloseFailed();
      }
    }
    if (left === 0) return;
    this.logger.info(`${left} logs that were recovered will be looked at again by the next start`);
    this.onCloseFailed();
  }

  abstract existing(): readonly PartitionRef[];
  abstract setAsideStrays(isKnown: (name: PartitionName) => boolean): void;
  abstract describe(): readonly LogDirectoryDescription[];
  /** Makes the log from what is stored. @param failed  the one whose place it takes */
  protected abstract loadStored(
    ref: PartitionRef,
    settings: LogSettings,
    failed: SegmentedLog | undefined,
  ): Promise<SegmentedLog>;
  protected abstract removeStored(ref: PartitionRef, log: SegmentedLog | undefined): void;
  protected abstract onLogStartSet(log: PartitionLog): void;
  /** Not every log is as a clean stop leaves it. */
  protected abstract onCloseFailed(): void;
  /** Up to where logs are clean. */
  protected abstract cleanedUntil(log: CleanableLog): number | undefined;
  protected abstract onCleaned(log: CleanableLog, offset: number): void;

  protected stopTimers(): void {
    for (const timer of this.timers) timer.cancel();
    this.timers.clear();
  }

  /** Runs `action` again and again until the store closes; 0: never. */
  protected every(periodMs: number, action: () => void, firstMs = periodMs): void {
    if (periodMs > 0) {
      this.after(firstMs, () => {
        action();
        this.every(periodMs, action);
      });
    }
  }

  /** Runs `action` later, unless the store closes before. */
  protected after(delayMs: number, action: () => void): Timer {
    const timer = this.clock.schedule(delayMs, () => {
      this.timers.delete(timer);
      action();
    });
    this.timers.add(timer);
    return timer;
  }

  private async load(
    key: string,
    ref: PartitionRef,
    settings: LogSettings,
    failed: SegmentedLog | undefined,
  ): Promise<PartitionLog> {
    await this.letGo(failed);
    const log = await this.loadStored(ref, settings, failed);
    // Kept even if the next step fails: that an fsync has failed must be known when it is opened again.
    this.logs.set(key, log);
    await log.makeFoundDurable();
    return log;
  }

  /** Resolves when nobody works on a log any more that is given up. */
  private async letGo(log: SegmentedLog | undefined): Promise<void> {
    if (log === undefined) return;
    await this.cleaner?.release(log);
    await log.idle();
  }

  private startCleaner({ clock, random, cleaner: settings }: LogStoreOptions) {
    if (settings === undefined) return undefined;
    const cleaner = new LogCleaner({
      clock,
      random,
      logger: this.logger,
      settings,
      logs: () => this.logs.values(),
      largeBatches: this.surroundings.largeBatches,
      checkpoint: {
        cleanedUntil: (log) => this.cleanedUntil(log),
        onCleaned: (log, offset) => this.onCleaned(log, offset),
      },
    });
    cleaner.start();
    return cleaner;
  }

  private startRetention(): void {
    this.retention ??= this.applyRetention().finally(() => (this.retention = undefined));
  }

  /** A log per turn of the event loop: what it gives up it renames there and then. */
  private async applyRetention(): Promise<void> {
    for (const log of [...this.logs.values()]) {
      if (this.isClosed) return;
      try {
        await log.applyRetention();
      } catch (error) {
        const { topicName, partition } = log.ref;
        this.logger.error('could not apply retention', { topic: topicName, partition, error });
      }
      await new Promise<void>((resolve) => this.clock.defer(resolve));
    }
  }
}

export function keyOf({ topicId, partition }: PartitionRef): string {
  return `${topicId}-${partition}`;
}
