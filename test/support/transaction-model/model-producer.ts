import { addOffsetsToTxn } from '../../../src/protocol/messages/add-offsets-to-txn.ts';
import { addPartitionsToTxn } from '../../../src/protocol/messages/add-partitions-to-txn.ts';
import { endTxn } from '../../../src/protocol/messages/end-txn.ts';
import { initProducerId } from '../../../src/protocol/messages/init-producer-id.ts';
import { produce } from '../../../src/protocol/messages/produce.ts';
import { txnOffsetCommit } from '../../../src/protocol/messages/txn-offset-commit.ts';
import type { ErrorName } from '../../../src/protocol/error-codes.ts';
import { buildBatch } from '../../../src/protocol/record-batch.ts';
import { produceRequest } from '../requests.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { nameOf } from '../transactional-client.ts';
import { topics, type ModelCluster } from './model-cluster.ts';

/** A transaction as its producer sees it. */
export interface ModelTransaction {
  readonly number: number;
  readonly transactionalId: string;
  /** Values that were acknowledged, by partition. */
  readonly written: Map<string, string[]>;
  /** Whether the offset (its number) was acknowledged. */
  hasOffset: boolean;
  /**
   * `open` also stands for one whose producer was fenced or died: nobody can commit it any more, and it
   * will be aborted. `unknown`: a commit was asked for, and no answer came.
   */
  outcome: 'open' | 'committed' | 'aborted' | 'unknown';
}

interface Step {
  readonly kind: 'write' | 'offset';
  readonly topic: string;
  readonly partition: number;
  readonly value: string;
}

/** What is asked again later, as clients do. `undefined`: the connection broke. */
const retriable: ReadonlySet<ErrorName | undefined> = new Set<ErrorName | undefined>([
  undefined,
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'CONCURRENT_TRANSACTIONS',
  'NOT_LEADER_OR_FOLLOWER',
  'NOT_ENOUGH_REPLICAS',
  'KAFKA_STORAGE_ERROR',
  'REQUEST_TIMED_OUT',
]);

export const timeoutMs = 15_000;

/**
 * One life of a transactional producer: it does what a client does, one request at a time, and may
 * live on as a zombie while another life has taken over its id.
 */
export class ModelProducer {
  state: 'new' | 'idle' | 'open' | 'committing' | 'aborting' | 'dead' = 'new';
  transaction: ModelTransaction | undefined;
  private producerId = -1;
  private producerEpoch = -1;
  private readonly sequences = new Map<string, number>();
  private added = new Set<string>();
  private hasTried = false;
  private step: Step | undefined;
  private isBusy = false;
  private isDoubtful = false;
  private values = 0;

  constructor(
    readonly transactionalId: string,
    private readonly style: 'v1' | 'v2',
    private readonly cluster: ModelCluster,
    private readonly random: SeededRandom,
    private readonly begin: (transactionalId: string) => ModelTransaction,
  ) {}

  /** Does the next thing, if the last one was answered. Never rejects: a bug is thrown by `check`. */
  act(): void {
    if (this.isBusy || this.state === 'dead') return;
    this.isBusy = true;
    this.next().then(
      () => (this.isBusy = false),
      (error: unknown) => (this.bug = error),
    );
  }

  bug: unknown;

  private get isNew(): boolean {
    return this.style === 'v2';
  }

  private async next(): Promise<void> {
    switch (this.state) {
      case 'new':
        return this.init();
      case 'idle':
        this.transaction = this.begin(this.transactionalId);
        this.added.clear();
        this.hasTried = false;
        this.isDoubtful = false;
        this.state = 'open';
        return;
      case 'open':
        return this.goOn();
      case 'committing':
        return this.end(true);
      case 'aborting':
        return this.end(false);
      case 'dead':
        return;
    }
  }

  private async goOn(): Promise<void> {
    if (this.step === undefined) {
      const choice = this.random.below(10);
      if (choice < 6) this.step = this.newStep('write');
      else if (choice < 8) this.step = this.newStep('offset');
      else if (!this.hasTried) this.finish('aborted');
      else this.state = choice === 8 ? 'committing' : this.random.pick(['committing', 'aborting']);
      if (this.step === undefined) return;
    }
    const error = await this.carryOut(this.step);
    if (retriable.has(error)) return;
    if (error !== 'NONE') {
      this.step = undefined;
      this.giveUp();
      return;
    }
    this.acknowledge(this.step);
    this.step = undefined;
  }

  private newStep(kind: Step['kind']): Step {
    const topic = this.random.pick(topics);
    const { name, partitions } = topic;
    const value = `${this.transaction!.number}:${this.values++}`;
    return { kind, topic: name, partition: this.random.below(partitions), value };
  }

  private acknowledge({ kind, topic, partition, value }: Step): void {
    const { written } = this.transaction!;
    if (kind === 'offset') {
      this.transaction!.hasOffset = true;
      return;
    }
    const key = `${topic}-${partition}`;
    written.set(key, [...(written.get(key) ?? []), value]);
    this.sequences.set(key, (this.sequences.get(key) ?? 0) + 1);
  }

