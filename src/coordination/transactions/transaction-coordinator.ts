import type { Timer } from '../../host/clock.ts';
import type { ErrorName } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import { partitionFor } from '../partition-for.ts';
import type { EndTransaction } from './decide-end.ts';
import type { InitTransactions, ProducerIdentity } from './decide-init.ts';
import { requireValidInit } from './decide-init.ts';
import type { AddPartitions } from './decide-partitions.ts';
import type { TransactionFilter } from './list-transactions.ts';
import { listed } from './list-transactions.ts';
import type { Transaction } from './transaction.ts';
import type { LedLog, TransactionLog } from './transaction-log.ts';
import { PartitionTransactionLog } from './transaction-log.ts';
import { TransactionPartition, type TransactionHost } from './transaction-partition.ts';

/** The topic that holds the state of all transactional ids. */
const transactionsTopicName = '__transaction_state';

/**
 * The transaction coordinator of one broker: in charge of the transactional ids whose partition of
 * `__transaction_state` the broker leads. Everything it knows is in those logs.
 *
 * Every question about an id throws a KafkaError INVALID_REQUEST for an empty id, NOT_COORDINATOR
 * where the broker does not lead, COORDINATOR_LOAD_IN_PROGRESS while the log is still being read.
 */
export class TransactionCoordinator {
  private readonly partitions = new Map<number, TransactionPartition>();
  private readonly timers = new Map<'timeouts' | 'expiry', Timer>();

  constructor(private readonly host: TransactionHost) {}

  // ---- told by the broker

  /**
   * The broker leads a partition of `__transaction_state` from now on.
   *
   * @returns resolved once its transactions are there; what is to be completed goes on behind it
   * @throws what keeps the log from being read
   */
  async onLeadership(index: number, led: LedLog): Promise<void> {
    const { clock, logger } = this.host;
    await this.lead(index, new PartitionTransactionLog(led, clock, logger), led.leaderEpoch);
  }

  /** As `onLeadership`, over any log. */
  async lead(index: number, log: TransactionLog, leaderEpoch: number): Promise<void> {
    this.partitions.get(index)?.close();
    const partition = new TransactionPartition(log, leaderEpoch, this.host);
    this.partitions.set(index, partition);
    this.watch();
    try {
      await partition.load();
    } catch (error) {
      // Clients hear NOT_COORDINATOR, until a new leadership brings another attempt.
      partition.close();
      throw error;
    }
  }

  /** The broker leads the partition no more. */
  onResignation(index: number): void {
    this.partitions.get(index)?.close();
    this.partitions.delete(index);
    if (this.partitions.size === 0) this.rest();
  }

  /** Ends all of it; nothing is left behind. */
  close(): void {
    for (const index of [...this.partitions.keys()]) this.onResignation(index);
    this.rest();
  }

  // ---- transactions

  /** @throws {KafkaError} as `decideInit` says */
  async init(request: InitTransactions): Promise<ProducerIdentity> {
    requireValidInit(request, this.host.settings().maxTimeoutMs);
    return this.of(request.transactionalId).init(request);
  }

  /** @throws {KafkaError} as `decideAddPartitions` says */
  async addPartitions(request: AddPartitions): Promise<void> {
    await this.of(request.transactionalId).addPartitions(request);
  }

  /** @returns an error for each partition, by key */
  async verifyPartitions(
    request: Omit<AddPartitions, 'clientVersion'>,
  ): Promise<ReadonlyMap<string, ErrorName>> {
    return this.of(request.transactionalId).verifyPartitions(request);
  }

  /** @throws {KafkaError} as `decideEnd` says */
  async end(request: EndTransaction): Promise<ProducerIdentity> {
    return this.of(request.transactionalId).end(request);
  }

  /** @throws {KafkaError} TRANSACTIONAL_ID_NOT_FOUND */
  describe(transactionalId: string): Transaction {
    const partition = this.of(transactionalId);
    partition.requireActive();
    const transaction = partition.transactions.get(transactionalId);
    if (transaction) return transaction;
    throw new KafkaError('TRANSACTIONAL_ID_NOT_FOUND', `nobody knows ${transactionalId}`);
  }

  /** @throws {KafkaError} COORDINATOR_LOAD_IN_PROGRESS, INVALID_REGULAR_EXPRESSION */
  async list(filter: TransactionFilter): Promise<readonly Transaction[]> {
    const all: Transaction[] = [];
    const { stateTopicPartitions } = this.host.settings();
    for (let index = 0; index < stateTopicPartitions; index++) this.requireOpen(index);
    for (const partition of this.partitions.values()) {
      if (partition.isClosed) continue;
      partition.requireActive();
      for (const transaction of partition.transactions.values()) all.push(transaction);
    }
    return listed(all, filter, this.host.clock.wallMs());
  }

  // ---- partitions

  private of(transactionalId: string): TransactionPartition {
    if (transactionalId === '') {
      throw new KafkaError('INVALID_REQUEST', 'the transactional id is empty');
    }
    const index = partitionFor(transactionalId, this.host.settings().stateTopicPartitions);
    const partition = this.partitions.get(index);
    if (partition) return partition;
    this.requireOpen(index);
    throw new KafkaError('NOT_COORDINATOR', `not in charge of ${transactionalId}`);
  }

  /** @throws {KafkaError} COORDINATOR_LOAD_IN_PROGRESS: transactions may be there that nobody has read */
  private requireOpen(index: number): void {
    if (this.host.isOpening?.(index) !== true) return;
    const log = `${transactionsTopicName}-${index}`;
    throw new KafkaError('COORDINATOR_LOAD_IN_PROGRESS', `${log} is being opened`);
  }

  private watch(): void {
    const { timeoutCheckMs, expiryCheckMs } = this.host.settings();
    this.every('timeouts', timeoutCheckMs, (partition) => partition.abortTimedOut());
    this.every('expiry', expiryCheckMs, (partition) => partition.expireIds());
  }

  private rest(): void {
    for (const timer of this.timers.values()) timer.cancel();
    this.timers.clear();
  }

  /** Does something in all partitions from time to time, as long as there are any. */
  private every(
    what: 'timeouts' | 'expiry',
    intervalMs: number,
    work: (partition: TransactionPartition) => Promise<void>,
  ): void {
    if (this.timers.has(what)) return;
    const timer = this.host.clock.schedule(intervalMs, () => {
      this.timers.delete(what);
      void this.forEachActive(work);
      if (this.partitions.size > 0) this.every(what, intervalMs, work);
    });
    this.timers.set(what, timer);
  }

  /** A failure in one partition leaves the others alone. */
  private async forEachActive(
    work: (partition: TransactionPartition) => Promise<void>,
  ): Promise<void> {
    const active = [...this.partitions].filter(([, one]) => !one.isLoading && !one.isClosed);
    const done = active.map(async ([index, partition]) => {
      try {
        await work(partition);
      } catch (error) {
        const words = `looking through ${transactionsTopicName}-${index} was cut short`;
        this.host.logger.warn(words, { error });
      }
    });
    await Promise.all(done);
  }
}
