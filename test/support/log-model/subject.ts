import { KafkaError } from '../../../src/protocol/kafka-error.ts';
import { batches, readBatchHeader } from '../../../src/protocol/record-batch.ts';
import type {
  AppendOptions,
  LogSettings,
  PartitionLog,
  PartitionRef,
} from '../../../src/storage/partition-log.ts';
import type { CleanableLog } from '../../../src/storage/cleaner/cleanable-log.ts';
import { codeOf, rangeOf } from '../batches.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { endOf, ExpectedLog, type ExpectedBatch } from './expected-log.ts';
import { checkClean, learnCleaned, Removals, type Cleanings } from './compaction.ts';
import { checkOffsets, checkRead, demand } from './log-checks.ts';
import { encode, stamped, withoutKeys } from './sent-batches.ts';

/** A log that the store's cleaner knows. */
export interface ModelLog extends PartitionLog, CleanableLog {
  readonly settings: LogSettings;
  /** What is durable ends here, it says. */
  readonly recoveryPoint: number;
}

/** How a life of a log ended. */
export type Ending = 'clean' | 'failure' | 'kill' | 'power cut';

/** What the subject may ask of the run. */
export interface Surroundings {
  readonly random: SeededRandom;
  wallMs(): number;
  /** Whether calls of the disk may have failed since the log was opened. */
  hadTrouble(): boolean;
  /** The machine that the log runs on. */
  machine(): { readonly isOff: boolean; readonly failedSyncs: number };
  /** Whether the cleaner is at work. */
  isCleaning(): boolean;
  problem(error: unknown): void;
}

const plainIds = [1, 2, 3];
const transactionalIds = [11, 12];

/** One log under test and the array that it must be equal to. */
export class Subject {
  readonly expected = new ExpectedLog();
  log!: ModelLog;
  /** Up to here a deletion was asked for that may not have come about. */
  wantedStart = 0;
  /** A start that the log took but could not write down. */
  isStartUnsure = false;
  private leaderEpoch = -1;
  private machine: ReturnType<Surroundings['machine']> = { isOff: true, failedSyncs: 0 };
  /** Failed ones of which the log's earlier lives have suffered. */
  private knownFailedSyncs = 0;
  private values = 0;
  /** Cleanings of which the model has not seen yet what they left: none came so far. */
  private cleanedBelow = 0;
  private keysBelow = 0;
  private cleanBefore = 0;
  private cleaningSinceMs = Infinity;

  constructor(
    readonly ref: PartitionRef,
    public settings: LogSettings,
    private readonly around: Surroundings,
  ) {}

  get epoch(): number {
    return this.leaderEpoch;
  }

  get isDurable(): boolean {
    return this.settings.flushMessages === 1;
  }

  get isCompacted(): boolean {
    return this.settings.cleanupCompact;
  }

  /** The cleaner begins. @param cleanedUntil  that much was clean before */
  onCleaning(cleanedUntil: number): void {
    this.cleanBefore = cleanedUntil;
    if (this.isCompacted)
      this.cleaningSinceMs = Math.min(this.cleaningSinceMs, this.around.wallMs());
  }

  /** It came to its end, or to an end. @param cleanedUntil  undefined: it may have come anywhere */
  onCleaned(cleanedUntil: number | undefined): void {
    if (!this.isCompacted) return;
    const most = this.mostCleaned;
    const isMore = cleanedUntil !== undefined && cleanedUntil > this.cleanBefore;
    const limit = Math.max(most, this.log.logStartOffset); // before it all is deleted
    demand(
      !isMore || cleanedUntil <= limit,
      () => `clean up to ${cleanedUntil}, where ${limit} may be`,
    );
    this.cleanedBelow = Math.max(this.cleanedBelow, Math.min(cleanedUntil ?? most, most));
    this.keysBelow = Math.max(this.keysBelow, most);
  }

  /** Neither the last segment nor what is not stable is cleaned. */
  private get mostCleaned(): number {
    const { log } = this;
    return Math.min(log.lastStableOffset, log.allSegments.at(-1)?.baseOffset ?? 0);
  }

  private get cleanings(): Cleanings {
    const { around, cleanedBelow, keysBelow } = this;
    const most = around.isCleaning() ? this.mostCleaned : 0;
    return {
      below: Math.max(cleanedBelow, most),
      knownBelow: Math.max(keysBelow, most),
      sinceMs: this.cleaningSinceMs,
      nowMs: around.wallMs(),
      deleteRetentionMs: this.settings.deleteRetentionMs,
    };
  }

  /** Whether compaction may have taken what the model does not know of. */
  get isUnsettled(): boolean {
    return this.cleaningSinceMs < Infinity;
  }

  /** What compaction may have taken by now; undefined: nothing that is not known. */
  removals(): Removals | undefined {
    return this.isUnsettled ? new Removals(this.expected, this.cleanings) : undefined;
  }

