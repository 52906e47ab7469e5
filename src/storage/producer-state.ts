import { KafkaError } from '../protocol/kafka-error.ts';
import {
  baseOffsetAt,
  baseSequenceAt,
  isControlAt,
  isTransactionalAt,
  lastOffsetAt,
  lastOffsetDeltaAt,
  lastSequenceAt,
  maxTimestampAt,
  openRecords,
  producerEpochAt,
  producerIdAt,
} from '../protocol/record-batch.ts';
import { controlTypeOf, decodeEndTransactionMarker } from '../protocol/control-record.ts';
import type { AbortedRow } from './aborted-transactions.ts';
import type { ActiveProducer, AppendOptions } from './partition-log.ts';
import {
  Verifications,
  type TransactionalProducer,
  type VerificationGuard,
} from './transaction-verification.ts';

/** How many batches of a producer are remembered, to know a repeated one (KIP-98). */
const rememberedBatches = 5;
const largestSequence = 2_147_483_647;

/** One remembered batch. */
export interface ProducerBatch {
  lastSequence: number;
  lastOffset: number;
  offsetDelta: number;
  timestamp: number;
}

export function firstOffsetOf(batch: ProducerBatch): number {
  return batch.lastOffset - batch.offsetDelta;
}

function firstSequenceOf(lastSequence: number, offsetDelta: number): number {
  return lastSequence < offsetDelta
    ? largestSequence - (offsetDelta - lastSequence) + 1
    : lastSequence - offsetDelta;
}

/** Whether a sequence number comes next: after the largest it is 0. */
function follows(last: number, first: number): boolean {
  return first === last + 1 || (first === 0 && last === largestSequence);
}

/** What a log knows of one producer id. -1 stands for "none". */
export class ProducerEntry {
  producerEpoch = -1;
  coordinatorEpoch = -1;
  lastTimestamp = -1;
  currentTransactionStartOffset = -1;
  /** Oldest first, five at most, all of the present epoch. */
  readonly batches: ProducerBatch[] = [];

  constructor(readonly producerId: number) {}

  get lastSequence(): number {
    return this.batches.at(-1)?.lastSequence ?? -1;
  }

  /** Whether both have come to the same batch of the same epoch. */
  isAt({ producerEpoch, batches }: ProducerEntry): boolean {
    const [ours, theirs] = [this.batches.at(-1), batches.at(-1)];
    return producerEpoch === this.producerEpoch && ours?.lastOffset === theirs?.lastOffset;
  }

  /** The remembered batch of exactly this epoch and these sequence numbers. */
  repeated(producerEpoch: number, firstSequence: number, lastSequence: number) {
    if (producerEpoch !== this.producerEpoch) return undefined;
    for (const batch of this.batches) {
      if (
        batch.lastSequence === lastSequence &&
        firstSequenceOf(batch.lastSequence, batch.offsetDelta) === firstSequence
      ) {
        return batch;
      }
    }
    return undefined;
  }

  add(epoch: number, lastSequence: number, lastOffset: number, offsetDelta: number, time: number) {
    this.enterEpoch(epoch);
    // Begun anew in the same epoch, after the log had forgotten it: what came before is not the same.
    if (!this.isNext(lastSequence, offsetDelta)) this.batches.length = 0;
    const batch =
      this.batches.length === rememberedBatches ? (this.batches.shift() as ProducerBatch) : empty();
    batch.lastSequence = lastSequence;
    batch.lastOffset = lastOffset;
    batch.offsetDelta = offsetDelta;
    batch.timestamp = time;
    this.batches.push(batch);
    this.lastTimestamp = time;
  }

  private isNext(lastSequence: number, offsetDelta: number): boolean {
    if (this.batches.length === 0) return true;
    return follows(this.lastSequence, firstSequenceOf(lastSequence, offsetDelta));
  }

  enterEpoch(producerEpoch: number): void {
    if (producerEpoch === this.producerEpoch) return;
    this.batches.length = 0;
    this.producerEpoch = producerEpoch;
  }
}

