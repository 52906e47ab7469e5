import type { AbortedRow } from '../aborted-transactions.ts';
import type { ReplacementMedium } from '../log-medium.ts';
import type { LogSettings, PartitionRef } from '../partition-log.ts';
import type { Segment } from '../segment.ts';
import type { StorageFailure } from '../storage-failure.ts';

/** The last that a log knows of a producer. */
export interface LastOfProducer {
  readonly producerEpoch: number;
  /** Last offset of its last batch of data; undefined: only a marker is known. */
  readonly lastOffset: number | undefined;
}

/** What the cleaner sees of a log, and the one thing that it does to it. */
export interface CleanableLog {
  readonly ref: PartitionRef;
  readonly settings: LogSettings;
  readonly logStartOffset: number;
  readonly lastStableOffset: number;
  readonly logEndOffset: number;
  readonly failure: StorageFailure | undefined;
  /** The last one is open for appends. Never changed in place. */
  readonly allSegments: readonly Segment[];
  abortedOverlapping(fromOffset: number, endOffset: number): readonly AbortedRow[];
  lastOfProducers(): ReadonlyMap<number, LastOfProducer>;
  applyRetention(): Promise<void>;
  /** Makes durable all that was appended. @throws {StorageFailure} OutcomeUnknown */
  flush(): Promise<void>;
  newReplacement(baseOffset: number): ReplacementMedium;
  /**
   * Puts a cleaned segment, complete and durable, in the place of segments that lie side by side.
   * Takes its turn with retention and DeleteRecords.
   *
   * @param aborted  aborted transactions whose markers are in the cleaned segment
   * @returns        false, and nothing is done, where one of them is gone or the log has failed
   */
  replaceCleaned(
    old: readonly Segment[],
    cleaned: Segment,
    medium: ReplacementMedium,
    aborted: readonly AbortedRow[],
  ): Promise<boolean>;
}