  /** Looks at what the cleaner left. Nobody may be at work. */
  async learn(): Promise<void> {
    const { log, expected } = this;
    // What a power cut brought back is deleted later.
    if (log.logStartOffset >= expected.start) {
      await log.deleteBefore(log.logStartOffset); // a deletion of nothing: retention is over
      this.takeStart('none');
    }
    await learnCleaned(log, expected, this.cleanings);
    if (this.mustForget) expected.forgetGone();
    this.mustForget = false;
    this.cleanedBelow = this.keysBelow = 0;
    this.cleaningSinceMs = Infinity;
  }

  /** The log was opened anew since the model has seen what the cleaner left. */
  private mustForget = false;

  /** Up to there all is clean. */
  checkClean(cleanedUntil: number): void {
    checkClean(this.expected, cleanedUntil);
  }

  /** Takes over a log that was just opened: what must be there is, and the rest of the model goes. */
  async adopt(log: ModelLog, ending: Ending): Promise<void> {
    const { expected } = this;
    const { logStartOffset: start, logEndOffset: end } = log;
    if (this.isUnsettled && this.around.isCleaning()) this.onCleaned(undefined);
    this.mustForget = this.isCompacted;
    const before = this.log as ModelLog | undefined;
    // The cleaner flushes, and a timer does.
    if (before !== undefined)
      expected.durableEnd = Math.max(expected.durableEnd, before.recoveryPoint);
    this.log = log;
    const isCacheLost = this.around.machine().failedSyncs > this.knownFailedSyncs;
    if (ending === 'power cut' || isCacheLost) await recallLost(log, expected);
    this.machine = this.around.machine();
    const promised = this.promisedEnd(ending);
    this.knownFailedSyncs = this.machine.failedSyncs;
    demand(
      end >= promised || promised <= expected.start,
      () => `the log ends at ${end} after a ${ending}, but ${promised} was promised`,
    );
    demand(end <= expected.end, () => `the log ends at ${end}, written was up to ${expected.end}`);
    demand(
      expected.isBoundary(end) || end === start,
      () => `the log ends at ${end}, within a batch`,
    );
    // Retention has counted what is cut off now.
    if (start > expected.start) this.takeStart(ending);
    if (end < expected.end) {
      if (expected.isBoundary(end)) expected.cut(end);
      else expected.empty(end);
    }
    const isLossy = ending === 'power cut' || isCacheLost;
    if (isLossy && this.isCompacted) expected.loseHoles(await basesOf(log), promised, start);
    this.takeStart(ending);
    expected.acknowledgedEnd = expected.end;
    if (ending === 'clean' || ending === 'power cut') expected.durableEnd = expected.end;
    if (this.mustForget && !this.isUnsettled) expected.forgetGone();
    // Opened again is repaired: what was cut off is gone for good.
    if (ending === 'failure') expected.forgetLost();
    log.onAdvance(() => this.onAdvance(log));
  }

  private promisedEnd(ending: Ending): number {
    const { expected } = this;
    if (ending === 'clean') return expected.end;
    // What is in the page cache only survives neither a power cut nor a failed fsync.
    const isLost = ending === 'power cut' || this.machine.failedSyncs > this.knownFailedSyncs;
    return isLost ? expected.durableEnd : expected.acknowledgedEnd;
  }

  /** The log's start, which only deletion and retention may move. */
  takeStart(ending: Ending | 'none'): void {
    const { expected, log } = this;
    const { logStartOffset: start } = log;
    if (start === expected.start) return;
    if (start > expected.start) {
      // Where nothing was durable the first segment may be lost and the second one left.
      const isLost = ending === 'power cut' && expected.durableEnd <= expected.start;
      const isWanted = start <= this.wantedStart || isLost || this.isExpired(start);
      demand(isWanted, () => `the log starts at ${start}, where nothing below ${start} may go`);
    } else {
      const isForgotten = ending === 'power cut' || (ending !== 'failure' && this.isStartUnsure);
      demand(isForgotten, () => `the start fell from ${expected.start} to ${start}`);
      // Deleted is deleted: `restoreStart` says so again.
      expected.start = Math.min(expected.start, expected.end);
      return;
    }
    expected.start = start;
  }

  /** A power cut may have brought deleted records back: they are deleted again. */
  async restoreStart(): Promise<void> {
    const { expected, log } = this;
    if (log.logStartOffset < expected.start) await log.deleteBefore(expected.start);
  }