function empty(): ProducerBatch {
  return { lastSequence: -1, lastOffset: -1, offsetDelta: 0, timestamp: -1 };
}

/**
 * Idempotent and transactional producers of one log: a fold over batch headers (and over control
 * records, which are never compressed). The checks are made before an append, the fold never
 * refuses: after a restart it runs over what was accepted.
 */
export class ProducerState {
  private readonly entries = new Map<number, ProducerEntry>();
  /** Open transactions by their first offset, in order of it. */
  private readonly ongoing = new Map<number, number>();
  /** Ended ones whose marker is not below the high watermark yet: first offset to marker's offset. */
  private readonly ending = new Map<number, number>();
  private readonly verifications = new Verifications();

  get size(): number {
    return this.entries.size;
  }

  get(producerId: number): ProducerEntry | undefined {
    return this.entries.get(producerId);
  }

  all(): IterableIterator<ProducerEntry> {
    return this.entries.values();
  }

  active(): ActiveProducer[] {
    return [...this.entries.values()].map((entry) => ({
      producerId: entry.producerId,
      producerEpoch: entry.producerEpoch,
      lastSequence: entry.lastSequence,
      lastTimestamp: entry.lastTimestamp,
      coordinatorEpoch: entry.coordinatorEpoch,
      currentTransactionStartOffset: entry.currentTransactionStartOffset,
    }));
  }

  /** Takes in an entry of a snapshot. */
  load(entry: ProducerEntry): void {
    this.entries.set(entry.producerId, entry);
    if (entry.currentTransactionStartOffset < 0) return;
    this.ongoing.set(entry.currentTransactionStartOffset, entry.producerId);
    const sorted = [...this.ongoing].sort(([a], [b]) => a - b);
    this.ongoing.clear();
    for (const [firstOffset, producerId] of sorted) this.ongoing.set(firstOffset, producerId);
  }

  /** A transaction that was loaded begins later than was said. @param firstOffset  -1: it is over */
  moveTransaction(entry: ProducerEntry, firstOffset: number): void {
    this.ongoing.delete(entry.currentTransactionStartOffset);
    entry.currentTransactionStartOffset = firstOffset;
    this.load(entry);
  }

  /**
   * Fills in older batches of producers of which only the last one is known.
   *
   * @param seen  a fold over the batches right before this state
   */
  recall(seen: ProducerState): void {
    for (const entry of this.entries.values()) {
      const found = seen.get(entry.producerId);
      if (found !== undefined && found.isAt(entry)) entry.batches.splice(0, 1, ...found.batches);
    }
  }

  /** First offset that is not decided: from there on nothing is stable. */
  get firstUnstableOffset(): number | undefined {
    let first: number | undefined;
    for (const firstOffset of this.ongoing.keys()) {
      first = firstOffset;
      break;
    }
    for (const firstOffset of this.ending.keys()) {
      if (first === undefined || firstOffset < first) first = firstOffset;
    }
    return first;
  }

  /** The batch at a position was sent before: the metadata of the first time. */
  repeated(buffer: Buffer, at: number): ProducerBatch | undefined {
    return this.entries
      .get(producerIdAt(buffer, at))
      ?.repeated(
        producerEpochAt(buffer, at),
        baseSequenceAt(buffer, at),
        lastSequenceAt(buffer, at),
      );
  }

  /**
   * Before a producer's transactional batch is appended and its coordinator is asked.
   *
   * @returns what the append has to show; undefined when its transaction has written here already
   * @throws {KafkaError} INVALID_PRODUCER_EPOCH
   */
  beginVerification(producer: TransactionalProducer, nowMs: number): VerificationGuard | undefined {
    const { producerId, producerEpoch } = producer;
    checkEpochOf(this.entries.get(producerId), producerEpoch);
    if (this.isInTransaction(producerId, producerEpoch)) return undefined;
    return this.verifications.begin(producer, nowMs);
  }

