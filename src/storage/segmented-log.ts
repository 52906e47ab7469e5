import type { Clock } from '../host/clock.ts';
import type { Logger } from '../host/logger.ts';
import type { Random } from '../host/random.ts';
import type { ByteRange } from '../protocol/byte-range.ts';
import { KafkaError } from '../protocol/kafka-error.ts';
import {
  batchSizeAt,
  frameProblem,
  isControlAt,
  lastOffsetDeltaAt,
  maxTimestampAt,
  producerIdAt,
  setBaseOffset,
  setLeaderEpoch,
} from '../protocol/record-batch.ts';
import type { AbortedRow, AbortedTransactions } from './aborted-transactions.ts';
import type { CleanableLog, LastOfProducer } from './cleaner/cleanable-log.ts';
import { acceptClientBatch, checkSize } from './client-batch.ts';
import type { EpochCache } from './epoch-cache.ts';
import { LogFlusher } from './log-flusher.ts';
import { confirmTime, findMaxTimestamp, findTimestamp, type LogView } from './log-lookup.ts';
import type { LogMedium, ReplacementMedium } from './log-medium.ts';
import type {
  ActiveProducer,
  AppendOptions,
  AppendTicket,
  LogSettings,
  OffsetAndTimestamp,
  PartitionLog,
  PartitionRef,
  ReadRequest,
  ReadResult,
} from './partition-log.ts';
import { encodeSnapshot } from './producer-snapshot.ts';
import type { ProducerBatch, ProducerState } from './producer-state.ts';
import { firstOffsetOf } from './producer-state.ts';
import { countExpired } from './retention.ts';
import { emptyIndexes } from './segment-indexes.ts';
import { SegmentList } from './segment-list.ts';
import { readLog } from './read-log.ts';
import { newSegmentStart, Segment } from './segment.ts';
import { StorageFailure, systemCodeOf, withCause } from './storage-failure.ts';
import type { TransactionalProducer, VerificationGuard } from './transaction-verification.ts';
import type { CommitTurn, WriteGroup } from './write-queue.ts';
import { WriteQueue } from './write-queue.ts';

/** What every log of a store is given. */
export interface LogSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly turn: CommitTurn;
  /** The log's start was set by a client, and only a checkpoint can remember that. */
  onLogStartSet(log: PartitionLog): void;
  /** What a log was told of its topic may have changed. */
  onSettings(): void;
  /** A log takes no more appends, because its disk failed. */
  onFailed(): void;
}

/** The state of a log as it was found, or of an empty one. */
export interface LogState {
  /** In order, the last one open for appends; at least one. */
  readonly segments: Segment[];
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  /** What is durable ends here. */
  readonly recoveryPoint: number;
  /** Offset of the latest producer snapshot; -1 without one. */
  readonly snapshotOffset: number;
  readonly producers: ProducerState;
  readonly epochs: EpochCache;
  readonly aborted: AbortedTransactions;
}

const alreadyCommitted = Promise.resolve();

/**
 * A partition's log over segments: all that the memory and the disk engine have in common. Where
 * bytes live is the medium's matter.
 */
export class SegmentedLog implements PartitionLog, CleanableLog {
  logStartOffset: number;
  lastStableOffset: number;
  highWatermark: number;
  logEndOffset: number;
  leaderEpoch = -1;
  sizeInBytes: number;
  failure: StorageFailure | undefined;

  private readonly segments: SegmentList;
  private readonly producers: ProducerState;
  private readonly epochs: EpochCache;
  private readonly aborted: AbortedTransactions;
  private readonly queue: WriteQueue;
  private readonly listeners = new Set<() => void>();
  /** Places where batches were found damaged. */
  private readonly damage = new Set<string>();
  private snapshotOffset: number;
  private epochsChanged = false;
  private readonly flusher: LogFlusher;
  /** Where it ended when it was opened. */
  private readonly foundEndOffset: number;
  private isClosing = false;
  private isLogStartNoted = true;
  /** Deletions take turns. */
  private maintenance: Promise<unknown> = alreadyCommitted;

