import type { Uuid } from '../../protocol/uuid.ts';
import { applyRecords } from './apply-records.ts';
import { supportedFeatures } from './bootstrap.ts';
import type { Change } from './catalog.ts';
import { configOf, isActive } from './image.ts';
import type {
  BrokerEndpoint,
  BrokerImage,
  MetadataImage,
  PartitionImage,
  TopicImage,
} from './image.ts';
import { isOnlineDirectory, unassignedDirectory } from './directory-id.ts';
import type { MetadataRecord } from './metadata-record.ts';
import { partitionChanged } from './metadata-record.ts';
import { changePartition, lastInSync } from './partition-change.ts';
import type { PartitionTarget } from './partition-change.ts';

/** A broker that begins a new life. */
export interface BrokerRegistration {
  readonly brokerId: number;
  /** New with every start. */
  readonly incarnationId: Uuid;
  /** What clients are told, by listener. */
  readonly endpoints: readonly BrokerEndpoint[];
  readonly rack: string | null;
  /** Ids of its log directories; no other broker has them. */
  readonly directories: readonly Uuid[];
  /** It has others, which are offline: what lies in none of the above it cannot lead. */
  readonly isPartial?: boolean;
}

/**
 * A broker enters the cluster, fenced: it is known, and not yet told to clients.
 *
 * @returns its broker epoch: the offset of its registration
 */
export function decideRegisterBroker(
  image: MetadataImage,
  { brokerId, incarnationId, endpoints, rack, directories }: BrokerRegistration,
): Change<number> {
  const brokerEpoch = image.offset + 1;
  const record: MetadataRecord = {
    type: 'RegisterBrokerRecord',
    version: 4,
    data: {
      brokerId,
      isMigratingZkBroker: false,
      incarnationId,
      brokerEpoch,
      endPoints: endpoints.map(({ listener, host, port, securityProtocol }) => ({
        name: listener,
        host,
        port,
        securityProtocol,
      })),
      features: supportedFeatures,
      rack,
      fenced: true,
      inControlledShutdown: false,
      logDirs: directories,
      cordonedLogDirs: null,
    },
  };
  return { records: [record], result: brokerEpoch };
}

/**
 * Registered brokers begin to serve. Partitions without a leader get one of them if it is in sync;
 * partitions they led when their process died get a new leader epoch; where another leader serves
 * they join the in-sync replicas (brokers of one process share one store, so they have it all).
 */
export function decideBrokerStarted(
  image: MetadataImage,
  brokers: number | readonly number[],
  partial: readonly number[] = [],
): Change<void> {
  const started = new Set([brokers].flat());
  const isLive = (broker: number): boolean =>
    started.has(broker) || isActive(image.brokers.get(broker));
  const records: MetadataRecord[] = [];
  for (const brokerId of started) records.push(...fencing(image, brokerId, false));
  const changes = changePartitions(image, (partition) => {
    if (!partition.replicas.some((replica) => started.has(replica))) return undefined;
    const canJoin =
      isLive(partition.leader) || lastInSync(partition).some((broker) => started.has(broker));
    return {
      canLead: (broker) => isLive(broker) && !isOutOfReach(image, partition, broker, partial),
      isr: canJoin ? withStarted(partition, started) : partition.isr,
      newEpoch: started.has(partition.leader),
    };
  });
  return { records: [...records, ...changes], result: undefined };
}

/**
 * Brokers stop serving. They leave the in-sync replicas, and their partitions go to the first
 * in-sync replica that serves, or have no leader until one of the last in-sync ones returns.
 */
export function decideBrokerStopped(
  image: MetadataImage,
  brokers: number | readonly number[],
): Change<void> {
  const stopped = new Set([brokers].flat());
  const records = changePartitions(image, (partition, topic) => {
    if (!partition.isr.some((broker) => stopped.has(broker))) return undefined;
    return {
      canLead: (broker) => !stopped.has(broker) && isActive(image.brokers.get(broker)),
      isr: partition.isr.filter((broker) => !stopped.has(broker)),
      election: allowsUnclean(image, topic.name) ? 'unclean' : 'online',
    };
  });
  for (const brokerId of stopped) records.push(...fencing(image, brokerId, true));
  return { records, result: undefined };
}

/** Registration and start in one transaction: for a broker whose listeners are ready. */
export function decideBrokersJoin(
  image: MetadataImage,
  registrations: readonly BrokerRegistration[],
): Change<void> {
  const records: MetadataRecord[] = [];
  let registered = image;
  for (const registration of registrations) {
    const change = decideRegisterBroker(registered, registration);
    records.push(...change.records);
    registered = applyRecords(registered, change.records, {
      offset: registered.offset + change.records.length,
      epoch: registered.epoch,
    });
  }
  const ids = registrations.map(({ brokerId }) => brokerId);
  const partial = registrations.filter(({ isPartial }) => isPartial === true);
  const partialIds = partial.map(({ brokerId }) => brokerId);
  const started = decideBrokerStarted(registered, ids, partialIds);
  return { records: [...records, ...started.records], result: undefined };
}

