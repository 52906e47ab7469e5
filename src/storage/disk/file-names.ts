import type { PartitionName } from '../partition-log.ts';

/** Files of a segment are named by its base offset, snapshots by the offset they end at. */
export const fileName = (offset: number, suffix: SegmentSuffix): string =>
  String(offset).padStart(20, '0') + suffix;

export const segmentSuffixes = ['.log', '.index', '.timeindex', '.txnindex'] as const;
export type SegmentSuffix = (typeof segmentSuffixes)[number] | '.snapshot';

/** Kafka's marks for files and folders that are on their way out or in. */
export const deletedSuffix = '.deleted';
export const cleanedSuffix = '.cleaned';
export const swapSuffix = '.swap';
/** A file that is renamed once it is whole. */
export const unfinishedSuffix = '.tmp';

/** The file of a segment to come: it has no name of its own before that. */
export const nextSegmentFile = `next-segment${unfinishedSuffix}`;

export const epochFile = 'leader-epoch-checkpoint';
export const identityFile = 'partition.metadata';

/** At the root of a data directory: an offset per log. */
export const recoveryPointFile = 'recovery-point-offset-checkpoint';
export const logStartFile = 'log-start-offset-checkpoint';
export const cleanerFile = 'cleaner-offset-checkpoint';
export const highWatermarkFile = 'replication-offset-checkpoint';

/** Longest name that file systems take for a folder. */
const longestName = 255;

/** The offset in the name of a segment's file or a snapshot; undefined for other names. */
export function offsetIn(name: string, suffix: SegmentSuffix): number | undefined {
  const match = /^(\d{20})(\.[a-z]+)$/.exec(name);
  return match?.[2] === suffix ? Number(match[1]) : undefined;
}

export function folderName({ topicName, partition }: PartitionName): string {
  return `${topicName}-${partition}`;
}

/** Topic and partition of a folder that is in use; undefined for any other name. */
export function partitionOf(folder: string): { topicName: string; partition: number } | undefined {
  const match = /^(.+)-(\d+)$/.exec(folder);
  if (match === null) return undefined;
  return { topicName: match[1] as string, partition: Number(match[2]) };
}

export const isGivenUp = (folder: string): boolean => /\.[0-9a-f]{32}-delete$/.test(folder);

/** A name under which a folder waits for its end (or for someone to look at it). */
export function renamedFolder(folder: string, hex32: string, mark: 'delete' | 'stray'): string {
  const ending = `.${hex32}-${mark}`;
  const dash = folder.lastIndexOf('-');
  const partition = folder.slice(dash);
  // Cut so that the name is not too long, as Kafka does it.
  const topic = folder.slice(0, Math.min(dash, longestName - ending.length - partition.length));
  return topic + partition + ending;
}
