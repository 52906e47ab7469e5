import type { Clock } from '../host/clock.ts';
import type { Logger } from '../host/logger.ts';
import type { Random } from '../host/random.ts';
import type { AbortedTransactions } from './aborted-transactions.ts';
import type { EpochCache } from './epoch-cache.ts';
import type { LargeBatches } from './large-batches.ts';
import type { PartitionLog } from './partition-log.ts';
import type { ProducerState } from './producer-state.ts';
import type { Lanes } from './lanes.ts';
import type { Segment } from './segment.ts';
import type { CommitTurn } from './write-queue.ts';

/** What every log of a store is given. */
export interface LogSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly turn: CommitTurn;
  readonly largeBatches: LargeBatches;
  /** Logs that are flushed with nobody waiting take turns here. */
  readonly flushes: Lanes;
  /** The log's start was set by a client, and only a checkpoint can remember that. */
  onLogStartSet(log: PartitionLog): void;
  /** What a log was told of its topic may have changed. */
  onSettings(): void;
  /** A log takes no more appends, because its disk failed. */
  onFailed(): void;
}

/** The state of a log as it was found, or of an empty one. */
export interface LogState {
  /** In order, the last one open for appends; at least one. */
  readonly segments: Segment[];
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  /** What is durable ends here. */
  readonly recoveryPoint: number;
  /** Offset of the latest producer snapshot; -1 without one. */
  readonly snapshotOffset: number;
  readonly producers: ProducerState;
  readonly epochs: EpochCache;
  readonly aborted: AbortedTransactions;
}
