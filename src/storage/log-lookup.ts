import type { ByteRange } from '../protocol/byte-range.ts';
import {
  batchSizeAt,
  lastOffsetAt,
  maxTimestampAt,
  openRecords,
  partitionLeaderEpochAt,
} from '../protocol/record-batch.ts';
import { visitChecked } from './checked-reader.ts';
import {
  CheckedWalk,
  IndexDoubt,
  trustingIndex,
  walkStart,
  type ReadGuard,
  type WalkStart,
} from './checked-walk.ts';
import type { LargeBatches } from './large-batches.ts';
import type { OffsetAndTimestamp } from './partition-log.ts';
import { decompressedInLoop } from './takes-long.ts';
import { readWhole, visitHeaders } from './segment-reader.ts';
import type { Segment } from './segment.ts';

/** A log as it is looked through. */
export interface LogView {
  readonly segments: readonly Segment[];
  readonly logEndOffset: number;
  readonly guard: ReadGuard;
  readonly largeBatches: LargeBatches;
}

/** What is looked for in one segment. */
interface Search {
  readonly segment: Segment;
  /** All batches of the segment end here or before. */
  readonly endOffset: number;
  readonly guard: ReadGuard;
  readonly largeBatches: LargeBatches;
  /** Batches that end before are not looked at. */
  readonly fromOffset: number;
  readonly suitsBatch: (maxTimestamp: number) => boolean;
  readonly suitsRecord: (timestamp: number, offset: number) => boolean;
}

