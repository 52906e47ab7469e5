import type { Disk } from '../host/disk.ts';
import type { Logger } from '../host/logger.ts';
import type { Uuid } from '../protocol/uuid.ts';
import type { PartitionRef } from '../storage/partition-log.ts';
import type { DiskLogStore } from '../storage/disk/disk-log-store.ts';
import type { LogDirectory } from '../storage/disk/log-directories.ts';
import { LogDirectories } from '../storage/disk/log-directories.ts';
import { systemCodeOf } from '../storage/storage-failure.ts';
import { openDataFolder } from './catalog/data-folder.ts';
import type { FileCatalog, FileCatalogOptions } from './catalog/file-catalog.ts';
import { inspectFolder } from './catalog/inspect-folder.ts';
import type { FoundFolder } from './catalog/inspect-folder.ts';
import type { FoundDirectory } from './catalog/several-folders.ts';
import { inspectDirectories } from './catalog/several-folders.ts';
import { unnamedDirectories } from './catalog/unnamed-directories.ts';
import type { OpenStore } from './disk-engine.ts';
import type { Engine } from './engine.ts';

/** Logs named in one line. */
const mostTold = 10;

type Options = FileCatalogOptions & { readonly disk: Disk; readonly logger: Logger };

/**
 * Several log directories, one of which (or another folder, `metadata.log.dir`) holds the catalog.
 * That one must be well; any other that the system does not let us use is left out, with a word.
 *
 * @throws {UnusableFolder} directories that do not belong together, or two copies of a partition
 * @throws an error with code ELOCKED when another process uses one of them
 */
export async function openSeveralDirectories(
  options: Options,
  paths: readonly string[],
  openStore: OpenStore,
  openCatalog: (found: FoundFolder) => Promise<FileCatalog>,
): Promise<Engine> {
  const { disk, folder, logger } = options;
  const found = inspectFolder(options);
  const others = inspectDirectories(
    options,
    found.meta,
    paths.filter((path) => path !== folder),
  );
  const stores = new Map<string, DiskLogStore>();
  const closing: (() => unknown)[] = [];
  try {
    if (!paths.includes(folder)) closing.push(lockOf(disk, folder));
    else
      stores.set(
        folder,
        openStore(folder, () => void inspectFolder(options)),
      );
    for (const { path, error } of others) {
      const store = error === undefined ? opened(openStore, path, logger) : undefined;
      if (store === undefined) logOffline(logger, path, error);
      else stores.set(path, store);
    }
    const catalog = await openCatalog(found);
    const { clusterId } = catalog.image;
    const directories: LogDirectory[] = [];
    for (const path of paths) {
      const other = others.find((each) => each.path === path);
      const directory =
        other === undefined
          ? { path, id: catalog.directoryId, store: stores.get(path) }
          : await identified({ ...options, clusterId }, other, stores.get(path));
      directories.push(directory);
    }
    directories.push(...unnamed(options, catalog, directories));
    const store = new LogDirectories(directories, disk, logger, closing);
    return { catalog, store, directories: store };
  } catch (error) {
    for (const store of stores.values()) await store.close();
    for (const close of closing) close();
    throw error;
  }
}

/** What the catalog names and `log.dirs` does not. */
function unnamed(
  { nodeId, logger }: Options,
  { image }: FileCatalog,
  directories: readonly LogDirectory[],
): LogDirectory[] {
  // Of one that cannot be read nobody knows the id: it may be the one.
  const ids = directories.flatMap(({ id }) => id ?? []);
  if (ids.length < directories.length) return [];
  const holds = (ref: PartitionRef): boolean =>
    directories.some(({ store }) => store?.holds(ref) === true);
  return offlineDirectories(unnamedDirectories(image, nodeId, ids, holds), logger);
}

/**
 * Directories that were left out of `log.dirs`: their logs are offline. To begin them anew would be
 * Kafka's way, which has other replicas.
 *
 * @param unnamed  by directory, the logs in it
 */
function offlineDirectories(
  unnamed: ReadonlyMap<Uuid, readonly string[]>,
  logger: Logger,
): LogDirectory[] {
  return [...unnamed].map(([id, logs]) => {
    const most = logs.length > mostTold ? `, ... (${logs.length})` : '';
    logger.error(
      `none of log.dirs is the directory ${id}, in which lie ${logs.slice(0, mostTold).join(', ')}${most}; ` +
        'they are offline until it is named, or their topics are deleted',
    );
    return { path: `directory ${id}`, id, store: undefined };
  });
}

/** A single directory, and those that the catalog names beside it. */
export function besideUnnamed(
  only: LogDirectory,
  unnamed: ReadonlyMap<Uuid, readonly string[]>,
  { disk, logger }: Options,
): LogDirectories {
  return new LogDirectories([only, ...offlineDirectories(unnamed, logger)], disk, logger);
}

function lockOf(disk: Disk, folder: string): () => void {
  disk.makeDirectory(folder);
  const lock = disk.lock(`${folder}/.lock`);
  return () => lock.release();
}

function opened(openStore: OpenStore, path: string, logger: Logger): DiskLogStore | undefined {
  try {
    return openStore(path);
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === undefined || code === 'ELOCKED') throw error;
    logOffline(logger, path, error);
    return undefined;
  }
}

/** A directory with its id; one that is empty is formatted. */
async function identified(
  options: Options,
  { path, meta }: FoundDirectory,
  store: DiskLogStore | undefined,
): Promise<LogDirectory> {
  if (store === undefined) return { path, id: meta?.directoryId, store };
  try {
    return { path, id: openDataFolder({ ...options, folder: path }, meta).directoryId, store };
  } catch (error) {
    if (systemCodeOf(error) === undefined) throw error;
    logOffline(options.logger, path, error);
    await store.close();
    return { path, id: meta?.directoryId, store: undefined };
  }
}

function logOffline(logger: Logger, path: string, error: unknown): void {
  if (error === undefined) return; // said already
  logger.error('a log directory cannot be used and is offline until the next start', {
    path,
    error,
  });
}
