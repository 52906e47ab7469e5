import type { Caller } from '../../host/caller.ts';
import type { Logger } from '../../host/logger.ts';
import type { ByteRange, FileRange } from '../../protocol/byte-range.ts';
import { errorCodes, type ErrorName } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import { zeroUuid } from '../../protocol/uuid.ts';
import type {
  AbortedTransaction,
  PartitionLog,
  ReadLimit,
  ReadResult,
} from '../../storage/partition-log.ts';
import type { LedPartition } from '../replica/led-partition.ts';
import type { LedPartitions } from '../replica/led-partitions.ts';
import type { FetchPartition } from './fetch-partition.ts';

/** How much a fetch wants, and how far it may see. */
export interface FetchLimits {
  readonly maxBytes: number;
  readonly limit: ReadLimit;
}

/** The part of a response that tells of one partition. */
export interface PartitionAnswer {
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  readonly divergingEpoch?: { readonly epoch: number; readonly endOffset: number };
  /** Given with errors that say the leader is another one. */
  readonly currentLeader?: { readonly leaderId: number; readonly leaderEpoch: number };
  readonly abortedTransactions: readonly AbortedTransaction[] | null;
  readonly records: readonly (ByteRange | FileRange)[];
}

/** What was found in one partition. */
export interface PartitionRead {
  readonly wanted: FetchPartition;
  readonly answer: PartitionAnswer;
  /** The error's name; undefined without one. */
  readonly error: ErrorName | undefined;
  readonly led: LedPartition | undefined;
  /** Holds pooled memory until it is released. */
  readonly result: ReadResult | undefined;
  readonly sizeInBytes: number;
  /** Bytes of the log when it was read. */
  readonly logBytes: number;
}

/** What was found in all partitions of a request, in their order. */
export interface FetchRead {
  readonly reads: readonly PartitionRead[];
  readonly sizeInBytes: number;
  /** Waiting would be wrong: there is an error or a diverging epoch. */
  readonly mustAnswer: boolean;
}

const noRecords: readonly ByteRange[] = [];
const noOffset = -1;

/** Reads partitions for Fetch requests. */
export class PartitionReader {
  constructor(
    private readonly partitions: LedPartitions,
    private readonly logger: Logger,
  ) {}

  /** Reads in order until the bytes are spent. A promise only when a log has to wait for its disk. */
  read(
    wanted: readonly FetchPartition[],
    limits: FetchLimits,
    caller: Caller,
  ): FetchRead | Promise<FetchRead> {
    const tour = new ReadingTour(this.partitions, this.logger, wanted, limits, caller);
    if (!this.partitions.isOpening) return tour.run();
    const openings = wanted.flatMap((one) => this.openingOf(one) ?? []);
    return openings.length === 0 ? tour.run() : Promise.all(openings).then(() => tour.run());
  }

  private openingOf({ topic, topicId, partition }: FetchPartition): Promise<void> | undefined {
    return topicId === zeroUuid && topic !== undefined
      ? this.partitions.opening(topic, partition)
      : this.partitions.openingById(topicId, partition);
  }
}

/** Gives back the memory of reads that are not sent. */
export function releaseReads(reads: readonly PartitionRead[]): void {
  for (const { result } of reads) result?.release();
}

/** One walk over the partitions of a request. */
class ReadingTour {
  private readonly reads: PartitionRead[] = [];
  private sizeInBytes = 0;
  private mustAnswer = false;
  private unknowns = 0;

  constructor(
    private readonly partitions: LedPartitions,
    private readonly logger: Logger,
    private readonly wanted: readonly FetchPartition[],
    private readonly limits: FetchLimits,
    private readonly caller: Caller,
  ) {}

  run(): FetchRead | Promise<FetchRead> {
    const { wanted } = this;
    for (let i = this.reads.length; i < wanted.length; i++) {
      const read = this.readOne(wanted[i] as FetchPartition);
      if (read instanceof Promise) {
        return read.then((late) => {
          this.note(late);
          return this.run();
        });
      }
      this.note(read);
    }
    const reads = this.unknowns === 0 ? this.reads : unknownLast(this.reads);
    return { reads, sizeInBytes: this.sizeInBytes, mustAnswer: this.mustAnswer };
  }

  private note(read: PartitionRead): void {
    this.reads.push(read);
    this.sizeInBytes += read.sizeInBytes;
    if (isUnknown(read.error)) this.unknowns += 1;
    if (read.error !== undefined || read.answer.divergingEpoch !== undefined) {
      this.mustAnswer = true;
    }
  }

  private readOne(wanted: FetchPartition): PartitionRead | Promise<PartitionRead> {
    let led: LedPartition | undefined;
    try {
      led = this.find(wanted);
      led.checkEpoch(wanted.currentLeaderEpoch);
      const divergence = divergenceOf(led, wanted);
      if (divergence !== undefined) return divergence;
      const { log } = led;
      const logBytes = log.sizeInBytes;
      const result = log.read(
        {
          fromOffset: wanted.fetchOffset,
          maxBytes: Math.max(0, Math.min(wanted.maxBytes, this.limits.maxBytes - this.sizeInBytes)),
          // KIP-74: whoever has waited must get a batch, however large.
          minOneBatch: this.sizeInBytes === 0,
          limit: this.limits.limit,
        },
        this.caller,
      );
      if (!(result instanceof Promise)) return this.found(wanted, led, result, logBytes);
      const found = led;
      return result.then(
        (late) => this.found(wanted, found, late, logBytes),
        (error: unknown) => this.failed(wanted, found, error),
      );
    } catch (error) {
      return this.failed(wanted, led, error);
    }
  }

