import { Cluster } from '../../../src/broker/cluster.ts';
import type {
  AddOrVerify,
  PeerClient,
  TransactionMarker,
} from '../../../src/coordination/transactions/peer-client.ts';
import type { PartitionSet } from '../../../src/coordination/transactions/transaction.ts';
import { partitionFor } from '../../../src/coordination/partition-for.ts';
import { LeveledLogger } from '../../../src/host/leveled-logger.ts';
import { silentLogger } from '../../../src/host/logger.ts';
import { findCoordinator } from '../../../src/protocol/messages/find-coordinator.ts';
import type { AnyApi, RequestInput, ResponseOf } from '../../../src/protocol/schema.ts';
import { ManualClock, settle } from '../manual-clock.ts';
import { MemoryDisk } from '../memory-disk.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { exchange } from '../test-cluster.ts';

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

/**
 * All brokers of a process on a clock that a test moves, asked without sockets: a request goes through
 * the codec into the handler, and is lost when its broker stops or the process dies meanwhile.
 */
export class ModelCluster {
  readonly clock = new ManualClock();
  readonly trouble: Trouble = { lost: 0, unanswered: 0, late: 0 };
  private readonly disk: { current: MemoryDisk } | undefined;
  private readonly stopped = new Set<number>();
  private cluster!: Cluster;
  /** Resolves what is asked of a broker that goes away. */
  private gone = new Map<number, { promise: Promise<undefined>; resolve: () => void }>();

  constructor(
    private readonly random: SeededRandom,
    private readonly brokers: number,
    isOnDisk: boolean,
  ) {
    this.disk = isOnDisk ? { current: new MemoryDisk() } : undefined;
  }

  async start(): Promise<void> {
    const starting = Cluster.start(
      {
        brokers: this.brokers,
        topics: topics.map((topic) => ({ ...topic, replicationFactor: this.brokers })),
        properties: {
          'transaction.state.log.num.partitions': '2',
          'offsets.topic.num.partitions': '2',
          'auto.leader.rebalance.enable': 'false',
        },
        ...(this.disk && { dataDir: '/data', disk: this.disk.current }),
      },
      {
        clock: this.clock,
        random: this.random,
        logger: new LeveledLogger(silentLogger, 'info'),
        between: (peers) => new TroubledPeers(peers, this.trouble, this.random, this.clock),
      },
    );
    this.cluster = await this.patiently(starting);
    this.gone.clear();
    for (const id of this.cluster.brokerIds) this.gone.set(id, deferred());
    this.stopped.clear();
    const keys = { coordinatorKeys: ['x'] };
    await this.patiently(this.ask(1, findCoordinator, 4, { keyType: 0, ...keys }));
    await this.patiently(this.ask(1, findCoordinator, 4, { keyType: 1, ...keys }));
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
    return this.cluster.brokerIds.filter((id) => !this.stopped.has(id));
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
    const broker = this.cluster['running'].get(brokerId);
    const gone = this.gone.get(brokerId);
    const handler = broker?.handlers.get(api.key);
    if (!broker || !gone || !handler) return undefined;
    const answered = exchange<A>(handler as never, broker, version, request, { nodeId: brokerId });
    return Promise.race([answered, gone.promise]);
  }

  leaderOf(topic: string, partition: number): number {
    const { topics: known } = this.cluster['engine'].catalog.image;
    return known.get(topic)?.partitions[partition]?.leader ?? -1;
  }

  coordinatorOf(transactionalId: string): number {
    return this.leaderOf('__transaction_state', partitionFor(transactionalId, 2));
  }

  groupCoordinatorOf(groupId: string): number {
    return this.leaderOf('__consumer_offsets', partitionFor(groupId, 2));
  }

  async stopBroker(id: number): Promise<void> {
    this.stopped.add(id);
    const stopping = this.cluster.stopBroker(id);
    this.gone.get(id)?.resolve();
    await this.patiently(stopping);
  }

  async startBroker(id: number): Promise<void> {
    await this.patiently(this.cluster.startBroker(id));
    this.gone.set(id, deferred());
    this.stopped.delete(id);
  }

  /** The process is killed: what it has written is there, and nothing else. */
  async crash(): Promise<void> {
    if (!this.disk) throw new Error('nothing is left of a cluster in memory');
    const left = this.disk.current.copy();
    const dead = this.cluster;
    for (const { resolve } of this.gone.values()) resolve();
    await this.patiently(dead.close()); // on the disk that nobody looks at any more
    this.disk.current = left;
    await this.start();
  }

  async close(): Promise<void> {
    await this.patiently(this.cluster.close());
  }
}

class TroubledPeers implements PeerClient {
  constructor(
    private readonly peers: PeerClient,
    private readonly trouble: Trouble,
    private readonly random: SeededRandom,
    private readonly clock: ManualClock,
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
