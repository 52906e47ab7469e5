import type { Clock } from '../host/clock.ts';
import type { Logger } from '../host/logger.ts';
import type { ErrorName } from '../protocol/error-codes.ts';
import { controlTypeOf } from '../protocol/control-record.ts';
import { KafkaError } from '../protocol/kafka-error.ts';
import { MalformedMessage } from '../protocol/malformed-message.ts';
import {
  batchPositions,
  buildBatch,
  isControlAt,
  isTransactionalAt,
  lastOffsetAt,
  openRecords,
  producerIdAt,
} from '../protocol/record-batch.ts';
import type { PartitionLog, ReadResult } from '../storage/partition-log.ts';
import { StorageFailure } from '../storage/storage-failure.ts';
import type { GroupRecord } from './group-record.ts';
import { readGroupRecord, writeGroupRecord } from './group-record-format.ts';
import type { RecordOrigin } from './group-state.ts';

/** Who is told what a log holds. */
export interface GroupLogReader {
  record(record: GroupRecord, origin: RecordOrigin): void;
  transactionMarker(producerId: number, isCommit: boolean): void;
}

/** One partition of `__consumer_offsets` as a coordinator sees it. */
export interface GroupLog {
  /**
   * Writes records, all or none. Keeps the order of calls.
   *
   * @returns offset of the first one, once they are committed
   * @throws {KafkaError} what the client is to hear when they are not (or may not be)
   */
  append(records: readonly GroupRecord[]): Promise<number>;
  /** Reads everything from the beginning to the present end. */
  replay(reader: GroupLogReader): Promise<void>;
}

/**
 * Records of one batch at most: large enough for any commit, small enough for the largest batch a
 * topic takes, when a group with very many offsets is deleted.
 */
const maxRecordsPerBatch = 1_000;
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

/** A log of the storage below, written as the leader of one epoch. */
export class PartitionGroupLog implements GroupLog {
  constructor(
    private readonly log: PartitionLog,
    private readonly leaderEpoch: number,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  async append(records: readonly GroupRecord[]): Promise<number> {
    const batches = this.encodeOrRefuse(records);
    try {
      const ticket = this.log.append(
        { buffer: batches, start: 0, end: batches.length },
        { leaderEpoch: this.leaderEpoch, origin: 'coordinator' },
      );
      await ticket.committed;
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

  /** Not everything that a request may hold fits into a record: a name of 40,000 bytes does not. */
  private encodeOrRefuse(records: readonly GroupRecord[]): Buffer {
    try {
      return this.encode(records);
    } catch (error) {
      this.logger.error(`could not encode records for ${this.name}`, { error });
      throw new KafkaError('UNKNOWN_SERVER_ERROR', 'a record cannot hold this');
    }
  }

  private encode(records: readonly GroupRecord[]): Buffer {
    const timestamp = this.clock.wallMs();
    const batches: Buffer[] = [];
    for (let first = 0; first < records.length; first += maxRecordsPerBatch) {
      const some = records.slice(first, first + maxRecordsPerBatch);
      const written = some.map((record) => ({ ...writeGroupRecord(record), timestamp }));
      batches.push(buildBatch({ records: written }));
    }
    const only = batches[0];
    return batches.length === 1 && only ? only : Buffer.concat(batches);
  }

  async replay(reader: GroupLogReader): Promise<void> {
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
        nextOffset = this.replayBatches(result, reader);
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

  /** @returns the offset behind the last batch */
  private replayBatches(result: ReadResult, reader: GroupLogReader): number {
    let nextOffset = -1;
    for (const range of result.records) {
      for (const at of batchPositions(range)) {
        this.replayBatch(range.buffer, at, reader);
        nextOffset = lastOffsetAt(range.buffer, at) + 1;
      }
    }
    return nextOffset;
  }

  private replayBatch(bytes: Buffer, at: number, reader: GroupLogReader): void {
    const producerId = isTransactionalAt(bytes, at) ? producerIdAt(bytes, at) : -1;
    const isControl = isControlAt(bytes, at);
    for (const cursor = openRecords(bytes, at); cursor.next();) {
      const key = cursor.key();
      if (!key) continue;
      if (isControl) {
        const type = controlTypeOf(key);
        if (type === 'COMMIT') reader.transactionMarker(producerId, true);
        if (type === 'ABORT') reader.transactionMarker(producerId, false);
        continue;
      }
      const record = this.readOrSkip(key, cursor.value(), cursor.offset);
      if (record) reader.record(record, { recordOffset: cursor.offset, producerId });
    }
  }

  /** Records of other kinds of groups, or of a newer broker, are none of our business. */
  private readOrSkip(key: Buffer, value: Buffer | null, offset: number): GroupRecord | undefined {
    try {
      const record = readGroupRecord(key, value);
      if (!record) this.logger.debug(`skipped a record at ${offset} of ${this.name}`);
      return record;
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      this.logger.error(`a record at ${offset} of ${this.name} cannot be read`, { error });
      return undefined;
    }
  }

  private get name(): string {
    return `${this.log.ref.topicName}-${this.log.ref.partition}`;
  }
}
