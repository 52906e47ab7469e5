import type { Clock, Timer } from '../../../src/host/clock.ts';

/** A clock as one process sees it: when the process is dead, nothing it had planned is done any more. */
export class MortalClock implements Clock {
  private readonly timers = new Set<Timer>();
  private isDead = false;

  constructor(private readonly clock: Clock) {}

  wallMs(): number {
    return this.clock.wallMs();
  }

  monotonicMs(): number {
    return this.clock.monotonicMs();
  }

  schedule(delayMs: number, action: () => void): Timer {
    if (this.isDead) return { cancel: () => undefined };
    const timer = this.clock.schedule(delayMs, () => {
      this.timers.delete(timer);
      action();
    });
    this.timers.add(timer);
    return {
      cancel: () => {
        this.timers.delete(timer);
        timer.cancel();
      },
    };
  }

  defer(action: () => void): void {
    this.clock.defer(() => {
      if (!this.isDead) action();
    });
  }

  die(): void {
    this.isDead = true;
    for (const timer of this.timers) timer.cancel();
    this.timers.clear();
  }
}