  /** Whether retention may have deleted all below an offset. */
  private isExpired(start: number): boolean {
    const { expected, settings, around } = this;
    const gone = expected.batches
      .slice(expected.indexFrom(expected.start))
      .filter((batch) => endOf(batch) <= start);
    const { retentionMs, retentionBytes, cleanupDelete } = settings;
    if (!cleanupDelete) return false;
    // What the cleaner has taken, which looks for what is too old itself, keeps nothing young.
    const removals = this.removals();
    const isOld = (batch: ExpectedBatch): boolean =>
      batch.records.every(
        (record) =>
          around.wallMs() - record.timestamp > retentionMs ||
          removals?.mayGo(batch, record) === true,
      );
    if (retentionMs >= 0 && gone.every(isOld)) return true;
    return retentionBytes >= 0 && expected.bytesFrom(start) >= retentionBytes;
  }

  becomeLeader(): void {
    this.leaderEpoch += 1 + this.around.random.below(2);
    this.log.becomeLeader(this.leaderEpoch);
  }

  private onAdvance(log: ModelLog): void {
    const { machine } = this;
    if (log !== this.log || machine.isOff) return;
    try {
      checkOffsets(log);
      this.checkWritten(log);
    } catch (error) {
      if (!isOff(machine)) this.around.problem(error);
    }
  }

  /** What the high watermark lets readers see has been written. */
  private checkWritten(log: ModelLog): void {
    const { highWatermark } = log;
    if (log.failure !== undefined || highWatermark <= log.logStartOffset) return;
    if (this.around.hadTrouble()) return;
    const fromOffset = highWatermark - 1;
    const request = { fromOffset, maxBytes: 1, minOneBatch: true, limit: 'highWatermark' } as const;
    const result = log.read(request);
    if (result instanceof Promise) {
      void result.then((late) => late.release()).catch(() => undefined);
      return;
    }
    const end = checkRead(result, this.expected, fromOffset, highWatermark);
    result.release();
    demand(end === highWatermark, () => `nothing is read right below ${highWatermark}`);
  }

  /** Appends something. @returns what became of it, for the trace */
  async appendSomething(): Promise<string> {
    const choice = this.around.random.below(20);
    if (choice < 7) return this.appendPlain();
    if (choice < 12) return this.appendIdempotent();
    if (choice < 14) return this.retry();
    if (choice < 15) return this.appendOutOfOrder();
    if (choice < 19) return this.appendTransactional();
    return this.appendAsCoordinator();
  }

  private appendPlain(): string {
    return this.append(this.newBatch());
  }

  private appendIdempotent(): string {
    const { random } = this.around;
    const producerId = random.pick(plainIds);
    const { epoch, lastSequence } = this.expected.producer(producerId);
    if (epoch < 0 || random.below(15) === 0)
      return this.append(this.newBatch(producerId, epoch + 1, 0));
    return this.append(this.newBatch(producerId, epoch, lastSequence + 1));
  }

  private appendTransactional(): string {
    const { random } = this.around;
    const producerId = random.pick(transactionalIds);
    const { epoch, lastSequence, openSince } = this.expected.producer(producerId);
    if (openSince >= 0 && random.below(3) === 0) {
      const marker = random.pick(['COMMIT', 'ABORT'] as const);
      return this.append({ ...this.newBatch(producerId, epoch, -1, 1), marker });
    }
    const batch = this.newBatch(producerId, Math.max(epoch, 0), lastSequence + 1);
    return this.append({ ...batch, isTransactional: true });
  }

  /** A batch of several, as coordinators write them. */
  private appendAsCoordinator(): string {
    const first = this.newBatch();
    const second = withoutKeys(this.newBatch());
    return this.append(first, { ...second, baseOffset: endOf(first) });
  }

  /** Sends a remembered batch again: nothing is appended, and the answer is that of the first time. */
  private async retry(): Promise<string> {
    const { random } = this.around;
    const producerId = random.pick([...plainIds, ...transactionalIds]);
    const { batches: known } = this.expected.producer(producerId);
    if (this.mustForget && this.isUnsettled) return 'nobody knows what comes again';
    const again = known.filter(
      (batch) => batch.baseOffset >= this.expected.start && this.mayComeAgain(batch),
    );
    if (again.length === 0) return 'nothing to retry';
    const batch = random.pick(again);
    const ticket = this.log.append(rangeOf(encode(batch)), this.asClient);
    demand(ticket.isDuplicate, () => `a repeated batch of ${batch.baseOffset} was appended`);
    demand(
      ticket.baseOffset === batch.baseOffset && ticket.lastOffset === endOf(batch) - 1,
      () => `the batch of ${batch.baseOffset} is answered with ${ticket.baseOffset} when repeated`,
    );
    this.whenCommitted(ticket.commit.done, endOf(batch));
    return `repeated ${producerId}'s ${batch.baseOffset}`;
  }

  /**
   * Of older ones a log that was opened anew knows each producer's last, as Apache Kafka's snapshots
   * do: no producer sends for longer than delivery.timeout.ms.
   */
  private mayComeAgain({ sent: [first] }: ExpectedBatch): boolean {
    return first !== undefined && this.around.wallMs() - first.timestamp < 590_000;
  }

