import type { Logger } from '../host/logger.ts';
import type { ErrorName } from '../protocol/error-codes.ts';
import { KafkaError } from '../protocol/kafka-error.ts';
import { batchPositions, lastOffsetAt } from '../protocol/record-batch.ts';
import type { AppendOptions, PartitionLog, ReadResult } from '../storage/partition-log.ts';
import { StorageFailure } from '../storage/storage-failure.ts';

const replayReadBytes = 1024 * 1024;

/** What clients of a coordinator are told when a write fails: they look for another one, or retry. */
const appendErrors: Partial<Record<ErrorName, ErrorName>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'COORDINATOR_NOT_AVAILABLE',
  NOT_ENOUGH_REPLICAS: 'COORDINATOR_NOT_AVAILABLE',
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 'COORDINATOR_NOT_AVAILABLE',
  REQUEST_TIMED_OUT: 'COORDINATOR_NOT_AVAILABLE',
  NOT_LEADER_OR_FOLLOWER: 'NOT_COORDINATOR',
  FENCED_LEADER_EPOCH: 'NOT_COORDINATOR',
  KAFKA_STORAGE_ERROR: 'NOT_COORDINATOR',
  MESSAGE_TOO_LARGE: 'UNKNOWN_SERVER_ERROR',
  RECORD_LIST_TOO_LARGE: 'UNKNOWN_SERVER_ERROR',
};

/** The log of a coordinator, an internal topic's partition, written as the leader of one epoch. */
export class CoordinatorLog {
  constructor(
    private readonly log: PartitionLog,
    private readonly leaderEpoch: number,
    private readonly logger: Logger,
  ) {}

  get name(): string {
    return `${this.log.ref.topicName}-${this.log.ref.partition}`;
  }

  /**
   * Writes batches, all or none. Keeps the order of calls.
   *
   * @returns offset of the first record, once it is committed
   * @throws {KafkaError} what the client is to hear when they are not (or may not be) written
   */
  async append(
    batches: Buffer,
    options: Pick<AppendOptions, 'transactionVersion' | 'verification'> = {},
  ): Promise<number> {
    try {
      const ticket = this.log.append(
        { buffer: batches, start: 0, end: batches.length },
        { ...options, leaderEpoch: this.leaderEpoch, origin: 'coordinator' },
      );
      await ticket.commit.done;
      return ticket.baseOffset;
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      this.logger.warn(`could not write to ${this.name}: ${error.message}`, {
        error: error.code,
        failure: error instanceof StorageFailure ? error.kind : undefined,
      });
      throw new KafkaError(appendErrors[error.code] ?? error.code, error.message);
    }
  }

  /** Reads everything from the beginning to the present end, batch by batch. */
  async replay(onBatch: (bytes: Buffer, at: number) => void): Promise<void> {
    const endOffset = this.log.logEndOffset;
    let isFlushed = false;
    let fromOffset = this.log.logStartOffset;
    while (fromOffset < endOffset) {
      const result = await this.log.read({
        fromOffset,
        maxBytes: replayReadBytes,
        minOneBatch: true,
        limit: 'logEndOffset',
      });
      let nextOffset: number;
      try {
        nextOffset = replayBatches(result, onBatch);
      } finally {
        result.release();
      }
      if (nextOffset > fromOffset) {
        fromOffset = nextOffset;
        continue;
      }
      if (isFlushed) return; // compaction took the rest away
      // What the leader before us has just appended may still be on its way.
      await this.log.flush();
      isFlushed = true;
    }
  }
}

/** @returns the offset behind the last batch */
function replayBatches(result: ReadResult, onBatch: (bytes: Buffer, at: number) => void): number {
  let nextOffset = -1;
  for (const range of result.records) {
    for (const at of batchPositions(range)) {
      onBatch(range.buffer, at);
      nextOffset = lastOffsetAt(range.buffer, at) + 1;
    }
  }
  return nextOffset;
}