/** The first record from `fromOffset` on whose timestamp is `timestamp` or larger. */
export async function findTimestamp(
  view: LogView,
  timestamp: number,
  fromOffset: number,
): Promise<OffsetAndTimestamp | undefined> {
  for (const [i, segment] of view.segments.entries()) {
    if (segment.largestTimestamp < timestamp) await confirmTime(view, i);
    if (segment.largestTimestamp < timestamp) continue;
    const found = await findTimestampIn(view, i, timestamp, fromOffset);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function findTimestampIn(
  view: LogView,
  index: number,
  timestamp: number,
  fromOffset: number,
  start?: WalkStart,
): Promise<OffsetAndTimestamp | undefined> {
  const segment = view.segments[index] as Segment;
  const row = start === undefined ? segment.indexes.times.rowOf(timestamp) : undefined;
  const search = searchIn(view, index, {
    fromOffset: Math.max(row?.offset ?? segment.baseOffset, fromOffset),
    suitsBatch: (maxTimestamp) => maxTimestamp >= timestamp,
    suitsRecord: (recordTimestamp, offset) => recordTimestamp >= timestamp && offset >= fromOffset,
  });
  try {
    return await findRecord(search, row, start);
  } catch (error) {
    return trustingIndex(segment, error, (other) =>
      findTimestampIn(view, index, timestamp, fromOffset, other),
    );
  }
}

/**
 * Makes sure of the largest timestamp of a closed segment: it was taken from the index, and records
 * may be passed over, or deleted, because of it.
 *
 * @throws {StorageFailure} Corrupt
 */
export async function confirmTime(view: LogView, index: number): Promise<void> {
  const segment = view.segments[index] as Segment;
  const { maxTimestamp, offsetOfMaxTimestamp } = segment;
  if (segment.isTimeSure || !segment.isSealed || !segment.isDoubtful(0)) return;
  const search = searchIn(view, index, {
    fromOffset: offsetOfMaxTimestamp,
    suitsBatch: (batchMaxTimestamp) => batchMaxTimestamp === maxTimestamp,
    suitsRecord: () => true,
  });
  const row = { timestamp: maxTimestamp, offset: offsetOfMaxTimestamp };
  try {
    const found = await findChecked(search, row, walkStart(segment, offsetOfMaxTimestamp));
    if (found === undefined && !segment.isIndexRebuilt) await segment.rebuildIndexes();
    segment.isTimeSure = true;
  } catch (error) {
    await trustingIndex(segment, error, () => undefined);
  }
}

/** The first record that has the largest timestamp of all. */
export async function findMaxTimestamp(view: LogView): Promise<OffsetAndTimestamp | undefined> {
  let latest = 0;
  for (const [i, segment] of view.segments.entries()) {
    if (segment.maxTimestamp > (view.segments[latest]?.maxTimestamp ?? -1)) latest = i;
  }
  const segment = view.segments[latest];
  if (segment === undefined || segment.readableSize === 0) return undefined;
  const { maxTimestamp, offsetOfMaxTimestamp } = segment;
  const search = searchIn(view, latest, {
    fromOffset: offsetOfMaxTimestamp,
    suitsBatch: (batchMaxTimestamp) => batchMaxTimestamp === maxTimestamp,
    suitsRecord: (recordTimestamp) => recordTimestamp === maxTimestamp,
  });
  try {
    const row = { timestamp: maxTimestamp, offset: offsetOfMaxTimestamp };
    return await findRecord(search, maxTimestamp < 0 ? undefined : row);
  } catch (error) {
    return trustingIndex(segment, error, (start) =>
      start === undefined ? findMaxTimestamp(view) : findRecord(search, undefined, start),
    );
  }
}

function searchIn(
  { segments, logEndOffset, guard, largeBatches }: LogView,
  index: number,
  wish: Pick<Search, 'fromOffset' | 'suitsBatch' | 'suitsRecord'>,
): Search {
  const endOffset = segments[index + 1]?.baseOffset ?? logEndOffset;
  return { segment: segments[index] as Segment, endOffset, guard, largeBatches, ...wish };
}

/** What the time index says of a batch: its largest timestamp, and its last offset. */
interface TimeRow {
  readonly timestamp: number;
  readonly offset: number;
}

/** The first record that suits, in the first batch that has one. */
async function findRecord(
  search: Search,
  row: TimeRow | undefined,
  start?: WalkStart,
): Promise<OffsetAndTimestamp | undefined> {
  const { segment, fromOffset } = search;
  const position = segment.positionBefore(fromOffset);
  if (start === undefined && !segment.isDoubtful(position)) return findInOwn(search, position);
  return findChecked(search, row, start ?? walkStart(segment, fromOffset));
}

async function findChecked(
  search: Search,
  row: TimeRow | undefined,
  start: WalkStart,
): Promise<OffsetAndTimestamp | undefined> {
  const { segment, endOffset, guard, fromOffset, suitsBatch } = search;
  const walk = new CheckedWalk(segment, guard, { endOffset }, start);
  let expected = row?.offset === fromOffset ? row : undefined;
  let found: OffsetAndTimestamp | undefined;
  await visitChecked(segment, walk, (batch) => {
    const { buffer, start: at } = batch;
    const maxTimestamp = maxTimestampAt(buffer, at);
    if (expected !== undefined && lastOffsetAt(buffer, at) >= expected.offset) {
      const { offset, timestamp } = expected;
      if (lastOffsetAt(buffer, at) !== offset || maxTimestamp !== timestamp) {
        throw new IndexDoubt('Corrupt', `the time index is wrong about offset ${offset}`);
      }
      expected = undefined;
    }
    if (!suitsBatch(maxTimestamp)) return false;
    return firstRecord(search, batch).then((record) => (found = record) !== undefined);
  });
  return found;
}

/** In what this process has written itself; batches are asked by their header. */
async function findInOwn(
  search: Search,
  position: number,
): Promise<OffsetAndTimestamp | undefined> {
  const { segment, suitsBatch } = search;
  let next = position;
  while (next < segment.readableSize) {
    let found: { position: number; size: number } | undefined;
    await visitHeaders(segment, next, segment.readableSize, (buffer, at, where) => {
      if (!suitsBatch(maxTimestampAt(buffer, at))) return undefined;
      found = { position: where, size: batchSizeAt(buffer, at) };
      return true;
    });
    if (found === undefined) return undefined;
    const region = await readWhole(segment, found.position, found.size);
    try {
      const record = await firstRecord(search, region.ranges[0]);
      if (record !== undefined) return record;
    } finally {
      region.release();
    }
    next = found.position + found.size;
  }
  return undefined;
}

/** The first record of a batch that suits. */
async function firstRecord(
  { suitsRecord, largeBatches }: Search,
  batch: ByteRange | undefined,
): Promise<OffsetAndTimestamp | undefined> {
  if (batch === undefined) return undefined;
  const { buffer, start } = decompressedInLoop(batch) ?? (await largeBatches.decompress(batch));
  const cursor = openRecords(buffer, start);
  while (cursor.next()) {
    const { timestamp, offset } = cursor;
    if (!suitsRecord(timestamp, offset)) continue;
    return { offset, timestamp, leaderEpoch: partitionLeaderEpochAt(buffer, start) };
  }
  return undefined;
}
