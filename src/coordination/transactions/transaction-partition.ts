import type { ErrorName } from '../../protocol/error-codes.ts';
import { KafkaError } from '../../protocol/kafka-error.ts';
import { endForMany, pause } from '../pause.ts';
import type { ProducerIds } from '../producer-ids.ts';
import { Turns } from '../turns.ts';
import type { EndTransaction } from './decide-end.ts';
import {
  decideComplete,
  decideEnd,
  decideFence,
  endNeedsProducerId,
  isExpired,
  isTimedOut,
} from './decide-end.ts';
import type { InitTransactions, ProducerIdentity } from './decide-init.ts';
import { decideInit, initNeedsProducerId } from './decide-init.ts';
import type { AddPartitions } from './decide-partitions.ts';
import { decideAddPartitions, decideVerification } from './decide-partitions.ts';
import type { Circumstances, Decision } from './decision.ts';
import { deliverMarker, type DeliveryParts } from './marker-delivery.ts';
import type { Transaction, TransactionVersion } from './transaction.ts';
import { isCompleting } from './transaction.ts';
import type { TransactionLog } from './transaction-log.ts';
import type { TransactionRecord } from './transaction-record.ts';

export interface TransactionSettings {
  /** Partitions of `__transaction_state` (`transaction.state.log.num.partitions` when it was made). */
  readonly stateTopicPartitions: number;
  /** `transaction.max.timeout.ms` */
  readonly maxTimeoutMs: number;
  /** `transactional.id.expiration.ms` */
  readonly idExpirationMs: number;
  /** `transaction.abort.timed.out.transaction.cleanup.interval.ms` */
  readonly timeoutCheckMs: number;
  /** `transaction.remove.expired.transaction.cleanup.interval.ms` */
  readonly expiryCheckMs: number;
  /** `transaction.version` of the cluster. */
  readonly version: TransactionVersion;
}

/** What the coordinator takes from outside. */
export interface TransactionHost extends DeliveryParts {
  readonly producerIds: Pick<ProducerIds, 'take'>;
  /** Read anew for each decision. */
  readonly settings: () => TransactionSettings;
  /** Whether the log of a partition that the broker leads is still being opened. */
  readonly isOpening?: (partition: number) => boolean;
}

/** What a log says is what there is: the same for live decisions and for the replay. */
export function applyRecord(
  transactions: Map<string, Transaction>,
  { transactionalId, transaction }: TransactionRecord,
): void {
  if (transaction) transactions.set(transactionalId, transaction);
  else transactions.delete(transactionalId);
}

/** Completions that could not be written are tried again after this. */
const completionRetryMs = 100;

/**
 * The transactions of one partition of `__transaction_state`, for one leadership: decides, has the
 * record written, applies it, answers. Commands of a transactional id take turns. Markers are
 * delivered without holding the turn: whoever comes meanwhile hears CONCURRENT_TRANSACTIONS.
 */
export class TransactionPartition {
  readonly transactions = new Map<string, Transaction>();
  private readonly turns = new Map<string, Turns>();
  private readonly over = endForMany();
  private status: 'loading' | 'active' | 'closed' = 'loading';

  /** @param coordinatorEpoch  leader epoch of the partition: it stands in all markers */
  constructor(
    private readonly log: TransactionLog,
    private readonly coordinatorEpoch: number,
    private readonly host: TransactionHost,
  ) {}

  /** Rebuilds everything from the log, and goes on with what was decided and not completed. */
  async load(): Promise<void> {
    await this.log.replay((record) => applyRecord(this.transactions, record));
    if (this.isClosed) return;
    this.status = 'active';
    for (const transaction of this.transactions.values()) {
      if (isCompleting(transaction)) this.complete(transaction);
    }
  }

  /** Gives the transactions up; the next leader goes on. */
  close(): void {
    this.status = 'closed';
    this.over.abort();
  }

  get isLoading(): boolean {
    return this.status === 'loading';
  }

  /** A getter, because a check once made says nothing about what an `await` brings. */
  get isClosed(): boolean {
    return this.status === 'closed';
  }

  /** @throws {KafkaError} COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR */
  requireActive(): void {
    if (this.isLoading) {
      throw new KafkaError('COORDINATOR_LOAD_IN_PROGRESS', 'reading the transactions');
    }
    if (this.isClosed) throw new KafkaError('NOT_COORDINATOR', 'the transactions have moved away');
  }

  async init(request: InitTransactions): Promise<ProducerIdentity> {
    const { transactionalId } = request;
    const result = await this.decide(transactionalId, initNeedsProducerId, (known, now) =>
      decideInit(known, request, now),
    );
    if (result !== 'CONCURRENT_TRANSACTIONS') return result;
    throw new KafkaError(result, `the open transaction of ${transactionalId} is being aborted`);
  }

