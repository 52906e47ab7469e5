import type { Uuid } from '../../protocol/uuid.ts';
import { applyRecords } from './apply-records.ts';
import { supportedFeatures } from './bootstrap.ts';
import type { Change } from './catalog.ts';
import { configOf, isActive } from './image.ts';
import type { BrokerEndpoint, MetadataImage, PartitionImage, TopicImage } from './image.ts';
import type { MetadataRecord } from './metadata-record.ts';
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
      canLead: isLive,
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
  records.push(...decideBrokerStarted(registered, ids).records);
  return { records, result: undefined };
}

/**
 * Brokers of an earlier start that are not among those of this one, however they ended: they leave
 * the in-sync replicas, which might otherwise shrink to them alone when those that are here stop.
 */
export function decideBrokersGone(image: MetadataImage, present: readonly number[]): Change<void> {
  const gone = [...image.brokers.keys()].filter((id) => !present.includes(id));
  return decideBrokerStopped(image, gone);
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
  return [
    {
      type: 'BrokerRegistrationChangeRecord',
      version: 0,
      data: {
        brokerId,
        brokerEpoch: broker.epoch,
        fenced: fenced ? 1 : -1,
        inControlledShutdown: 0,
        logDirs: [],
        cordonedLogDirs: null,
      },
    },
  ];
}

const uncleanKey = 'unclean.leader.election.enable';

function allowsUnclean(image: MetadataImage, topic: string): boolean {
  const value =
    configOf(image, 'TOPIC', topic).get(uncleanKey) ??
    configOf(image, 'BROKER', '').get(uncleanKey);
  return value === 'true';
}
