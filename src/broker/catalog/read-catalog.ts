import { AssertionError } from 'node:assert';
import type { Disk } from '../../host/disk.ts';
import type { EpochEntry } from '../../storage/epoch-cache.ts';
import { applyRecords } from './apply-records.ts';
import type { Position } from './apply-records.ts';
import { emptyImage } from './image.ts';
import type { MetadataImage } from './image.ts';
import type { MetadataBatch } from './metadata-batches.ts';
import { newLog, readMetadataLog } from './metadata-log.ts';
import type { FoundLog } from './metadata-log.ts';
import type { MetadataRecord } from './metadata-record.ts';
import { applyControl, newQuorum } from './quorum.ts';
import type { Quorum } from './quorum.ts';
import { decodeQuorumState } from './quorum-state.ts';
import { decodeSnapshot, latestSnapshot, snapshotName } from './snapshot-file.ts';
import type { SnapshotId } from './snapshot-file.ts';
import { UnusableFolder } from './unusable-folder.ts';

export const metadataFolder = (dataFolder: string): string => `${dataFolder}/__cluster_metadata-0`;
export const quorumStateFile = 'quorum-state';

/** What the metadata folder was found to hold. */
export interface FoundCatalog {
  readonly image: MetadataImage;
  readonly quorum: Quorum;
  readonly log: FoundLog;
  /** Segments are there, but end before the snapshot does: of no use, and in the way. */
  readonly isLogBehindSnapshot: boolean;
  /** Epochs of the log and where they begin, for `leader-epoch-checkpoint`. */
  readonly epochs: readonly EpochEntry[];
  /** The last epoch that somebody led or voted in. */
  readonly usedEpoch: number;
  /** The last transaction of several batches was never finished. */
  readonly endsInTransaction: boolean;
  readonly bytesSinceSnapshot: number;
}

/**
 * Reads the catalog of a data folder and changes nothing.
 *
 * @throws {UnusableFolder} it is damaged, or written by something newer
 */
export function readCatalog(disk: Disk, dataFolder: string, clusterId: string): FoundCatalog {
  const folder = metadataFolder(dataFolder);
  try {
    const snapshot = latestSnapshot(disk, folder);
    const start = readSnapshot(disk, folder, clusterId, snapshot);
    const { log, isLogBehindSnapshot } = readLog(disk, folder, start.image.offset + 1);
    const fold = foldBatches(start, log.batches);
    const { leaderEpoch, voterIds } = readQuorumState(disk, folder);
    const behind = log.batches.filter(({ lastOffset }) => lastOffset > start.image.offset);
    return {
      ...fold,
      quorum: { ...fold.quorum, voterIds: fold.quorum.voterIds ?? voterIds },
      log,
      isLogBehindSnapshot,
      epochs: epochStarts(log.batches, snapshot),
      usedEpoch: leaderEpoch,
      bytesSinceSnapshot: behind.reduce((sum, { sizeInBytes }) => sum + sizeInBytes, 0),
    };
  } catch (error) {
    if (!(error instanceof AssertionError)) throw error;
    throw new UnusableFolder(`${folder} contradicts itself: ${error.message}`);
  }
}

interface Fold {
  readonly image: MetadataImage;
  readonly quorum: Quorum;
}

function readSnapshot(
  disk: Disk,
  folder: string,
  clusterId: string,
  snapshot: SnapshotId | undefined,
): Fold {
  const empty = emptyImage(clusterId);
  if (snapshot === undefined) return { image: empty, quorum: newQuorum };
  const path = `${folder}/${snapshotName(snapshot)}`;
  const { endOffset, epoch } = snapshot;
  const { records, controls } = decodeSnapshot(disk.readFile(path), path);
  return {
    image: applyRecords(empty, records, { offset: endOffset - 1, epoch }),
    quorum: controls.reduce(applyControl, newQuorum),
  };
}

/** @param startOffset  end of the snapshot: what comes before it is not needed */
function readLog(
  disk: Disk,
  folder: string,
  startOffset: number,
): Pick<FoundCatalog, 'log' | 'isLogBehindSnapshot'> {
  const log = readMetadataLog(disk, folder, startOffset);
  const firstOffset = log.batches[0]?.baseOffset ?? log.endOffset;
  if (firstOffset > startOffset) {
    throw new UnusableFolder(`${folder} lacks the records from ${startOffset} to ${firstOffset}`);
  }
  if (log.endOffset >= startOffset) return { log, isLogBehindSnapshot: false };
  return { log: newLog(startOffset), isLogBehindSnapshot: true };
}

/** Applies what comes behind a snapshot; a transaction over several batches counts when it ended. */
function foldBatches(
  start: Fold,
  batches: readonly MetadataBatch[],
): Fold & Pick<FoundCatalog, 'endsInTransaction'> {
  const committed: MetadataRecord[] = [];
  let position: Position = { offset: start.image.offset, epoch: start.image.epoch };
  let quorum = start.quorum;
  let open: MetadataRecord[] | undefined;
  for (const batch of batches) {
    if (batch.lastOffset <= start.image.offset) continue;
    position = { offset: batch.lastOffset, epoch: batch.epoch };
    quorum = batch.controls.reduce(applyControl, quorum);
    for (const record of batch.records) {
      if (record.type === 'BeginTransactionRecord') open = [];
      else if (record.type === 'AbortTransactionRecord') open = undefined;
      else if (record.type === 'EndTransactionRecord') {
        for (const ended of open ?? []) committed.push(ended);
        open = undefined;
      } else (open ?? committed).push(record);
    }
  }
  const image = applyRecords(start.image, committed, position);
  return { image, quorum, endsInTransaction: open !== undefined };
}

function epochStarts(
  batches: readonly MetadataBatch[],
  snapshot: SnapshotId | undefined,
): EpochEntry[] {
  const starts: EpochEntry[] = [];
  // A dynamic quorum is formatted with a snapshot of nothing, which is no epoch.
  if (batches.length === 0 && snapshot !== undefined && snapshot.endOffset > 0) {
    starts.push({ epoch: snapshot.epoch, startOffset: snapshot.endOffset });
  }
  for (const { epoch, baseOffset } of batches) {
    if (starts.at(-1)?.epoch !== epoch) starts.push({ epoch, startOffset: baseOffset });
  }
  return starts;
}

function readQuorumState(disk: Disk, folder: string): ReturnType<typeof decodeQuorumState> {
  const path = `${folder}/${quorumStateFile}`;
  if (!disk.exists(path)) return { leaderEpoch: 0, voterIds: [] };
  return decodeQuorumState(disk.readFile(path).toString(), path);
}