  constructor(
    readonly ref: PartitionRef,
    public settings: LogSettings,
    state: LogState,
    private readonly medium: LogMedium,
    private readonly around: LogSurroundings,
  ) {
    this.segments = new SegmentList(state.segments);
    this.logStartOffset = state.logStartOffset;
    this.logEndOffset = this.highWatermark = this.lastStableOffset = state.logEndOffset;
    this.snapshotOffset = state.snapshotOffset;
    this.producers = state.producers;
    this.epochs = state.epochs;
    this.aborted = state.aborted;
    this.sizeInBytes = this.segments.sizeInBytes;
    const flush = () => this.flush();
    this.foundEndOffset = state.logEndOffset;
    this.flusher = new LogFlusher(state.recoveryPoint, this.segments, medium, around.clock, flush);
    this.queue = new WriteQueue(medium, around.turn, {
      beforeWrite: () => this.saveEpochs(),
      isSyncDue: (group) => this.isSyncDue(group),
      syncNow: (group) => this.flusher.sync(group.endOffset),
      onCommitted: (group) => this.onCommitted(group),
      onFailed: (cause) => this.onFailed(cause),
    });
    this.segments.active.rollJitterMs = this.rollJitter();
    this.producers.onHighWatermark(this.highWatermark);
    this.updateLastStableOffset();
    this.checkInvariant();
  }

  get fileDeleteDelayMs(): number {
    return this.settings.fileDeleteDelayMs;
  }

  /** What is durable ends here. */
  get recoveryPoint(): number {
    return this.flusher.recoveryPoint;
  }

  /** A flush failed: what the disk was given since the last good one may be anything. */
  get hasFailedFlush(): boolean {
    return this.flusher.hasFailed;
  }

  /** Bytes of a segment that are certainly durable. @param baseOffset  of the segment */
  syncedSizeOf(baseOffset: number): number {
    return this.segments.all.find((each) => each.baseOffset === baseOffset)?.syncedSize ?? 0;
  }

  get latestEpoch(): number | undefined {
    return this.epochs.latest;
  }

  becomeLeader(leaderEpoch: number): void {
    const known = Math.max(this.leaderEpoch, this.epochs.latest ?? -1);
    if (leaderEpoch < known) {
      throw new KafkaError('FENCED_LEADER_EPOCH', `epoch ${leaderEpoch} is older than ${known}`);
    }
    this.leaderEpoch = leaderEpoch;
    this.assignEpoch(leaderEpoch);
  }

  append(batches: ByteRange, options: AppendOptions): AppendTicket {
    if (this.failure !== undefined) {
      // What it said then is not what happens to this append.
      const { kind, message, cause } = this.failure;
      throw new StorageFailure(kind === 'Fenced' ? kind : 'NotCommitted', message, cause);
    }
    if (this.isClosing) throw new StorageFailure('Fenced', 'the log is being closed');
    if (options.leaderEpoch < this.leaderEpoch) {
      throw new StorageFailure(
        'Fenced',
        `leader epoch ${options.leaderEpoch} is older than ${this.leaderEpoch}`,
      );
    }
    const nowMs = this.around.clock.wallMs();
    if (options.origin === 'client') return this.appendFromClient(batches, options, nowMs);
    this.checkTrusted(batches, options);
    return this.appendAccepted(batches, options.leaderEpoch, nowMs, -1);
  }

  beginVerification(producer: TransactionalProducer): VerificationGuard | undefined {
    return this.producers.beginVerification(producer, this.around.clock.wallMs());
  }

  private appendFromClient(sent: ByteRange, options: AppendOptions, nowMs: number): AppendTicket {
    const accepted = acceptClientBatch(sent, this, nowMs);
    this.checkFits(accepted.end - accepted.start);
    const { buffer, start } = accepted;
    if (producerIdAt(buffer, start) >= 0) {
      const repeated = this.producers.repeated(buffer, start);
      if (repeated !== undefined) return this.repeatedTicket(repeated);
      this.producers.checkData(buffer, start, options);
    }
    const isAppendTime = this.settings.timestampType === 'LogAppendTime';
    return this.appendAccepted(accepted, options.leaderEpoch, nowMs, isAppendTime ? nowMs : -1);
  }

