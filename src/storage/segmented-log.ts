import type { Caller } from '../host/caller.ts';
import type { ByteRange } from '../protocol/byte-range.ts';
import { KafkaError } from '../protocol/kafka-error.ts';
import {
  batchSizeAt,
  lastOffsetDeltaAt,
  maxTimestampAt,
  producerIdAt,
  setBaseOffset,
  setLeaderEpoch,
  setMaxTimestamp,
} from '../protocol/record-batch.ts';
import type { AbortedRow, AbortedTransactions } from './aborted-transactions.ts';
import type { CleanableLog, LastOfProducer } from './cleaner/cleanable-log.ts';
import { acceptClientBatch } from './client-batch.ts';
import { alreadyCommitted } from './commit.ts';
import type { EpochCache } from './epoch-cache.ts';
import { LogFlusher } from './log-flusher.ts';
import { confirmTime, findMaxTimestamp, findTimestamp, type LogView } from './log-lookup.ts';
import { LogMaintenance } from './log-maintenance.ts';
import type { LogMedium, ReplacementMedium } from './log-medium.ts';
import type { LogState, LogSurroundings } from './log-state.ts';
import { checkOwnBatches } from './own-batches.ts';
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
import { emptyIndexes } from './segment-indexes.ts';
import { SegmentList } from './segment-list.ts';
import { readLog } from './read-log.ts';
import { newSegmentStart, Segment } from './segment.ts';
import { StorageFailure, systemCodeOf, withCause } from './storage-failure.ts';
import type { TransactionalProducer, VerificationGuard } from './transaction-verification.ts';
import type { WriteGroup } from './write-queue.ts';
import { WriteQueue } from './write-queue.ts';

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
  /** Their file has older ones than the log. Whoever opens it cuts them off, so that can wait. */
  private hasOldEpochs = false;
  private readonly flusher: LogFlusher;
  private readonly maintenance: LogMaintenance;
  /** Where it ended when it was opened. */
  private readonly foundEndOffset: number;
  private isClosing = false;
  /** Of a log that is opened again the one before perhaps could not write it down. */
  private isLogStartNoted = false;

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
    this.foundEndOffset = state.logEndOffset;
    const flush = () => this.flushCommitted();
    this.flusher = new LogFlusher(state.recoveryPoint, this.segments, medium, around, flush);
    this.queue = new WriteQueue(medium, around.turn, {
      beforeWrite: () => {
        if (this.epochsChanged) this.saveEpochs();
      },
      isSyncDue: (group) => this.isSyncDue(group),
      syncNow: (group) => this.flusher.sync(group.endOffset),
      onCommitted: (group) => this.onCommitted(group),
      onFailed: (cause, isTakenBack) => {
        // That it was cut off is perhaps not on the disk, nor what the same fsync should cover.
        if (!isTakenBack) this.flusher.giveUp(cause);
        this.onFailed(cause);
      },
    });
    const { segments, aborted } = this;
    this.maintenance = new LogMaintenance(
      this,
      { segments, aborted, medium, around },
      {
        roll: (nowMs) => this.roll(nowMs),
        flush: () => this.flush(),
        written: () => this.queue.idle(),
        moveLogStart: (offset) => this.moveLogStart(offset),
        confirmTime: (index) => this.looking(() => confirmTime(this.view(), index)),
        onFailed: (cause) => this.onFailed(cause),
      },
    );
    this.segments.active.rollJitterMs = this.rollJitter();
    this.producers.onHighWatermark(this.highWatermark);
    this.updateLastStableOffset();
    this.checkInvariant();
  }

  get sizeInBytes(): number {
    return this.segments.sizeInBytes;
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
    checkOwnBatches(batches, options, this.settings, this.producers);
    this.checkFits(batches.end - batches.start);
    return this.appendAccepted(batches, options.leaderEpoch, nowMs, -1);
  }

  beginVerification(producer: TransactionalProducer): VerificationGuard | undefined {
    return this.producers.beginVerification(producer, this.around.clock.wallMs());
  }

  private appendFromClient(sent: ByteRange, options: AppendOptions, nowMs: number): AppendTicket {
    const accepted = options.isAccepted ? sent : acceptClientBatch(sent, this, nowMs, 'loop');
    this.checkFits(accepted.end - accepted.start);
    const { buffer, start } = accepted;
    if (producerIdAt(buffer, start) >= 0) {
      const repeated = this.producers.repeated(buffer, start);
      if (repeated !== undefined) return this.repeatedTicket(repeated);
      this.producers.checkData(buffer, start, options);
    }
    const isAppendTime = this.settings.timestampType === 'LogAppendTime';
    if (isAppendTime && options.isAccepted) setMaxTimestamp(buffer, start, 'LogAppendTime', nowMs);
    return this.appendAccepted(accepted, options.leaderEpoch, nowMs, isAppendTime ? nowMs : -1);
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
      commit:
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
    let commit = alreadyCommitted;
    for (let at = start; at < end;) {
      const bytes = batchSizeAt(buffer, at);
      const lastOffset = this.logEndOffset + lastOffsetDeltaAt(buffer, at);
      setBaseOffset(buffer, at, this.logEndOffset);
      setLeaderEpoch(buffer, at, leaderEpoch);
      const segment = this.segmentFor(bytes, lastOffset, maxTimestampAt(buffer, at), nowMs);
      const position = segment.append(buffer, at, this.settings.indexIntervalBytes);
      segment.lastModifiedMs = nowMs;
      if (segment.isNearlyFull(this.settings)) this.medium.expectSegment();
      const aborted = this.producers.apply(buffer, at);
      if (aborted !== undefined) this.aborted.add(aborted);
      this.logEndOffset = lastOffset + 1;
      this.segments.sizeInBytes += bytes;
      const chunk = buffer.subarray(at, at + bytes);
      commit = this.queue.add(segment, position, chunk, this.logEndOffset, aborted);
      at += bytes;
    }
    this.checkInvariant();
    return {
      baseOffset,
      lastOffset: this.logEndOffset - 1,
      logAppendTimeMs,
      logStartOffset: this.logStartOffset,
      isDuplicate: false,
      commit,
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
    if (!this.epochsChanged && !this.hasOldEpochs) return;
    this.medium.saveEpochs(this.epochs.entries);
    this.epochsChanged = this.hasOldEpochs = false;
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

  read(request: ReadRequest, caller?: Caller): ReadResult | Promise<ReadResult> {
    this.checkReadable();
    try {
      const beside = { aborted: this.aborted, guard: this.epochs };
      const result = readLog(this, this.segments, beside, request, caller);
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
    const { largeBatches } = this.around;
    const { logEndOffset, epochs: guard } = this;
    return { segments: this.segments.all, logEndOffset, guard, largeBatches };
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
    await this.maintenance.deleteExpired({ ...this.settings, cleanupDelete: false });
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
    await this.maintenance.deleteExpired(this.settings);
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

  replaceCleaned(
    old: readonly Segment[],
    cleaned: Segment,
    replacement: ReplacementMedium,
    aborted: readonly AbortedRow[],
  ): Promise<boolean> {
    return this.maintenance.replaceCleaned(old, cleaned, replacement, aborted);
  }

  private moveLogStart(offset: number): void {
    if (offset <= this.logStartOffset) return;
    this.logStartOffset = offset;
    if (this.epochs.truncateFromStart(offset)) this.hasOldEpochs = true;
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
    await this.flushCommitted();
  }

  private async flushCommitted(): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
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
    await this.maintenance.idle();
    await this.queue.idle();
    await this.flusher.idle();
    this.flusher.forgetPlan();
    if (this.failure?.kind === 'Fenced') return true;
    if (this.failure !== undefined) throw this.failure;
    // Of ten thousand logs few have changed since they were opened.
    const isLeft = !this.isSettled && this.isAsFound && isLate();
    if (!this.isSettled && !isLeft) await this.settle();
    this.poison(new StorageFailure('Fenced', 'the log is closed'));
    await this.flusher.idle();
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

  /** Resolves once nothing is under way on the medium. */
  async idle(): Promise<void> {
    await this.maintenance.idle();
    await this.queue.idle();
    await this.flusher.idle();
  }

  /** Ends it at once: what is not written yet never will be. */
  abandon(reason: string): void {
    this.poison(new StorageFailure('Fenced', reason));
    this.queue.abandon(new StorageFailure('Fenced', reason));
  }
}
