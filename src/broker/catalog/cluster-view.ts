import { isOnlineDirectory, unassignedDirectory } from './directory-id.ts';
import type { BrokerEndpoint, BrokerImage, MetadataImage, PartitionImage } from './image.ts';

/*
 * What clients of one listener are told of the cluster.
 */

/** Where clients of a listener reach a broker; undefined when it does not have that listener. */
export function endpointOf(
  broker: BrokerImage | undefined,
  listener: string,
): BrokerEndpoint | undefined {
  return broker?.endpoints.find((endpoint) => endpoint.listener === listener);
}

/** The leader as clients may be told it: registered, with their listener; else undefined. */
export function visibleLeader(
  image: MetadataImage,
  partition: PartitionImage,
  listener: string,
): number | undefined {
  const broker = image.brokers.get(partition.leader);
  return endpointOf(broker, listener) === undefined ? undefined : partition.leader;
}

/** Replicas that cannot serve clients of this listener. */
export function offlineReplicas(
  image: MetadataImage,
  partition: PartitionImage,
  listener: string,
): number[] {
  return partition.replicas.filter((replica, index) => {
    const broker = image.brokers.get(replica);
    if (broker === undefined || broker.fenced) return true;
    if (endpointOf(broker, listener) === undefined) return true;
    const directory = partition.directories[index] ?? unassignedDirectory;
    return !isOnlineDirectory(directory, broker.directories);
  });
}

/** The broker that clients shall send the controller's requests to: any that is alive will do. */
export function controllerId(image: MetadataImage, preferred: number): number {
  if (image.brokers.get(preferred)?.fenced === false) return preferred;
  for (const broker of image.brokers.values()) if (!broker.fenced) return broker.id;
  return -1;
}

/** All operations Kafka knows for a resource, as bits: without an authorizer, all are allowed. */
export const topicOperations = operations(3, 4, 5, 6, 7, 8, 10, 11);
export const clusterOperations = operations(5, 7, 8, 9, 10, 11, 12);
/** "Not asked for." */
export const noOperations = -2147483648;

function operations(...codes: number[]): number {
  return codes.reduce((bits, code) => bits | (1 << code), 0);
}