  /**
   * May this data batch be appended? A client's carries sequence numbers, a coordinator's does not.
   *
   * @throws {KafkaError} INVALID_PRODUCER_EPOCH, OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_TXN_STATE
   */
  checkData(buffer: Buffer, at: number, { origin, verification }: AppendOptions): void {
    const producerId = producerIdAt(buffer, at);
    const epoch = producerEpochAt(buffer, at);
    const entry = this.entries.get(producerId);
    checkEpochOf(entry, epoch);
    const isTransactional = isTransactionalAt(buffer, at);
    if (
      isTransactional &&
      verification !== 'off' &&
      !this.isInTransaction(producerId, epoch) &&
      !this.verifications.isCurrent(producerId, verification)
    ) {
      throw new KafkaError(
        'INVALID_TXN_STATE',
        `no open transaction of producer ${producerId} (epoch ${epoch}) knows of this partition`,
      );
    }
    if (origin === 'client') {
      const firstSequence = baseSequenceAt(buffer, at);
      this.verifications.checkSequence(producerId, firstSequence, (entry?.batches.length ?? 0) > 0);
      // Expired or new: any first sequence is taken.
      if (entry !== undefined) checkSequenceOf(entry, epoch, firstSequence);
    }
    if (entry !== undefined && entry.currentTransactionStartOffset >= 0 && !isTransactional) {
      throw new KafkaError(
        'INVALID_TXN_STATE',
        `producer ${entry.producerId} has an open transaction and sent a batch outside of it`,
      );
    }
  }

  private isInTransaction(producerId: number, producerEpoch: number): boolean {
    const entry = this.entries.get(producerId);
    if (entry === undefined || entry.currentTransactionStartOffset < 0) return false;
    return entry.producerEpoch === producerEpoch;
  }

  /**
   * May this transaction marker be appended?
   *
   * @param transactionVersion  2: the marker's epoch is larger than the producer's (KIP-890)
   * @throws {KafkaError} INVALID_PRODUCER_EPOCH, TRANSACTION_COORDINATOR_FENCED
   */
  checkMarker(buffer: Buffer, at: number, transactionVersion: number): void {
    const entry = this.entries.get(producerIdAt(buffer, at));
    if (entry === undefined) return;
    const epoch = producerEpochAt(buffer, at);
    const isRetry =
      epoch === entry.producerEpoch &&
      (entry.currentTransactionStartOffset < 0 || epoch === 32_767);
    const isOld =
      transactionVersion >= 2
        ? epoch <= entry.producerEpoch && !isRetry
        : epoch < entry.producerEpoch;
    if (isOld) {
      throw new KafkaError(
        'INVALID_PRODUCER_EPOCH',
        `a marker of epoch ${epoch} for producer ${entry.producerId}, now at ${entry.producerEpoch}`,
      );
    }
    const marker = readMarker(buffer, at);
    if (marker !== undefined && marker.coordinatorEpoch < entry.coordinatorEpoch) {
      throw new KafkaError(
        'TRANSACTION_COORDINATOR_FENCED',
        `coordinator epoch ${marker.coordinatorEpoch} is older than ${entry.coordinatorEpoch}`,
      );
    }
  }

  /**
   * Takes in the batch at a position, its offsets assigned.
   *
   * @returns the row of the transaction index when the batch aborts a transaction
   */
  apply(buffer: Buffer, at: number): AbortedRow | undefined {
    const producerId = producerIdAt(buffer, at);
    if (producerId < 0) return undefined;
    if (isControlAt(buffer, at)) return this.applyMarker(buffer, at, producerId);
    const entry = this.entryOf(producerId);
    const firstOffset = baseOffsetAt(buffer, at);
    entry.add(
      producerEpochAt(buffer, at),
      lastSequenceAt(buffer, at),
      lastOffsetAt(buffer, at),
      lastOffsetDeltaAt(buffer, at),
      maxTimestampAt(buffer, at),
    );
    if (!isTransactionalAt(buffer, at)) return undefined;
    this.verifications.onData(producerId);
    if (entry.currentTransactionStartOffset < 0) {
      entry.currentTransactionStartOffset = firstOffset;
      this.ongoing.set(firstOffset, producerId);
    }
    return undefined;
  }

