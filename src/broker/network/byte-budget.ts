/** Who stops reading when the budget is spent. */
export interface BudgetMember {
  /** Bytes of an unfinished frame it holds. */
  readonly pendingBytes: number;
  /** May read again. */
  unmute(): void;
}

/**
 * Bytes of requests in memory, of all connections of a broker: received and not yet answered. Once
 * it is spent, connections that want to read more are muted and let on in order of arrival.
 *
 * When most of it is held by unfinished frames, waiting would never end; then the one muted first
 * goes on alone until its frame is complete. So the budget may be exceeded by one frame.
 */
export class ByteBudget {
  private usedBytes = 0;
  private unfinishedBytes = 0;
  private readonly muted = new Set<BudgetMember>();
  private exempt: BudgetMember | undefined;

  constructor(private readonly limitBytes: number) {}

  get used(): number {
    return this.usedBytes;
  }

  get isSpent(): boolean {
    return this.usedBytes >= this.limitBytes;
  }

  /** Bytes that may still come in. */
  get remaining(): number {
    return Math.max(0, this.limitBytes - this.usedBytes);
  }

  take(bytes: number): void {
    this.usedBytes += bytes;
  }

  give(bytes: number): void {
    this.usedBytes -= bytes;
    if (this.muted.size > 0) this.letOn();
  }

  /** Of what was taken, `bytes` more (or fewer, if negative) belong to unfinished frames. */
  noteUnfinished(bytes: number): void {
    this.unfinishedBytes += bytes;
  }

  /** Whether `member` must not read on; it is unmuted when it may. */
  mustMute(member: BudgetMember): boolean {
    if (!this.isSpent) return false;
    if (this.exempt === member) {
      if (member.pendingBytes > 0) return false;
      this.exempt = undefined;
    }
    this.muted.add(member);
    this.letOn();
    return this.muted.has(member);
  }

  /** Forgets a member that is gone. */
  leave(member: BudgetMember): void {
    this.muted.delete(member);
    if (this.exempt === member) this.exempt = undefined;
    if (this.muted.size > 0) this.letOn();
  }

  private letOn(): void {
    while (!this.isSpent) {
      const [next] = this.muted;
      if (next === undefined) return;
      this.muted.delete(next);
      next.unmute();
    }
    if (this.exempt !== undefined && this.exempt.pendingBytes > 0) return;
    this.exempt = undefined;
    if (this.unfinishedBytes * 2 < this.limitBytes) return;
    for (const member of this.muted) {
      if (member.pendingBytes === 0) continue;
      this.exempt = member;
      this.muted.delete(member);
      member.unmute();
      return;
    }
  }
}
