import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import { inspect } from 'node:util';
import type { ByteRange } from '../../../src/protocol/byte-range.ts';
import { controlTypeOf } from '../../../src/protocol/control-record.ts';
import { batches, isCrcValid, openRecords } from '../../../src/protocol/record-batch.ts';
import type {
  AbortedTransaction,
  PartitionLog,
  ReadLimit,
  ReadResult,
} from '../../../src/storage/partition-log.ts';
import type { CleanableLog } from '../../../src/storage/cleaner/cleanable-log.ts';
import type { Removals } from './compaction.ts';
import { endOf, type ExpectedAbort, type ExpectedBatch, type ExpectedLog } from './expected-log.ts';

/*
 * A log beside the array that it must be equal to. Each check throws when it is not.
 */

export function demand(isSo: boolean, what: () => string): void {
  if (!isSo) throw new Error(what());
}

/** Offsets that hold at any moment, also in the midst of a step. */
export function checkOffsets(log: PartitionLog): void {
  const { logStartOffset: start, lastStableOffset, highWatermark, logEndOffset: end } = log;
  const offsets = [start, lastStableOffset, highWatermark, end];
  const isRising = offsets.every((offset, i) => i === 0 || offset >= offsets[i - 1]!);
  demand(isRising, () => `start, stable, high watermark, end are ${offsets.join(', ')}`);
}

/** The offsets of a log at rest. */
export function checkAtRest(log: PartitionLog, expected: ExpectedLog): void {
  checkOffsets(log);
  strictEqual(log.logStartOffset, expected.start, 'logStartOffset');
  strictEqual(log.logEndOffset, expected.end, 'logEndOffset');
  demand(
    log.highWatermark >= expected.acknowledgedEnd,
    () => `high watermark ${log.highWatermark}, acknowledged up to ${expected.acknowledgedEnd}`,
  );
  const begunBelowStart = expected.openTransactions.some(
    (id) => expected.producer(id).openSince < expected.start,
  );
  const stable = expected.lastStableOffset(log.highWatermark);
  if (!begunBelowStart) strictEqual(log.lastStableOffset, stable, 'lastStableOffset');
}

/**
 * What one read gives, batch by batch.
 *
 * @param removals  what compaction may have taken that the model has not seen yet
 * @returns         the offset behind it
 */
export function checkRead(
  result: ReadResult,
  expected: ExpectedLog,
  fromOffset: number,
  limit: number,
  removals?: Removals,
): number {
  const end = checkBatches(result.records, expected, fromOffset, removals);
  demand(end <= limit || end === fromOffset, () => `read up to ${end}, past ${limit}`);
  return end;
}

/** Batches, back to back, from an offset on. @returns the offset behind them */
export function checkBatches(
  ranges: readonly ByteRange[],
  expected: ExpectedLog,
  fromOffset: number,
  removals: Removals | undefined,
): number {
  let index = expected.indexFrom(fromOffset);
  let end = fromOffset;
  for (const range of ranges) {
    for (const header of batches(range)) {
      let batch = expected.batches[index];
      // What lies below the start may be there still, or in part.
      while (batch !== undefined && batch.baseOffset < header.baseOffset) {
        // Batches without records come first only where nothing follows them.
        const isEmptyFirst = batch.records.length === 0 && end === fromOffset;
        const mayLack = isEmptyFirst || removals?.mayLose(batch) === true;
        if (endOf(batch) > expected.start && !mayLack) break;
        batch = expected.batches[++index];
      }
      demand(batch !== undefined, () => `a batch at ${header.baseOffset} that nobody appended`);
      checkBatch(range, header.position, batch!, expected.start, removals);
      end = endOf(batch!);
      index++;
    }
  }
  return end;
}

function checkBatch(
  range: ByteRange,
  at: number,
  batch: ExpectedBatch,
  start: number,
  removals: Removals | undefined,
): void {
  const { buffer } = range;
  const [header] = batches({ buffer, start: at, end: range.end });
  const { baseOffset, lastOffset, partitionLeaderEpoch, producerId, producerEpoch } = header!;
  deepStrictEqual(
    { baseOffset, end: lastOffset + 1, partitionLeaderEpoch, producerId, producerEpoch },
    {
      baseOffset: batch.baseOffset,
      end: endOf(batch),
      partitionLeaderEpoch: batch.leaderEpoch,
      producerId: batch.producerId,
      producerEpoch: batch.producerEpoch,
    },
  );
  strictEqual(header!.baseSequence, batch.baseSequence, `sequence at ${baseOffset}`);
  demand(isCrcValid(buffer, at), () => `the checksum of the batch at ${baseOffset} is wrong`);
  const cursor = openRecords(buffer, at);
  let isThere = cursor.next();
  for (const record of batch.records) {
    const offset = baseOffset + record.delta;
    if (!isThere || cursor.offset !== offset) {
      const mayBeGone = offset < start || removals?.mayGo(batch, record) === true;
      demand(mayBeGone, () => `the record at ${offset} is missing`);
      continue;
    }
    const isMarker = batch.marker !== undefined;
    const value = isMarker ? controlTypeOf(cursor.key()) : textOf(cursor.value());
    strictEqual(value, record.value, `value at ${offset}`);
    if (!isMarker) strictEqual(textOf(cursor.key()), record.key, `key at ${offset}`);
    strictEqual(cursor.timestamp, record.timestamp, `timestamp at ${offset}`);
    isThere = cursor.next();
  }
  demand(!isThere, () => `a record at ${cursor.offset} that is not to be there`);
}

