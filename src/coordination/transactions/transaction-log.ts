import type { Clock } from '../../host/clock.ts';
import type { Logger } from '../../host/logger.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import { MalformedMessage } from '../../protocol/malformed-message.ts';
import { buildBatch, isControlAt, openRecords } from '../../protocol/record-batch.ts';
import type { PartitionLog } from '../../storage/partition-log.ts';
import { CoordinatorLog } from '../coordinator-log.ts';
import type { TransactionVersion } from './transaction.ts';
import {
  readTransactionRecord,
  writeTransactionRecord,
  type TransactionRecord,
} from './transaction-record.ts';

/** Records of one batch at most; more are needed only when many ids expire at once. */
const maxRecordsPerBatch = 1_000;

/** One partition of `__transaction_state` as its coordinator sees it. */
export interface TransactionLog {
  /**
   * Writes records, all or none. Keeps the order of calls.
   *
   * @param version  `transaction.version` of the cluster
   * @throws {KafkaError} what the client is to hear when they are not (or may not be) written
   */
  append(records: readonly TransactionRecord[], version: TransactionVersion): Promise<void>;
  /** Reads everything from the beginning to the present end. */
  replay(onRecord: (record: TransactionRecord) => void): Promise<void>;
}

/** A partition that the broker leads, as far as a coordinator needs it. */
export interface LedLog {
  readonly log: PartitionLog;
  readonly leaderEpoch: number;
  /** Whether as many replicas are in sync as `min.insync.replicas` wants. */
  hasEnoughReplicas(): boolean;
}

/** A log of the storage below, written as the leader of one epoch. */
export class PartitionTransactionLog implements TransactionLog {
  private readonly log: CoordinatorLog;

  constructor(
    private readonly led: LedLog,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {
    this.log = new CoordinatorLog(led.log, led.leaderEpoch, logger);
  }

  async append(records: readonly TransactionRecord[], version: TransactionVersion): Promise<void> {
    if (!this.led.hasEnoughReplicas()) {
      throw new KafkaError(
        'COORDINATOR_NOT_AVAILABLE',
        `${this.log.name} has fewer replicas in sync than its min.insync.replicas`,
      );
    }
    await this.log.append(this.encode(records, version));
  }

  private encode(records: readonly TransactionRecord[], version: TransactionVersion): Buffer {
    const timestamp = this.clock.wallMs();
    const batches: Buffer[] = [];
    for (let first = 0; first < records.length; first += maxRecordsPerBatch) {
      const some = records.slice(first, first + maxRecordsPerBatch);
      const written = some.map((record) => ({
        ...writeTransactionRecord(record, version),
        timestamp,
      }));
      batches.push(buildBatch({ records: written }));
    }
    return Buffer.concat(batches);
  }

  async replay(onRecord: (record: TransactionRecord) => void): Promise<void> {
    await this.log.replay((bytes, at) => {
      if (isControlAt(bytes, at)) return;
      for (const cursor = openRecords(bytes, at); cursor.next();) {
        const key = cursor.key();
        const record = key && this.readOrSkip(key, cursor.value(), cursor.offset);
        if (record) onRecord(record);
      }
    });
  }

  private readOrSkip(key: Buffer, value: Buffer | null, offset: number) {
    try {
      const record = readTransactionRecord(key, value);
      if (!record)
        this.logger.warn(`a record at ${offset} of ${this.log.name} is of a later Kafka`);
      return record;
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      this.logger.error(`a record at ${offset} of ${this.log.name} cannot be read`, { error });
      return undefined;
    }
  }
}