  /** Batches of our own: only what could harm the log is looked at. */
  private checkTrusted({ buffer, start, end }: ByteRange, options: AppendOptions): void {
    if (start === end) throw new KafkaError('INVALID_RECORD', 'no batch to append');
    for (let at = start; at < end; at += batchSizeAt(buffer, at)) {
      const problem = frameProblem(buffer, at, end);
      if (problem !== undefined) throw new KafkaError('CORRUPT_MESSAGE', `a batch is ${problem}`);
      if (options.origin !== 'raft') checkSize(batchSizeAt(buffer, at), this.settings);
      if (producerIdAt(buffer, at) < 0) continue;
      if (isControlAt(buffer, at)) {
        this.producers.checkMarker(buffer, at, options.transactionVersion ?? 0);
      } else {
        this.producers.checkData(buffer, at, options);
      }
    }
    this.checkFits(end - start);
  }

  private checkFits(bytes: number): void {
    if (bytes <= this.settings.segmentBytes) return;
    throw new KafkaError(
      'RECORD_LIST_TOO_LARGE',
      `${bytes} bytes do not fit into a segment of ${this.settings.segmentBytes}`,
    );
  }

  private repeatedTicket(batch: ProducerBatch): AppendTicket {
    return {
      baseOffset: firstOffsetOf(batch),
      lastOffset: batch.lastOffset,
      logAppendTimeMs: batch.timestamp,
      logStartOffset: this.logStartOffset,
      isDuplicate: true,
      // The first one may still be on its way.
      committed:
        batch.lastOffset < this.highWatermark
          ? alreadyCommitted
          : (this.queue.pending ?? alreadyCommitted),
    };
  }

  /** Nothing below refuses any more: offsets are given, state is changed, bytes are queued. */
  private appendAccepted(
    { buffer, start, end }: ByteRange,
    leaderEpoch: number,
    nowMs: number,
    logAppendTimeMs: number,
  ): AppendTicket {
    if (leaderEpoch > this.leaderEpoch) this.leaderEpoch = leaderEpoch;
    this.assignEpoch(leaderEpoch);
    const baseOffset = this.logEndOffset;
    let committed = alreadyCommitted;
    for (let at = start; at < end;) {
      const bytes = batchSizeAt(buffer, at);
      const lastOffset = this.logEndOffset + lastOffsetDeltaAt(buffer, at);
      setBaseOffset(buffer, at, this.logEndOffset);
      setLeaderEpoch(buffer, at, leaderEpoch);
      const segment = this.segmentFor(bytes, lastOffset, maxTimestampAt(buffer, at), nowMs);
      const position = segment.append(buffer, at, this.settings.indexIntervalBytes);
      segment.lastModifiedMs = nowMs;
      const aborted = this.producers.apply(buffer, at);
      if (aborted !== undefined) this.aborted.add(aborted);
      this.logEndOffset = lastOffset + 1;
      this.sizeInBytes += bytes;
      const chunk = buffer.subarray(at, at + bytes);
      committed = this.queue.add(segment, position, chunk, this.logEndOffset, aborted);
      at += bytes;
    }
    this.checkInvariant();
    return {
      baseOffset,
      lastOffset: this.logEndOffset - 1,
      logAppendTimeMs,
      logStartOffset: this.logStartOffset,
      isDuplicate: false,
      committed,
    };
  }

  private segmentFor(bytes: number, lastOffset: number, maxTimestamp: number, nowMs: number) {
    const { active } = this.segments;
    return active.mustRoll(bytes, lastOffset, maxTimestamp, nowMs, this.settings)
      ? this.roll(nowMs)
      : active;
  }

