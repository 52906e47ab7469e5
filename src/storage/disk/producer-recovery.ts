import type { Clock } from '../../host/clock.ts';
import type { Logger } from '../../host/logger.ts';
import {
  baseOffsetAt,
  isControlAt,
  isTransactionalAt,
  lastOffsetAt,
  producerIdAt,
} from '../../protocol/record-batch.ts';
import { decodeSnapshot } from '../producer-snapshot.ts';
import type { ProducerEntry } from '../producer-state.ts';
import { isExpired, ProducerState } from '../producer-state.ts';
import { StorageFailure } from '../storage-failure.ts';
import type { FoundLog, FoundSegment } from './found-log.ts';

/** So far back batches are looked for that a producer may send again. */
const recalledBytes = 1024 * 1024;
/** Producers give up after delivery.timeout.ms, two minutes: so much later nothing is sent again. */
const recalledMs = 600_000;
const noTransaction = -1;

/** Rebuilds what a log knows of its producers: the latest snapshot, and the headers behind it. */
export class ProducerRecovery {
  readonly producers = new ProducerState();
  /** Of the snapshot it began with; -1 without one. */
  snapshotOffset = -1;
  private trustedUntil = 0;

  constructor(
    private readonly found: FoundLog,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /**
   * Loads the latest snapshot up to `untilOffset`: one past the part that is trusted may know of
   * batches that are lost.
   */
  async loadSnapshot(untilOffset: number): Promise<void> {
    this.trustedUntil = untilOffset;
    this.snapshotOffset = this.loadLatest(untilOffset, this.producers);
    if (this.found.settings.cleanupCompact) await this.forgetEnded();
    await this.recallBatches();
  }

  /**
   * Compaction takes the marker of a transaction of which no batch is left: one that a snapshot knows
   * as open may be over, and would hold up the last stable offset for ever. It begins where its first
   * batch is now; behind the snapshot its next one says so.
   */
  private async forgetEnded(): Promise<void> {
    for (const entry of [...this.producers.all()]) {
      const { producerId, currentTransactionStartOffset: since } = entry;
      if (since < 0) continue;
      const firstOffset = await this.firstOfTransaction(producerId, since, this.snapshotOffset);
      if (firstOffset !== since) this.producers.moveTransaction(entry, firstOffset);
    }
  }

  /** Where a producer's first transactional batch within offsets begins; -1: there is none. */
  private async firstOfTransaction(producerId: number, from: number, until: number) {
    const { segments } = this.found;
    let first = noTransaction;
    for (const [i, segment] of segments.entries()) {
      const end = segments[i + 1]?.baseOffset ?? Infinity;
      if (end <= from || segment.baseOffset >= until || first >= 0) continue;
      const position = this.found.indexesOf(segment).offsets.positionBefore(from);
      await this.found.walk(segment, position, ({ buffer, at }) => {
        if (baseOffsetAt(buffer, at) >= until) return false;
        const isOfIt =
          lastOffsetAt(buffer, at) >= from &&
          producerIdAt(buffer, at) === producerId &&
          isTransactionalAt(buffer, at) &&
          !isControlAt(buffer, at);
        if (isOfIt) first = baseOffsetAt(buffer, at);
        return !isOfIt;
      });
    }
    return first;
  }

  /** What the latest snapshot up to an offset knows; the batches from `from` on are not in it. */
  stateNear(offset: number): { readonly state: ProducerState; readonly from: number } {
    const state = new ProducerState();
    return { state, from: this.loadLatest(offset, state) };
  }

  /**
   * Keeps the snapshots at the segments' starts and the latest one behind them. Of those that were
   * not loaded because they may know too much, one can be torn.
   */
  removeStraySnapshots(logEndOffset: number): void {
    const bases = new Set(this.found.segments.map(({ baseOffset }) => baseOffset));
    const offsets = this.found.offsetsOf('.snapshot');
    const latest = offsets.findLast((offset) => offset <= logEndOffset);
    for (const offset of offsets) {
      const isKept = offset === latest || (bases.has(offset) && offset <= logEndOffset);
      if (isKept && (offset <= this.trustedUntil || this.read(offset) !== undefined)) continue;
      this.found.disk.remove(this.found.pathOf(offset, '.snapshot'));
    }
  }

  /** @returns the offset of the latest snapshot that could be read; -1 without one */
  private loadLatest(untilOffset: number, state: ProducerState): number {
    const offsets = this.found.offsetsOf('.snapshot').reverse();
    return offsets.find((offset) => offset <= untilOffset && this.load(offset, state)) ?? -1;
  }

  private load(offset: number, state: ProducerState): boolean {
    const entries = this.read(offset);
    if (entries === undefined) {
      this.found.disk.remove(this.found.pathOf(offset, '.snapshot'));
      return false;
    }
    const nowMs = this.clock.wallMs();
    const { producerIdExpirationMs } = this.found.settings;
    const lacksHeaders = offset < (this.found.segments[0]?.baseOffset ?? 0);
    for (const entry of entries) {
      if (isExpired(entry, nowMs, producerIdExpirationMs)) continue;
      // Its marker may be among the batches that are deleted; if it goes on, its next batch says so.
      if (lacksHeaders) entry.currentTransactionStartOffset = noTransaction;
      state.load(entry);
    }
    return true;
  }

  /** Undefined: it is no whole snapshot. */
  private read(offset: number): ProducerEntry[] | undefined {
    const path = this.found.pathOf(offset, '.snapshot');
    if (!this.found.disk.exists(path)) return undefined; // removed before, as it was none
    try {
      return decodeSnapshot(this.found.disk.readFile(path));
    } catch (error) {
      if (!(error instanceof StorageFailure)) throw error;
      this.logger.warn('a producer snapshot is unreadable and is rebuilt from the log', { path });
      return undefined;
    }
  }

  /**
   * A snapshot has room for the last batch of each producer only. A producer that had several under
   * way and heard of none sends them all again: they are looked up in the log's last bytes.
   */
  private async recallBatches(): Promise<void> {
    if (this.snapshotOffset <= 0) return;
    const quietSince = this.clock.wallMs() - recalledMs;
    const isRecent = ({ lastTimestamp }: ProducerEntry): boolean => lastTimestamp > quietSince;
    if (![...this.producers.all()].some(isRecent)) return;
    const seen = new ProducerState();
    for (const { segment, position } of this.tailBelow(this.snapshotOffset)) {
      await this.found.walk(segment, position, ({ buffer, at }) => {
        if (lastOffsetAt(buffer, at) < this.snapshotOffset) seen.apply(buffer, at);
      });
    }
    this.producers.recall(seen);
  }

  /** Where to begin in which segments, to see the last bytes below an offset. */
  private tailBelow(
    offset: number,
  ): { readonly segment: FoundSegment; readonly position: number }[] {
    const tail: { segment: FoundSegment; position: number }[] = [];
    let left = recalledBytes;
    for (const segment of [...this.found.segments].reverse()) {
      if (segment.baseOffset >= offset) continue;
      const { offsets } = this.found.indexesOf(segment);
      const end = offsets.positionBefore(offset);
      tail.unshift({ segment, position: offsets.rowBefore(end - left) });
      left -= end;
      if (left <= 0) break;
    }
    return tail;
  }
}
