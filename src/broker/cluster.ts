import type { PeerClient } from '../coordination/transactions/peer-client.ts';
import type { Timer } from '../host/clock.ts';
import { KafkaError } from '../protocol/kafka-error.ts';
import { randomUuid, type Uuid } from '../protocol/uuid.ts';
import { startThread } from '../host/thread.ts';
import { LargeBatches } from '../storage/large-batches.ts';
import { MemoryLogStore } from '../storage/memory/memory-log-store.ts';
import { Broker, type BrokerIdentity, type BrokerParts } from './broker.ts';
import type { BrokerOptions, TopicOptions } from './broker-options.ts';
import {
  decideBrokersGone,
  decideBrokersJoin,
  decideBrokerStopped,
  decideDirectoriesOffline,
  type BrokerRegistration,
} from './catalog/decide-brokers.ts';
import { guestDirectory } from './catalog/directory-id.ts';
import { decideElection } from './catalog/decide-elections.ts';
import type { MetadataImage } from './catalog/image.ts';
import { MemoryCatalog } from './catalog/memory-catalog.ts';
import { TopicCreation } from './catalog/topic-creation.ts';
import { BrokerConfig } from './config/broker-config.ts';
import { cleanerSettings } from './config/cleaner-settings.ts';
import { notices } from './config/notices.ts';
import { nodeSettings, type NodeSettings } from './node-settings.ts';
import type { RunningBroker } from './running-broker.ts';
import { LocalPeers } from './transactions/transaction-peer.ts';
import type { Engine, Shared, Surroundings } from './engine.ts';

const msPerSecond = 1_000;
const noteAgainMs = 10_000;

