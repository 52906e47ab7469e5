import type { Clock, Timer } from '../../src/host/clock.ts';

interface Scheduled {
  readonly dueMs: number;
  readonly order: number;
  readonly action: () => void;
}

/**
 * A clock that stands still until a test moves it. Deferred actions run at the end of the real turn
 * of the event loop, as with the system's clock: they are about order, not about time.
 */
export class ManualClock implements Clock {
  private nowMs = 0;
  private order = 0;
  private readonly timers = new Set<Scheduled>();

  /** @param startMs  wall time at the beginning */
  constructor(private readonly startMs = 1_700_000_000_000) {}

  wallMs(): number {
    return this.startMs + this.nowMs;
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  schedule(delayMs: number, action: () => void): Timer {
    const timer = { dueMs: this.nowMs + Math.max(0, delayMs), order: this.order++, action };
    this.timers.add(timer);
    return { cancel: () => this.timers.delete(timer) };
  }

  defer(action: () => void): void {
    setImmediate(action);
  }

  /** Timers that wait: a closed part of the house leaves none behind. */
  get pendingTimers(): number {
    return this.timers.size;
  }

  /**
   * Lets `ms` pass. Timers run in order of their time, each followed by all that it sets off
   * (promises, deferred actions), so that a timer they set within the span runs too.
   */
  async advance(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    await settle();
    for (let timer = this.next(untilMs); timer !== undefined; timer = this.next(untilMs)) {
      this.timers.delete(timer);
      this.nowMs = Math.max(this.nowMs, timer.dueMs);
      timer.action();
      await settle();
    }
    this.nowMs = untilMs;
  }

  private next(untilMs: number): Scheduled | undefined {
    let first: Scheduled | undefined;
    for (const timer of this.timers) {
      if (timer.dueMs > untilMs) continue;
      const isEarlier =
        first === undefined ||
        timer.dueMs < first.dueMs ||
        (timer.dueMs === first.dueMs && timer.order < first.order);
      if (isEarlier) first = timer;
    }
    return first;
  }
}

/** Lets promises and deferred actions run that are due already. */
export async function settle(turns = 3): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}