  private find(wanted: FetchPartition): LedPartition {
    const { partitions } = this;
    if (wanted.topicId === zeroUuid && wanted.topic !== undefined) {
      return partitions.lead(wanted.topic, wanted.partition);
    }
    const name = partitions.nameOf(wanted.topicId);
    // A session may outlive the topic it knew under this id.
    if (name === undefined && wanted.topic !== undefined) {
      partitions.lead(wanted.topic, wanted.partition);
      throw new KafkaError('INCONSISTENT_TOPIC_ID', `${wanted.topic} has a new id`);
    }
    wanted.topic ??= name;
    return partitions.leadById(wanted.topicId, wanted.partition);
  }

  private found(
    wanted: FetchPartition,
    led: LedPartition,
    result: ReadResult,
    logBytes: number,
  ): PartitionRead {
    const { highWatermark, lastStableOffset, logStartOffset, sizeInBytes } = result;
    const isCommittedOnly = this.limits.limit === 'lastStableOffset';
    return {
      wanted,
      led,
      result,
      error: undefined,
      sizeInBytes,
      logBytes,
      answer: {
        partitionIndex: wanted.partition,
        errorCode: errorCodes.NONE,
        highWatermark,
        lastStableOffset,
        logStartOffset,
        abortedTransactions: isCommittedOnly ? (result.abortedTransactions ?? []) : null,
        records: result.inFile === undefined ? result.records : [result.inFile],
      },
    };
  }

  private failed(
    wanted: FetchPartition,
    led: LedPartition | undefined,
    error: unknown,
  ): PartitionRead {
    let name: ErrorName = 'UNKNOWN_SERVER_ERROR';
    if (error instanceof KafkaError) name = error.code;
    else if (this.caller.isGone) {
      // The broker stops, or nobody listens: an error that clients answer by looking for the leader.
      name = 'NOT_LEADER_OR_FOLLOWER';
    } else {
      const { topic, partition } = wanted;
      this.logger.error('a partition cannot be read', { topic, partition, error });
    }
    return failedRead(wanted, led, name);
  }
}

function failedRead(
  wanted: FetchPartition,
  led: LedPartition | undefined,
  error: ErrorName,
): PartitionRead {
  return {
    wanted,
    led,
    error,
    result: undefined,
    sizeInBytes: 0,
    logBytes: 0,
    answer: {
      partitionIndex: wanted.partition,
      errorCode: errorCodes[error],
      highWatermark: noOffset,
      lastStableOffset: noOffset,
      logStartOffset: noOffset,
      abortedTransactions: isUnknown(error) ? [] : null,
      records: noRecords,
    },
  };
}

/** Kafka never asks a log about these: it answers them last, and with another empty list. */
function isUnknown(error: ErrorName | undefined): boolean {
  return error === 'UNKNOWN_TOPIC_OR_PARTITION' || error === 'UNKNOWN_TOPIC_ID';
}

function unknownLast(reads: readonly PartitionRead[]): readonly PartitionRead[] {
  const known = reads.filter(({ error }) => !isUnknown(error));
  return [...known, ...reads.filter(({ error }) => isUnknown(error))];
}

/**
 * Where the reader's log has parted from ours, from its last epoch (KIP-595, v12+).
 * @throws {KafkaError} OFFSET_OUT_OF_RANGE when that cannot be said any more
 */
function divergenceOf(led: LedPartition, wanted: FetchPartition): PartitionRead | undefined {
  const { lastFetchedEpoch, fetchOffset } = wanted;
  if (lastFetchedEpoch < 0) return undefined;
  const { log } = led;
  const end = log.endOffsetForEpoch(lastFetchedEpoch);
  if (end === undefined || fetchOffset < log.logStartOffset) {
    throw new KafkaError(
      'OFFSET_OUT_OF_RANGE',
      `offset ${fetchOffset} of epoch ${lastFetchedEpoch}`,
    );
  }
  if (end.leaderEpoch >= lastFetchedEpoch && end.endOffset >= fetchOffset) return undefined;
  return {
    wanted,
    led,
    result: undefined,
    error: undefined,
    sizeInBytes: 0,
    logBytes: 0,
    answer: {
      partitionIndex: wanted.partition,
      errorCode: errorCodes.NONE,
      highWatermark: log.highWatermark,
      lastStableOffset: log.lastStableOffset,
      logStartOffset: log.logStartOffset,
      divergingEpoch: { epoch: end.leaderEpoch, endOffset: end.endOffset },
      abortedTransactions: null,
      records: noRecords,
    },
  };
}

/** Where a reader's view of a log ends. */
export function endOf(limit: ReadLimit, log: PartitionLog): number {
  switch (limit) {
    case 'logEndOffset':
      return log.logEndOffset;
    case 'highWatermark':
      return log.highWatermark;
    case 'lastStableOffset':
      return log.lastStableOffset;
  }
}

/** Whether the reader could have more of a partition at once: a read ends where a segment does. */
export function hasMore({ led, result }: PartitionRead, limit: ReadLimit): boolean {
  if (led === undefined || result === undefined || result.sizeInBytes === 0) return false;
  return result.endOffset < endOf(limit, led.log);
}
