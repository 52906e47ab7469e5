import type { Uuid } from '../../protocol/uuid.ts';
import type { PartitionRef } from '../../storage/partition-log.ts';
import { isReservedDirectory } from './directory-id.ts';
import type { MetadataImage } from './image.ts';

/**
 * Log directories in which logs of a broker lie, by the catalog's word, and that nobody has named.
 *
 * @param named  ids of those that were named
 * @param holds  whether a log lies in one of these all the same: somebody moved it
 * @returns      by directory, which logs: `topic-partition`
 */
export function unnamedDirectories(
  { topics }: MetadataImage,
  brokerId: number,
  named: readonly Uuid[],
  holds: (ref: PartitionRef) => boolean,
): ReadonlyMap<Uuid, readonly string[]> {
  const unnamed = new Map<Uuid, string[]>();
  for (const { id: topicId, name: topicName, partitions } of topics.values()) {
    for (const [partition, { replicas, directories }] of partitions.entries()) {
      const directory = directories[replicas.indexOf(brokerId)];
      if (directory === undefined || isReservedDirectory(directory)) continue;
      if (named.includes(directory) || holds({ topicId, topicName, partition })) continue;
      const logs = unnamed.get(directory);
      const name = `${topicName}-${partition}`;
      if (logs === undefined) unnamed.set(directory, [name]);
      else logs.push(name);
    }
  }
  return unnamed;
}