  /** Transactions whose markers everyone may read have no hold on the last stable offset. */
  onHighWatermark(highWatermark: number): void {
    if (this.ending.size === 0) return;
    for (const [firstOffset, markerOffset] of this.ending) {
      if (markerOffset < highWatermark) this.ending.delete(firstOffset);
    }
  }

  /** Forgets producers that were quiet for `expirationMs`, unless a transaction is open. */
  expire(nowMs: number, expirationMs: number): void {
    for (const [producerId, entry] of this.entries) {
      if (isExpired(entry, nowMs, expirationMs)) this.entries.delete(producerId);
    }
    this.verifications.expire(nowMs, expirationMs);
  }

  private applyMarker(buffer: Buffer, at: number, producerId: number): AbortedRow | undefined {
    const marker = readMarker(buffer, at);
    // Emptied by the cleaner: the whole transaction is gone from the log.
    if (marker === undefined) return undefined;
    const entry = this.entryOf(producerId);
    const firstOffset = entry.currentTransactionStartOffset;
    const producerEpoch = producerEpochAt(buffer, at);
    this.verifications.onMarker(producerId, producerEpoch);
    entry.enterEpoch(producerEpoch);
    entry.coordinatorEpoch = marker.coordinatorEpoch;
    entry.lastTimestamp = marker.timestamp;
    entry.currentTransactionStartOffset = -1;
    if (firstOffset < 0) return undefined; // a marker without data has no effect
    const lastOffset = baseOffsetAt(buffer, at);
    this.ongoing.delete(firstOffset);
    this.ending.set(firstOffset, lastOffset);
    if (!marker.isAbort) return undefined;
    const [nextOngoing] = this.ongoing.keys();
    return { producerId, firstOffset, lastOffset, lastStableOffset: nextOngoing ?? lastOffset + 1 };
  }

  private entryOf(producerId: number): ProducerEntry {
    let entry = this.entries.get(producerId);
    if (entry === undefined) {
      entry = new ProducerEntry(producerId);
      this.entries.set(producerId, entry);
    }
    return entry;
  }
}

export function isExpired(entry: ProducerEntry, nowMs: number, expirationMs: number): boolean {
  return entry.currentTransactionStartOffset < 0 && nowMs - entry.lastTimestamp >= expirationMs;
}

function checkEpochOf(entry: ProducerEntry | undefined, epoch: number): void {
  if (entry === undefined || epoch >= entry.producerEpoch) return;
  throw new KafkaError(
    'INVALID_PRODUCER_EPOCH',
    `epoch ${epoch} of producer ${entry.producerId} is older than ${entry.producerEpoch}`,
  );
}

function checkSequenceOf(entry: ProducerEntry, epoch: number, firstSequence: number): void {
  if (entry.producerEpoch < 0) return;
  const last = epoch === entry.producerEpoch ? entry.lastSequence : -1;
  if (follows(last, firstSequence)) return;
  throw new KafkaError(
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
    `producer ${entry.producerId} (epoch ${epoch}) sent sequence ${firstSequence} after ${last}`,
  );
}

interface Marker {
  readonly isAbort: boolean;
  readonly coordinatorEpoch: number;
  readonly timestamp: number;
}

/** What a transaction's control batch says; undefined when the cleaner emptied it. */
function readMarker(buffer: Buffer, at: number): Marker | undefined {
  const cursor = openRecords(buffer, at);
  if (!cursor.next()) return undefined;
  return {
    isAbort: controlTypeOf(cursor.key()) === 'ABORT',
    coordinatorEpoch: decodeEndTransactionMarker(cursor.value()),
    timestamp: cursor.timestamp,
  };
}