  private roll(nowMs: number): Segment {
    const sealed = this.segments.active;
    const offset = this.logEndOffset;
    sealed.complete();
    const start = newSegmentStart(offset, nowMs, this.rollJitter(), emptyIndexes(offset));
    const next = new Segment(start, this.medium.newSegment(offset));
    this.segments.replace([], [next]);
    this.queue.roll({ sealed, offset, snapshot: this.takeSnapshot() }, next);
    return next;
  }

  private rollJitter(): number {
    const bound = Math.min(this.settings.segmentJitterMs, this.settings.segmentMs);
    return bound <= 0 ? 0 : Math.floor(this.around.random.fraction() * bound);
  }

  /** The producers as of the log's end; undefined when there is such a snapshot already. */
  private takeSnapshot(): Buffer | undefined {
    if (this.snapshotOffset >= this.logEndOffset) return undefined;
    this.snapshotOffset = this.logEndOffset;
    return encodeSnapshot(this.producers.all(), this.producers.size);
  }

  private assignEpoch(leaderEpoch: number): void {
    if (leaderEpoch >= 0 && this.epochs.assign(leaderEpoch, this.logEndOffset)) {
      this.epochsChanged = true;
    }
  }

  private saveEpochs(): void {
    if (!this.epochsChanged) return;
    this.epochsChanged = false;
    this.medium.saveEpochs(this.epochs.entries);
  }

  private isSyncDue(group: WriteGroup): boolean {
    return group.endOffset - this.recoveryPoint >= this.settings.flushMessages;
  }

  private onCommitted(group: WriteGroup): void {
    this.highWatermark = group.endOffset;
    const last = group.steps.at(-1)?.segment;
    last?.remember(group.endOffset, last.readableSize);
    if (group.steps.some(({ roll }) => roll !== undefined)) this.flusher.start();
    this.producers.onHighWatermark(this.highWatermark);
    this.updateLastStableOffset();
    this.checkInvariant();
    if (this.failure === undefined) {
      this.flusher.plan(this.settings.flushMs, this.highWatermark);
    }
    this.notify();
  }

  private onFailed(cause: unknown): void {
    if (this.failure !== undefined) return;
    this.around.logger.error('a write failed; the log takes no more appends until it is reopened', {
      topic: this.ref.topicName,
      partition: this.ref.partition,
      error: cause,
    });
    const words = withCause('an earlier write of this log failed', cause);
    const failure = new StorageFailure('NotCommitted', words, cause);
    this.giveUp(failure);
    this.around.onFailed();
  }

  /** Takes no more appends, and nothing that waits is written. */
  giveUp(failure: StorageFailure): void {
    this.poison(failure);
    this.queue.abandon(failure);
  }

  /** Fails when the files were removed under us: writes to what has no name go nowhere. */
  checkPresence(): void {
    if (this.failure !== undefined || this.segments.active.medium.isPresent()) return;
    this.onFailed(new Error('ENOENT: the files of the log were removed'));
  }

  private poison(failure: StorageFailure): void {
    this.failure ??= failure;
    this.flusher.forgetPlan();
    this.notify();
  }

  private updateLastStableOffset(): void {
    const unstable = this.producers.firstUnstableOffset ?? this.highWatermark;
    this.lastStableOffset = Math.max(this.logStartOffset, Math.min(unstable, this.highWatermark));
  }

  private checkInvariant(): void {
    const { logStartOffset, lastStableOffset, highWatermark, logEndOffset } = this;
    if (
      logStartOffset <= lastStableOffset &&
      lastStableOffset <= highWatermark &&
      highWatermark <= logEndOffset
    ) {
      return;
    }
    throw new Error(
      `${this.ref.topicName}-${this.ref.partition}: offsets must not fall in ` +
        `${logStartOffset}, ${lastStableOffset}, ${highWatermark}, ${logEndOffset}`,
    );
  }

  private notify(): void {
    for (const listener of [...this.listeners]) {
      try {
        listener();
      } catch (error) {
        // A bug of whoever listens; the commit stands, and the others have to hear of it.
        this.around.logger.error('a listener of a log failed', { error });
      }
    }
  }

