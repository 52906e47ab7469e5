import type { Disk } from '../../host/disk.ts';
import type { CheckReport } from '../../storage/disk/check/check-report.ts';
import { applyRecords } from './apply-records.ts';
import { emptyImage } from './image.ts';
import type { MetadataImage } from './image.ts';
import { decodeMetaProperties } from './meta-properties.ts';
import { decodeQuorumState } from './quorum-state.ts';
import { metadataFolder, quorumStateFile, readCatalog } from './read-catalog.ts';
import { decodeSnapshot } from './snapshot-file.ts';

const snapshotPattern = /^\d{20}-\d{10}\.checkpoint$/;
const leftoverPattern = /\.(part|tmp)$/;

/**
 * Checks what a data folder says of itself and of the cluster: `meta.properties`,
 * `bootstrap.checkpoint`, `quorum-state`, the records of the metadata log and of its snapshots.
 * That the log's batches are whole is checked as for any log.
 *
 * @param isLogWhole  the check of the metadata log found no damage
 * @returns           the cluster's image; undefined when it cannot be made
 */
export function checkCatalog(
  disk: Disk,
  root: string,
  report: CheckReport,
  isLogWhole: boolean,
): MetadataImage | undefined {
  /** @returns undefined when there is no such file, or it cannot be read, which is said */
  const attempt = <T>(path: string, read: (bytes: Buffer) => T): T | undefined => {
    try {
      return disk.exists(path) ? read(disk.readFile(path)) : undefined;
    } catch (error) {
      report.error(path, (error as Error).message);
      return undefined;
    }
  };
  const bootstrap = `${root}/bootstrap.checkpoint`;
  attempt(bootstrap, (bytes) => decodeSnapshot(bytes, bootstrap));
  const meta = `${root}/meta.properties`;
  if (!disk.exists(meta)) {
    report.error(meta, 'it is not there, so it is not known whose the folder is');
  }
  const identity = attempt(meta, (bytes) => decodeMetaProperties(bytes.toString(), meta));

  const folder = metadataFolder(root);
  if (!disk.exists(folder)) return undefined; // never started, or it is in another directory
  const errorsBefore = report.errors;
  const quorum = `${folder}/${quorumStateFile}`;
  const used = attempt(quorum, (bytes) => decodeQuorumState(bytes.toString(), quorum));
  for (const name of namesIn(disk, folder)) {
    const path = `${folder}/${name}`;
    if (leftoverPattern.test(name)) report.note(path, 'it was not finished');
    if (snapshotPattern.test(name)) attempt(path, (bytes) => foldSnapshot(bytes, path));
  }
  // What is damaged was said; what is read of it would be wrong.
  if (!isLogWhole || report.errors > errorsBefore) return undefined;
  try {
    const { image } = readCatalog(disk, root, identity?.clusterId ?? '');
    if (used !== undefined && used.leaderEpoch < image.epoch) {
      const message = `it knows epochs up to ${used.leaderEpoch}, but the log was written in ${image.epoch}`;
      report.error(quorum, message);
    }
    return image;
  } catch (error) {
    report.error(folder, (error as Error).message);
    return undefined;
  }
}

/** None of a folder that may not be read, which the check of its log says. */
function namesIn(disk: Disk, folder: string): string[] {
  try {
    return disk.list(folder);
  } catch {
    return [];
  }
}

function foldSnapshot(bytes: Buffer, path: string): void {
  const { records } = decodeSnapshot(bytes, path);
  applyRecords(emptyImage(''), records, { offset: 0, epoch: 0 });
}
