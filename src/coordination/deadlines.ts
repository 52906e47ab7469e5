import type { Clock, Timer } from '../host/clock.ts';

/**
 * Named deadlines behind a single timer. Moving one away (which every heartbeat does) only writes
 * down the new time: the timer finds out when it fires.
 */
export class Deadlines<Key extends string> {
  private readonly dueMs = new Map<Key, number>();
  private timer: Timer | undefined;
  private timerMs = Infinity;

  /** @param onDue  called for each deadline that came, in order; it is forgotten by then */
  constructor(
    private readonly clock: Clock,
    private readonly onDue: (key: Key) => void,
  ) {}

  /** Sets a deadline `delayMs` from now, in place of one of the same name. */
  set(key: Key, delayMs: number): void {
    const dueMs = this.clock.monotonicMs() + delayMs;
    this.dueMs.set(key, dueMs);
    if (dueMs < this.timerMs) this.arm(dueMs);
  }

  has(key: Key): boolean {
    return this.dueMs.has(key);
  }

  cancel(key: Key): void {
    if (this.dueMs.delete(key) && this.dueMs.size === 0) this.disarm();
  }

  get isEmpty(): boolean {
    return this.dueMs.size === 0;
  }

  clear(): void {
    this.dueMs.clear();
    this.disarm();
  }

  private arm(dueMs: number): void {
    this.timer?.cancel();
    this.timerMs = dueMs;
    const delayMs = Math.max(0, dueMs - this.clock.monotonicMs());
    this.timer = this.clock.schedule(delayMs, () => this.fire());
  }

  private disarm(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.timerMs = Infinity;
  }

  private fire(): void {
    this.disarm();
    const nowMs = this.clock.monotonicMs();
    const due: [Key, number][] = [];
    let nextMs = Infinity;
    for (const entry of this.dueMs) {
      if (entry[1] <= nowMs) due.push(entry);
      else nextMs = Math.min(nextMs, entry[1]);
    }
    for (const [key] of due) this.dueMs.delete(key);
    if (nextMs < Infinity) this.arm(nextMs);
    due.sort((one, other) => one[1] - other[1]);
    for (const [key] of due) this.onDue(key);
  }
}
