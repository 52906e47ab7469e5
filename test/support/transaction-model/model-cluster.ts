import { Cluster } from '../../../src/broker/cluster.ts';
import type {
  AddOrVerify,
  PeerClient,
  TransactionMarker,
} from '../../../src/coordination/transactions/peer-client.ts';
import type { PartitionSet } from '../../../src/coordination/transactions/transaction.ts';
import { partitionFor } from '../../../src/coordination/partition-for.ts';
import { LeveledLogger } from '../../../src/host/leveled-logger.ts';
import type { Clock } from '../../../src/host/clock.ts';
import type { LogLevel } from '../../../src/host/leveled-logger.ts';
import type { LogFields, Logger } from '../../../src/host/logger.ts';
import { findCoordinator } from '../../../src/protocol/messages/find-coordinator.ts';
import type { AnyApi, RequestInput, ResponseOf } from '../../../src/protocol/schema.ts';
import { ManualClock, settle } from '../manual-clock.ts';
import { MemoryDisk } from '../memory-disk.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { exchange } from '../test-cluster.ts';
import { MortalClock } from './mortal-clock.ts';

export const topics = [
  { name: 'a', partitions: 2 },
  { name: 'b', partitions: 2 },
] as const;

/** What stands in the way of brokers that talk to each other. */
export interface Trouble {
  /** Of ten: requests that are lost before they arrive, answers that are lost, and delays. */
  lost: number;
  unanswered: number;
  late: number;
}

/** What a cluster takes from the run that it is part of. */
export interface ClusterSurroundings {
  readonly random: SeededRandom;
  readonly brokers: number;
  readonly isOnDisk: boolean;
  /** Told every line that brokers log, of level info and above. */
  onLog(level: LogLevel, message: string, fields?: LogFields): void;
}

/**
 * All brokers of a process on a clock that a test moves, asked without sockets: a request goes through
 * the codec into the handler, and is lost when its broker stops or the process dies meanwhile.
 */
export class ModelCluster {
  readonly clock = new ManualClock();
  readonly trouble: Trouble = { lost: 0, unanswered: 0, late: 0 };
  private readonly stopped = new Set<number>();
  private disk: MemoryDisk | undefined;
  private processClock = new MortalClock(this.clock);
  private cluster: Cluster | undefined;
  /** Resolves what is asked of a broker that goes away. */
  private readonly gone = new Map<number, { promise: Promise<undefined>; resolve: () => void }>();

  constructor(private readonly around: ClusterSurroundings) {
    if (around.isOnDisk) this.disk = new MemoryDisk(() => this.clock.wallMs(), around.random);
  }

  /** Starts the process on what the one before it left. It may be killed before it is up: see `isDead`. */
  async start(): Promise<void> {
    const { disk } = this;
    this.stopped.clear();
    const starting = this.startOn(disk).catch((error: unknown) => {
      if (disk?.isOff !== true) throw error;
      return undefined;
    });
    this.cluster = await this.patiently(Promise.race([starting, ...this.death()]));
    if (!this.cluster) return;
    for (const id of this.cluster.brokerIds) this.gone.set(id, deferred());
    void disk?.whenOff.then(() => {
      for (const { resolve } of this.gone.values()) resolve();
    });
    const keys = { coordinatorKeys: ['x'] };
    await this.patiently(this.ask(1, findCoordinator, 4, { keyType: 0, ...keys }));
    await this.patiently(this.ask(1, findCoordinator, 4, { keyType: 1, ...keys }));
  }

  /** Nobody waits for what a dead process does. */
  private death(): Promise<undefined>[] {
    return this.disk ? [this.disk.whenOff.then(() => undefined)] : [];
  }

  private startOn(disk: MemoryDisk | undefined): Promise<Cluster> {
    const { brokers, random } = this.around;
    const clock = this.processClock;
    return Cluster.start(
      {
        brokers,
        topics: topics.map((topic) => ({ ...topic, replicationFactor: brokers })),
        properties: {
          'transaction.state.log.num.partitions': '2',
          'offsets.topic.num.partitions': '2',
          'auto.leader.rebalance.enable': 'false',
        },
        ...(disk && { dataDir: '/data', disk }),
      },
      {
        clock,
        random,
        logger: new LeveledLogger(this.loggerOf(disk), 'info'),
        between: (peers) => new TroubledPeers(peers, this.trouble, random, clock),
        openListener: () => Promise.resolve({ port: 9092, close: () => Promise.resolve() }),
      },
    );
  }

  /** What the dead say is not heard. */
  private loggerOf(disk: MemoryDisk | undefined): Logger {
    const pass = (level: LogLevel) => (message: string, fields?: LogFields) => {
      if (disk?.isOff !== true) this.around.onLog(level, message, fields);
    };
    return { debug: pass('debug'), info: pass('info'), warn: pass('warn'), error: pass('error') };
  }

