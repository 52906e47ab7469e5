import { SystemFileSender } from '../host/file-sender.ts';
import { GroupCoordinator } from '../coordination/group-coordinator.ts';
import { ProducerIds } from '../coordination/producer-ids.ts';
import type { PeerClient } from '../coordination/transactions/peer-client.ts';
import { transactionVersionOf } from '../coordination/transactions/transaction.ts';
import { TransactionCoordinator } from '../coordination/transactions/transaction-coordinator.ts';
import type { TransactionSettings } from '../coordination/transactions/transaction-partition.ts';
import type { Clock } from '../host/clock.ts';
import { Descriptors } from '../host/descriptors.ts';
import type { LeveledLogger } from '../host/leveled-logger.ts';
import type { Random } from '../host/random.ts';
import { randomUuid, type Uuid } from '../protocol/uuid.ts';
import type { LargeBatches } from '../storage/large-batches.ts';
import type { LogStore } from '../storage/log-store.ts';
import type { BrokerServices } from './broker-services.ts';
import type { Catalog } from './catalog/catalog.ts';
import type { BrokerRegistration } from './catalog/decide-brokers.ts';
import { decideProducerIdBlock } from './catalog/decide-producer-ids.ts';
import { emptyImage, type BrokerEndpoint, type MetadataImage } from './catalog/image.ts';
import { transactionFeature } from './catalog/feature-levels.ts';
import { offsetsTopic, transactionsTopic } from './catalog/topic-name.ts';
import { TopicCreation } from './catalog/topic-creation.ts';
import { Deadlines } from './deadlines.ts';
import { Dispatcher, type HandlerTable, type Node } from './dispatch.ts';
import { FetchSessions } from './fetch/fetch-sessions.ts';
import { PartitionReader } from './fetch/read-partitions.ts';
import { handlerTable } from './handler-table.ts';
import { ByteBudget } from './network/byte-budget.ts';
import {
  Connections,
  openListener,
  type BoundListener,
  type OpenListener,
} from './network/listener.ts';
import { FrameMemory } from './network/frame-memory.ts';
import { hostAndPort } from './network/host-and-port.ts';
import { Writers } from './network/output-buffer.ts';
import type { NodeSettings } from './node-settings.ts';
import type { LedPartition } from './replica/led-partition.ts';
import { LedPartitions } from './replica/led-partitions.ts';
import { Placements } from './replica/placements.ts';
import { Reopenings } from './replica/reopenings.ts';
import { TransactionPeer, type Peer } from './transactions/transaction-peer.ts';
import { PartitionVerifier } from './transactions/verification.ts';

/** What the brokers of one process share, and where time and chance come from. */
export interface BrokerParts {
  readonly catalog: Catalog;
  readonly store: LogStore;
  readonly largeBatches: LargeBatches;
  readonly controllerId: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: LeveledLogger;
  readonly descriptors?: Descriptors;
  /** How brokers reach each other. */
  readonly peers: PeerClient;
  readonly openListener?: OpenListener;
}

/** Ids of the log directories that it registers with. */
export interface BrokerIdentity {
  readonly directories: readonly Uuid[];
  /** Some of its log directories are offline, and none of those. */
  readonly isPartial: boolean;
}

/** Response bytes that slow readers of all connections may hold before fetches are cut short. */
const maxResponseBytesInMemory = 256 * 1024 * 1024;

/**
 * One broker: listeners, the partitions it leads, its coordinator. It shares catalog and store with
 * the other brokers of its process, and learns of the cluster only through the catalog's images.
 */
export class Broker implements Node {
  private readonly partitions: LedPartitions;
  private readonly groups: GroupCoordinator;
  private readonly transactions: TransactionCoordinator;
  private readonly producerIds: ProducerIds;
  /** What it does for other brokers. */
  readonly peer: Peer;
  /** What it answers to, whether over a connection or not. */
  readonly handlers: HandlerTable;
  private readonly deadlines: Deadlines;
  private readonly connections: Connections;
  private readonly reopenings: Reopenings;
  private readonly placements: Placements;
  private listeners: BoundListener[] = [];
  private endpoints: readonly BrokerEndpoint[] = [];

  constructor(
    readonly settings: NodeSettings,
    private readonly parts: BrokerParts,
  ) {
    const { catalog, store, clock, random, logger } = parts;
    this.deadlines = new Deadlines(clock);
    this.groups = new GroupCoordinator({
      clock,
      random,
      logger,
      settings: () => this.groupSettings(),
      isOpening: (partition) => this.partitions.isOpeningOf(offsetsTopic, partition),
    });
    this.reopenings = new Reopenings({
      nodeId: settings.nodeId,
      catalog,
      store,
      settingsOf: (topicName) => settings.topicSettings(this.image, topicName).log,
      clock,
      logger,
    });
    this.placements = new Placements(settings.nodeId, catalog, clock, logger);
    this.producerIds = new ProducerIds(() =>
      catalog.transact((image) => decideProducerIdBlock(image, this.nodeId)),
    );
    this.transactions = new TransactionCoordinator({
      clock,
      logger,
      peers: parts.peers,
      producerIds: this.producerIds,
      settings: () => this.transactionSettings(),
      isOpening: (partition) => this.partitions.isOpeningOf(transactionsTopic, partition),
      leaders: {
        leaderOf: ({ topic, partition }) =>
          this.image.topics.get(topic)?.partitions[partition]?.leader,
      },
    });
    this.partitions = new LedPartitions(
      settings.nodeId,
      emptyImage(catalog.image.clusterId),
      store,
      settings.topicSettings,
      [this.offsetsObserver(), this.transactionsObserver()],
      (failed) => this.reopenings.plan(failed),
      clock,
      logger,
      (placement) => this.placements.add(placement),
    );
    const { partitions, groups, transactions } = this;
    this.peer = new TransactionPeer({ partitions, groups, transactions, clock, logger });
    const outgoing = new ByteBudget(maxResponseBytesInMemory);
    this.handlers = handlerTable(this.services(outgoing));
    const dispatcher = new Dispatcher(this.handlers, this, logger);
    this.connections = new Connections(
      settings.connections,
      (frame, request) => dispatcher.answer(frame, request),
      {
        incoming: new ByteBudget(settings.maxRequestBytesInMemory),
        outgoing,
        writers: new Writers(),
        files: new SystemFileSender(settings.sendBufferBytes),
        memory: new FrameMemory(),
        clock,
        logger,
      },
      parts.descriptors ?? new Descriptors(),
    );
  }

