import type { Clock, Timer } from '../../host/clock.ts';
import type { Logger } from '../../host/logger.ts';
import type { LogStore } from '../../storage/log-store.ts';
import type { LogSettings } from '../../storage/partition-log.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { decideNewLeaderEpoch } from '../catalog/decide-elections.ts';
import type { Leadership } from './led-partitions.ts';
import { LogOpenings } from './log-openings.ts';

const firstDelayMs = 1_000;
const longestDelayMs = 10_000;
/** A log that did well for so long is not "failing again". */
const soundAfterMs = 60_000;

/** A partition whose log fails. */
interface Failing {
  /** How often it was tried since it last did well. */
  attempts: number;
  lastTriedMs: number;
  timer: Timer | undefined;
}

export interface ReopeningParts {
  readonly nodeId: number;
  readonly catalog: Catalog;
  readonly store: LogStore;
  readonly settingsOf: (topicName: string) => LogSettings;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Partitions whose log has failed serve again without a restart, when their disk does. The log is
 * opened again first, which recovers it; only when that works the catalog gives the partition a new
 * leader epoch, at which it is led anew. Either may fail for as long as the disk is full, the
 * catalog's as well: it is tried again and again, at growing distances.
 */
export class Reopenings {
  private readonly failing = new Map<string, Failing>();
  /** A disk that is full fails many at once, and they are tried a few at a time. */
  private readonly openings: LogOpenings;
  private isCancelled = false;

  constructor(private readonly parts: ReopeningParts) {
    this.openings = new LogOpenings(parts.clock);
  }

  /** The log takes no more appends, or cannot be opened. */
  plan(failed: Leadership): void {
    if (this.isCancelled) return;
    const { clock } = this.parts;
    const key = `${failed.topicId}-${failed.partition}`;
    let entry = this.failing.get(key);
    if (entry?.timer !== undefined) return;
    if (entry === undefined || clock.monotonicMs() - entry.lastTriedMs > soundAfterMs) {
      entry = { attempts: 0, lastTriedMs: 0, timer: undefined };
      this.forgetSound();
      this.failing.set(key, entry);
    }
    const delayMs = Math.min(firstDelayMs * 2 ** entry.attempts, longestDelayMs);
    entry.timer = clock.schedule(delayMs, () => {
      this.openings.add(() => this.try(failed, entry));
    });
  }

  /** The broker stops. */
  cancel(): void {
    this.isCancelled = true;
    for (const { timer } of this.failing.values()) timer?.cancel();
    this.failing.clear();
  }

  private async try(failed: Leadership, entry: Failing): Promise<void> {
    const { nodeId, catalog, store, clock, logger } = this.parts;
    const { topicId, topicName, partition } = failed;
    entry.timer = undefined;
    entry.attempts++;
    entry.lastTriedMs = clock.monotonicMs();
    try {
      if (this.isOver(failed)) return;
      await store.open({ topicId, topicName, partition }, this.parts.settingsOf(topicName));
      if (this.isOver(failed)) return;
      await catalog.transact((image) => decideNewLeaderEpoch(image, nodeId, failed));
      logger.info('a partition is led anew after a failure', { topic: topicName, partition });
    } catch (error) {
      logger.warn('a partition cannot be led anew yet', { topic: topicName, partition, error });
      if (!this.isOver(failed)) this.plan(failed);
    }
  }

  /** Somebody else leads, at another epoch, or the topic is gone, or the broker. */
  private isOver({ topicId, partition, leaderEpoch }: Leadership): boolean {
    const { catalog, nodeId } = this.parts;
    if (this.isCancelled) return true;
    const now = catalog.image.topicsById.get(topicId)?.partitions[partition];
    return now?.leader !== nodeId || now.leaderEpoch !== leaderEpoch;
  }

  private forgetSound(): void {
    const nowMs = this.parts.clock.monotonicMs();
    for (const [key, { timer, lastTriedMs }] of this.failing) {
      if (timer === undefined && nowMs - lastTriedMs > soundAfterMs) this.failing.delete(key);
    }
  }
}
