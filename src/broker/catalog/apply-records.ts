import assert from 'node:assert';
import type { Uuid } from '../../protocol/uuid.ts';
import type {
  BrokerImage,
  ConfigResourceType,
  MetadataImage,
  PartitionImage,
  TopicImage,
} from './image.ts';
import { configKey } from './image.ts';
import type { MetadataRecord, MetadataRecordData } from './metadata-record.ts';
import { configResourceIds, keptKey, noLeaderChange } from './metadata-record.ts';

/** Where in the catalog a batch of records ends. */
export interface Position {
  readonly offset: number;
  readonly epoch: number;
}

/** The image after one record more; shares everything with `image` that the record leaves alone. */
export function applyRecord(image: MetadataImage, record: MetadataRecord): MetadataImage {
  return applyRecords(image, [record], { offset: image.offset + 1, epoch: image.epoch });
}

/**
 * The image after a batch of records. What a batch touches is copied once for the whole batch, so
 * ten thousand partitions in one cost what they must.
 */
export function applyRecords(
  image: MetadataImage,
  records: Iterable<MetadataRecord>,
  position: Position,
): MetadataImage {
  const draft = new ImageDraft(image);
  for (const record of records) draft.apply(record);
  return draft.finish(position);
}

/** A map that is copied when it is first written to. */
class DraftMap<K, V> {
  #mine: Map<K, V> | undefined;

  constructor(private readonly base: ReadonlyMap<K, V>) {}

  get current(): ReadonlyMap<K, V> {
    return this.#mine ?? this.base;
  }

  get writable(): Map<K, V> {
    return (this.#mine ??= new Map(this.base));
  }
}

const configTypes = new Map<number, ConfigResourceType>(
  Object.entries(configResourceIds).map(([type, id]) => [id, type as ConfigResourceType]),
);

/** `BrokerRegistrationChangeRecord`: what its small numbers say. */
const becomesFenced = 1;
const becomesUnfenced = -1;

class ImageDraft {
  readonly #base: MetadataImage;
  readonly #topics: DraftMap<string, TopicImage>;
  readonly #topicsById: DraftMap<Uuid, TopicImage>;
  readonly #brokers: DraftMap<number, BrokerImage>;
  readonly #configs: DraftMap<string, ReadonlyMap<string, string>>;
  readonly #features: DraftMap<string, number>;
  readonly #kept: DraftMap<string, MetadataRecord>;
  /** Topics whose partitions this batch has copied already, so that it may write to them. */
  readonly #openTopics = new Map<Uuid, PartitionImage[]>();
  /** Configurations this batch has copied already. */
  readonly #openConfigs = new Map<string, Map<string, string>>();
  #nextProducerId: number;

  constructor(base: MetadataImage) {
    this.#base = base;
    this.#topics = new DraftMap(base.topics);
    this.#topicsById = new DraftMap(base.topicsById);
    this.#brokers = new DraftMap(base.brokers);
    this.#configs = new DraftMap(base.configs);
    this.#features = new DraftMap(base.features);
    this.#kept = new DraftMap(base.kept);
    this.#nextProducerId = base.nextProducerId;
  }

  finish(position: Position): MetadataImage {
    return {
      clusterId: this.#base.clusterId,
      offset: position.offset,
      epoch: position.epoch,
      topics: this.#topics.current,
      topicsById: this.#topicsById.current,
      brokers: this.#brokers.current,
      configs: this.#configs.current,
      features: this.#features.current,
      nextProducerId: this.#nextProducerId,
      kept: this.#kept.current,
    };
  }