const textOf = (bytes: Buffer | null): string | null => bytes?.toString('latin1') ?? null;

/** Reads from an offset to the limit and compares all of it. */
export async function checkContents(
  log: PartitionLog,
  expected: ExpectedLog,
  fromOffset: number,
  limit: ReadLimit = 'highWatermark',
  maxBytes = 4096,
  removals?: () => Removals | undefined,
): Promise<void> {
  let next = fromOffset;
  const end = limit === 'lastStableOffset' ? log.lastStableOffset : log.highWatermark;
  for (;;) {
    // Retention may overtake the reader. Whether it was right is looked at when the step is over.
    next = Math.max(next, log.logStartOffset);
    if (next >= end) return;
    const result = await log.read({ fromOffset: next, maxBytes, minOneBatch: true, limit });
    try {
      // A batch that begins below the limit is given whole.
      const after = checkRead(result, expected, next, result.highWatermark, removals?.());
      if (after === next && limit === 'lastStableOffset' && !hasAny(expected, next, end, removals))
        return; // the open transaction comes right behind a gap
      demand(after > next, () => `nothing is read at ${next}, although the end is ${end}`);
      checkAborted(result, expected, next, after);
      next = after;
    } finally {
      result.release();
    }
  }
}

/** Whether anything must be there in [from, end). Compaction and power cuts leave gaps. */
function hasAny(
  expected: ExpectedLog,
  from: number,
  end: number,
  removals: (() => Removals | undefined) | undefined,
): boolean {
  const gone = removals?.();
  return expected.batches
    .slice(expected.indexFrom(from))
    .some((batch) => batch.baseOffset < end && gone?.mayLose(batch) !== true);
}

function checkAborted(
  { abortedTransactions, records }: ReadResult,
  expected: ExpectedLog,
  from: number,
  end: number,
): void {
  if (abortedTransactions === null) return;
  const wanted = expected.aborted(from, end);
  // One that began below the start may have been found to begin later, or not at all.
  const unsure = new Set(
    wanted.filter(({ firstOffset }) => firstOffset < expected.start).map((each) => each.producerId),
  );
  // Where compaction has taken the first batches of one it may be found to begin later.
  const isIn = (row: AbortedTransaction, one: ExpectedAbort): boolean =>
    row.producerId === one.producerId &&
    (row.firstOffset >= one.firstOffset || row.firstOffset < expected.start) &&
    row.firstOffset <= one.firstLeft;
  const words = (): string =>
    `aborted in [${from}, ${end}): ${inspect(abortedTransactions)}, wanted ${inspect(wanted)}`;
  // A reader who is given records of one must hear of it; the cleaner may be taking them just now.
  const given = records.flatMap((range) => [...batches(range)]);
  const isGiven = ({ producerId, firstOffset, markerOffset }: ExpectedAbort): boolean =>
    given.some(
      (batch) =>
        batch.producerId === producerId &&
        !batch.isControl &&
        batch.recordsCount > 0 &&
        batch.baseOffset >= firstOffset &&
        batch.baseOffset < markerOffset,
    );
  for (const one of wanted) {
    if (unsure.has(one.producerId) || !isGiven(one)) continue;
    demand(
      abortedTransactions.some((row) => isIn(row, one)),
      words,
    );
  }
  for (const row of abortedTransactions) {
    demand(unsure.has(row.producerId) || wanted.some((one) => isIn(row, one)), words);
  }
}

/** Where a time begins, by the indexes and by counting. */
export async function checkTimestamp(
  log: PartitionLog,
  expected: ExpectedLog,
  timestamp: number,
): Promise<void> {
  const wanted = expected.firstSince(timestamp, log.logStartOffset, log.highWatermark);
  const found = await log.offsetForTimestamp(timestamp);
  strictEqual(found?.offset, wanted, `first offset since ${timestamp}`);
}