  private async appendOutOfOrder(): Promise<string> {
    const producerId = this.around.random.pick(plainIds);
    const { epoch, lastSequence } = this.expected.producer(producerId);
    if (epoch < 0) return 'nobody to be out of order';
    const batch = this.newBatch(producerId, epoch, lastSequence + 2 + this.around.random.below(9));
    const code = await codeOf(() => this.log.append(rangeOf(encode(batch)), this.asClient));
    if (this.log.failure !== undefined) return 'refused by a failed log';
    demand(code === 'OUT_OF_ORDER_SEQUENCE_NUMBER', () => `out of order was answered with ${code}`);
    return 'refused what is out of order';
  }

  private get asClient(): AppendOptions {
    return { leaderEpoch: this.leaderEpoch, origin: 'client', verification: 'off' };
  }

  private append(...batches: ExpectedBatch[]): string {
    const isClient = batches.length === 1 && batches[0]!.marker === undefined;
    const options = isClient ? this.asClient : { ...this.asClient, origin: 'coordinator' as const };
    const bytes = Buffer.concat(batches.map(encode));
    const ticket = this.log.append(rangeOf(bytes), options);
    const { expected } = this;
    demand(
      ticket.baseOffset === expected.end && !ticket.isDuplicate,
      () => `appended at ${ticket.baseOffset} and not at ${expected.end}`,
    );
    for (const batch of batches) expected.add(stamped(batch, ticket.logAppendTimeMs));
    this.whenCommitted(ticket.commit.done, expected.end);
    const [{ producerId, marker, baseOffset }] = batches as [ExpectedBatch];
    return `${marker ?? 'batch'} ${baseOffset} to ${expected.end} of producer ${producerId}`;
  }

  private whenCommitted(committed: Promise<void>, end: number): void {
    const { log, machine, expected } = this;
    committed.then(
      () => {
        if (this.log !== log || machine.isOff) return;
        expected.acknowledgedEnd = Math.max(expected.acknowledgedEnd, end);
        if (this.isDurable) expected.durableEnd = Math.max(expected.durableEnd, end);
      },
      (error: unknown) => {
        if (machine.isOff || (error instanceof KafkaError && this.around.hadTrouble())) return;
        this.around.problem(error);
      },
    );
  }

  private newBatch(
    producerId = -1,
    producerEpoch = -1,
    baseSequence = -1,
    count = 1 + this.around.random.below(4),
  ): ExpectedBatch {
    const { random } = this.around;
    const timestamp = this.around.wallMs() + random.below(2000) - 1000;
    const sent = Array.from({ length: count }, (_, delta) => ({
      delta,
      key: this.isCompacted ? `k${random.below(12)}` : null,
      value: this.newValue(),
      timestamp: timestamp + random.below(3),
    }));
    return {
      baseOffset: this.expected.end,
      sent,
      records: sent,
      leaderEpoch: this.leaderEpoch,
      producerId,
      producerEpoch,
      baseSequence,
      isTransactional: false,
      marker: undefined,
      compression: this.isCompacted && random.below(6) === 0 ? 'gzip' : 'none',
      bytes: 0,
      horizonMs: undefined,
    };
  }

  private newValue(): string | null {
    const { random } = this.around;
    if (this.isCompacted && random.below(6) === 0) return null;
    return `${this.values++}-${'x'.repeat(random.below(100))}`;
  }
}

/** Where the batches begin that are stored. */
async function basesOf({ allSegments }: ModelLog): Promise<ReadonlySet<number>> {
  const bases = new Set<number>();
  for (const { medium, readableSize } of allSegments) {
    if (readableSize === 0) continue;
    const region = await medium.read(0, readableSize, false);
    for (const range of region.ranges) {
      for (const { baseOffset } of batches(range)) bases.add(baseOffset);
    }
    region.release();
  }
  return bases;
}

/**
 * What was appended, refused, and cut off may be back after a power cut or when the page cache is
 * read anew: the cut was not durable.
 * Its writers heard of a failure and know nothing.
 */
async function recallLost(log: ModelLog, expected: ExpectedLog): Promise<void> {
  while (expected.end < log.logEndOffset) {
    const fromOffset = expected.end;
    const request = { fromOffset, maxBytes: 1, minOneBatch: true, limit: 'logEndOffset' } as const;
    const result = await log.read(request);
    const [range] = result.records;
    const header = range === undefined ? undefined : readBatchHeader(range.buffer, range.start);
    const isBack = header !== undefined && expected.bringBack(header);
    result.release();
    if (!isBack) return; // the checks that follow say what is wrong
  }
}

// Only for the type checker: it may go off in the midst.
const isOff = (machine: { readonly isOff: boolean }): boolean => machine.isOff;
