import { SystemDisk } from '../host/system-disk.ts';
import { DiskLogStore } from '../storage/disk/disk-log-store.ts';
import type { BrokerOptions } from './broker-options.ts';
import { FileCatalog } from './catalog/file-catalog.ts';
import type { FileCatalogOptions } from './catalog/file-catalog.ts';
import { inspectFolder } from './catalog/inspect-folder.ts';
import type { FoundFolder } from './catalog/inspect-folder.ts';
import type { Engine, Surroundings } from './engine.ts';
import { cleanerSettings } from './config/cleaner-settings.ts';
import type { BrokerConfig } from './config/broker-config.ts';

type DiskOptions = Pick<BrokerOptions, 'disk' | 'clusterId'> & { readonly dataDir: string };

/**
 * Opens (or makes) a data folder. Loaded only when there is one: a broker in memory does without.
 *
 * @throws {UnusableFolder} it belongs to somebody else, or is damaged
 * @throws an error with code ELOCKED when another process uses it
 */
export async function openDiskEngine(
  { dataDir: folder, disk = new SystemDisk(), clusterId }: DiskOptions,
  config: BrokerConfig,
  around: Surroundings,
): Promise<Engine> {
  const { nodeId } = config;
  const catalogOptions: FileCatalogOptions = {
    ...around,
    disk,
    folder,
    nodeId,
    ...(clusterId !== undefined && { clusterId }),
    minInsyncReplicas: config.get('min.insync.replicas'),
  };
  let found: FoundFolder | undefined;
  let catalog: FileCatalog | undefined;
  const brokerEpoch = (): number => catalog?.image.brokers.get(nodeId)?.epoch ?? -1;
  // First of all, for its lock.
  const store = new DiskLogStore({
    ...around,
    disk,
    root: folder,
    inspect: () => {
      found = inspectFolder(catalogOptions);
    },
    brokerEpoch,
    retentionCheckMs: config.get('log.retention.check.interval.ms'),
    producerExpiryCheckMs: config.get('producer.id.expiration.check.interval.ms'),
    cleaner: () => cleanerSettings(catalog === undefined ? config : config.follow(catalog.image)),
    checkpointMs: config.get('log.flush.offset.checkpoint.interval.ms'),
  });
  try {
    catalog = await FileCatalog.open(catalogOptions, found);
  } catch (error) {
    await store.close();
    throw error;
  }
  return { catalog, store, directoryId: catalog.directoryId };
}
