import { addOffsetsToTxn } from '../../../src/protocol/messages/add-offsets-to-txn.ts';
import { addPartitionsToTxn } from '../../../src/protocol/messages/add-partitions-to-txn.ts';
import { endTxn } from '../../../src/protocol/messages/end-txn.ts';
import { initProducerId } from '../../../src/protocol/messages/init-producer-id.ts';
import { produce } from '../../../src/protocol/messages/produce.ts';
import { txnOffsetCommit } from '../../../src/protocol/messages/txn-offset-commit.ts';
import type { ProducerIdentity } from '../../../src/coordination/transactions/decide-init.ts';
import type { ErrorName } from '../../../src/protocol/error-codes.ts';
import { buildBatch } from '../../../src/protocol/record-batch.ts';
import type { AnyApi, RequestInput } from '../../../src/protocol/schema.ts';
import { produceRequest } from '../requests.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { nameOf } from '../transactional-client.ts';
import { topics, type ModelCluster } from './model-cluster.ts';
import type { ModelTransaction, Seen } from './model-transaction.ts';

interface Step {
  readonly kind: 'write' | 'offset';
  readonly topic: string;
  readonly partition: number;
  readonly values: readonly string[];
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

/** What a producer is told that is none any more: nothing brings it back. */
const fencing: ReadonlySet<ErrorName> = new Set([
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_ID_MAPPING',
]);

const timeoutMs = 15_000;

/** What a producer takes from the run that it is part of. */
export interface ProducerSurroundings {
  readonly cluster: ModelCluster;
  readonly random: SeededRandom;
  readonly seen: Seen;
  begin(transactionalId: string): ModelTransaction;
  note(what: string): void;
}

/** `undefined`: the connection broke. `unheard`: it was sent, and what became of it is not waited for. */
type Outcome = ErrorName | 'unheard' | undefined;

type State = 'new' | 'idle' | 'open' | 'committing' | 'aborting' | 'recovering' | 'dead';

/**
 * One life of a transactional producer: it does what a client does, one request at a time, and may
 * live on as a zombie while another life has taken over its id.
 */
export class ModelProducer {
  /** What went wrong in a way that no broker brings about. */
  bug: unknown;
  private state: State = 'new';
  private transaction: ModelTransaction | undefined;
  private producerId = -1;
  private producerEpoch = -1;
  private readonly sequences = new Map<string, number>();
  private readonly added = new Set<string>();
  private hasTried = false;
  private step: Step | undefined;
  private isBusy = false;
  /** A commit was asked for, and may have been decided. */
  private isDoubtful = false;
  /** It does not know any more which sequence numbers were taken. */
  private needsNewEpoch = false;
  private values = 0;

  /** @param name  of this life, for the trace */
  constructor(
    readonly name: string,
    readonly transactionalId: string,
    private readonly style: 'v1' | 'v2',
    private readonly around: ProducerSurroundings,
  ) {}

  /** Does the next thing, if the last one was answered. Never rejects: see `bug`. */
  act(): void {
    if (this.isBusy || this.state === 'dead') return;
    this.isBusy = true;
    this.next().then(
      () => (this.isBusy = false),
      (error: unknown) => (this.bug = error),
    );
  }

  private get isNew(): boolean {
    return this.style === 'v2';
  }

