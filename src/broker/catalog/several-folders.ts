import type { Uuid } from '../../protocol/uuid.ts';
import { readIdentity } from '../../storage/disk/checkpoint-files.ts';
import { identityFile, partitionOf } from '../../storage/disk/file-names.ts';
import { systemCodeOf } from '../../storage/storage-failure.ts';
import type { Disk } from '../../host/disk.ts';
import { readMeta } from './data-folder.ts';
import type { DataFolderOptions } from './data-folder.ts';
import type { MetaProperties } from './meta-properties.ts';
import { metadataTopic } from './topic-name.ts';
import { requireNoMove } from './unfinished-move.ts';
import { UnusableFolder } from './unusable-folder.ts';

/** A log directory and whose it is; without `meta` it is empty. */
interface Directory {
  readonly path: string;
  readonly meta: MetaProperties | undefined;
}

/** A log directory beside the one of the catalog, as it was found. */
export interface FoundDirectory {
  readonly path: string;
  /** Undefined: it is empty. */
  readonly meta: MetaProperties | undefined;
  /** What keeps it from being used; the broker does without it then. */
  readonly error: unknown;
}

/**
 * Looks at several log directories and changes nothing. Each has a `meta.properties` of its own, all
 * of one node and cluster; one that cannot be read is left out.
 *
 * @param catalogMeta  of the directory that holds the catalog; undefined: it is empty
 * @throws {UnusableFolder} directories that do not belong together, or two copies of a partition
 */
export function inspectDirectories(
  options: DataFolderOptions,
  catalogMeta: MetaProperties | undefined,
  paths: readonly string[],
): FoundDirectory[] {
  const found = paths.map((path) => inspectDirectory({ ...options, folder: path }));
  const used = found.find(({ meta }) => meta !== undefined);
  if (catalogMeta === undefined && used !== undefined) {
    throw new UnusableFolder(
      `the log directory ${used.path} belongs to cluster ${used.meta?.clusterId ?? ''}, but ` +
        `${options.folder}, where the catalog belongs, is empty; was the order of log.dirs changed?`,
    );
  }
  const all = [{ path: options.folder, meta: catalogMeta }, ...found];
  requireOneCluster(all);
  requireDistinct(all);
  const readable = found.filter(({ error }) => error === undefined).map(({ path }) => path);
  for (const copy of copiesIn(options.disk, [options.folder, ...readable])) {
    throw new UnusableFolder(copyInWords(copy));
  }
  return found;
}

function inspectDirectory(options: DataFolderOptions): FoundDirectory {
  const path = options.folder;
  try {
    const meta = readMeta(options);
    requireNoMove(options.disk.list(path), path);
    return { path, meta, error: undefined };
  } catch (error) {
    if (systemCodeOf(error) === undefined) throw error;
    return { path, meta: undefined, error };
  }
}

/** @throws {UnusableFolder} directories of two clusters */
export function requireOneCluster(directories: readonly Directory[]): void {
  let first: { path: string; clusterId: string } | undefined;
  for (const { path, meta } of directories) {
    if (meta === undefined) continue;
    first ??= { path, clusterId: meta.clusterId };
    if (meta.clusterId === first.clusterId) continue;
    throw new UnusableFolder(
      `the log directory ${path} belongs to cluster ${meta.clusterId}, but ${first.path} ` +
        `to cluster ${first.clusterId}`,
    );
  }
}

/** @throws {UnusableFolder} two directories of one id */
export function requireDistinct(directories: readonly Directory[]): void {
  const ids = directories.flatMap(({ meta }) => meta?.directoryId ?? []);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice === undefined) return;
  throw new UnusableFolder(`two of log.dirs have the directory.id ${twice}: one is a copy`);
}

/** A partition whose log lies in two directories. */
export interface Copy {
  readonly name: string;
  readonly places: readonly [string, string];
}

export const copyInWords = ({ name, places: [one, other] }: Copy): string =>
  `the partition ${name} lies in ${one} and in ${other}; remove the copy that is not wanted`;

/** Nobody can say which of two is the one that was written to last. */
export function* copiesIn(disk: Disk, paths: readonly string[]): Generator<Copy, void, void> {
  const places = new Map<string, string>();
  for (const path of paths) {
    for (const name of disk.list(path)) {
      const topicName = partitionOf(name)?.topicName;
      if (topicName === undefined || topicName === metadataTopic) continue;
      const other = places.get(name);
      places.set(name, path);
      if (other === undefined || !areSameLog(disk, `${other}/${name}`, `${path}/${name}`)) continue;
      yield { name, places: [other, path] };
    }
  }
}

/** Folders of one name may belong to a topic and to one of that name before it. */
function areSameLog(disk: Disk, one: string, other: string): boolean {
  const [first, second] = [one, other].map((path) => identityIn(disk, path));
  return first === undefined || second === undefined || first === second;
}

function identityIn(disk: Disk, folder: string): Uuid | undefined {
  try {
    return readIdentity(disk, `${folder}/${identityFile}`);
  } catch {
    return undefined; // it may be any topic's
  }
}