/** All brokers of one process, over one catalog and one store. */
export class Cluster implements RunningBroker {
  private readonly running = new Map<number, Broker>();
  private readonly unsubscribe: () => void;
  private readonly peers: PeerClient;
  private balanceTimer: Timer | undefined;
  private offlineTimer: Timer | undefined;
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly members: ReadonlyMap<number, Member>,
    private readonly engine: Engine,
    private readonly around: Shared,
  ) {
    this.unsubscribe = engine.catalog.subscribe((image, before) => this.apply(image, before));
    const peers = new LocalPeers((brokerId) => this.running.get(brokerId)?.peer);
    this.peers = around.between?.(peers) ?? peers;
  }

  /** @throws {Error} what keeps a broker from starting; nothing is left open then */
  static async start(options: BrokerOptions, surroundings: Surroundings): Promise<Cluster> {
    const { clock } = surroundings;
    const largeBatches = new LargeBatches(clock, () => startThread('#large-batches-thread'));
    const around: Shared = { ...surroundings, largeBatches };
    const configs = brokerConfigs(options);
    const [first] = configs;
    if (first === undefined) throw new Error('at least one broker is needed');
    for (const notice of notices(first)) around.logger.warn(notice);
    const engine = await openEngine(options, first, around);
    const { directories } = engine;
    const members = new Map<number, Member>();
    for (const [index, config] of configs.entries()) {
      const settings = nodeSettings(config, options, index, engine.catalog, around.random);
      const identity =
        index === 0
          ? () => ({ directories: directories.online, isPartial: directories.isPartial })
          : () => guestOf(settings.nodeId, index, engine);
      members.set(settings.nodeId, { settings, identity });
    }
    const cluster = new Cluster(members, engine, around);
    try {
      await cluster.begin(options.topics ?? []);
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  get bootstrapServers(): string {
    return [...this.running.values()].map(({ address }) => address).join(',');
  }

  get port(): number {
    const [first] = this.members.values();
    return first?.settings.listeners[0]?.port ?? 0;
  }

  get clusterId(): string {
    return this.engine.catalog.image.clusterId;
  }

  get brokerIds(): readonly number[] {
    return [...this.members.keys()];
  }

  async stopBroker(id: number): Promise<void> {
    const broker = this.running.get(id);
    if (broker === undefined) throw new Error(`broker ${id} does not run`);
    // Leaders first: clients that are still connected hear at once where to go.
    await this.engine.catalog.transact((image) => decideBrokerStopped(image, id));
    this.running.delete(id);
    await broker.close();
  }

  async startBroker(id: number): Promise<void> {
    if (this.closing !== undefined) throw new Error('the cluster is closed');
    if (this.running.has(id)) throw new Error(`broker ${id} runs already`);
    await this.join([id]);
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async begin(topics: readonly (string | TopicOptions)[]): Promise<void> {
    const { catalog } = this.engine;
    await catalog.transact((image) => decideBrokersGone(image, this.brokerIds));
    this.setAsideStrays();
    await this.join(this.brokerIds);
    this.engine.directories.watch(() => void this.noteOffline());
    this.warnOfLeaderless();
    await this.createTopics(topics);
    this.balanceLater();
  }

  /** Leaderships return to the preferred replicas from time to time, as Kafka's controller does. */
  private balanceLater(): void {
    const [first] = this.members.values();
    if (first === undefined || this.members.size < 2) return;
    const { config } = first.settings;
    if (!config.get('auto.leader.rebalance.enable')) return;
    const periodMs = config.get('leader.imbalance.check.interval.seconds') * msPerSecond;
    this.balanceTimer = this.around.clock.schedule(periodMs, () => {
      this.engine.catalog
        .transact((image) => decideElection(image, 'preferred', null))
        .catch((error: unknown) =>
          this.around.logger.error('leaders stay where they are', { error }),
        );
      this.balanceLater();
    });
  }

  /** Tells the catalog of log directories that went offline; where it cannot be written, later. */
  private async noteOffline(): Promise<void> {
    const [nodeId] = this.brokerIds;
    if (this.closing !== undefined || nodeId === undefined) return;
    const { catalog, directories } = this.engine;
    try {
      await catalog.transact((image) =>
        decideDirectoriesOffline(image, nodeId, directories.online),
      );
    } catch (error) {
      this.around.logger.warn('the catalog could not note that a directory is offline', { error });
      this.offlineTimer?.cancel();
      this.offlineTimer = this.around.clock.schedule(noteAgainMs, () => void this.noteOffline());
    }
  }

  /** Brokers bind their listeners, enter the cluster together, and serve. */
  private async join(ids: readonly number[]): Promise<void> {
    const { catalog, store } = this.engine;
    const controllerId = this.brokerIds[0] ?? -1;
    const { peers } = this;
    const parts: BrokerParts = { catalog, store, controllerId, ...this.around, peers };
    const joining: Broker[] = [];
    try {
      const registrations: BrokerRegistration[] = [];
      for (const id of ids) {
        const member = this.members.get(id);
        if (member === undefined) throw new Error(`there is no broker ${id}`);
        const broker = new Broker(member.settings, parts);
        joining.push(broker);
        registrations.push(await broker.bind(member.identity()));
        this.running.set(id, broker);
        // Whatever port was free: a broker that is started again gets it again.
        member.settings = withPorts(member.settings, broker.ports);
      }
      await catalog.transact((image) => decideBrokersJoin(image, registrations));
    } catch (error) {
      for (const broker of joining) {
        this.running.delete(broker.nodeId);
        await broker.close();
      }
      throw error;
    }
    for (const broker of joining) broker.serve();
  }

  /** All brokers see an image before the logs of topics that are gone are deleted. */
  private async apply(image: MetadataImage, before: MetadataImage): Promise<void> {
    await Promise.all([...this.running.values()].map((broker) => broker.apply(image, before)));
    if (image.topicsById === before.topicsById) return;
    const { store } = this.engine;
    for (const { id, name, partitions } of before.topicsById.values()) {
      if (image.topicsById.has(id)) continue;
      const refs = partitions.map((_, partition) => ({ topicId: id, topicName: name, partition }));
      await Promise.all(refs.map((ref) => store.delete(ref)));
    }
  }

  /** As after a kill between the record that deletes a topic and the end of its folders. */
  private setAsideStrays(): void {
    const { catalog, store } = this.engine;
    const { topics } = catalog.image;
    store.setAsideStrays(
      ({ topicName, partition }) => topics.get(topicName)?.partitions[partition] !== undefined,
    );
  }

  /** As after a start with fewer brokers than the folder has known. */
  private warnOfLeaderless(): void {
    const { topics, brokers } = this.engine.catalog.image;
    const leaderless = [...topics.values()].flatMap(({ name, partitions }) =>
      partitions.flatMap(({ leader }, index) => (leader < 0 ? [`${name}-${index}`] : [])),
    );
    if (leaderless.length === 0) return;
    this.around.logger.warn(
      `${leaderless.length} partitions have no leader: their replicas are on brokers that do not run ` +
        `(this folder was used with ${brokers.size} brokers)`,
      { partitions: leaderless.slice(0, 10) },
    );
  }

  private async createTopics(topics: readonly (string | TopicOptions)[]): Promise<void> {
    const [first] = this.members.values();
    if (topics.length === 0 || first === undefined) return;
    const { catalog } = this.engine;
    const wanted = topics
      .map((topic) => (typeof topic === 'string' ? { name: topic } : topic))
      .filter(({ name }) => !catalog.image.topics.has(name))
      .map(({ name, partitions = -1, replicationFactor = -1, config = {} }: TopicOptions) => ({
        name,
        numPartitions: partitions,
        replicationFactor,
        assignments: [],
        configs: Object.entries(config).map(([key, value]) => ({ name: key, value })),
      }));
    const results = await new TopicCreation(catalog, first.settings.topics).create(wanted);
    for (const { name, error, ...rest } of results) {
      if (error === 'NONE') continue;
      const words = 'message' in rest ? rest.message : null;
      throw new KafkaError(error, `topic ${name} cannot be created: ${words ?? error}`);
    }
  }

  /** Says in the catalog that nobody serves any more: who opens the folder next need not wait. */
  private async leave(): Promise<void> {
    const ids = [...this.running.keys()];
    try {
      await this.engine.catalog.transact((image) => decideBrokerStopped(image, ids));
    } catch (error) {
      this.around.logger.warn('the catalog could not note that the brokers stopped', { error });
    }
  }

  private async end(): Promise<void> {
    this.balanceTimer?.cancel();
    this.offlineTimer?.cancel();
    this.unsubscribe();
    await Promise.all([...this.running.values()].map((broker) => broker.close()));
    await this.leave();
    this.running.clear();
    await this.engine.store.close();
    await this.engine.catalog.close();
    this.around.largeBatches.close();
  }
}

/** A broker keeps the id of its directory over restarts: replicas are told by it. */
function guestOf(nodeId: number, index: number, { catalog, directories }: Engine): BrokerIdentity {
  const known = catalog.image.brokers.get(nodeId)?.directories[0];
  const [host = ''] = directories.online;
  return { directories: [known ?? guestDirectory(host, index)], isPartial: false };
}

/** A broker of the cluster, running or not. */
interface Member {
  settings: NodeSettings;
  /** As of now: log directories may go offline. */
  readonly identity: () => BrokerIdentity;
}

function withPorts(settings: NodeSettings, ports: readonly number[]): NodeSettings {
  const listeners = settings.listeners.map((listener, index) => ({
    ...listener,
    port: ports[index] ?? listener.port,
  }));
  return { ...settings, listeners };
}

function brokerConfigs({ brokers = 1, properties = {} }: BrokerOptions): BrokerConfig[] {
  const first = new BrokerConfig({ properties, brokers });
  return Array.from({ length: brokers }, (_, index) =>
    index === 0 ? first : new BrokerConfig({ properties, nodeId: first.nodeId + index, brokers }),
  );
}

async function openEngine(
  options: BrokerOptions,
  config: BrokerConfig,
  around: Shared,
): Promise<Engine> {
  const { brokers = 1 } = options;
  const retentionCheckMs = config.get('log.retention.check.interval.ms');
  const producerExpiryCheckMs = config.get('producer.id.expiration.check.interval.ms');
  const minInsyncReplicas = config.get('min.insync.replicas');
  const newId = (): Uuid => randomUuid(() => around.random.bytes16());
  if (options.dataDir === undefined) {
    const { logger } = around;
    const catalog = new MemoryCatalog(options.clusterId ?? newId(), { minInsyncReplicas, logger });
    const store = new MemoryLogStore({
      ...around,
      retentionCheckMs,
      initialTaskDelayMs: config.get('log.initial.task.delay.ms'),
      producerExpiryCheckMs,
      cleaner: () => cleanerSettings(config.follow(catalog.image)),
    });
    const directories = { online: [newId()], isPartial: false, watch: () => undefined };
    return { catalog, store, directories };
  }
  if (brokers > 1 && [options.dataDir].flat().length > 1) {
    throw new Error('several log directories are for one broker; several brokers share one folder');
  }
  const { openDiskEngine } = await import('./disk-engine.ts');
  return openDiskEngine({ ...options, dataDir: options.dataDir }, config, around);
}