  read(request: ReadRequest, signal?: AbortSignal): ReadResult | Promise<ReadResult> {
    this.checkReadable();
    try {
      const beside = { aborted: this.aborted, guard: this.epochs };
      const result = readLog(this, this.segments, beside, request, signal);
      if (!(result instanceof Promise)) return result;
      return result.catch((error: unknown) => this.onUnreadable(error));
    } catch (error) {
      return this.onUnreadable(error);
    }
  }

  /** A disk that does not answer may do so later; files that are gone are gone. */
  private onUnreadable(error: unknown): never {
    if (error instanceof StorageFailure && systemCodeOf(error.cause) === 'ENOENT') {
      this.onFailed(error.cause);
    }
    if (error instanceof StorageFailure && error.kind === 'Corrupt') this.reportDamage(error);
    throw error;
  }

  /** Once per place: consumers ask for it again and again. */
  private reportDamage({ message }: StorageFailure): void {
    if (this.damage.has(message)) return;
    this.damage.add(message);
    const { topicName, partition } = this.ref;
    this.around.logger.error(`a stored batch is damaged and is not served: ${message}`, {
      topic: topicName,
      partition,
    });
  }

  private checkReadable(): void {
    if (this.failure?.kind === 'Fenced') throw this.failure;
  }

  async offsetForTimestamp(timestamp: number): Promise<OffsetAndTimestamp | undefined> {
    this.checkReadable();
    const { highWatermark } = this;
    const found = await this.looking(() =>
      findTimestamp(this.view(), timestamp, this.logStartOffset),
    );
    // What was committed meanwhile may have been seen in part only.
    return found !== undefined && found.offset < highWatermark ? found : undefined;
  }

  async offsetOfMaxTimestamp(): Promise<OffsetAndTimestamp | undefined> {
    this.checkReadable();
    await this.queue.idle(); // what is known of timestamps includes what is not readable yet
    return this.looking(() => findMaxTimestamp(this.view()));
  }

  private view(): LogView {
    return { segments: this.segments.all, logEndOffset: this.logEndOffset, guard: this.epochs };
  }

  private async looking<T>(look: () => Promise<T>): Promise<T> {
    try {
      return await look();
    } catch (error) {
      return this.onUnreadable(error);
    }
  }

  endOffsetForEpoch(epoch: number): { leaderEpoch: number; endOffset: number } | undefined {
    return this.epochs.endOffsetFor(epoch, this.logEndOffset);
  }

  epochForOffset(offset: number): number {
    return this.epochs.epochForOffset(offset);
  }

  async deleteBefore(offset: number): Promise<number> {
    this.checkReadable();
    if (offset > this.highWatermark || offset < 0) {
      throw new KafkaError(
        'OFFSET_OUT_OF_RANGE',
        `${offset} is above the high watermark, ${this.highWatermark}`,
      );
    }
    if (offset > this.logStartOffset) {
      this.moveLogStart(offset);
      this.isLogStartNoted = false;
    }
    this.noteLogStart();
    await this.inTurn(() => this.deleteExpired({ ...this.settings, cleanupDelete: false }));
    return this.logStartOffset;
  }

  /** @throws {StorageFailure} NotCommitted: the start is in force, but would be forgotten */
  private noteLogStart(): void {
    if (this.isLogStartNoted) return;
    try {
      this.around.onLogStartSet(this);
      this.isLogStartNoted = true;
    } catch (error) {
      const words = withCause('the new start of the log could not be written down', error);
      throw new StorageFailure('NotCommitted', words, error);
    }
  }

  async applyRetention(): Promise<void> {
    await this.inTurn(() => this.deleteExpired(this.settings));
  }