/** The first record with the largest time. One in a segment that holds the start may lie below it. */
export async function checkMaxTimestamp(
  log: PartitionLog & Pick<CleanableLog, 'allSegments'>,
  expected: ExpectedLog,
): Promise<void> {
  const found = await log.offsetOfMaxTimestamp();
  const { highWatermark } = log;
  const all = expected.batches
    .filter((batch) => endOf(batch) > expected.start && endOf(batch) <= highWatermark)
    .flatMap(({ records, baseOffset }) =>
      records.map(({ timestamp, delta }) => ({ timestamp, offset: baseOffset + delta })),
    )
    .filter(({ offset }) => offset >= expected.start);
  const largest = all.reduce((max, { timestamp }) => Math.max(max, timestamp), -1);
  if (found !== undefined && found.offset < expected.start) {
    demand(found.timestamp >= largest, () => `${found.timestamp} is not the largest time`);
    return;
  }
  const wanted = all.find(({ timestamp }) => timestamp === largest);
  // As with Apache Kafka, a batch that compaction emptied counts with the time that it had.
  const stored = log.allSegments[0]?.baseOffset ?? expected.start;
  const isHidden = expected.batches.some(({ baseOffset, sent, records }) => {
    if (baseOffset < stored || records.length > 0) return false;
    const latest = Math.max(...sent.map(({ timestamp }) => timestamp));
    return latest > largest || (latest === largest && baseOffset < (wanted?.offset ?? 0));
  });
  if (found === undefined && isHidden) return;
  deepStrictEqual([found?.offset, found?.timestamp], [wanted?.offset, wanted?.timestamp]);
}

/** Every offset has the epoch it was written in, and every epoch ends where the next begins. */
export function checkEpochs(log: PartitionLog, expected: ExpectedLog, leaderEpoch: number): void {
  strictEqual(log.latestEpoch, leaderEpoch, 'latestEpoch');
  const live = expected.batches.slice(expected.indexFrom(expected.start));
  for (const [i, batch] of live.entries()) {
    const { leaderEpoch: epoch } = batch;
    const offset = Math.max(batch.baseOffset, expected.start);
    strictEqual(log.epochForOffset(offset), epoch, `epoch of offset ${offset}`);
    const next = live[i + 1];
    if (next?.leaderEpoch === epoch) continue;
    // Where compaction took batches away, theirs may be either epoch.
    const [least, most] = [endOf(batch), next?.baseOffset ?? endOf(batch)];
    const found = log.endOffsetForEpoch(epoch);
    const isRight =
      found?.leaderEpoch === epoch && found.endOffset >= least && found.endOffset <= most;
    demand(isRight, () => `epoch ${epoch} ends at ${found?.endOffset}, not at ${least} to ${most}`);
  }
}

/**
 * What the log remembers of producers after it was opened. Of those of which something is deleted it
 * may know less; the model then knows no more.
 */
export function checkProducers(log: PartitionLog, expected: ExpectedLog): void {
  const active = new Map(log.activeProducers().map((each) => [each.producerId, each]));
  for (const found of active.values()) {
    const { producerId } = found;
    if (expected.producer(producerId).epoch >= 0) continue;
    // A snapshot may outlive the batches.
    demand(expected.start > 0, () => `a producer ${producerId} that nobody was`);
    expected.learn(found);
  }
  for (const producerId of expected.knownProducers) {
    const found = active.get(producerId);
    const wanted = expected.producer(producerId);
    if (found === undefined) {
      demand(!expected.isLive(producerId), () => `producer ${producerId} is forgotten`);
      expected.forget(producerId);
      continue;
    }
    if (!expected.isLive(producerId)) {
      // An older snapshot may be all that is left.
      expected.learn(found);
      continue;
    }
    strictEqual(found.producerEpoch, wanted.epoch, `epoch of producer ${producerId}`);
    const hasData = wanted.batches.some((batch) => endOf(batch) > expected.start);
    if (!hasData) wanted.lastSequence = found.lastSequence;
    strictEqual(found.lastSequence, wanted.lastSequence, `sequence of producer ${producerId}`);
    const since = found.currentTransactionStartOffset;
    const isBelow = wanted.openSince >= 0 && wanted.openSince < expected.start;
    const mayBeBelow = since < expected.start && expected.isOpenBelow(producerId);
    if (isBelow) expected.noteOpenBelow(producerId);
    if (isBelow || mayBeBelow) wanted.openSince = since;
    strictEqual(since, wanted.openSince, `open transaction of producer ${producerId}`);
  }
}
