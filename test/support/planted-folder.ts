import { FileCatalog } from '../../src/broker/catalog/file-catalog.ts';
import { partitionState, topicCreated } from '../../src/broker/catalog/metadata-record.ts';
import type { MetadataRecord } from '../../src/broker/catalog/metadata-record.ts';
import { checkFolders } from '../../src/broker/data-folder/check-folder.ts';
import { CheckReport, findingInWords } from '../../src/storage/disk/check/check-report.ts';
import { DiskLogStore } from '../../src/storage/disk/disk-log-store.ts';
import type { LogSettings, PartitionLog } from '../../src/storage/partition-log.ts';
import { batchOf, idempotentBatch, marker, put, startMs } from './batches.ts';
import { logSettings, partitionRef } from './log-settings.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryDisk } from './memory-disk.ts';
import { SeededRandom } from './seeded-random.ts';

export const plantedRoot = '/data';
export const plantedFolder = '/data/orders-0';

const asClient = { leaderEpoch: 0, origin: 'client' } as const;

/** What `check` says of a folder: its lines, and what it counted. */
export async function checked(
  disk: MemoryDisk,
  roots: readonly string[] = [plantedRoot],
): Promise<{ lines: string[]; report: CheckReport }> {
  const lines: string[] = [];
  const report = new CheckReport((finding) => lines.push(findingInWords(finding)));
  await checkFolders(disk, roots, report, () => Promise.resolve());
  report.finish();
  return { lines, report };
}

/**
 * A data folder with the topic `orders`: several segments, plain and idempotent producers, committed
 * and aborted transactions, two leader epochs.
 *
 * @param stop     'killed': the folder as it is when the process dies
 * @param records  that the metadata has as well
 */
export async function plantedDisk(
  stop: 'clean' | 'killed' = 'clean',
  fill: (log: PartitionLog) => Promise<void> = fillWithEverything,
  changes: Partial<LogSettings> = {},
  records: readonly MetadataRecord[] = [],
): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const around = { clock: new ManualClock(startMs + 60_000), random: new SeededRandom(3), disk };
  const store = new DiskLogStore({ ...around, root: plantedRoot });
  const catalog = await FileCatalog.open({ ...around, folder: plantedRoot, nodeId: 1 });
  const ref = partitionRef();
  await catalog.transact(() => ({
    records: [...topicRecords(ref.topicId, catalog.directoryId), ...records],
    result: 0,
  }));
  const settings = logSettings({ segmentBytes: 1500, indexIntervalBytes: 200, ...changes });
  await fill(await store.open(ref, settings));
  if (stop === 'killed') return disk.copy();
  await catalog.close();
  await store.close();
  return disk;
}

function topicRecords(topicId: string, directoryId: string) {
  const partition = {
    replicas: [1],
    isr: [1],
    addingReplicas: [],
    removingReplicas: [],
    directories: [directoryId],
    leader: 1,
    leaderEpoch: 0,
    partitionEpoch: 0,
  };
  return [topicCreated('orders', topicId), partitionState(topicId, 0, partition)];
}

async function fillWithEverything(log: PartitionLog): Promise<void> {
  for (let i = 0; i < 20; i++) await put(log, [`plain ${i}`, 'b', 'c'], startMs + i);
  for (let i = 0; i < 10; i++)
    await log.append(idempotentBatch(7, 0, i * 2, 2), asClient).commit.done;
  log.becomeLeader(3);
  for (const [round, type] of (['ABORT', 'COMMIT', 'ABORT'] as const).entries()) {
    const batch = idempotentBatch(8, 0, round * 3, 3, { isTransactional: true });
    const asTransaction = { leaderEpoch: 3, origin: 'client', verification: 'off' } as const;
    await log.append(batch, asTransaction).commit.done;
    const end = marker(type, 8, 0);
    await log.append(end, { leaderEpoch: 3, origin: 'coordinator', transactionVersion: 1 }).commit
      .done;
  }
  for (let i = 0; i < 12; i++) {
    const batch = batchOf([`after ${i}`], { timestamp: startMs + 100 + i });
    await log.append(batch, { leaderEpoch: 3, origin: 'client' }).commit.done;
  }
}