  private async inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.maintenance.then(work);
    this.maintenance = turn.catch(() => undefined);
    await turn;
  }

  private async deleteExpired(settings: LogSettings): Promise<void> {
    if (this.failure !== undefined) return;
    const nowMs = this.around.clock.wallMs();
    const count = (): number => {
      const { logStartOffset, highWatermark, logEndOffset, sizeInBytes } = this;
      const view = { logStartOffset, highWatermark, logEndOffset, sizeInBytes };
      return countExpired({ ...view, segments: this.segments.all }, settings, nowMs);
    };
    await this.confirmAges(count());
    const expired = count();
    if (expired === 0 || this.hasFailed()) return;
    const segments = this.segments.all;
    if (expired < segments.length) {
      await this.queue.idle();
    } else {
      // Before the old segments go the new one is there for good: it alone says where the log ends.
      this.roll(nowMs);
      await this.flush();
    }
    if (this.hasFailed()) return;
    const gone = segments.slice(0, expired);
    this.moveLogStart((this.segments.all[expired] as Segment).baseOffset);
    this.removeSegments(gone);
    this.around.logger.info('segments that nobody needs any more are deleted', {
      topic: this.ref.topicName,
      partition: this.ref.partition,
      segments: gone.length,
      bytes: gone.reduce((sum, { size }) => sum + size, 0),
      logStartOffset: this.logStartOffset,
    });
  }

  /**
   * One after the other, on the disk too: a log is cut at a hole. What the disk does not let go now
   * lies below the log's start, and goes another time.
   */
  private removeSegments(old: readonly Segment[]): void {
    for (const segment of old) {
      try {
        this.medium.syncRemovals();
        segment.medium.remove(this.settings.fileDeleteDelayMs, false);
      } catch (error) {
        const { topicName, partition } = this.ref;
        const where = { topic: topicName, partition, baseOffset: segment.baseOffset };
        this.around.logger.warn('a segment could not be deleted yet', { ...where, error });
        return;
      }
      this.forgetSegments([segment], []);
    }
  }

  /** Makes sure how old the first segments are, which are to go. */
  private async confirmAges(segments: number): Promise<void> {
    for (let i = 0; i < segments; i++) {
      if (this.segments.all[i]?.isTimeSure !== false) continue;
      // What is damaged is as old as its index says.
      await this.looking(() => confirmTime(this.view(), i)).catch(() => undefined);
    }
  }

  // Only for the type checker: `failure` may be set while we wait.
  private hasFailed(): boolean {
    return this.failure !== undefined;
  }

  get allSegments(): readonly Segment[] {
    return this.segments.all;
  }

  abortedOverlapping(fromOffset: number, endOffset: number): AbortedRow[] {
    return this.aborted.rowsOverlapping(fromOffset, endOffset);
  }

  lastOfProducers(): Map<number, LastOfProducer> {
    const last = new Map<number, LastOfProducer>();
    for (const { producerId, producerEpoch, batches } of this.producers.all()) {
      last.set(producerId, { producerEpoch, lastOffset: batches.at(-1)?.lastOffset });
    }
    return last;
  }

  newReplacement(baseOffset: number): ReplacementMedium {
    return this.medium.newReplacement(baseOffset);
  }

  async replaceCleaned(
    old: readonly Segment[],
    cleaned: Segment,
    medium: ReplacementMedium,
    aborted: readonly AbortedRow[],
  ): Promise<boolean> {
    let isDone = false;
    await this.inTurn(async () => {
      const { all } = this.segments;
      if (this.failure !== undefined || old.some((segment) => !all.includes(segment))) return;
      const next = all[all.indexOf(old.at(-1) as Segment) + 1] as Segment;
      try {
        medium.beginSwap();
        this.forgetSegments(old, [cleaned]);
        for (const each of old) each.medium.remove(this.settings.fileDeleteDelayMs, true);
        medium.endSwap();
      } catch (error) {
        this.onFailed(error);
        throw error;
      }
      this.aborted.replaceBetween(cleaned.baseOffset, next.baseOffset, aborted);
      isDone = true;
    });
    return isDone;
  }

  /**
   * Puts segments in the place of others, all at once: retention none, the cleaner a smaller one.
   * Readers of the old ones finish undisturbed.
   */
  private forgetSegments(old: readonly Segment[], replacements: readonly Segment[]): void {
    this.segments.replace(old, replacements);
    this.sizeInBytes = this.segments.sizeInBytes;
    for (const { baseOffset } of old) {
      if (replacements.some((each) => each.baseOffset === baseOffset)) continue;
      this.medium.removeSnapshot(baseOffset);
    }
    this.aborted.removeBefore((this.segments.all[0] as Segment).baseOffset);
  }

  private moveLogStart(offset: number): void {
    if (offset <= this.logStartOffset) return;
    this.logStartOffset = offset;
    if (this.epochs.truncateFromStart(offset)) this.epochsChanged = true;
    this.updateLastStableOffset();
    this.checkInvariant();
    this.notify();
  }

  activeProducers(): ActiveProducer[] {
    return this.producers.active();
  }

  /** Forgets producers that were quiet too long; the store calls it every ten minutes. */
  expireProducers(): void {
    this.producers.expire(this.around.clock.wallMs(), this.settings.producerIdExpirationMs);
  }

  updateSettings(settings: LogSettings): void {
    this.settings = settings;
    this.around.onSettings();
    this.flusher.forgetPlan();
    this.flusher.plan(settings.flushMs, this.highWatermark);
  }

  async flush(): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    await this.queue.idle();
    if (this.hasFailed()) throw this.failure as unknown as StorageFailure;
    try {
      await this.flusher.sync(this.highWatermark);
    } catch (error) {
      // After a failed fsync nobody knows what is on the disk.
      this.onFailed(error);
      const words = withCause('could not make the log durable', error);
      throw new StorageFailure('OutcomeUnknown', words, error);
    }
  }

  /**
   * What was found after a crash may be in the page cache only. It becomes durable as if it had been
   * appended now: readers see it from the start, and a producer that sends it again is told that it
   * is there.
   *
   * @throws {StorageFailure} OutcomeUnknown: the log is a failed one now
   */
  async makeFoundDurable(): Promise<void> {
    const { flushMessages, flushMs } = this.settings;
    if (this.highWatermark - this.recoveryPoint >= flushMessages) await this.flush();
    else this.flusher.plan(flushMs, this.highWatermark);
  }

  onAdvance(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Commits what is under way, makes it durable, leaves indexes and a snapshot.
   *
   * @param isLate  asked when nothing came to the log since it was recovered: may the next start
   *                recover it once more?
   * @returns       whether it is durable
   */
  async close(isLate: () => boolean = () => false): Promise<boolean> {
    this.isClosing = true;
    await this.maintenance;
    await this.queue.idle();
    await this.flusher.idle();
    this.flusher.forgetPlan();
    if (this.failure?.kind === 'Fenced') return true;
    if (this.failure !== undefined) throw this.failure;
    // Of ten thousand logs few have changed since they were opened.
    const isLeft = !this.isSettled && this.isAsFound && isLate();
    if (!this.isSettled && !isLeft) await this.settle();
    this.poison(new StorageFailure('Fenced', 'the log is closed'));
    return !isLeft;
  }

  private async settle(): Promise<void> {
    const { active } = this.segments;
    active.complete();
    this.saveEpochs();
    active.seal();
    const snapshot = this.takeSnapshot();
    if (snapshot !== undefined) this.medium.saveSnapshot(this.logEndOffset, snapshot);
    await this.flusher.sync(this.logEndOffset);
  }

  /** Nothing was appended since it was opened. */
  get isAsFound(): boolean {
    return this.logEndOffset === this.foundEndOffset;
  }

  /** Is everything on the disk that a clean stop leaves there? */
  private get isSettled(): boolean {
    const { logEndOffset, recoveryPoint, snapshotOffset } = this;
    return logEndOffset === 0 || (recoveryPoint >= logEndOffset && snapshotOffset >= logEndOffset);
  }

  /** Resolves once no write and no flush is under way. */
  async idle(): Promise<void> {
    await this.queue.idle();
    await this.flusher.idle();
  }

  /** Ends it at once: what is not written yet never will be. */
  abandon(reason: string): void {
    this.poison(new StorageFailure('Fenced', reason));
    this.queue.abandon(new StorageFailure('Fenced', reason));
  }
}
