import { largestOffsetDelta, type Segment } from '../segment.ts';
import type { CleanableLog } from './cleanable-log.ts';

/** What of a log can be cleaned, and how urgent that is. Bytes are those of whole segments. */
export interface CleaningPlan {
  readonly firstDirtyOffset: number;
  /** Where a segment begins of which nothing may be cleaned yet. */
  readonly endOffset: number;
  readonly cleanBytes: number;
  readonly dirtyBytes: number;
  /** Part of the bytes that is dirty. */
  readonly dirtyRatio: number;
  /** Something waits longer than max.compaction.lag.ms. */
  readonly isOverdue: boolean;
  /** The checkpoint was outside of the log. */
  readonly isReset: boolean;
}

type LogInView = Pick<
  CleanableLog,
  'allSegments' | 'logStartOffset' | 'lastStableOffset' | 'logEndOffset' | 'settings'
>;

/**
 * Plans by the rules of Apache Kafka: never the active segment, nothing at or past the last stable
 * offset, no segment with a record younger than min.compaction.lag.ms (nor one behind it).
 *
 * @param cleanedUntil  the checkpoint; undefined: the log was never cleaned
 */
export function planCleaning(
  log: LogInView,
  cleanedUntil: number | undefined,
  nowMs: number,
): CleaningPlan {
  const { allSegments, logStartOffset, settings } = log;
  const checkpoint = cleanedUntil ?? logStartOffset;
  const isReset = checkpoint < logStartOffset || checkpoint > log.logEndOffset;
  const firstDirtyOffset = isReset ? logStartOffset : checkpoint;
  const closed = allSegments.slice(0, -1);
  const dirty = closed.filter((_, i) => {
    return (allSegments[i + 1] as Segment).baseOffset > firstDirtyOffset;
  });
  const young =
    settings.minCompactionLagMs > 0
      ? dirty.find((segment) => segment.largestTimestamp > nowMs - settings.minCompactionLagMs)
      : undefined;
  const uncleanable = Math.max(
    firstDirtyOffset,
    Math.min(
      log.lastStableOffset,
      (allSegments.at(-1) as Segment).baseOffset,
      young?.baseOffset ?? Infinity,
      // Still on its way to the medium.
      closed.find((segment) => !segment.isSealed)?.baseOffset ?? Infinity,
    ),
  );
  const end = allSegments[indexOfHolder(allSegments, uncleanable)] as Segment;
  const cleanBytes = sizeOf(closed.filter(({ baseOffset }) => baseOffset < firstDirtyOffset));
  const dirtyBytes = sizeOf(dirty.filter(({ baseOffset }) => baseOffset < end.baseOffset));
  const total = cleanBytes + dirtyBytes;
  return {
    firstDirtyOffset,
    endOffset: end.baseOffset,
    cleanBytes,
    dirtyBytes,
    dirtyRatio: total === 0 ? 0 : dirtyBytes / total,
    isOverdue: isOverdue(dirty, settings.maxCompactionLagMs, nowMs),
    isReset,
  };
}

/** Is there reason enough to clean? */
export function isDue(plan: CleaningPlan, { settings }: Pick<CleanableLog, 'settings'>): boolean {
  if (plan.dirtyBytes === 0) return false;
  return plan.isOverdue || plan.dirtyRatio > settings.minCleanableDirtyRatio;
}

/** Age is counted from the first batch of a segment. */
function isOverdue(dirty: readonly Segment[], maxCompactionLagMs: number, nowMs: number): boolean {
  return dirty.some(({ firstTimestamp = -1 }) => {
    return firstTimestamp > 0 && firstTimestamp < nowMs - maxCompactionLagMs;
  });
}

/** Index of the segment that holds an offset: the last that begins at or before it, or the first. */
function indexOfHolder(segments: readonly Segment[], offset: number): number {
  return Math.max(
    0,
    segments.findLastIndex(({ baseOffset }) => baseOffset <= offset),
  );
}

function sizeOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { size }) => sum + size, 0);
}

/** A segment, and the bytes of its indexes. */
export interface MeasuredSegment {
  readonly segment: Segment;
  readonly offsetIndexBytes: number;
  readonly timeIndexBytes: number;
}

export function measure(segment: Segment): MeasuredSegment {
  const { offsets, times } = segment.indexes;
  return {
    segment,
    offsetIndexBytes: offsets.bytes.length,
    timeIndexBytes: times.bytes.length,
  };
}

/**
 * Which segments become one: neighbours that together are no larger than a segment may be, nor have
 * more rows in their indexes, nor more offsets than a row can tell apart.
 *
 * @param endOffset  where the last of them ends
 */
export function groupSegments(
  measured: readonly MeasuredSegment[],
  endOffset: number,
  { segmentBytes, segmentIndexBytes }: { segmentBytes: number; segmentIndexBytes: number },
): Segment[][] {
  const groups: Segment[][] = [];
  let group: Segment[] = [];
  let [bytes, offsetBytes, timeBytes] = [0, 0, 0];
  for (const [i, { segment, offsetIndexBytes, timeIndexBytes }] of measured.entries()) {
    const lastOffset = (measured[i + 1]?.segment.baseOffset ?? endOffset) - 1;
    const [first] = group;
    const fits =
      first !== undefined &&
      bytes + segment.size <= segmentBytes &&
      offsetBytes + offsetIndexBytes <= segmentIndexBytes &&
      timeBytes + timeIndexBytes <= segmentIndexBytes &&
      lastOffset - first.baseOffset <= largestOffsetDelta;
    if (!fits) {
      group = [];
      groups.push(group);
      [bytes, offsetBytes, timeBytes] = [0, 0, 0];
    }
    group.push(segment);
    bytes += segment.size;
    offsetBytes += offsetIndexBytes;
    timeBytes += timeIndexBytes;
  }
  return groups;
}