  /** A refusal: abort, or be gone. Old clients would have to ask for a new epoch: ours are gone then. */
  private giveUp(): void {
    if (this.isNew && this.random.below(4) > 0) this.state = 'aborting';
    else this.state = 'dead';
  }

  private finish(outcome: 'committed' | 'aborted' | 'unknown'): void {
    this.transaction!.outcome = outcome;
    this.transaction = undefined;
    this.step = undefined;
    this.state = outcome === 'unknown' ? 'dead' : 'idle';
  }

  // ---- requests

  private get identity() {
    const { transactionalId, producerId, producerEpoch } = this;
    return { transactionalId, producerId, producerEpoch };
  }

  private become(identity: { producerId: number; producerEpoch: number }): void {
    this.producerId = identity.producerId;
    this.producerEpoch = identity.producerEpoch;
    this.sequences.clear();
  }

  private get coordinator(): number {
    return this.cluster.coordinatorOf(this.transactionalId);
  }

  private async init(): Promise<void> {
    const version = this.isNew ? 5 : 4;
    const response = await this.cluster.ask(this.coordinator, initProducerId, version, {
      transactionalId: this.transactionalId,
      transactionTimeoutMs: timeoutMs,
    });
    if (response?.errorCode !== 0) return;
    this.become(response);
    this.state = 'idle';
  }

  private async carryOut(step: Step): Promise<ErrorName | undefined> {
    this.hasTried = true;
    return step.kind === 'write' ? this.write(step) : this.sendOffset();
  }

  private async write({ topic, partition, value }: Step): Promise<ErrorName | undefined> {
    const key = `${topic}-${partition}`;
    if (!this.isNew && !this.added.has(key)) {
      const added = await this.add(topic, partition);
      if (added !== 'NONE') return added;
      this.added.add(key);
    }
    const { producerId, producerEpoch, transactionalId } = this;
    const batch = buildBatch({
      records: [{ timestamp: this.cluster.clock.wallMs(), value: Buffer.from(value) }],
      producerId,
      producerEpoch,
      baseSequence: this.sequences.get(key) ?? 0,
      isTransactional: true,
    });
    const leader = this.cluster.leaderOf(topic, partition);
    const request = produceRequest(batch, { topic, partition, transactionalId });
    const response = await this.cluster.ask(leader, produce, this.isNew ? 12 : 11, request);
    return response && nameOf(response.responses[0]!.partitionResponses[0]!.errorCode);
  }

  private async add(topic: string, partition: number): Promise<ErrorName | undefined> {
    const response = await this.cluster.ask(this.coordinator, addPartitionsToTxn, 3, {
      v3AndBelowTransactionalId: this.transactionalId,
      v3AndBelowProducerId: this.producerId,
      v3AndBelowProducerEpoch: this.producerEpoch,
      v3AndBelowTopics: [{ name: topic, partitions: [partition] }],
    });
    const [result] = response?.resultsByTopicV3AndBelow ?? [];
    return result && nameOf(result.resultsByPartition[0]!.partitionErrorCode);
  }

  /** The number of the transaction is the offset, in a group of its own for each id. */
  private async sendOffset(): Promise<ErrorName | undefined> {
    const groupId = this.transactionalId;
    if (!this.isNew && !this.added.has('offsets')) {
      const response = await this.cluster.ask(this.coordinator, addOffsetsToTxn, 3, {
        ...this.identity,
        groupId,
      });
      const added = response && nameOf(response.errorCode);
      if (added !== 'NONE') return added;
      this.added.add('offsets');
    }
    const committedOffset = this.transaction!.number;
    const coordinator = this.cluster.groupCoordinatorOf(groupId);
    const response = await this.cluster.ask(coordinator, txnOffsetCommit, this.isNew ? 5 : 4, {
      ...this.identity,
      groupId,
      topics: [
        {
          name: 'a',
          partitions: [{ partitionIndex: 0, committedOffset, committedMetadata: '' }],
        },
      ],
    });
    return response && nameOf(response.topics[0]!.partitions[0]!.errorCode);
  }

  private async end(committed: boolean): Promise<void> {
    const version = this.isNew ? 5 : 4;
    if (committed) this.transaction!.outcome = 'unknown'; // until we are told
    const response = await this.cluster.ask(this.coordinator, endTxn, version, {
      ...this.identity,
      committed,
    });
    const error = response && nameOf(response.errorCode);
    if (error === 'NONE') {
      if (this.isNew) this.become(response!);
      this.finish(committed ? 'committed' : 'aborted');
      return;
    }
    if (retriable.has(error)) {
      this.isDoubtful = true; // it may have been decided all the same
      return;
    }
    if (!committed) {
      this.state = 'dead';
      this.transaction!.outcome = 'open';
      return;
    }
    this.finish(this.isDoubtful ? 'unknown' : 'aborted');
    this.state = 'dead';
  }
}
