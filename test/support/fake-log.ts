import type {
  AppendTicket,
  LogSettings,
  OffsetAndTimestamp,
  PartitionLog,
  PartitionRef,
  ReadResult,
} from '../../src/storage/partition-log.ts';
import { alreadyCommitted } from '../../src/storage/commit.ts';
import type { StorageFailure } from '../../src/storage/storage-failure.ts';
import { partitionRef } from './log-settings.ts';

/** A log without records, whose offsets and commits are the test's. */
export class FakeLog implements PartitionLog {
  logStartOffset = 0;
  lastStableOffset = 0;
  highWatermark = 0;
  logEndOffset = 0;
  leaderEpoch = -1;
  sizeInBytes = 0;
  failure: StorageFailure | undefined;
  latestEpoch: number | undefined;
  settings: LogSettings | undefined;
  appended = 0;
  /** What the next append returns; throwing it is up to the test. */
  commit = alreadyCommitted;
  private readonly listeners = new Set<() => void>();

  constructor(readonly ref: PartitionRef = partitionRef()) {}

  becomeLeader(leaderEpoch: number): void {
    this.leaderEpoch = leaderEpoch;
  }

  append(): AppendTicket {
    const baseOffset = this.logEndOffset++;
    this.appended++;
    return {
      baseOffset,
      lastOffset: baseOffset,
      logAppendTimeMs: -1,
      logStartOffset: this.logStartOffset,
      isDuplicate: false,
      commit: this.commit,
    };
  }

  beginVerification(): undefined {
    return undefined;
  }

  read(): ReadResult {
    const { logStartOffset, highWatermark, lastStableOffset } = this;
    return {
      records: [],
      sizeInBytes: 0,
      endOffset: 0,
      logStartOffset,
      highWatermark,
      lastStableOffset,
      abortedTransactions: null,
      release: () => undefined,
    };
  }

  offsetForTimestamp(): Promise<OffsetAndTimestamp | undefined> {
    return Promise.resolve(undefined);
  }

  offsetOfMaxTimestamp(): Promise<OffsetAndTimestamp | undefined> {
    return Promise.resolve(undefined);
  }

  endOffsetForEpoch(): undefined {
    return undefined;
  }

  epochForOffset(): number {
    return -1;
  }

  deleteBefore(offset: number): Promise<number> {
    this.logStartOffset = offset;
    return Promise.resolve(offset);
  }

  applyRetention(): Promise<void> {
    return Promise.resolve();
  }

  activeProducers(): [] {
    return [];
  }

  updateSettings(settings: LogSettings): void {
    this.settings = settings;
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  onAdvance(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  get listenerCount(): number {
    return this.listeners.size;
  }

  advance(): void {
    for (const listener of this.listeners) listener();
  }
}
