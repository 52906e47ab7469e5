import type { LogState } from '../log-state.ts';
import type { SegmentedLog } from '../segmented-log.ts';
import type { DiskLogFolder } from './disk-log-folder.ts';

/**
 * After a failed fsync the system may have given up the pages it could not write and count them as
 * clean: the file reads well while they are cached, and a further fsync succeeds without writing
 * them. So everything behind the last good fsync is unknown. Recovery has read it, cut it where a
 * checksum does not agree, and what is left is written again, to the same place: that makes the
 * pages dirty once more, and the fsync that follows covers them. (A copy in new files would also
 * get around a broken sector; there the fsync fails once more, and the log stays closed.) The same
 * goes for the end of the log: what was cut off would come back. Indexes, epochs and identity are
 * written anew anyway.
 *
 * @throws raw system errors
 */
export async function rewriteUnsynced(
  { segments }: LogState,
  failed: SegmentedLog,
  folder: DiskLogFolder,
): Promise<void> {
  for (const segment of segments) {
    const from = failed.syncedSizeOf(segment.baseOffset);
    const medium = folder.found(segment.baseOffset);
    const isLast = segment === segments.at(-1);
    if (from < segment.size || isLast) await medium?.rewrite(from, segment.size, isLast);
    else if (medium?.isDirty === true) await medium.sync();
    segment.syncedSize = segment.size;
  }
  folder.changed();
  await folder.beginSync()();
}

/**
 * Where a log begins whose files were removed under us: behind all that it had. An offset that was
 * given to one record is never given to another.
 */
export const startOfLost = (failed: SegmentedLog | undefined): number => failed?.highWatermark ?? 0;

/**
 * Where a log begins that is opened again: what was deleted stays deleted, also where that could not
 * be written down.
 */
export const startAgain = (written: number, failed: SegmentedLog | undefined): number =>
  Math.max(written, failed?.logStartOffset ?? 0);
