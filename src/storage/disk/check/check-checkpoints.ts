import type { Disk } from '../../../host/disk.ts';
import { findOffsets } from '../checkpoint-files.ts';
import type { OffsetsByFolder } from '../checkpoint-files.ts';
import { cleanerFile, highWatermarkFile, logStartFile, recoveryPointFile } from '../file-names.ts';
import type { LogExtent } from './check-log.ts';
import type { CheckReport } from './check-report.ts';

/** Files at the root of a data directory: an offset per log, and what it must not be above. */
const checkpoints = {
  recoveryPoints: { file: recoveryPointFile, what: 'the recovery point' },
  logStarts: { file: logStartFile, what: 'the log start' },
  highWatermarks: { file: highWatermarkFile, what: 'the high watermark' },
  cleanerOffsets: { file: cleanerFile, what: 'the cleaner offset' },
} as const;

type CheckpointName = keyof typeof checkpoints;
const checkpointNames = Object.keys(checkpoints) as CheckpointName[];

/** What the checkpoints say, by folder name. */
export type Checkpoints = Readonly<Record<CheckpointName, OffsetsByFolder>>;

/** Reads the checkpoints at a root; those that cannot be read are reported and count as empty. */
export function readCheckpoints(disk: Disk, root: string, report: CheckReport): Checkpoints {
  const read = (name: CheckpointName): OffsetsByFolder => {
    const path = `${root}/${checkpoints[name].file}`;
    try {
      const offsets = findOffsets(disk, path);
      if (offsets !== undefined) return offsets;
      // Kafka makes the file first and fills it at its next checkpoint.
      const isEmpty = (disk.stat(path)?.size ?? 0) === 0;
      if (!isEmpty) report.error(path, 'it is torn, or no such file at all');
    } catch (error) {
      report.error(path, (error as Error).message);
    }
    return new Map();
  };
  return {
    recoveryPoints: read('recoveryPoints'),
    logStarts: read('logStarts'),
    highWatermarks: read('highWatermarks'),
    cleanerOffsets: read('cleanerOffsets'),
  };
}

/**
 * Compares the checkpoints with the logs that are there.
 *
 * @param logs      of every folder that is there; undefined for one that could not be read
 * @param isWanted  whether the cluster has a partition, by the name of its folder
 */
export function checkCheckpoints(
  found: Checkpoints,
  logs: ReadonlyMap<string, LogExtent | undefined>,
  isWanted: (folder: string) => boolean,
  { root, isClean, report }: { root: string; isClean: boolean; report: CheckReport },
): void {
  for (const name of checkpointNames) {
    const { file, what } = checkpoints[name];
    const path = `${root}/${file}`;
    for (const [folder, offset] of found[name]) {
      const isLost = !logs.has(folder);
      const problem = problemOf(what, folder, offset, isLost ? 'lost' : logs.get(folder));
      if (problem === undefined) continue;
      // Of the durable part nothing may be missing; the rest may be lost in an unclean stop.
      const isHarmless = isLost
        ? !isWanted(folder) || offset === 0
        : !isClean && (name === 'highWatermarks' || name === 'cleanerOffsets');
      report.find(isHarmless ? 'note' : 'error', path, problem);
    }
  }
}

function problemOf(
  what: string,
  folder: string,
  offset: number,
  log: LogExtent | 'lost' | undefined,
): string | undefined {
  if (!Number.isSafeInteger(offset) || offset < 0) return `${what} of ${folder} is no offset`;
  if (log === 'lost') return `it gives ${what} ${offset} of ${folder}, whose folder is not there`;
  if (log === undefined || offset <= log.endOffset) return undefined;
  return `${what} of ${folder} is ${offset}, but its log ends at ${log.endOffset}`;
}