  private async next(): Promise<void> {
    switch (this.state) {
      case 'new':
        return this.init(undefined);
      case 'recovering':
        return this.init({ producerId: this.producerId, producerEpoch: this.producerEpoch });
      case 'idle':
        this.beginTransaction();
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

  private beginTransaction(): void {
    this.transaction = this.around.begin(this.transactionalId);
    this.added.clear();
    this.hasTried = false;
    this.isDoubtful = false;
    this.state = 'open';
  }

  private async goOn(): Promise<void> {
    this.step ??= this.nextStep();
    if (this.step === undefined) return;
    const { step } = this;
    const error = await this.carryOut(step);
    this.note(`${step.kind} ${step.topic}-${step.partition} ${step.values.join(' ')}`, error);
    if (this.isToRepeat(error)) return;
    this.step = undefined;
    if (error === 'NONE') this.acknowledge(step);
    else this.giveUp(error);
  }

  /** @returns undefined when there is none: the transaction is to end */
  private nextStep(): Step | undefined {
    const { random } = this.around;
    const choice = random.below(10);
    if (choice < 6) return this.newStep('write');
    if (choice < 8) return this.newStep('offset');
    if (!this.hasTried) this.finish('aborted');
    else this.state = choice === 8 ? 'committing' : random.pick(['committing', 'aborting']);
    return undefined;
  }

  private newStep(kind: Step['kind']): Step {
    const { random } = this.around;
    const { name, partitions } = random.pick(topics);
    const count = random.pick([1, 1, 3]);
    const values = Array.from({ length: count }, () => `${this.number}:${this.values++}`);
    return { kind, topic: name, partition: random.below(partitions), values };
  }

  private get number(): number {
    return this.transaction!.number;
  }

  private acknowledge({ kind, topic, partition, values }: Step): void {
    const { written } = this.transaction!;
    if (kind === 'offset') {
      this.transaction!.hasOffset = true;
      return;
    }
    const key = `${topic}-${partition}`;
    written.set(key, [...(written.get(key) ?? []), ...values]);
    this.sequences.set(key, (this.sequences.get(key) ?? 0) + values.length);
  }

  /** What broke off or comes too early is asked again. */
  private isToRepeat(error: Outcome): boolean {
    const isSo = error !== 'unheard' && retriable.has(error);
    if (isSo) this.around.seen.repeated++;
    return isSo;
  }

  /** A refusal: abort and go on, or be gone. */
  private giveUp(error: Outcome): void {
    this.countFencing(error);
    const choice = this.around.random.below(4);
    if (choice === 0) this.state = 'dead';
    else this.state = choice === 1 ? 'recovering' : 'aborting';
    this.needsNewEpoch = !this.isNew; // with KIP-890 the end of the transaction brings one
  }

  private countFencing(error: Outcome): void {
    if (error !== undefined && error !== 'unheard' && fencing.has(error)) this.around.seen.fenced++;
  }

  private finish(outcome: 'committed' | 'aborted' | 'unknown'): void {
    this.transaction!.outcome = outcome;
    this.transaction = undefined;
    this.step = undefined;
    if (outcome === 'unknown') this.state = 'dead';
    else this.state = this.needsNewEpoch ? 'recovering' : 'idle';
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
    this.needsNewEpoch = false;
  }

  private get coordinator(): number {
    return this.around.cluster.coordinatorOf(this.transactionalId);
  }

  private ask<A extends AnyApi>(broker: number, api: A, version: number, request: RequestInput<A>) {
    return this.around.cluster.ask(broker, api, version, request);
  }

  private note(what: string, error: Outcome): void {
    const { name, producerId, producerEpoch, around } = this;
    const who = `${name} (${producerId}, ${producerEpoch})`;
    around.note(`${who} ${what}: ${error ?? 'no answer'}`);
  }

  /** @param expected  who it was until now (KIP-360); undefined: a new life */
  private async init(expected: ProducerIdentity | undefined): Promise<void> {
    const response = await this.ask(this.coordinator, initProducerId, this.isNew ? 5 : 4, {
      transactionalId: this.transactionalId,
      transactionTimeoutMs: timeoutMs,
      ...expected,
    });
    const error = response && nameOf(response.errorCode);
    this.note(expected === undefined ? 'init' : 'recover', error);
    if (error === 'NONE') {
      if (expected !== undefined) this.around.seen.recovered++;
      this.become(response!);
      this.transaction = undefined;
      this.state = 'idle';
    } else if (!this.isToRepeat(error)) {
      this.state = 'dead';
    }
  }

  private async carryOut(step: Step): Promise<Outcome> {
    this.hasTried = true;
    return step.kind === 'write' ? this.write(step) : this.sendOffset();
  }

  private async write({ topic, partition, values }: Step): Promise<Outcome> {
    const { cluster } = this.around;
    const key = `${topic}-${partition}`;
    if (!this.isNew && !this.added.has(key)) {
      const added = await this.add(topic, partition);
      if (added !== 'NONE') return added;
      this.added.add(key);
    }
    const { producerId, producerEpoch, transactionalId } = this;
    const timestamp = cluster.clock.wallMs();
    const batch = buildBatch({
      records: values.map((value) => ({ timestamp, value: Buffer.from(value) })),
      producerId,
      producerEpoch,
      baseSequence: this.sequences.get(key) ?? 0,
      isTransactional: true,
    });
    const leader = cluster.leaderOf(topic, partition);
    const request = produceRequest(batch, { topic, partition, transactionalId });
    const send = () => this.ask(leader, produce, this.isNew ? 12 : 11, request);
    if (this.around.random.below(20) === 0) {
      this.sendUnheard(send);
      return 'unheard';
    }
    const response = await send();
    return response && nameOf(response.responses[0]!.partitionResponses[0]!.errorCode);
  }

  /** Its client does not wait for the answer, and the request may come when the transaction is long over. */
  private sendUnheard(send: () => Promise<unknown>): void {
    const { cluster, random, seen } = this.around;
    seen.unheard++;
    cluster.clock.schedule(random.pick([0, 0, 30, 500, 20_000]), () => {
      send().catch((error: unknown) => (this.bug = error));
    });
  }

  private async add(topic: string, partition: number): Promise<ErrorName | undefined> {
    const response = await this.ask(this.coordinator, addPartitionsToTxn, 3, {
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
      const response = await this.ask(this.coordinator, addOffsetsToTxn, 3, {
        ...this.identity,
        groupId,
      });
      const added = response && nameOf(response.errorCode);
      if (added !== 'NONE') return added;
      this.added.add('offsets');
    }
    const committedOffset = this.number;
    const coordinator = this.around.cluster.groupCoordinatorOf(groupId);
    const response = await this.ask(coordinator, txnOffsetCommit, this.isNew ? 5 : 4, {
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
    const response = await this.ask(this.coordinator, endTxn, version, {
      ...this.identity,
      committed,
    });
    const error = response && nameOf(response.errorCode);
    this.note(`${committed ? 'commit' : 'abort'} of ${this.number}`, error);
    if (error === 'NONE') {
      if (this.isNew) this.become(response!);
      this.finish(committed ? 'committed' : 'aborted');
      return;
    }
    if (this.isToRepeat(error)) {
      this.isDoubtful = true; // it may have been decided all the same
      if (error === undefined && this.around.random.below(5) === 0) this.state = 'dead';
      return;
    }
    this.countFencing(error);
    this.state = 'dead';
    if (!committed) this.transaction!.outcome = 'open';
    else this.transaction!.outcome = this.isDoubtful ? 'unknown' : 'aborted';
  }
}
