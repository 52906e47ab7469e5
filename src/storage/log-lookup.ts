import {
  batchSizeAt,
  maxTimestampAt,
  openRecords,
  partitionLeaderEpochAt,
} from '../protocol/record-batch.ts';
import type { OffsetAndTimestamp } from './partition-log.ts';
import { readWhole, visitHeaders } from './segment-reader.ts';
import type { Segment } from './segment.ts';

/** The first record from `fromOffset` on whose timestamp is `timestamp` or larger. */
export async function findTimestamp(
  segments: readonly Segment[],
  timestamp: number,
  fromOffset: number,
): Promise<OffsetAndTimestamp | undefined> {
  for (const segment of segments) {
    if (segment.largestTimestamp < timestamp) continue;
    const { offsets, times } = segment.indexes;
    const start = Math.max(times.offsetBefore(timestamp), fromOffset);
    const found = await findRecord(
      segment,
      offsets.positionBefore(start),
      (maxTimestamp) => maxTimestamp >= timestamp,
      (recordTimestamp, offset) => recordTimestamp >= timestamp && offset >= fromOffset,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The first record that has the largest timestamp of all. */
export async function findMaxTimestamp(
  segments: readonly Segment[],
): Promise<OffsetAndTimestamp | undefined> {
  let latest = segments[0];
  for (const segment of segments) {
    if (latest === undefined || segment.maxTimestamp > latest.maxTimestamp) latest = segment;
  }
  if (latest === undefined || latest.readableSize === 0) return undefined;
  const { maxTimestamp, offsetOfMaxTimestamp } = latest;
  return findRecord(
    latest,
    latest.indexes.offsets.positionBefore(offsetOfMaxTimestamp),
    (batchMaxTimestamp) => batchMaxTimestamp === maxTimestamp,
    (recordTimestamp) => recordTimestamp === maxTimestamp,
  );
}

/** The first record that suits, in the first batch that has one; batches are asked by their header. */
async function findRecord(
  segment: Segment,
  position: number,
  suitsBatch: (maxTimestamp: number) => boolean,
  suitsRecord: (timestamp: number, offset: number) => boolean,
): Promise<OffsetAndTimestamp | undefined> {
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
      const record = firstRecord(region.ranges[0], suitsRecord);
      if (record !== undefined) return record;
    } finally {
      region.release();
    }
    next = found.position + found.size;
  }
  return undefined;
}

function firstRecord(
  batch: { readonly buffer: Buffer; readonly start: number } | undefined,
  suits: (timestamp: number, offset: number) => boolean,
): OffsetAndTimestamp | undefined {
  if (batch === undefined) return undefined;
  const cursor = openRecords(batch.buffer, batch.start);
  while (cursor.next()) {
    const { timestamp, offset } = cursor;
    if (!suits(timestamp, offset)) continue;
    return { offset, timestamp, leaderEpoch: partitionLeaderEpochAt(batch.buffer, batch.start) };
  }
  return undefined;
}
