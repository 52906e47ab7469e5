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
 * `cleanup.policy=delete` those too many by size, and then those too old by the records' own time.
 * Each of the three goes on where the one before stopped, as Kafka does. Never one with records at or
 * past the high watermark, and the last one only if it holds anything.
 */
export function countExpired(log: RetentionView, settings: LogSettings, nowMs: number): number {
  const belowStart = count(
    log,
    0,
    (_, next) => next !== undefined && next.baseOffset <= log.logStartOffset,
  );
  if (!settings.cleanupDelete) return belowStart;
  return countTooOld(log, countTooMany(log, belowStart, settings), settings, nowMs);
}

function countTooMany(log: RetentionView, from: number, settings: LogSettings): number {
  if (settings.retentionBytes < 0) return from;
  const sizeBefore = log.segments.slice(0, from).reduce((sum, { size }) => sum + size, 0);
  let excess = log.sizeInBytes - sizeBefore - settings.retentionBytes;
  return count(log, from, (segment) => {
    if (excess < segment.size) return false;
    excess -= segment.size;
    return true;
  });
}

function countTooOld(
  log: RetentionView,
  from: number,
  settings: LogSettings,
  nowMs: number,
): number {
  if (settings.retentionMs < 0) return from;
  return count(log, from, (segment) => nowMs - segment.largestTimestamp > settings.retentionMs);
}

/** How many there are up to the first from `from` on that may not go. */
function count(
  log: RetentionView,
  from: number,
  mayGo: (segment: Segment, next: Segment | undefined) => boolean,
): number {
  let i = from;
  for (const segment of log.segments.slice(from)) {
    const next = log.segments[i + 1];
    const end = next?.baseOffset ?? log.logEndOffset;
    const isEmptyLast = next === undefined && segment.size === 0;
    if (isEmptyLast || log.highWatermark < end || !mayGo(segment, next)) break;
    i++;
  }
  return i;
}
