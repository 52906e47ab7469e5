import type { MetadataImage } from './image.ts';
import type { MetadataRecord } from './metadata-record.ts';

/** Kafka's number for the metadata records of release 4.3 (4.3-IV0). */
export const metadataVersion = 30;
/** The first one that Kafka 4 can read (3.3-IV3). */
export const oldestMetadataVersion = 7;

/** Says how transactions are kept and spoken: see `TransactionVersion`. */
export const transactionFeature = 'transaction.version';

/** Features of Kafka 4.3 that say how data is written, and the highest level of each. */
export const knownFeatures: ReadonlyMap<string, number> = new Map([
  ['metadata.version', metadataVersion],
  ['eligible.leader.replicas.version', 1],
  ['group.version', 1],
  ['share.version', 1],
  ['streams.version', 1],
  [transactionFeature, 2],
]);

/** Levels of `metadata.version` from which on records have more fields. */
const since = { migration: 8, directories: 17, eligibleReplicas: 23, cordonedDirectories: 30 };

export const metadataVersionOf = ({ features }: MetadataImage): number =>
  features.get('metadata.version') ?? metadataVersion;

/**
 * A record in the version in which it is written at a `metadata.version`: the newest one that
 * whoever shares the folder must be able to read. What an older version has no room for is left out.
 */
export function writtenAt(level: number, record: MetadataRecord): MetadataRecord {
  if (record.type === 'RegisterBrokerRecord') {
    const { logDirs, cordonedLogDirs } = record.data;
    const data = {
      ...record.data,
      logDirs: level >= since.directories ? logDirs : [],
      cordonedLogDirs: level >= since.cordonedDirectories ? cordonedLogDirs : null,
    };
    return { ...record, version: registerBrokerVersion(level), data };
  }
  if (record.type === 'PartitionRecord') {
    const directories = level >= since.directories ? record.data.directories : [];
    const data = { ...record.data, directories, ...withoutNewer(level) };
    return { ...record, version: partitionVersion(level), data };
  }
  if (record.type === 'PartitionChangeRecord') {
    const directories = level >= since.directories ? record.data.directories : null;
    const data = { ...record.data, directories, ...withoutNewer(level) };
    return { ...record, version: partitionVersion(level), data };
  }
  if (record.type === 'BrokerRegistrationChangeRecord' && level < since.directories) {
    return { ...record, version: 0, data: { ...record.data, logDirs: [] } };
  }
  return record;
}

const withoutNewer = (level: number) =>
  level < since.eligibleReplicas && { eligibleLeaderReplicas: null, lastKnownElr: null };

function registerBrokerVersion(level: number): number {
  if (level >= since.cordonedDirectories) return 4;
  if (level >= since.directories) return 3;
  return level >= since.migration ? 2 : 1;
}

function partitionVersion(level: number): number {
  if (level >= since.eligibleReplicas) return 2;
  return level >= since.directories ? 1 : 0;
}