  apply(record: MetadataRecord): void {
    switch (record.type) {
      case 'TopicRecord':
        this.#putTopic({ id: record.data.topicId, name: record.data.name, partitions: [] });
        return;
      case 'RemoveTopicRecord':
        this.#removeTopic(record.data.topicId);
        return;
      case 'PartitionRecord':
        this.#putPartition(record.data);
        return;
      case 'PartitionChangeRecord':
        this.#changePartition(record.data);
        return;
      case 'RegisterBrokerRecord':
        this.#registerBroker(record.data);
        return;
      case 'UnregisterBrokerRecord':
        this.#brokers.writable.delete(record.data.brokerId);
        return;
      case 'BrokerRegistrationChangeRecord':
        this.#changeBroker(record.data);
        return;
      case 'FenceBrokerRecord':
        this.#patchBroker(record.data.id, { fenced: true });
        return;
      case 'UnfenceBrokerRecord':
        this.#patchBroker(record.data.id, { fenced: false });
        return;
      case 'ConfigRecord':
        this.#setConfig(record.data);
        return;
      case 'FeatureLevelRecord':
        this.#setFeature(record.data.name, record.data.featureLevel);
        return;
      case 'ProducerIdsRecord':
        this.#nextProducerId = record.data.nextProducerId;
        return;
      case 'ClearElrRecord':
        this.#clearElr(record.data.topicName);
        return;
      case 'ClientQuotaRecord':
        if (record.data.remove) this.#forget(record);
        else this.#keep(record);
        return;
      case 'AccessControlEntryRecord':
      case 'UserScramCredentialRecord':
      case 'DelegationTokenRecord':
      case 'RegisterControllerRecord':
      case 'ZkMigrationStateRecord': // tells Kafka that its metadata never was, or no longer is, in ZooKeeper
        this.#keep(record);
        return;
      case 'RemoveAccessControlEntryRecord':
      case 'RemoveUserScramCredentialRecord':
      case 'RemoveDelegationTokenRecord':
        this.#forget(record);
        return;
      case 'NoOpRecord':
      case 'BeginTransactionRecord': // the reader of the log hands over finished transactions only
      case 'EndTransactionRecord':
      case 'AbortTransactionRecord':
        return;
    }
  }

  #putTopic(topic: TopicImage): void {
    this.#topics.writable.set(topic.name, topic);
    this.#topicsById.writable.set(topic.id, topic);
  }

  #removeTopic(id: Uuid): void {
    const topic = this.#topic(id);
    this.#topics.writable.delete(topic.name);
    this.#topicsById.writable.delete(id);
    this.#openTopics.delete(id);
    const key = configKey('TOPIC', topic.name);
    if (this.#configs.current.has(key)) this.#configs.writable.delete(key);
    this.#openConfigs.delete(key);
  }

