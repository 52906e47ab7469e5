import type { Disk } from '../../host/disk.ts';
import type { Uuid } from '../../protocol/uuid.ts';
import type { EpochEntry } from '../epoch-cache.ts';
import { unfinishedSuffix } from './file-names.ts';

/*
 * Text files of Kafka: a line with the version (0), a line with the number of entries, then a line
 * per entry, fields separated by one space. Written beside and renamed, so that a reader finds the
 * old or the new one. A file that is torn counts as not there: what it says can be found out anew.
 *
 *   leader-epoch-checkpoint                     epoch startOffset
 *   (three at the root) *-offset-checkpoint     topic partition offset
 *
 * `partition.metadata` has its own lines: `version: 0` and `topic_id: <uuid>`.
 */
const currentVersion = '0';

export function writeAtomically(
  disk: Disk,
  path: string,
  text: Uint8Array | string,
  sync: boolean,
): void {
  const beside = path + unfinishedSuffix;
  disk.writeFile(beside, text, { sync });
  disk.rename(beside, path);
}

function writeEntries(disk: Disk, path: string, entries: readonly string[], sync: boolean): void {
  const lines = [currentVersion, String(entries.length), ...entries];
  writeAtomically(disk, path, lines.join('\n') + '\n', sync);
}

/** The entries' fields; undefined when there is no such file, or none that can be read. */
function readEntries(disk: Disk, path: string, fields: number): string[][] | undefined {
  if (!disk.exists(path)) return undefined;
  const text = disk.readFile(path).toString();
  const [version, count, ...rest] = text.split('\n');
  if (version === undefined || !/^\d+$/.test(version)) return undefined;
  if (version !== currentVersion) throw new Error(`${path} has the unknown version ${version}`);
  const entries = rest.filter((line) => line !== '').map((line) => line.split(' '));
  // Every line ends; one that does not may have lost digits, and a count that is not there is no 0.
  const isWhole =
    text.endsWith('\n') &&
    count !== '' &&
    entries.length === Number(count) &&
    entries.every((entry) => entry.length === fields);
  return isWhole ? entries : undefined;
}

export function writeEpochs(disk: Disk, path: string, entries: readonly EpochEntry[]): void {
  const lines = entries.map(({ epoch, startOffset }) => `${epoch} ${startOffset}`);
  writeEntries(disk, path, lines, false);
}

export function readEpochs(disk: Disk, path: string): EpochEntry[] | undefined {
  return readEntries(disk, path, 2)?.map(([epoch, startOffset]) => ({
    epoch: Number(epoch),
    startOffset: Number(startOffset),
  }));
}

/** Offsets by folder name (`<topic>-<partition>`). */
export type OffsetsByFolder = Map<string, number>;

export function writeOffsets(
  disk: Disk,
  path: string,
  offsets: OffsetsByFolder,
  sync: boolean,
): void {
  const lines = [...offsets].map(([folder, offset]) => {
    const dash = folder.lastIndexOf('-');
    return `${folder.slice(0, dash)} ${folder.slice(dash + 1)} ${offset}`;
  });
  writeEntries(disk, path, lines, sync);
}

export function readOffsets(disk: Disk, path: string): OffsetsByFolder {
  return findOffsets(disk, path) ?? new Map<string, number>();
}

/** As `readOffsets`; undefined when there is no such file, or none that can be read. */
export function findOffsets(disk: Disk, path: string): OffsetsByFolder | undefined {
  const entries = readEntries(disk, path, 3);
  if (entries === undefined) return undefined;
  return new Map(
    entries.map(([topic, partition, offset]) => [
      `${topic ?? ''}-${partition ?? ''}`,
      Number(offset),
    ]),
  );
}

export function writeIdentity(disk: Disk, path: string, topicId: Uuid, sync = false): void {
  writeAtomically(disk, path, `version: 0\ntopic_id: ${topicId}`, sync);
}

export function readIdentity(disk: Disk, path: string): Uuid | undefined {
  if (!disk.exists(path)) return undefined;
  const text = disk.readFile(path).toString();
  const version = /^version: (\d+)$/m.exec(text)?.[1];
  if (version !== undefined && version !== currentVersion) {
    throw new Error(`${path} has the unknown version ${version}`);
  }
  return /^topic_id: ([A-Za-z0-9_-]{22})$/m.exec(text)?.[1];
}
