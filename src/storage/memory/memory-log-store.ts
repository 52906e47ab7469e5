import { AbortedTransactions } from '../aborted-transactions.ts';
import { BaseLogStore } from '../base-log-store.ts';
import type { CleanableLog } from '../cleaner/cleanable-log.ts';
import { EpochCache } from '../epoch-cache.ts';
import type { LogMedium } from '../log-medium.ts';
import type { LogDirectoryDescription } from '../log-store.ts';
import type { LogSettings, PartitionRef } from '../partition-log.ts';
import { ProducerState } from '../producer-state.ts';
import { emptyIndexes } from '../segment-indexes.ts';
import { newSegmentStart, Segment } from '../segment.ts';
import { SegmentedLog } from '../segmented-log.ts';
import { MemorySegment } from './memory-segment.ts';

const memory: LogMedium = {
  newSegment: (baseOffset) => new MemorySegment(baseOffset),
  expectSegment: () => undefined,
  newReplacement: (baseOffset) => new MemorySegment(baseOffset),
  saveEpochs: () => undefined,
  saveSnapshot: () => undefined,
  removeSnapshot: () => undefined,
  removed: () => Promise.resolve(),
  syncRemovals: () => Promise.resolve(),
  beginSync: () => () => Promise.resolve(),
};

/**
 * All logs in memory, bounded by retention alone: for tests and development. Nothing is left once
 * the store is closed.
 */
export class MemoryLogStore extends BaseLogStore {
  private readonly cleaned = new WeakMap<CleanableLog, number>();

  existing(): readonly PartitionRef[] {
    return [];
  }

  setAsideStrays(): void {
    // nothing is found at start
  }

  describe(): readonly LogDirectoryDescription[] {
    const logs = [...this.logs.values()].map(({ ref, sizeInBytes }) => ({ ref, sizeInBytes }));
    // As Kafka has it for "unknown".
    return [{ path: 'memory', totalBytes: -1, usableBytes: -1, logs }];
  }

  protected async loadStored(ref: PartitionRef, settings: LogSettings): Promise<SegmentedLog> {
    const start = newSegmentStart(0, this.clock.wallMs(), 0, emptyIndexes(0));
    const state = {
      segments: [new Segment(start, memory.newSegment(0))],
      logStartOffset: 0,
      logEndOffset: 0,
      recoveryPoint: 0,
      snapshotOffset: 0,
      producers: new ProducerState(),
      epochs: new EpochCache(),
      aborted: new AbortedTransactions(),
    };
    return new SegmentedLog(ref, settings, state, memory, this.surroundings);
  }

  protected removeStored(): void {
    // The log was all there is.
  }

  protected onLogStartSet(): void {
    // Nothing outlives the store.
  }

  protected onCloseFailed(): void {
    // Nothing to remember.
  }

  protected cleanedUntil(log: CleanableLog): number | undefined {
    return this.cleaned.get(log);
  }

  protected onCleaned(log: CleanableLog, offset: number): void {
    this.cleaned.set(log, offset);
  }
}
