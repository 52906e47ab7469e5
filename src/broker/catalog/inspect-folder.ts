import { partitionOf } from '../../storage/disk/file-names.ts';
import type { DataFolderOptions } from './data-folder.ts';
import { formattedRecords, readMeta } from './data-folder.ts';
import { knownFeatures, oldestMetadataVersion } from './feature-levels.ts';
import { guestIndex } from './directory-id.ts';
import type { MetadataImage } from './image.ts';
import type { MetaProperties } from './meta-properties.ts';
import { requireSoleVoter } from './quorum.ts';
import { readCatalog } from './read-catalog.ts';
import type { FoundCatalog } from './read-catalog.ts';
import { requireNoMove } from './unfinished-move.ts';
import { metadataTopic } from './topic-name.ts';
import { UnusableFolder } from './unusable-folder.ts';

/** A folder as it was found, before anything in it changes. */
export interface FoundFolder {
  /** Undefined: it is empty. */
  readonly meta: MetaProperties | undefined;
  readonly catalog: FoundCatalog;
}

/**
 * Reads a data folder, whoever wrote it, and changes nothing in it: what cannot be carried on is
 * refused here, in words, while Kafka can still have the folder back as it was.
 *
 * @throws {UnusableFolder} damaged, of another node or cluster, or more than a single node with
 *         local logs can go on with
 */
export function inspectFolder(options: DataFolderOptions): FoundFolder {
  const { disk, folder, nodeId } = options;
  const meta = readMeta(options);
  const names = disk.list(folder);
  requireNoMove(names, folder);
  requireMetadataLog(names, folder);
  const catalog = readCatalog(disk, folder, meta?.clusterId ?? options.clusterId ?? '');
  requireSoleVoter(catalog.quorum, nodeId, meta?.directoryId, folder);
  requireKnownFeatures(catalog.image, folder);
  requireNoMigration(catalog.image, folder);
  requireOwnReplicas(catalog.image, nodeId, meta, folder);
  requireLocalLogs(catalog.image, folder);
  if (!catalog.image.features.has('metadata.version')) formattedRecords(disk, folder); // readable?
  return { meta, catalog };
}

/** Without it the folder would begin as that of a new cluster, which knows none of its logs. */
function requireMetadataLog(names: readonly string[], folder: string): void {
  if (names.some((name) => partitionOf(name)?.topicName === metadataTopic)) return;
  const log = names.find((name) => partitionOf(name) !== undefined);
  if (log === undefined) return;
  throw new UnusableFolder(
    `${folder} holds ${log}, and no metadata log (${metadataTopic}-0): ` +
      'is it one of several log.dirs, and not the first?',
  );
}

function requireKnownFeatures({ features }: MetadataImage, folder: string): void {
  for (const [name, level] of features) {
    const highest = knownFeatures.get(name);
    if (highest === undefined) {
      throw new UnusableFolder(`${folder} has the feature ${name}, which is not known`);
    }
    if (level > highest) {
      throw new UnusableFolder(`${folder} has ${name} ${level}; up to ${highest} is supported`);
    }
  }
  const metadata = features.get('metadata.version') ?? oldestMetadataVersion;
  if (metadata < oldestMetadataVersion) {
    throw new UnusableFolder(
      `${folder} has metadata.version ${metadata}; from ${oldestMetadataVersion} on is supported`,
    );
  }
}

/** Kafka's numbers for a cluster that is between ZooKeeper and KRaft. */
const migrating: ReadonlyMap<number, string> = new Map([
  [1, 'is prepared'],
  [2, 'is under way'],
]);

function requireNoMigration({ kept }: MetadataImage, folder: string): void {
  const state = kept.get('zk-migration');
  if (state?.type !== 'ZkMigrationStateRecord') return;
  const words = migrating.get(state.data.zkMigrationState);
  if (words === undefined) return;
  throw new UnusableFolder(
    `${folder} is of a cluster whose migration from ZooKeeper ${words}; finish it with Kafka 3.9 first`,
  );
}

/**
 * All replicas are this node's, or those of brokers that live in its process and folder, whose
 * directories are derived from its own.
 */
function requireOwnReplicas(
  { topics, brokers }: MetadataImage,
  nodeId: number,
  meta: MetaProperties | undefined,
  folder: string,
): void {
  const own = [meta?.directoryId, ...(brokers.get(nodeId)?.directories ?? [])];
  const isForeign = (id: number): boolean => {
    if (id === nodeId) return false;
    const theirs = brokers.get(id)?.directories ?? [];
    return !theirs.some((guest) =>
      own.some((host) => host !== undefined && guestIndex(host, guest) !== undefined),
    );
  };
  const foreign = new Map<number, string>();
  for (const { name, partitions } of topics.values()) {
    partitions.forEach(({ replicas }, index) => {
      for (const id of replicas) {
        if (!foreign.has(id) && isForeign(id)) foreign.set(id, `${name}-${index}`);
      }
    });
  }
  const [first] = foreign;
  if (first === undefined) return;
  throw new UnusableFolder(
    `the data folder ${folder} is one of several: the brokers ${[...foreign.keys()].join(', ')} hold ` +
      `replicas too (${first[1]}, for one); only the folder of a single node can be taken over`,
  );
}

function requireLocalLogs({ configs, topics }: MetadataImage, folder: string): void {
  const tiered = [...configs]
    .filter(([key, config]) => key.startsWith('TOPIC:') && isTiered(config))
    .map(([key]) => key.slice('TOPIC:'.length));
  if (topics.has('__remote_log_metadata')) tiered.push('__remote_log_metadata');
  if (tiered.length === 0) return;
  throw new UnusableFolder(
    `${folder} has tiered topics, whose older segments are not in it: ${tiered.join(', ')}; ` +
      'tiered storage is not supported',
  );
}

const isTiered = (config: ReadonlyMap<string, string>): boolean =>
  config.get('remote.storage.enable') === 'true';