  /** Time goes on while it is waited for. */
  async patiently<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    void work.finally(() => (isOver = true)).catch(() => undefined);
    for (let i = 0; !isOver; i++) {
      await settle(1);
      if (i > 3) await this.clock.advance(10);
      if (i > 10_000) throw new Error('it never ends');
    }
    return work;
  }

  get isOnDisk(): boolean {
    return this.disk !== undefined;
  }

  get running(): readonly number[] {
    return this.cluster?.brokerIds.filter((id) => !this.stopped.has(id)) ?? [];
  }

  get stoppedBrokers(): readonly number[] {
    return [...this.stopped];
  }

  /** The answer; undefined when nobody knows what became of the request. */
  async ask<A extends AnyApi>(
    brokerId: number,
    api: A,
    version: number,
    request: RequestInput<A>,
  ): Promise<ResponseOf<A> | undefined> {
    const { disk } = this;
    const broker = this.cluster?.['running'].get(brokerId);
    const gone = this.gone.get(brokerId);
    const handler = broker?.handlers.get(api.key);
    if (!broker || !gone || !handler || this.isDead) return undefined;
    const answered = exchange<A>(handler as never, broker, version, request, {
      nodeId: brokerId,
    });
    const answer = await Promise.race([answered, gone.promise]);
    // What a process that is being killed decides, it tells nobody.
    return disk?.isOff === true ? undefined : answer;
  }

  leaderOf(topic: string, partition: number): number {
    return (
      this.cluster?.['engine'].catalog.image.topics.get(topic)?.partitions[partition]?.leader ?? -1
    );
  }

  coordinatorOf(transactionalId: string): number {
    return this.leaderOf('__transaction_state', partitionFor(transactionalId, 2));
  }

  groupCoordinatorOf(groupId: string): number {
    return this.leaderOf('__consumer_offsets', partitionFor(groupId, 2));
  }

  async stopBroker(id: number): Promise<void> {
    this.stopped.add(id);
    const stopping = this.cluster!.stopBroker(id);
    this.gone.get(id)?.resolve();
    await this.patiently(stopping);
  }

  async startBroker(id: number): Promise<void> {
    await this.patiently(this.cluster!.startBroker(id));
    this.gone.set(id, deferred());
    this.stopped.delete(id);
  }

  /** Whether the process was killed and not started again. */
  get isDead(): boolean {
    return this.disk?.isOff === true;
  }

  /** The process will be killed in the midst of a call of the disk, after so many further ones. */
  killAfter(calls: number): void {
    this.disk?.turnOffAfter(calls);
  }

  /** The process is killed: what it has written is there, and nothing else. */
  kill(): void {
    this.disk?.turnOff();
  }

  /** After a kill. @param calls  of the disk, after which the new process is killed as well */
  async restart(calls = Infinity): Promise<void> {
    this.cluster = undefined;
    this.gone.clear();
    this.processClock.die();
    this.processClock = new MortalClock(this.clock);
    this.disk = this.disk!.copy();
    this.killAfter(calls);
    await this.start();
  }

  async close(): Promise<void> {
    if (this.cluster) await this.patiently(this.cluster.close());
  }
}

class TroubledPeers implements PeerClient {
  constructor(
    private readonly peers: PeerClient,
    private readonly trouble: Trouble,
    private readonly random: SeededRandom,
    private readonly clock: Clock,
  ) {}

  writeMarker(brokerId: number, marker: TransactionMarker, partitions: PartitionSet) {
    return this.through(() => this.peers.writeMarker(brokerId, marker, partitions));
  }

  addPartitions(brokerId: number, request: AddOrVerify) {
    return this.through(() => this.peers.addPartitions(brokerId, request));
  }

  private async through<T>(ask: () => Promise<T>): Promise<T> {
    const { lost, unanswered, late } = this.trouble;
    const [isLost, isUnanswered, isLate] = [lost, unanswered, late].map(
      (tenths) => this.random.below(10) < tenths,
    );
    const isAnswerLate = this.random.below(2) === 0;
    const wait = async () => {
      const delayMs = this.random.pick([1, 30, 500, 20_000]);
      await new Promise<void>((resolve) => this.clock.schedule(delayMs, resolve));
    };
    if (isLate && !isAnswerLate) await wait();
    if (isLost) throw new Error('lost');
    const answer = await ask();
    if (isLate && isAnswerLate) await wait();
    if (isUnanswered) throw new Error('the answer is lost');
    return answer;
  }
}

function deferred() {
  let resolve!: () => void;
  const promise = new Promise<undefined>((done) => (resolve = () => done(undefined)));
  return { promise, resolve };
}
