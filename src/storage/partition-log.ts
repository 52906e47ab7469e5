import type { Caller } from '../host/caller.ts';
import type { ByteRange, FileRange } from '../protocol/byte-range.ts';
import type { Uuid } from '../protocol/uuid.ts';
import type { Commit } from './commit.ts';
import type { StorageFailure } from './storage-failure.ts';
import type { TransactionalProducer, VerificationGuard } from './transaction-verification.ts';

/** A partition by name, as folders are. */
export interface PartitionName {
  readonly topicName: string;
  readonly partition: number;
}

/** Which log. The name serves only to find Kafka's folder (`<topic>-<partition>`); the id is the identity. */
export interface PartitionRef extends PartitionName {
  readonly topicId: Uuid;
}

/** What a log needs to know of its topic, as plain values (sizes in bytes, times in ms, -1 = no limit). */
export interface LogSettings {
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly segmentJitterMs: number;
  readonly segmentIndexBytes: number;
  readonly indexIntervalBytes: number;
  readonly retentionMs: number;
  readonly retentionBytes: number;
  readonly maxMessageBytes: number;
  readonly cleanupDelete: boolean;
  readonly cleanupCompact: boolean;
  /** How long tombstones and transaction markers stay once the cleaner has seen them. */
  readonly deleteRetentionMs: number;
  readonly minCompactionLagMs: number;
  readonly maxCompactionLagMs: number;
  /** Part of a log that must be dirty before it is cleaned. */
  readonly minCleanableDirtyRatio: number;
  readonly compression: 'producer' | 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  /** Codec's own scale; undefined = its default. */
  readonly compressionLevel: number | undefined;
  readonly timestampType: 'CreateTime' | 'LogAppendTime';
  readonly timestampBeforeMaxMs: number;
  readonly timestampAfterMaxMs: number;
  readonly fileDeleteDelayMs: number;
  readonly flushMessages: number;
  readonly flushMs: number;
  readonly producerIdExpirationMs: number;
}

/** Who appends: a client's batches are validated whole, a coordinator's are our own. */
export type AppendOrigin = 'client' | 'coordinator' | 'raft';

export interface AppendOptions {
  /** Epoch of the leader that appends; an epoch older than the log's is refused (Fenced). */
  readonly leaderEpoch: number;
  readonly origin: AppendOrigin;
  /** Of a client's batch: it is what `LargeBatches` gave. */
  readonly isAccepted?: boolean;
  /** Of transaction markers: 2 = their epoch is larger than the producer's (KIP-890). Default 0. */
  readonly transactionVersion?: number;
  /**
   * Of transactional batches: the guard of `beginVerification`, which the first one of a transaction
   * has to show. 'off': whoever appends answers for it.
   */
  readonly verification?: VerificationGuard | 'off' | undefined;
}

/**
 * What became of an append. `append` gives offsets at once; the records are visible and may be
 * acknowledged only when `commit` is done.
 */
export interface AppendTicket {
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** Time the broker stamped, for LogAppendTime topics; otherwise -1. */
  readonly logAppendTimeMs: number;
  readonly logStartOffset: number;
  /** The producer sent this batch before; nothing was appended, the offsets are the first ones. */
  readonly isDuplicate: boolean;
  /** Done once written as durably as the settings ask; shared by all appends of a turn. */
  readonly commit: Commit;
}

/** How far a reader may see. */
export type ReadLimit = 'logEndOffset' | 'highWatermark' | 'lastStableOffset';

export interface ReadRequest {
  readonly fromOffset: number;
  readonly maxBytes: number;
  /** Give one whole batch even when it alone is larger than maxBytes (KIP-74). */
  readonly minOneBatch: boolean;
  readonly limit: ReadLimit;
}

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export interface ReadResult {
  /** Encoded batches, back to back; empty at the end of the log. */
  readonly records: readonly ByteRange[];
  /** Where they are, if not in `records`: only for a caller that takes files. */
  readonly inFile?: FileRange | undefined;
  readonly sizeInBytes: number;
  /** The offset behind the last batch; the one that was asked for where there is none. */
  readonly endOffset: number;
  readonly logStartOffset: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  /** Sorted by firstOffset; null unless read up to lastStableOffset. */
  readonly abortedTransactions: readonly AbortedTransaction[] | null;
  /** Gives pooled memory, or the file, back; the batches are void afterwards. Call once, when they were sent. */
  release(): void;
}

