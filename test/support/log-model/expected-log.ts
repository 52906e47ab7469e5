import type { BatchHeader } from '../../../src/protocol/record-batch.ts';
import type { AbortedTransaction, ActiveProducer } from '../../../src/storage/partition-log.ts';

/** A record as it was sent. */
export interface ExpectedRecord {
  /** Its place in its batch, from 0. */
  readonly delta: number;
  readonly key: string | null;
  /** Null: a tombstone. */
  readonly value: string | null;
  readonly timestamp: number;
}

/** A batch that was appended. */
export interface ExpectedBatch {
  readonly baseOffset: number;
  readonly sent: readonly ExpectedRecord[];
  /** Those that compaction has left. */
  records: readonly ExpectedRecord[];
  readonly leaderEpoch: number;
  /** -1: none. */
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly isTransactional: boolean;
  /** Of a transaction marker. */
  readonly marker: 'COMMIT' | 'ABORT' | undefined;
  readonly compression: 'none' | 'gzip';
  bytes: number;
  /** When compaction may take its tombstones, or the marker that it is. */
  horizonMs: number | undefined;
}

/** What a producer's next batch has to fit to. */
export interface ExpectedProducer {
  epoch: number;
  lastSequence: number;
  /** Those that may come again: five at most, of the present epoch. */
  batches: ExpectedBatch[];
  openSince: number;
}

interface EndedTransaction extends AbortedTransaction {
  readonly markerOffset: number;
  readonly isAborted: boolean;
}

export interface ExpectedAbort extends EndedTransaction {
  /** Its first batch that has records still. */
  readonly firstLeft: number;
}

export const endOf = ({ baseOffset, sent }: ExpectedBatch): number => baseOffset + sent.length;

const inOrder = (a: ExpectedBatch, b: ExpectedBatch): number => a.baseOffset - b.baseOffset;

/** What a log must hold: an array of batches, and what follows from it by plain counting. */
export class ExpectedLog {
  batches: ExpectedBatch[] = [];
  /** Nothing below is promised: it was deleted. */
  start = 0;
  /** So far appends were acknowledged. */
  acknowledgedEnd = 0;
  /** So far the log said that all is durable. */
  durableEnd = 0;
  /** Batches of which compaction has left nothing. */
  private gone: ExpectedBatch[] = [];
  /** Batches that a crash or a failure took. */
  private lost: ExpectedBatch[] = [];
  private producers = new Map<number, ExpectedProducer>();
  private readonly openBelow = new Set<number>();
  private ended: EndedTransaction[] = [];

  /** Where the next batch goes. */
  get end(): number {
    const last = this.batches.at(-1);
    return last === undefined ? this.emptyEnd : Math.max(this.emptyEnd, endOf(last));
  }

  /** The end of a log whose last batches are gone, or all. */
  private emptyEnd = 0;

  add(batch: ExpectedBatch): void {
    this.batches.push(batch);
    this.note(batch);
  }

  /** Forgets all from an offset on, which a batch begins with: a crash took it. */
  cut(end: number): void {
    this.lost.push(...this.batches.filter((batch) => endOf(batch) > end));
    this.batches = this.batches.filter((batch) => endOf(batch) <= end);
    this.gone = this.gone.filter((batch) => endOf(batch) <= end);
    this.emptyEnd = end;
    this.acknowledgedEnd = Math.min(this.acknowledgedEnd, end);
    this.durableEnd = Math.min(this.durableEnd, end);
    this.noteAll();
  }

  /**
   * Where offsets may be missing for good reason nobody can tell what a power cut took from the midst
   * of what was not durable: what comes behind it stays.
   *
   * @param start  what lies below is not lost but deleted, and transactions may have begun there
   */
  loseHoles(left: ReadonlySet<number>, durableEnd: number, start: number): void {
    const lost = this.batches.filter(
      (batch) =>
        batch.baseOffset >= durableEnd && endOf(batch) > start && !left.has(batch.baseOffset),
    );
    if (lost.length === 0) return;
    this.lost.push(...lost);
    if (this.batches.at(-1) === lost.at(-1)) this.emptyEnd = this.end;
    this.batches = this.batches.filter((batch) => !lost.includes(batch));
    this.noteAll();
  }

  private noteAll(): void {
    this.producers = new Map();
    this.ended = [];
    for (const batch of [...this.batches, ...this.gone].sort(inOrder)) this.note(batch);
  }

  /** Compaction has left nothing of a batch. */
  drop(batch: ExpectedBatch): void {
    this.batches = this.batches.filter((each) => each !== batch);
    this.gone.push(batch);
  }

  /** A log that was opened anew knows producers' batches as far back as their headers are there. */
  forgetGone(): void {
    for (const producer of this.producers.values()) {
      const last = producer.batches.findLastIndex((batch) => this.gone.includes(batch));
      const isLastGone = last === producer.batches.length - 1;
      producer.batches = producer.batches.slice(isLastGone ? last : last + 1);
    }
  }

  /** Takes a lost batch in again. Returns whether there is one like that. */
  bringBack({ baseOffset, partitionLeaderEpoch, producerId, baseSequence }: BatchHeader): boolean {
    const lost = this.lost.findLast(
      (batch) =>
        batch.baseOffset === baseOffset &&
        batch.leaderEpoch === partitionLeaderEpoch &&
        batch.producerId === producerId &&
        batch.baseSequence === baseSequence,
    );
    const isBack = lost !== undefined && lost.baseOffset === this.end;
    if (isBack) this.add(lost);
    return isBack;
  }

