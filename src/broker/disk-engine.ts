import { Descriptors } from '../host/descriptors.ts';
import { SparingDisk } from '../host/sparing-disk.ts';
import { SystemDisk } from '../host/system-disk.ts';
import { DiskLogStore } from '../storage/disk/disk-log-store.ts';
import { OpenFiles } from '../storage/disk/open-files.ts';
import type { PartitionRef } from '../storage/partition-log.ts';
import type { BrokerOptions } from './broker-options.ts';
import { FileCatalog } from './catalog/file-catalog.ts';
import type { FileCatalogOptions } from './catalog/file-catalog.ts';
import { inspectFolder } from './catalog/inspect-folder.ts';
import type { FoundFolder } from './catalog/inspect-folder.ts';
import { unnamedDirectories } from './catalog/unnamed-directories.ts';
import type { Engine, Surroundings } from './engine.ts';
import { cleanerSettings } from './config/cleaner-settings.ts';
import type { BrokerConfig } from './config/broker-config.ts';

type DiskOptions = Pick<BrokerOptions, 'disk' | 'clusterId'> & {
  readonly dataDir: string | readonly string[];
};

/** Makes the store of one log directory. @param inspect  called under its lock, before a change */
export type OpenStore = (root: string, inspect?: () => void) => DiskLogStore;

/**
 * Opens (or makes) a data folder, or several. Loaded only when there is one: a broker in memory does
 * without.
 *
 * @throws {UnusableFolder} it belongs to somebody else, or is damaged
 * @throws an error with code ELOCKED when another process uses it
 */
export async function openDiskEngine(
  { dataDir, disk: given = new SystemDisk(), clusterId }: DiskOptions,
  config: BrokerConfig,
  around: Surroundings,
): Promise<Engine> {
  const { nodeId } = config;
  const { descriptors = new Descriptors() } = around;
  const disk = new SparingDisk(given, descriptors);
  const files = new OpenFiles(disk, undefined, descriptors);
  const paths = [...new Set([dataDir].flat().map((path) => path.replace(/(?<=.)\/+$/, '')))];
  const folder = config.get('metadata.log.dir') ?? paths[0] ?? '';
  const options = {
    ...around,
    disk,
    folder,
    nodeId,
    ...(clusterId !== undefined && { clusterId }),
    minInsyncReplicas: config.get('min.insync.replicas'),
    ...snapshotsOf(config),
  };
  let catalog: FileCatalog | undefined;
  const openCatalog = async (found: FoundFolder | undefined): Promise<FileCatalog> =>
    (catalog = await FileCatalog.open(options, found));
  const openStore: OpenStore = (root, inspect) =>
    new DiskLogStore({
      ...around,
      disk,
      files,
      root,
      ...(inspect !== undefined && { inspect }),
      brokerEpoch: () => catalog?.image.brokers.get(nodeId)?.epoch ?? -1,
      retentionCheckMs: config.get('log.retention.check.interval.ms'),
      initialTaskDelayMs: config.get('log.initial.task.delay.ms'),
      producerExpiryCheckMs: config.get('producer.id.expiration.check.interval.ms'),
      cleaner: () => cleanerSettings(catalog === undefined ? config : config.follow(catalog.image)),
      checkpointMs: config.get('log.flush.offset.checkpoint.interval.ms'),
    });
  if (paths.length > 1 || paths[0] !== folder) {
    const { openSeveralDirectories } = await import('./several-directories.ts');
    return openSeveralDirectories(options, paths, openStore, openCatalog);
  }
  let found: FoundFolder | undefined;
  // First of all, for its lock.
  const store = openStore(folder, () => {
    found = inspectFolder(options);
  });
  try {
    const opened = await openCatalog(found);
    const online = [opened.directoryId];
    const holds = (ref: PartitionRef): boolean => store.holds(ref);
    const unnamed = unnamedDirectories(opened.image, nodeId, online, holds);
    if (unnamed.size > 0) {
      const { besideUnnamed } = await import('./several-directories.ts');
      const only = { path: folder, id: opened.directoryId, store };
      const several = besideUnnamed(only, unnamed, options);
      return { catalog: opened, store: several, directories: several };
    }
    const directories = { online, isPartial: false, watch: () => undefined };
    return { catalog: opened, store, directories };
  } catch (error) {
    await store.close();
    throw error;
  }
}

const snapshotKey = 'metadata.log.max.record.bytes.between.snapshots';

/** Where nothing is said, snapshots come more often than Kafka's: our start reads what follows one. */
function snapshotsOf(config: BrokerConfig): Pick<FileCatalogOptions, 'snapshotAfterBytes'> {
  return config.staticTexts.has(snapshotKey) ? { snapshotAfterBytes: config.get(snapshotKey) } : {};
}
