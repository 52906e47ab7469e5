import type { BrokerImage, ConfigResourceType, MetadataImage } from './image.ts';
import type { MetadataRecord } from './metadata-record.ts';
import {
  configChanged,
  featureFinalized,
  partitionState,
  topicCreated,
} from './metadata-record.ts';

/** The records that make an image from nothing: what a snapshot holds, in Kafka's order. */
export function* recordsOfImage(image: MetadataImage): Generator<MetadataRecord, void, void> {
  yield* features(image);
  for (const broker of image.brokers.values()) yield registration(broker);
  for (const topic of image.topics.values()) {
    yield topicCreated(topic.name, topic.id);
    for (const [index, partition] of topic.partitions.entries()) {
      yield partitionState(topic.id, index, partition);
    }
  }
  for (const [key, config] of image.configs) {
    const { type, name } = resourceOf(key);
    for (const [option, value] of config) yield configChanged(type, name, option, value);
  }
  if (image.nextProducerId > 0) yield producerIds(image.nextProducerId);
  yield* image.kept.values();
}

/** `metadata.version` comes first: it says how to read the others. */
function* features(image: MetadataImage): Generator<MetadataRecord, void, void> {
  const first = 'metadata.version';
  const level = image.features.get(first);
  if (level !== undefined) yield featureFinalized(first, level);
  for (const [name, other] of image.features) {
    if (name !== first) yield featureFinalized(name, other);
  }
}

function registration(broker: BrokerImage): MetadataRecord {
  return {
    type: 'RegisterBrokerRecord',
    version: 4,
    data: {
      brokerId: broker.id,
      isMigratingZkBroker: false,
      incarnationId: broker.incarnationId,
      brokerEpoch: broker.epoch,
      endPoints: broker.endpoints.map(({ listener, host, port, securityProtocol }) => ({
        name: listener,
        host,
        port,
        securityProtocol,
      })),
      features: broker.features ?? [],
      rack: broker.rack,
      fenced: broker.fenced,
      inControlledShutdown: broker.inControlledShutdown ?? false,
      logDirs: broker.directories,
      cordonedLogDirs: broker.cordonedDirectories ?? null,
    },
  };
}

function producerIds(nextProducerId: number): MetadataRecord {
  return {
    type: 'ProducerIdsRecord',
    version: 0,
    data: { brokerId: -1, brokerEpoch: -1, nextProducerId },
  };
}

function resourceOf(key: string): { type: ConfigResourceType; name: string } {
  const colon = key.indexOf(':');
  return { type: key.slice(0, colon) as ConfigResourceType, name: key.slice(colon + 1) };
}
