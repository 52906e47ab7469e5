import type { Uuid } from '../protocol/uuid.ts';
import type { LogSettings, PartitionLog, PartitionName, PartitionRef } from './partition-log.ts';

/** What DescribeLogDirs tells of one log directory. */
export interface LogDirectoryDescription {
  readonly path: string;
  readonly totalBytes: number;
  readonly usableBytes: number;
  readonly logs: readonly { readonly ref: PartitionRef; readonly sizeInBytes: number }[];
  /** It cannot be used; nothing else is known of it. */
  readonly isOffline?: boolean;
}

/**
 * Storage engine of one process: the logs of all partitions it holds. A memory and a disk engine
 * pass the same tests (test/unit/storage/log-store-contract.ts).
 */
export interface LogStore {
  /**
   * The log, opened (and recovered) when it is not open yet; created empty when it never existed.
   * One that took a failure is replaced by a recovered one. Settings of an open log are updated.
   *
   * @param wish  the log directory a new log shall lie in, where there are several; undefined: the
   *   one that has the fewest
   */
  open(ref: PartitionRef, settings: LogSettings, wish?: Uuid): Promise<PartitionLog>;
  /** The log directory an open log lies in, where there are several. */
  directoryOf?(ref: PartitionRef): Uuid | undefined;
  /** The log when it is open already. */
  get(ref: PartitionRef): PartitionLog | undefined;
  /** Deletes a log and its files (after file.delete.delay.ms on disk). */
  delete(ref: PartitionRef): Promise<void>;
  /** Logs found at start, whether opened or not. */
  existing(): readonly PartitionRef[];
  /**
   * Renames the folders of logs that were found at start and that nobody knows, as Kafka does: they are
   * kept, and never opened.
   */
  setAsideStrays(isKnown: (name: PartitionName) => boolean): void;
  describe(): readonly LogDirectoryDescription[];
  /** Writes and flushes everything, leaves the marks of a clean stop. The store is void afterwards. */
  close(): Promise<void>;
}
