import type { Disk } from '../../host/disk.ts';
import { lastOffsetAt } from '../../protocol/record-batch.ts';
import { BatchScanner } from './batch-scanner.ts';
import {
  cleanedSuffix,
  deletedSuffix,
  offsetIn,
  segmentSuffixes,
  swapSuffix,
  unfinishedSuffix,
} from './file-names.ts';

const leftoverSuffixes = [deletedSuffix, cleanedSuffix, swapSuffix, unfinishedSuffix];

/**
 * Removes what an interrupted deletion, compaction or write of a whole file left in a folder, and ends
 * an interrupted swap.
 * By Apache Kafka's rule a `.swap` file counts only where no `.cleaned` file of its segment or of one
 * before it is left: else the swap had not begun for all files, and is undone.
 *
 * @param names  what is in the folder
 * @returns      what is in it now
 */
export function clearLeftovers(
  disk: Disk,
  folder: string,
  names: readonly string[],
): readonly string[] {
  if (!names.some((name) => leftoverSuffixes.some((suffix) => name.endsWith(suffix)))) return names;
  const cleaned = names.filter((name) => name.endsWith(cleanedSuffix));
  const useless = names.filter((name) =>
    [deletedSuffix, unfinishedSuffix].some((suffix) => name.endsWith(suffix)),
  );
  const firstCleaned = Math.min(...cleaned.map(offsetOf));
  const swaps = names.filter((name) => name.endsWith(swapSuffix));
  const half = swaps.filter((name) => offsetOf(name) >= firstCleaned);
  for (const name of [...useless, ...half]) disk.remove(`${folder}/${name}`);
  // Those that say it was undone go last, after a power cut too.
  if (half.length > 0) disk.syncDirectory(folder);
  for (const name of cleaned) disk.remove(`${folder}/${name}`);
  const begun = swaps.filter((name) => !half.includes(name));
  for (const name of begun) {
    const baseOffset = offsetIn(name.slice(0, -swapSuffix.length), '.log');
    if (baseOffset !== undefined) removeReplaced(disk, folder, baseOffset, `${folder}/${name}`);
  }
  // What they replace must not come back once nothing says any more that it was replaced.
  if (begun.length > 0) disk.syncDirectory(folder);
  for (const name of begun) {
    const path = `${folder}/${name}`;
    disk.rename(path, path.slice(0, -swapSuffix.length));
  }
  return disk.list(folder);
}

const offsetOf = (name: string): number => parseInt(name, 10);

/** Removes the segments whose batches are in a new one that only lacks its name. */
function removeReplaced(disk: Disk, folder: string, from: number, swapPath: string): void {
  const until = endOfFile(disk, swapPath, from);
  for (const name of disk.list(folder)) {
    for (const suffix of segmentSuffixes) {
      const offset = offsetIn(name, suffix);
      if (offset === undefined || offset < from || offset >= until) continue;
      disk.remove(`${folder}/${name}`);
    }
  }
}

function endOfFile(disk: Disk, path: string, baseOffset: number): number {
  const file = disk.open(path, { readOnly: true });
  try {
    let end = baseOffset;
    const scanner = new BatchScanner(file, file.size());
    while (scanner.look() === 'batch') {
      end = lastOffsetAt(scanner.buffer, scanner.at) + 1;
      scanner.next();
    }
    return end;
  } finally {
    file.close();
  }
}