  /** What was lost so far can be nowhere any more. */
  forgetLost(): void {
    this.lost = [];
  }

  /** All is deleted or lost, and the log goes on at an offset. */
  empty(end: number): void {
    this.batches = [];
    this.gone = [];
    this.ended = [];
    this.emptyEnd = end;
    this.acknowledgedEnd = this.durableEnd = end;
  }

  private note(batch: ExpectedBatch): void {
    const { producerId } = batch;
    if (producerId < 0) return;
    const producer = this.producer(producerId);
    this.producers.set(producerId, producer);
    if (batch.producerEpoch !== producer.epoch) {
      producer.batches = [];
      producer.lastSequence = -1;
    }
    producer.epoch = batch.producerEpoch;
    if (batch.marker !== undefined) {
      if (producer.openSince >= 0) {
        this.ended.push({
          producerId,
          firstOffset: producer.openSince,
          markerOffset: batch.baseOffset,
          isAborted: batch.marker === 'ABORT',
        });
      }
      producer.openSince = -1;
      this.openBelow.delete(producerId);
      return;
    }
    if (batch.baseSequence !== producer.lastSequence + 1) producer.batches = [];
    producer.lastSequence = batch.baseSequence + batch.sent.length - 1;
    producer.batches = [...producer.batches.slice(-4), batch];
    if (batch.isTransactional && producer.openSince < 0) producer.openSince = batch.baseOffset;
  }

  producer(producerId: number): ExpectedProducer {
    return (
      this.producers.get(producerId) ?? { epoch: -1, lastSequence: -1, batches: [], openSince: -1 }
    );
  }

  get knownProducers(): number[] {
    return [...this.producers.keys()];
  }

  /** Whether a producer left anything at or past the start. */
  isLive(producerId: number): boolean {
    return this.batches.some(
      (batch) => batch.producerId === producerId && endOf(batch) > this.start,
    );
  }

  /** Takes over what the log says of a producer of which it need not say more. */
  learn(found: ActiveProducer): void {
    this.noteOpenBelow(found.producerId);
    this.producers.set(found.producerId, {
      epoch: found.producerEpoch,
      lastSequence: found.lastSequence,
      batches: [],
      openSince: found.currentTransactionStartOffset,
    });
  }

  forget(producerId: number): void {
    this.noteOpenBelow(producerId);
    this.producers.delete(producerId);
  }

  /** The log need not say any more whether the producer's transaction goes on. */
  noteOpenBelow(producerId: number): void {
    if (this.producer(producerId).openSince >= 0) this.openBelow.add(producerId);
  }

  /**
   * Whether the log may know of a transaction below its start that the one before did not know of:
   * its marker never came, and only a newer snapshot remembers its deleted batches.
   */
  isOpenBelow(producerId: number): boolean {
    return this.openBelow.has(producerId);
  }

  get openTransactions(): number[] {
    return [...this.producers].filter(([, { openSince }]) => openSince >= 0).map(([id]) => id);
  }

  lastStableOffset(highWatermark: number): number {
    const open = [...this.producers.values()].map(({ openSince }) => openSince);
    const undecided = this.ended
      .filter(({ markerOffset }) => markerOffset >= highWatermark)
      .map(({ firstOffset }) => firstOffset);
    const first = Math.min(highWatermark, ...open.filter((since) => since >= 0), ...undecided);
    return Math.max(this.start, first);
  }

  /** Aborted transactions of which a reader of [from, end) may hear. */
  aborted(from: number, end: number): ExpectedAbort[] {
    return this.ended
      .filter(
        ({ isAborted, firstOffset, markerOffset }) =>
          isAborted && firstOffset < end && markerOffset >= from,
      )
      .map((ended) => {
        const data = this.dataOf(ended);
        return { ...ended, firstLeft: data[0]?.baseOffset ?? ended.markerOffset };
      });
  }

  private dataOf({ producerId, firstOffset, markerOffset }: EndedTransaction): ExpectedBatch[] {
    return this.batches.filter(
      ({ records, baseOffset, ...batch }) =>
        batch.producerId === producerId &&
        baseOffset >= firstOffset &&
        baseOffset < markerOffset &&
        records.length > 0,
    );
  }

  /** The batch that holds an offset, or the next one. */
  indexFrom(offset: number): number {
    let low = 0;
    let high = this.batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (endOf(this.batches[middle]!) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  isBoundary(offset: number): boolean {
    const batch = this.batches[this.indexFrom(offset)];
    return batch === undefined || batch.baseOffset >= offset;
  }

  /** First record at or past `from` and below `end` that is of this time or later. */
  firstSince(timestamp: number, from: number, end: number): number | undefined {
    for (const { baseOffset, records } of this.batches.slice(this.indexFrom(from))) {
      for (const record of records) {
        const offset = baseOffset + record.delta;
        if (offset >= end) return undefined;
        if (offset >= from && record.timestamp >= timestamp) return offset;
      }
    }
    return undefined;
  }

  /** Bytes of the batches that hold anything at or past an offset. */
  bytesFrom(offset: number): number {
    return this.batches.slice(this.indexFrom(offset)).reduce((sum, { bytes }) => sum + bytes, 0);
  }
}
