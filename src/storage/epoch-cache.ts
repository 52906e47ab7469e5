/** A leader epoch and the first offset that was written in it. */
export interface EpochEntry {
  readonly epoch: number;
  readonly startOffset: number;
}

/**
 * Which leader epoch wrote which part of a log (KIP-101, KIP-320): entries with rising epochs and
 * rising start offsets. A fold over batch headers.
 */
export class EpochCache {
  private list: EpochEntry[];

  constructor(entries: readonly EpochEntry[] = []) {
    this.list = [];
    for (const { epoch, startOffset } of entries) this.assign(epoch, startOffset);
  }

  get entries(): readonly EpochEntry[] {
    return this.list;
  }

  get latest(): number | undefined {
    return this.list.at(-1)?.epoch;
  }

  /**
   * Notes that `epoch` begins at `startOffset`. Entries that contradict it go: an epoch in which
   * nothing was written leaves no trace.
   *
   * @returns whether anything changed
   */
  assign(epoch: number, startOffset: number): boolean {
    const last = this.list.at(-1);
    if (last?.epoch === epoch && startOffset >= last.startOffset) return false;
    while (this.list.length > 0) {
      const entry = this.list.at(-1) as EpochEntry;
      if (entry.epoch < epoch && entry.startOffset < startOffset) break;
      this.list.pop();
    }
    this.list.push({ epoch, startOffset });
    return true;
  }

  /** Largest epoch <= `epoch` and the end of what it wrote; the rules of OffsetForLeaderEpoch. */
  endOffsetFor(
    epoch: number,
    logEndOffset: number,
  ): { leaderEpoch: number; endOffset: number } | undefined {
    if (epoch === -1) return undefined; // none is asked for
    if (epoch === this.latest) return { leaderEpoch: epoch, endOffset: logEndOffset };
    const higher = this.list.findIndex((entry) => entry.epoch > epoch);
    if (higher === -1) return undefined; // later than all we know
    const endOffset = (this.list[higher] as EpochEntry).startOffset;
    // Before all we know: its records are gone, and what there is begins at the first entry.
    return { leaderEpoch: this.list[higher - 1]?.epoch ?? epoch, endOffset };
  }

  /** -1 when no entry covers the offset. */
  epochForOffset(offset: number): number {
    let found = -1;
    for (const { epoch, startOffset } of this.list) {
      if (startOffset > offset) break;
      found = epoch;
    }
    return found;
  }

  /** Forgets what begins at or past the end of the log. Returns whether anything changed. */
  truncateFromEnd(endOffset: number): boolean {
    const before = this.list.length;
    this.list = this.list.filter((entry) => entry.startOffset < endOffset);
    return this.list.length !== before;
  }

  /** The epoch that covers the new start begins there now; older ones go. */
  truncateFromStart(startOffset: number): boolean {
    const covered = this.list.filter((entry) => entry.startOffset <= startOffset);
    const last = covered.at(-1);
    if (last === undefined || (covered.length === 1 && last.startOffset === startOffset)) {
      return false;
    }
    this.list = [{ epoch: last.epoch, startOffset }, ...this.list.slice(covered.length)];
    return true;
  }
}
