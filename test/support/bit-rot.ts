import { CheckReport, findingInWords } from '../../src/storage/disk/check/check-report.ts';
import { checkLog } from '../../src/storage/disk/check/check-log.ts';
import type { PartitionLog } from '../../src/storage/partition-log.ts';
import type { MemoryDisk } from './memory-disk.ts';

/*
 * Bits of files that turn over while nobody looks, and the two that may find out: a reader of the
 * log, and a check of its folder.
 */

export function flip(disk: MemoryDisk, path: string, bit: number): void {
  const bytes = disk.readFile(path);
  bytes[bit >> 3]! ^= 1 << (bit & 7);
  disk.writeFile(path, bytes);
}

/** What is read from an offset on until the end, or until somebody says that it is damaged. */
export async function readAll(log: PartitionLog, fromOffset: number, maxBytes: number) {
  const chunks: Buffer[] = [];
  let next = fromOffset;
  while (next < log.logEndOffset) {
    try {
      const limit = 'highWatermark';
      const read = await log.read({ fromOffset: next, maxBytes, minOneBatch: true, limit });
      for (const { buffer, start, end } of read.records) {
        const chunk = Buffer.from(buffer.subarray(start, end));
        chunks.push(chunk);
        next = batchesIn(chunk).at(-1)?.endOffset ?? next;
      }
      read.release();
    } catch (error) {
      return { bytes: Buffer.concat(chunks), code: (error as { code?: string }).code };
    }
  }
  return { bytes: Buffer.concat(chunks), code: undefined };
}

interface PlacedBatch {
  readonly position: number;
  readonly baseOffset: number;
  readonly endOffset: number;
}

/** Batches that lie side by side. */
export function batchesIn(bytes: Buffer): PlacedBatch[] {
  const found: PlacedBatch[] = [];
  for (let at = 0; at < bytes.length; at += 12 + bytes.readInt32BE(at + 8)) {
    const baseOffset = Number(bytes.readBigInt64BE(at));
    found.push({
      position: at,
      baseOffset,
      endOffset: baseOffset + bytes.readInt32BE(at + 23) + 1,
    });
  }
  return found;
}

/** What a check of a log's folder calls an error, after a clean stop. */
export async function errorsOf(
  disk: MemoryDisk,
  path: string,
  mayBeCompacted = false,
): Promise<string[]> {
  const errors: string[] = [];
  const report = new CheckReport((finding) => {
    if (finding.severity === 'error') errors.push(findingInWords(finding));
  });
  const log = {
    path,
    isClean: true,
    recoveryPoint: 0,
    logStart: 0,
    mayBeCompacted,
    lacksIndexes: false,
    indexInterval: 4096,
  };
  await checkLog(disk, log, report, () => Promise.resolve());
  return errors;
}