export interface OffsetAndTimestamp {
  readonly offset: number;
  readonly timestamp: number;
  readonly leaderEpoch: number;
}

/** A producer a log remembers (DescribeProducers). */
export interface ActiveProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly lastSequence: number;
  readonly lastTimestamp: number;
  readonly coordinatorEpoch: number;
  readonly currentTransactionStartOffset: number;
}

/**
 * One partition's log: whole, opaque record batches (v2) in order of offsets.
 * Always: logStartOffset <= lastStableOffset <= highWatermark <= logEndOffset.
 */
export interface PartitionLog {
  readonly ref: PartitionRef;
  readonly logStartOffset: number;
  readonly lastStableOffset: number;
  readonly highWatermark: number;
  readonly logEndOffset: number;
  /** Epoch of the present leadership; -1 before the first. */
  readonly leaderEpoch: number;
  /** Bytes of all segments. */
  readonly sizeInBytes: number;
  /**
   * Why the log takes no more appends: a write failed, it was deleted or closed. Opening it again
   * in the store gives a new, recovered log, to be led at a higher epoch.
   */
  readonly failure: StorageFailure | undefined;

  /**
   * Begins a leadership. Appends of older epochs are refused from now on.
   * @throws {KafkaError} FENCED_LEADER_EPOCH when the log has seen a higher epoch
   */
  becomeLeader(leaderEpoch: number): void;

  /**
   * Validates, assigns offsets, stamps base offset and leader epoch (into the given buffer),
   * queues the bytes. Exactly one batch for a client, one or more for the others. The buffer
   * belongs to the log until `committed`.
   * @throws {KafkaError} a refusal by the rules (INVALID_RECORD, OUT_OF_ORDER_SEQUENCE_NUMBER, ...);
   *   nothing was appended
   * @throws {TakesLong} nor was it; let `LargeBatches` accept the client's batch, and append what that gives
   */
  append(batches: ByteRange, options: AppendOptions): AppendTicket;

  /**
   * Announces a transactional batch, before the transaction's coordinator is asked whether it knows
   * of this partition.
   *
   * @returns the guard to append it with; undefined when its transaction has written here already
   * @throws {KafkaError} INVALID_PRODUCER_EPOCH
   */
  beginVerification(producer: TransactionalProducer): VerificationGuard | undefined;

  /**
   * Reads whole batches from the one that holds `fromOffset` on, within one segment. Answers at
   * once when that cannot block, and throws when the caller is gone. For one that takes files they
   * may stay in theirs.
   * @throws {KafkaError} OFFSET_OUT_OF_RANGE below logStartOffset or above logEndOffset
   */
  read(request: ReadRequest, caller?: Caller): ReadResult | Promise<ReadResult>;

  /** First record with timestamp >= target, as Kafka's ListOffsets wants it; undefined if none. */
  offsetForTimestamp(timestamp: number): Promise<OffsetAndTimestamp | undefined>;
  /** The first record that holds the largest timestamp; undefined when empty. */
  offsetOfMaxTimestamp(): Promise<OffsetAndTimestamp | undefined>;
  /** Largest epoch <= `epoch` that the log knows and where it ends (KIP-320); undefined if none. */
  endOffsetForEpoch(epoch: number): { leaderEpoch: number; endOffset: number } | undefined;
  /** Epoch of the latest appended batch or leadership; undefined when it has none. */
  readonly latestEpoch: number | undefined;
  /** Epoch that covers `offset`; -1 when unknown. */
  epochForOffset(offset: number): number;

  /**
   * Moves logStartOffset up (DeleteRecords); whole segments below it are deleted.
   * @returns the new logStartOffset
   * @throws {KafkaError} OFFSET_OUT_OF_RANGE above the high watermark
   */
  deleteBefore(offset: number): Promise<number>;
  /** Deletes what retention by time, size and log start no longer covers. */
  applyRetention(): Promise<void>;

  activeProducers(): ActiveProducer[];
  updateSettings(settings: LogSettings): void;
  /** Makes everything appended so far durable (fsync). */
  flush(): Promise<void>;
  /** Called after highWatermark, lastStableOffset or logStartOffset moved. Returns the unsubscriber. */
  onAdvance(listener: () => void): () => void;
}
