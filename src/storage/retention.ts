import type { LogSettings } from './partition-log.ts';
import type { Segment } from './segment.ts';

/** What of a log decides about its oldest segments. */
export interface RetentionView {
  readonly segments: readonly Segment[];
  readonly logStartOffset: number;
  readonly highWatermark: number;
  readonly logEndOffset: number;
  readonly sizeInBytes: number;
}

/**
 * How many of the oldest segments may go: those wholly below the log's start, and with
 * `cleanup.policy=delete` those too many by size or too old by the records' own time. Never one with
 * records at or past the high watermark, and the last one only if it holds anything.
 */
export function countExpired(log: RetentionView, settings: LogSettings, nowMs: number): number {
  const belowStart = count(
    log,
    (_, next) => next !== undefined && next.baseOffset <= log.logStartOffset,
  );
  if (!settings.cleanupDelete) return belowStart;
  return Math.max(belowStart, countTooMany(log, settings), countTooOld(log, settings, nowMs));
}

function countTooMany(log: RetentionView, settings: LogSettings): number {
  if (settings.retentionBytes < 0) return 0;
  let excess = log.sizeInBytes - settings.retentionBytes;
  return count(log, (segment) => {
    if (excess < segment.size) return false;
    excess -= segment.size;
    return true;
  });
}

function countTooOld(log: RetentionView, settings: LogSettings, nowMs: number): number {
  if (settings.retentionMs < 0) return 0;
  return count(log, (segment) => nowMs - segment.largestTimestamp > settings.retentionMs);
}

function count(
  log: RetentionView,
  mayGo: (segment: Segment, next: Segment | undefined) => boolean,
): number {
  for (const [i, segment] of log.segments.entries()) {
    const next = log.segments[i + 1];
    const end = next?.baseOffset ?? log.logEndOffset;
    const isEmptyLast = next === undefined && segment.size === 0;
    if (isEmptyLast || log.highWatermark < end || !mayGo(segment, next)) return i;
  }
  return log.segments.length;
}
