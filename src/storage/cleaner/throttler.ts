import type { Clock } from '../../host/clock.ts';

const checkIntervalMs = 300;
const msPerSecond = 1_000;

/**
 * Holds a rate by pauses: after each interval in which more passed than may, the pause is as long as
 * it takes to come down to the rate (Apache Kafka's Throttler).
 */
export class Throttler {
  private periodStartMs: number;
  private observed = 0;

  constructor(
    private readonly clock: Clock,
    private readonly ratePerSecond: () => number,
    private readonly sleep: (ms: number) => Promise<void>,
  ) {
    this.periodStartMs = clock.monotonicMs();
  }

  /** Notes what passed, and waits where that was too much. */
  async pass(amount: number): Promise<void> {
    this.observed += amount;
    const elapsedMs = this.clock.monotonicMs() - this.periodStartMs;
    if (elapsedMs <= checkIntervalMs || this.observed === 0) return;
    const wantedMs = (this.observed / this.ratePerSecond()) * msPerSecond;
    const pauseMs = Math.round(wantedMs - elapsedMs);
    if (pauseMs > 0) await this.sleep(pauseMs);
    this.periodStartMs = this.clock.monotonicMs();
    this.observed = 0;
  }
}
