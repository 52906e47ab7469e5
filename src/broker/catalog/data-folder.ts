import { randomUuid } from '../../protocol/uuid.ts';
import type { Uuid } from '../../protocol/uuid.ts';
import type { Clock } from '../../host/clock.ts';
import type { Disk } from '../../host/disk.ts';
import type { Random } from '../../host/random.ts';
import { formatRecords } from './bootstrap.ts';
import { decodeMetaProperties, encodeMetaProperties } from './meta-properties.ts';
import type { MetaProperties } from './meta-properties.ts';
import type { MetadataRecord } from './metadata-record.ts';
import { decodeSnapshot, encodeSnapshot, writeAtomically } from './snapshot-file.ts';
import { UnusableFolder } from './unusable-folder.ts';

export interface DataFolderOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  /** Created when absent. */
  readonly folder: string;
  /** `node.id` of the first broker of this process. */
  readonly nodeId: number;
  /** Wanted cluster id; default: the folder's own, or a new one. */
  readonly clusterId?: string | undefined;
}

/** Whose folder it is. */
export interface FolderIdentity {
  readonly clusterId: string;
  readonly directoryId: Uuid;
}

const metaName = 'meta.properties';
const bootstrapName = 'bootstrap.checkpoint';
/** Folders of partitions, and segments: then it is such a folder itself that was named. */
const dataPattern = /.-\d+$|^\d{20}\.log$/;

/**
 * Tells whose data folder it is, and changes nothing.
 *
 * @returns undefined when the folder holds nothing of a broker, and may be formatted
 * @throws {UnusableFolder} it belongs to another node or cluster, or holds data of nobody known
 */
export function readMeta(options: DataFolderOptions): MetaProperties | undefined {
  const meta = metaOf(options.disk, options.folder);
  if (meta === undefined) requireNoData(options);
  else requireOwn(options, meta);
  return meta;
}

/**
 * What a folder says of itself.
 *
 * @throws {UnusableFolder} what it says makes no sense
 */
export function metaOf(disk: Disk, folder: string): MetaProperties | undefined {
  const path = `${folder}/${metaName}`;
  if (!disk.exists(path)) return undefined;
  return decodeMetaProperties(disk.readFile(path).toString(), path);
}

/** Makes a folder ours: one that nobody used is formatted, as `kafka-storage format` would. */
export function openDataFolder(
  options: DataFolderOptions,
  meta: MetaProperties | undefined,
): FolderIdentity {
  options.disk.makeDirectory(options.folder);
  if (meta === undefined) return format(options);
  const { clusterId, directoryId } = meta;
  return directoryId === undefined ? writeMeta(options, clusterId) : { clusterId, directoryId };
}

function requireOwn(
  { folder, nodeId, clusterId }: DataFolderOptions,
  found: { nodeId: number; clusterId: string },
): void {
  if (found.nodeId !== nodeId) {
    throw new UnusableFolder(
      `the data folder ${folder} belongs to node ${found.nodeId}, but node.id is ${nodeId}; ` +
        'use its node.id, or another folder',
    );
  }
  if (clusterId !== undefined && found.clusterId !== clusterId) {
    throw new UnusableFolder(
      `the data folder ${folder} belongs to cluster ${found.clusterId}, but cluster.id is ` +
        `${clusterId}; use its cluster.id, or another folder`,
    );
  }
}

function requireNoData({ disk, folder }: DataFolderOptions): void {
  const data = disk.list(folder).find((name) => dataPattern.test(name));
  if (data !== undefined) {
    throw new UnusableFolder(
      `the data folder ${folder} holds ${data} but no ${metaName}, so it is not known whose it is`,
    );
  }
}

function format(options: DataFolderOptions): FolderIdentity {
  const { disk, folder, clock, random } = options;
  const now = clock.wallMs();
  const bootstrap = encodeSnapshot(formatRecords(), { epoch: 0, lastContained: now, now });
  writeAtomically(disk, folder, bootstrapName, bootstrap);
  return writeMeta(options, options.clusterId ?? randomUuid(() => random.bytes16()));
}

/** Written last: a folder that has it is formatted. */
function writeMeta(options: DataFolderOptions, clusterId: string): FolderIdentity {
  const { disk, folder, clock, random, nodeId } = options;
  const directoryId = randomUuid(() => random.bytes16());
  const text = encodeMetaProperties({ clusterId, nodeId, directoryId }, new Date(clock.wallMs()));
  writeAtomically(disk, folder, metaName, Buffer.from(text));
  disk.syncDirectory(folder);
  return { clusterId, directoryId };
}

/** The records that a new log in this folder begins with. */
export function formattedRecords(disk: Disk, folder: string): MetadataRecord[] {
  const path = `${folder}/${bootstrapName}`;
  return disk.exists(path)
    ? [...decodeSnapshot(disk.readFile(path), path).records]
    : formatRecords();
}