  get nodeId(): number {
    return this.settings.nodeId;
  }

  get image(): MetadataImage {
    return this.parts.catalog.image;
  }

  /**
   * Binds all listeners. Clients may connect from now on, and are answered after `serve`.
   * @returns what other brokers and clients are told of this one
   */
  async bind({ directories, isPartial }: BrokerIdentity): Promise<BrokerRegistration> {
    const endpoints: BrokerEndpoint[] = [];
    const open = this.parts.openListener ?? openListener;
    for (const wanted of this.settings.listeners) {
      const listener = await open(wanted, this.connections);
      this.listeners.push(listener);
      endpoints.push({
        listener: wanted.name,
        host: wanted.advertisedHost,
        port: wanted.advertisedPort === 0 ? listener.port : wanted.advertisedPort,
        securityProtocol: wanted.securityProtocol,
      });
    }
    this.endpoints = endpoints;
    return {
      brokerId: this.nodeId,
      incarnationId: randomUuid(() => this.parts.random.bytes16()),
      endpoints,
      rack: this.settings.rack,
      directories,
      isPartial,
    };
  }

  /** Answers clients, those that have waited too. */
  serve(): void {
    this.connections.begin();
  }

  /** Where clients of the first listener find it. */
  get address(): string {
    const [first] = this.endpoints;
    return first === undefined ? '' : hostAndPort(first.host, first.port);
  }

  /** Ports of the listeners, in their order. */
  get ports(): readonly number[] {
    return this.listeners.map(({ port }) => port);
  }

  /**
   * Stops: no new connections, what is under way is answered (within a grace), leaderships end.
   * The catalog shall have moved the leaderships elsewhere before.
   */
  async close(): Promise<void> {
    const unbound = this.listeners.map((listener) => listener.close());
    this.partitions.stopOpening();
    await this.connections.close();
    await Promise.all(unbound);
    await this.partitions.resignAll();
    this.reopenings.cancel();
    this.placements.cancel();
    this.groups.close();
    this.transactions.close();
    this.deadlines.clear();
  }

  private services(outgoing: ByteBudget): BrokerServices {
    const { catalog, store, largeBatches, clock, random, logger, controllerId } = this.parts;
    const { settings } = this;
    return {
      settings,
      controllerId,
      clock,
      logger,
      catalog,
      store,
      largeBatches,
      partitions: this.partitions,
      deadlines: this.deadlines,
      sessions: new FetchSessions(settings.fetchSessionSlots, clock, random),
      reader: new PartitionReader(this.partitions, logger),
      topicCreation: new TopicCreation(catalog, settings.topics),
      groups: this.groups,
      transactions: this.transactions,
      peer: this.peer,
      verifier: new PartitionVerifier({
        peers: this.parts.peers,
        clock,
        logger,
        image: () => this.image,
        settings: () => settings.verification(),
      }),
      producerIds: this.producerIds,
      responseBytesLeft: () => outgoing.remaining,
    };
  }

  private offsetsObserver() {
    return {
      topicName: offsetsTopic,
      onLeadership: ({ partition, log, leaderEpoch }: LedPartition) =>
        this.groups.onLeadership(partition, log, leaderEpoch),
      onResignation: (partition: number) => this.groups.onResignation(partition),
    };
  }

  private transactionsObserver() {
    return {
      topicName: transactionsTopic,
      onLeadership: (led: LedPartition) => this.transactions.onLeadership(led.partition, led),
      onResignation: (partition: number) => this.transactions.onResignation(partition),
    };
  }

  private transactionSettings(): TransactionSettings {
    const configured = this.settings.transactions();
    const topic = this.image.topics.get(transactionsTopic);
    const level = this.image.features.get(transactionFeature) ?? 0;
    return {
      ...configured,
      stateTopicPartitions: topic?.partitions.length ?? configured.stateTopicPartitions,
      version: transactionVersionOf(level),
    };
  }

  /** The topic of the offsets keeps the size it was made with. */
  private groupSettings() {
    const configured = this.settings.groups();
    const offsets = this.image.topics.get(offsetsTopic);
    if (offsets === undefined) return configured;
    return { ...configured, offsetsTopicPartitions: offsets.partitions.length };
  }

  /** Takes a new image; resolves when all partitions that are new here serve. */
  async apply(image: MetadataImage, before: MetadataImage): Promise<void> {
    await this.partitions.apply(image);
    if (image.topicsById === before.topicsById) return;
    const deleted = new Map<string, Uuid>();
    for (const { id, name } of before.topicsById.values()) {
      if (!image.topicsById.has(id)) deleted.set(name, id);
    }
    if (deleted.size > 0) await this.groups.onTopicsDeleted(deleted);
  }
}
