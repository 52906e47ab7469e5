import type { Disk } from '../../host/disk.ts';
import { lastOffsetAt } from '../../protocol/record-batch.ts';
import { BatchScanner } from './batch-scanner.ts';
import {
  cleanedSuffix,
  deletedSuffix,
  offsetIn,
  segmentSuffixes,
  swapSuffix,
} from './file-names.ts';

/** Removes what an interrupted deletion or compaction left in a folder, and ends an interrupted swap. */
export function clearLeftovers(disk: Disk, folder: string): void {
  const names = disk.list(folder);
  for (const name of names) {
    if (!name.endsWith(deletedSuffix) && !name.endsWith(cleanedSuffix)) continue;
    disk.remove(`${folder}/${name}`);
  }
  const swaps = names.filter((name) => name.endsWith(swapSuffix));
  for (const name of swaps) {
    const baseOffset = offsetIn(name.slice(0, -swapSuffix.length), '.log');
    if (baseOffset !== undefined) removeReplaced(disk, folder, baseOffset, `${folder}/${name}`);
  }
  for (const name of swaps) {
    const path = `${folder}/${name}`;
    disk.rename(path, path.slice(0, -swapSuffix.length));
  }
}

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