  async addPartitions(request: AddPartitions): Promise<void> {
    await this.decide(request.transactionalId, never, (known, { nowMs }) => ({
      next: decideAddPartitions(known, request, nowMs),
      result: undefined,
    }));
  }

  async verifyPartitions(
    request: Omit<AddPartitions, 'clientVersion'>,
  ): Promise<ReadonlyMap<string, ErrorName>> {
    return this.decide(request.transactionalId, never, (known) => ({
      next: undefined,
      result: decideVerification(known, request),
    }));
  }

  async end(request: EndTransaction): Promise<ProducerIdentity> {
    const needsId = (known: Transaction | undefined) =>
      endNeedsProducerId(known, request.clientVersion);
    return this.decide(request.transactionalId, needsId, (known, now) =>
      decideEnd(known, request, now),
    );
  }

  /** Aborts what took longer than its producer said. */
  async abortTimedOut(): Promise<void> {
    const { version } = this.host.settings();
    const needsId = (known: Transaction | undefined) => endNeedsProducerId(known, version);
    const nowMs = this.host.clock.wallMs();
    const late = [...this.transactions.values()].filter((one) => isTimedOut(one, nowMs));
    for (const { transactionalId } of late) {
      await this.decide(transactionalId, needsId, (known, now) => {
        // By the time of its turn it may have ended.
        const isLate = known !== undefined && isTimedOut(known, now.nowMs);
        if (!isLate) return { next: undefined, result: undefined };
        this.host.logger.info(`the transaction of ${transactionalId} is aborted: it took too long`);
        return { next: decideFence(known, now), result: undefined };
      });
    }
  }

  /** Forgets ids that nobody uses any more. */
  async expireIds(): Promise<void> {
    for (const transactionalId of [...this.transactions.keys()]) {
      const { idExpirationMs } = this.host.settings();
      const isDue = (one: Transaction | undefined) =>
        one !== undefined && isExpired(one, this.host.clock.wallMs(), idExpirationMs);
      if (!isDue(this.transactions.get(transactionalId))) continue;
      await this.inTurn(transactionalId, async () => {
        if (!isDue(this.transactions.get(transactionalId))) return;
        await this.write({ transactionalId, transaction: undefined });
      });
    }
  }

  // ---- decide, write, apply

  private async decide<R>(
    transactionalId: string,
    needsProducerId: (known: Transaction | undefined) => boolean,
    decide: (known: Transaction | undefined, now: Circumstances) => Decision<R>,
  ): Promise<R> {
    return this.inTurn(transactionalId, async () => {
      const { producerIds, clock, settings } = this.host;
      const known = this.transactions.get(transactionalId);
      const newProducerId = needsProducerId(known) ? await producerIds.take() : undefined;
      this.requireActive();
      const circumstances = {
        nowMs: clock.wallMs(),
        serverVersion: settings().version,
        newProducerId,
      };
      const { next, result } = decide(known, circumstances);
      if (next) {
        await this.write({ transactionalId, transaction: next });
        if (isCompleting(next)) this.complete(next);
      }
      return result;
    });
  }

  private async write(record: TransactionRecord): Promise<void> {
    await this.log.append([record], this.host.settings().version);
    // What is written belongs to the next leader, who is the one to answer for it.
    this.requireActive();
    applyRecord(this.transactions, record);
  }

  private async inTurn<T>(transactionalId: string, work: () => T | Promise<T>): Promise<T> {
    this.requireActive();
    const turns = this.turns.get(transactionalId) ?? new Turns();
    this.turns.set(transactionalId, turns);
    try {
      return await turns.run(() => {
        this.requireActive();
        return work();
      });
    } finally {
      if (turns.isIdle) this.turns.delete(transactionalId);
    }
  }

  // ---- markers

  /** Has the outcome written everywhere, then notes that it is. Nobody waits for it. */
  private complete(transaction: Transaction): void {
    this.deliver(transaction).catch((error: unknown) => {
      this.host.logger.error(`${transaction.transactionalId} could not be completed`, { error });
    });
  }

  private async deliver(transaction: Transaction): Promise<void> {
    const { transactionalId, producerId, producerEpoch, clientVersion } = transaction;
    const marker = {
      producerId,
      producerEpoch,
      coordinatorEpoch: this.coordinatorEpoch,
      isCommit: transaction.state === 'PrepareCommit',
      transactionVersion: clientVersion,
    };
    await deliverMarker(this.host, marker, transaction.partitions, this.over.signal);
    while (!this.isClosed) {
      try {
        await this.inTurn(transactionalId, () =>
          this.write({
            transactionalId,
            transaction: decideComplete(transaction, this.host.clock.wallMs()),
          }),
        );
        return;
      } catch (error) {
        if (!(error instanceof KafkaError)) throw error;
        if (error.code === 'NOT_COORDINATOR') return; // the next leader finds it in the log
        await pause(this.host.clock, completionRetryMs, this.over.signal);
      }
    }
  }
}

const never = () => false;
