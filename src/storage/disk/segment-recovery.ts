import type { Logger } from '../../host/logger.ts';
import { baseOffsetAt, lastOffsetAt, maxTimestampAt } from '../../protocol/record-batch.ts';
import { emptyIndexes } from '../segment-indexes.ts';
import { largestOffsetDelta } from '../segment.ts';
import { BatchScanner } from './batch-scanner.ts';
import type { FoundLog, FoundSegment } from './found-log.ts';
import { IndexBuilder, readSound } from './index-files.ts';

/** Where reading begins in a segment of which the first part is durable. */
export interface RecoveryStart {
  readonly segment: FoundSegment;
  readonly position: number;
  /** Of the first batch there. */
  readonly offset: number;
  /** Has the rows of the part before. */
  readonly builder: IndexBuilder;
}

/** From the first byte on, trusting nothing. */
export function atSegmentStart(found: FoundLog, segment: FoundSegment): RecoveryStart {
  const { baseOffset } = segment;
  const { indexIntervalBytes } = found.settings;
  const builder = new IndexBuilder(emptyIndexes(baseOffset), indexIntervalBytes);
  return { segment, position: 0, offset: baseOffset, builder };
}

/**
 * Where to begin: at the batch that begins at the recovery point, when the index leads there and the
 * batches on the way are whole; else at the start of the segment.
 *
 * A file of an index that looks sound may lack rows: it may be what an earlier close of the log left,
 * or what a power cut left of one that Apache Kafka wrote. Its rows are trusted up to the latest
 * snapshot below the recovery point, which is written once they are durable; headers give the others
 * again.
 */
export async function recoveryStart(
  found: FoundLog,
  segment: FoundSegment,
  recoveryPoint: number,
): Promise<RecoveryStart> {
  const { baseOffset, size } = segment;
  const { indexIntervalBytes } = found.settings;
  const { disk } = found;
  const fromStart = atSegmentStart(found, segment);
  if (recoveryPoint <= baseOffset) return fromStart;
  const sound = readSound(disk, found.pathsOf(baseOffset), baseOffset, size, indexIntervalBytes);
  if (sound === undefined || !found.takeAborted(segment)) return fromStart;
  const sureUntil = found.offsetsOf('.snapshot').findLast((each) => each <= recoveryPoint) ?? 0;
  const offsets = sound.offsets.below(sureUntil);
  const times = sound.times.below(sureUntil);
  const from = offsets.lastPosition;
  const rowOffset = offsets.entries === 0 ? undefined : offsets.lastOffset;
  // Is it not the batch that both indexes have their last rows of?
  const isOther = (buffer: Buffer, at: number): boolean =>
    lastOffsetAt(buffer, at) !== rowOffset || maxTimestampAt(buffer, at) > times.lastTimestamp;
  const builder = new IndexBuilder({ offsets, times }, indexIntervalBytes);
  const checkedFrom = sound.offsets.below(recoveryPoint).lastPosition;
  let nextOffset = baseOffset;
  const position = await found.walk(segment, from, (scanner) => {
    const { buffer, at } = scanner;
    if (baseOffsetAt(buffer, at) >= recoveryPoint) return false;
    if (!isInOrder(scanner, baseOffset, nextOffset)) return false;
    if (scanner.position >= checkedFrom && !scanner.isIntact()) return false;
    const isFirst = scanner.position === from && rowOffset !== undefined;
    if (isFirst && isOther(buffer, at)) return false;
    nextOffset = lastOffsetAt(buffer, at) + 1;
    if (nextOffset <= sureUntil) builder.pass(buffer, at, scanner.bytes);
    else builder.add(buffer, at, scanner.position, scanner.bytes);
    return true;
  });
  // Compaction may have taken the last offsets of a segment away.
  const isAtEnd =
    position === size && found.segments.some((each) => each.baseOffset === recoveryPoint);
  if (nextOffset !== recoveryPoint && !isAtEnd) return fromStart;
  return { segment, position, offset: recoveryPoint, builder };
}

/** Does the batch fit behind the one before it, and agree with its checksum? */
export function isWhole(scanner: BatchScanner, segmentBase: number, nextOffset: number): boolean {
  return isInOrder(scanner, segmentBase, nextOffset) && scanner.isIntact();
}

function isInOrder({ buffer, at }: BatchScanner, segmentBase: number, nextOffset: number): boolean {
  const baseOffset = baseOffsetAt(buffer, at);
  const lastOffset = lastOffsetAt(buffer, at);
  return (
    baseOffset >= nextOffset &&
    lastOffset >= baseOffset &&
    lastOffset - segmentBase <= largestOffsetDelta
  );
}

/** maxTimestamp of a segment's first batch; undefined when it has none. */
export function firstTimestampOf(found: FoundLog, segment: FoundSegment): number | undefined {
  const path = found.pathOf(segment.baseOffset, '.log');
  const file = found.disk.open(path, { readOnly: true });
  try {
    const first = new BatchScanner(file, segment.size, 0, headerWindow);
    return first.look() === 'batch' ? maxTimestampAt(first.buffer, first.at) : undefined;
  } finally {
    file.close();
  }
}

/** Room for a header and nothing else. */
const headerWindow = 64;

/**
 * Says what is lost when a log is cut. A torn tail is what a crash leaves; whole batches behind the
 * cut mean that something else has happened to the file.
 */
export async function reportCut(
  found: FoundLog,
  segment: FoundSegment,
  position: number,
  endOffset: number,
  later: readonly FoundSegment[],
  logger: Logger,
): Promise<void> {
  let wholeBatches = 0;
  let lostEnd = endOffset;
  const behind: readonly [FoundSegment, number][] = [
    [segment, position],
    ...later.map((each): [FoundSegment, number] => [each, 0]),
  ];
  for (const [each, from] of behind) {
    await found.walk(each, from, (scanner) => {
      if (!isWhole(scanner, each.baseOffset, lostEnd)) return;
      wholeBatches++;
      lostEnd = lastOffsetAt(scanner.buffer, scanner.at) + 1;
    });
  }
  const bytes = behind.reduce((sum, [each, from]) => sum + each.size - from, 0);
  const where = { path: found.pathOf(segment.baseOffset, '.log'), position, bytes };
  if (wholeBatches === 0) {
    logger.warn('the end of a log was torn and is cut off', where);
    return;
  }
  logger.error(
    `a batch in the middle of a log is damaged, and the log is cut there: ${bytes} bytes with ` +
      `${wholeBatches} whole batches behind it are lost, offsets ${endOffset} to ${lostEnd - 1}`,
    { ...where, segmentsLost: later.length },
  );
}
