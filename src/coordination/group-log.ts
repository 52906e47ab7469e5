import type { Clock } from '../host/clock.ts';
import type { Logger } from '../host/logger.ts';
import { controlTypeOf } from '../protocol/control-record.ts';
import { KafkaError } from '../protocol/kafka-error.ts';
import { MalformedMessage } from '../protocol/malformed-message.ts';
import {
  buildBatch,
  isControlAt,
  isTransactionalAt,
  openRecords,
  producerIdAt,
} from '../protocol/record-batch.ts';
import type { AppendOptions, PartitionLog } from '../storage/partition-log.ts';
import { CoordinatorLog } from './coordinator-log.ts';
import type { GroupRecord } from './group-record.ts';
import { readGroupRecord, writeGroupRecord } from './group-record-format.ts';
import type { RecordOrigin } from './group-state.ts';
import { encodeMarker } from './transactions/encode-marker.ts';
import type { TransactionMarker } from './transactions/peer-client.ts';

/** Who is told what a log holds. */
export interface GroupLogReader {
  record(record: GroupRecord, origin: RecordOrigin): void;
  transactionMarker(producerId: number, isCommit: boolean): void;
}

/** The transaction that offsets are committed in. */
export interface OffsetTransaction {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Shows that the transaction's coordinator knows of this partition. */
  readonly verification: AppendOptions['verification'];
}

/** One partition of `__consumer_offsets` as a coordinator sees it. */
export interface GroupLog {
  /**
   * Writes records, all or none. Keeps the order of calls.
   *
   * @returns offset of the first one, once they are committed
   * @throws {KafkaError} what the client is to hear when they are not (or may not be)
   */
  append(records: readonly GroupRecord[], transaction?: OffsetTransaction): Promise<number>;
  /**
   * Writes the marker that ends a transaction.
   *
   * @throws {KafkaError} as `append`, and INVALID_PRODUCER_EPOCH, TRANSACTION_COORDINATOR_FENCED
   */
  appendMarker(marker: TransactionMarker): Promise<void>;
  /** Reads everything from the beginning to the present end. */
  replay(reader: GroupLogReader): Promise<void>;
}

/**
 * Records of one batch at most: large enough for any commit, small enough for the largest batch a
 * topic takes, when a group with very many offsets is deleted.
 */
const maxRecordsPerBatch = 1_000;
/** A log of the storage below, written as the leader of one epoch. */
export class PartitionGroupLog implements GroupLog {
  private readonly log: CoordinatorLog;

  constructor(
    log: PartitionLog,
    leaderEpoch: number,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {
    this.log = new CoordinatorLog(log, leaderEpoch, logger);
  }

  async append(records: readonly GroupRecord[], transaction?: OffsetTransaction): Promise<number> {
    const verification = transaction?.verification;
    return this.log.append(this.encodeOrRefuse(records, transaction), { verification });
  }

  async appendMarker(marker: TransactionMarker): Promise<void> {
    const { transactionVersion } = marker;
    await this.log.append(encodeMarker(marker, this.clock.wallMs()), { transactionVersion });
  }

  /** Not everything that a request may hold fits into a record: a name of 40,000 bytes does not. */
  private encodeOrRefuse(records: readonly GroupRecord[], transaction?: OffsetTransaction): Buffer {
    try {
      return this.encode(records, transaction);
    } catch (error) {
      this.logger.error(`could not encode records for ${this.log.name}`, { error });
      throw new KafkaError('UNKNOWN_SERVER_ERROR', 'a record cannot hold this');
    }
  }

  private encode(records: readonly GroupRecord[], transaction?: OffsetTransaction): Buffer {
    const { producerId = -1, producerEpoch = -1 } = transaction ?? {};
    const isTransactional = transaction !== undefined;
    const timestamp = this.clock.wallMs();
    const batches: Buffer[] = [];
    for (let first = 0; first < records.length; first += maxRecordsPerBatch) {
      const some = records.slice(first, first + maxRecordsPerBatch);
      const written = some.map((record) => ({ ...writeGroupRecord(record), timestamp }));
      batches.push(buildBatch({ records: written, producerId, producerEpoch, isTransactional }));
    }
    const only = batches[0];
    return batches.length === 1 && only ? only : Buffer.concat(batches);
  }

  async replay(reader: GroupLogReader): Promise<void> {
    await this.log.replay((bytes, at) => this.replayBatch(bytes, at, reader));
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
      if (!record) this.logger.debug(`skipped a record at ${offset} of ${this.log.name}`);
      return record;
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      this.logger.error(`a record at ${offset} of ${this.log.name} cannot be read`, { error });
      return undefined;
    }
  }
}