/**
 * Brokers of an earlier start that are not among those of this one, however they ended: they leave
 * the in-sync replicas, which might otherwise shrink to them alone when those that are here stop.
 */
export function decideBrokersGone(image: MetadataImage, present: readonly number[]): Change<void> {
  const gone = [...image.brokers.keys()].filter((id) => !present.includes(id));
  return decideBrokerStopped(image, gone);
}

/**
 * Log directories of a broker went offline. Partitions in them have no leader until they are back,
 * or another one that is in sync.
 *
 * @param online  ids of the directories it is left with
 */
export function decideDirectoriesOffline(
  image: MetadataImage,
  brokerId: number,
  online: readonly Uuid[],
): Change<void> {
  const broker = image.brokers.get(brokerId);
  const isKnown = broker?.directories.every((directory) => online.includes(directory));
  if (broker === undefined || isKnown === true) return { records: [], result: undefined };
  const changed = changedRegistration(broker, { fenced: 0, logDirs: online });
  const left = {
    ...image,
    brokers: new Map(image.brokers).set(brokerId, { ...broker, directories: online }),
  };
  const changes = changePartitions(left, (partition) => {
    if (!isOutOfReach(left, partition, brokerId, [brokerId])) return undefined;
    const isr = partition.isr.filter((id) => id !== brokerId);
    return { canLead: (id) => id !== brokerId && isActive(image.brokers.get(id)), isr };
  });
  return { records: [changed, ...changes], result: undefined };
}

/** Logs lie in other directories than the catalog says, or it did not say. */
export function decideDirectories(
  image: MetadataImage,
  brokerId: number,
  found: readonly {
    readonly topicId: Uuid;
    readonly partition: number;
    readonly directory: Uuid;
  }[],
): Change<void> {
  const records = found.flatMap(({ topicId, partition, directory }) => {
    const now = image.topicsById.get(topicId)?.partitions[partition];
    const index = now?.replicas.indexOf(brokerId) ?? -1;
    if (now === undefined || index < 0 || now.directories[index] === directory) return [];
    const directories = now.replicas.map((_, i) =>
      i === index ? directory : (now.directories[i] ?? unassignedDirectory),
    );
    return [partitionChanged(topicId, partition, { directories })];
  });
  return { records, result: undefined };
}

/** Does a replica lie in a directory of its broker that is offline? */
function isOutOfReach(
  image: MetadataImage,
  { replicas, directories }: PartitionImage,
  broker: number,
  partial: readonly number[],
): boolean {
  if (!partial.includes(broker)) return false;
  const directory = directories[replicas.indexOf(broker)] ?? unassignedDirectory;
  return !isOnlineDirectory(directory, image.brokers.get(broker)?.directories ?? []);
}

/** The replicas in sync, those just started among them, in the order of the replicas. */
function withStarted(partition: PartitionImage, started: ReadonlySet<number>): readonly number[] {
  const joining = partition.replicas.filter(
    (replica) => started.has(replica) && !partition.isr.includes(replica),
  );
  if (joining.length === 0) return partition.isr;
  const isr = new Set([...partition.isr, ...joining]);
  return partition.replicas.filter((replica) => isr.has(replica));
}

function changePartitions(
  image: MetadataImage,
  targetOf: (partition: PartitionImage, topic: TopicImage) => PartitionTarget | undefined,
): MetadataRecord[] {
  const records: MetadataRecord[] = [];
  for (const topic of image.topics.values()) {
    topic.partitions.forEach((partition, index) => {
      const target = targetOf(partition, topic);
      if (target === undefined) return;
      const record = changePartition({ topicId: topic.id, partition: index }, partition, target);
      if (record !== undefined) records.push(record);
    });
  }
  return records;
}

function fencing(image: MetadataImage, brokerId: number, fenced: boolean): MetadataRecord[] {
  const broker = image.brokers.get(brokerId);
  if (broker === undefined || broker.fenced === fenced) return [];
  return [changedRegistration(broker, { fenced: fenced ? 1 : -1, logDirs: [] })];
}

/** @param change  fenced: 1 yes, -1 no, 0 as before; logDirs: empty as before */
function changedRegistration(
  { id, epoch }: BrokerImage,
  change: { readonly fenced: number; readonly logDirs: readonly Uuid[] },
): MetadataRecord {
  return {
    type: 'BrokerRegistrationChangeRecord',
    // Log directories came with version 2.
    version: change.logDirs.length > 0 ? 2 : 0,
    data: {
      brokerId: id,
      brokerEpoch: epoch,
      inControlledShutdown: 0,
      cordonedLogDirs: null,
      ...change,
    },
  };
}

const uncleanKey = 'unclean.leader.election.enable';

function allowsUnclean(image: MetadataImage, topic: string): boolean {
  const value =
    configOf(image, 'TOPIC', topic).get(uncleanKey) ??
    configOf(image, 'BROKER', '').get(uncleanKey);
  return value === 'true';
}