  #topic(id: Uuid): TopicImage {
    const topic = this.#topicsById.current.get(id);
    assert(topic !== undefined, `the catalog speaks of the topic ${id}, which it never created`);
    return topic;
  }

  /** The partitions of a topic, as a list that this batch may write to. */
  #openPartitions(id: Uuid): PartitionImage[] {
    const open = this.#openTopics.get(id);
    if (open !== undefined) return open;
    const topic = this.#topic(id);
    const partitions = [...topic.partitions];
    this.#openTopics.set(id, partitions);
    this.#putTopic({ ...topic, partitions });
    return partitions;
  }

  #putPartition(record: MetadataRecordData<'PartitionRecord'>): void {
    const partitions = this.#openPartitions(record.topicId);
    assert(
      record.partitionId >= 0 && record.partitionId <= partitions.length,
      `partition ${record.partitionId} of topic ${record.topicId} comes before its predecessors`,
    );
    partitions[record.partitionId] = {
      replicas: record.replicas,
      isr: record.isr,
      addingReplicas: record.addingReplicas,
      removingReplicas: record.removingReplicas,
      directories: record.directories,
      leader: record.leader,
      leaderEpoch: record.leaderEpoch,
      partitionEpoch: record.partitionEpoch,
      ...(record.leaderRecoveryState === 1 && { recovering: true }),
      ...elrOf(record.eligibleLeaderReplicas, record.lastKnownElr),
    };
  }

  #changePartition(record: MetadataRecordData<'PartitionChangeRecord'>): void {
    const partitions = this.#openPartitions(record.topicId);
    const partition = partitions[record.partitionId];
    assert(
      partition !== undefined,
      `the catalog changes partition ${record.partitionId} of topic ${record.topicId}, which does not exist`,
    );
    const namesLeader = record.leader !== noLeaderChange;
    const recovering =
      record.leaderRecoveryState === -1
        ? partition.recovering === true
        : record.leaderRecoveryState === 1;
    partitions[record.partitionId] = {
      replicas: record.replicas ?? partition.replicas,
      isr: record.isr ?? partition.isr,
      addingReplicas: record.addingReplicas ?? partition.addingReplicas,
      removingReplicas: record.removingReplicas ?? partition.removingReplicas,
      directories: record.directories ?? partition.directories,
      leader: namesLeader ? record.leader : partition.leader,
      leaderEpoch: partition.leaderEpoch + (namesLeader ? 1 : 0),
      partitionEpoch: partition.partitionEpoch + 1,
      ...(recovering && { recovering: true }),
      ...elrOf(
        record.eligibleLeaderReplicas ?? partition.eligibleLeaderReplicas,
        record.lastKnownElr ?? partition.lastKnownElr,
      ),
    };
  }

  #registerBroker(record: MetadataRecordData<'RegisterBrokerRecord'>): void {
    this.#brokers.writable.set(record.brokerId, {
      id: record.brokerId,
      epoch: record.brokerEpoch,
      incarnationId: record.incarnationId,
      endpoints: record.endPoints.map(({ name, host, port, securityProtocol }) => ({
        listener: name,
        host,
        port,
        securityProtocol,
      })),
      rack: record.rack,
      fenced: record.fenced,
      directories: record.logDirs,
      features: record.features,
      ...(record.inControlledShutdown && { inControlledShutdown: true }),
      ...(record.cordonedLogDirs !== null && { cordonedDirectories: record.cordonedLogDirs }),
    });
  }

  #changeBroker(record: MetadataRecordData<'BrokerRegistrationChangeRecord'>): void {
    this.#patchBroker(record.brokerId, {
      ...(record.fenced === becomesFenced && { fenced: true }),
      ...(record.fenced === becomesUnfenced && { fenced: false }),
      ...(record.inControlledShutdown === 1 && { inControlledShutdown: true }),
      ...(record.logDirs.length > 0 && { directories: record.logDirs }),
      ...(record.cordonedLogDirs !== null && { cordonedDirectories: record.cordonedLogDirs }),
    });
  }

  #patchBroker(id: number, change: Partial<BrokerImage>): void {
    const broker = this.#brokers.current.get(id);
    assert(broker !== undefined, `the catalog changes broker ${id}, which is not registered`);
    this.#brokers.writable.set(id, { ...broker, ...change });
  }

  #setConfig(record: MetadataRecordData<'ConfigRecord'>): void {
    const type = configTypes.get(record.resourceType);
    assert(type !== undefined, `the catalog configures a resource of type ${record.resourceType}`);
    const key = configKey(type, record.resourceName);
    let config = this.#openConfigs.get(key);
    if (config === undefined) {
      config = new Map(this.#configs.current.get(key));
      this.#openConfigs.set(key, config);
      this.#configs.writable.set(key, config);
    }
    if (record.value !== null) {
      config.set(record.name, record.value);
      return;
    }
    config.delete(record.name);
    if (config.size > 0) return;
    this.#configs.writable.delete(key);
    this.#openConfigs.delete(key);
  }

  #setFeature(name: string, level: number): void {
    if (level === 0) this.#features.writable.delete(name);
    else this.#features.writable.set(name, level);
  }

  /** @param topicName  empty: all topics */
  #clearElr(topicName: string): void {
    for (const topic of this.#topics.current.values()) {
      if (topicName !== '' && topicName !== topic.name) continue;
      if (
        !topic.partitions.some(
          (partition) => partition.eligibleLeaderReplicas ?? partition.lastKnownElr,
        )
      ) {
        continue;
      }
      const partitions = this.#openPartitions(topic.id);
      partitions.forEach((partition, index) => {
        const without: { -readonly [K in keyof PartitionImage]: PartitionImage[K] } = {
          ...partition,
        };
        delete without.eligibleLeaderReplicas;
        delete without.lastKnownElr;
        partitions[index] = without;
      });
    }
  }

  #keep(record: MetadataRecord): void {
    const key = keptKey(record);
    assert(key !== undefined);
    this.#kept.writable.set(key, record);
  }

  #forget(record: MetadataRecord): void {
    const key = keptKey(record);
    assert(key !== undefined);
    this.#kept.writable.delete(key);
  }
}

/** Both lists, where they hold something. */
function elrOf(
  eligible: readonly number[] | null | undefined,
  lastKnown: readonly number[] | null | undefined,
): Pick<PartitionImage, 'eligibleLeaderReplicas' | 'lastKnownElr'> {
  return {
    ...(eligible != null && eligible.length > 0 && { eligibleLeaderReplicas: eligible }),
    ...(lastKnown != null && lastKnown.length > 0 && { lastKnownElr: lastKnown }),
  };
}
