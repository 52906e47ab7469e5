import type { Clock, Timer } from '../host/clock.ts';

/** What waits for a deadline; the numbers are there for `Deadlines` alone. */
export interface Waiter {
  /** Monotonic, in whole ms. */
  deadlineMs: number;
  /** Where it is kept: so it can be taken out again. */
  place: number;
  /** The deadline has passed. It is out already. */
  expire(): void;
}

/** A waiter that may be over before anybody has to look after its deadline. */
export interface HopefulWaiter extends Waiter {
  readonly isOver: boolean;
}

/**
 * Many waiters, one timer. They are a heap in which each knows its place: a waiter more is a place more,
 * and to add or to take out one of a hundred thousand is seventeen steps at most.
 */
export class Deadlines {
  private readonly heap: Waiter[] = [];
  private timer: Timer | undefined;
  private timerMs = Infinity;
  private hopeful: HopefulWaiter[] = [];

  constructor(private readonly clock: Clock) {}

  add(waiter: Waiter, delayMs: number): void {
    waiter.deadlineMs = Math.ceil(this.clock.monotonicMs() + delayMs);
    this.insert(waiter);
  }

  /**
   * As `add`, for what is over by the end of this turn of the event loop as a rule: then it costs
   * next to nothing.
   */
  addUnlessOver(waiter: HopefulWaiter, delayMs: number): void {
    waiter.deadlineMs = Math.ceil(this.clock.monotonicMs() + delayMs);
    if (this.hopeful.push(waiter) === 1) this.clock.defer(() => this.insertHopeful());
  }

  private insertHopeful(): void {
    const waiters = this.hopeful;
    this.hopeful = [];
    for (const waiter of waiters) if (!waiter.isOver) this.insert(waiter);
  }

  private insert(waiter: Waiter): void {
    this.rise(waiter, this.heap.length);
    if (waiter.deadlineMs < this.timerMs) this.schedule();
  }

  remove(waiter: Waiter): void {
    const { heap } = this;
    const { place } = waiter;
    if (heap[place] !== waiter) return;
    const last = heap.pop();
    if (last === undefined || last === waiter) return;
    // It comes from another branch: it may belong above this place as well as below.
    this.sink(last, place);
    this.rise(last, last.place);
  }

  /** Forgets all waiters; none expires. */
  clear(): void {
    this.timer?.cancel();
    this.timerMs = Infinity;
    this.hopeful = [];
    this.heap.length = 0;
  }

  private schedule(): void {
    this.timer?.cancel();
    const [first] = this.heap;
    this.timerMs = first?.deadlineMs ?? Infinity;
    if (first === undefined) return;
    const delayMs = Math.ceil(first.deadlineMs - this.clock.monotonicMs());
    this.timer = this.clock.schedule(delayMs, () => this.expireDue());
  }

  private expireDue(): void {
    const nowMs = this.clock.monotonicMs();
    try {
      for (;;) {
        const [first] = this.heap;
        if (first === undefined || first.deadlineMs > nowMs) break;
        this.remove(first);
        first.expire();
      }
    } finally {
      this.schedule(); // one that failed must not be the last
    }
  }

  /** Puts a waiter where it belongs, at a place or above it. */
  private rise(waiter: Waiter, from: number): void {
    let place = from;
    while (place > 0) {
      const above = this.heap[(place - 1) >> 1] as Waiter;
      if (above.deadlineMs <= waiter.deadlineMs) break;
      this.put(above, place);
      place = (place - 1) >> 1;
    }
    this.put(waiter, place);
  }

  /** Puts a waiter where it belongs, at a place or below it. */
  private sink(waiter: Waiter, from: number): void {
    const { heap } = this;
    let place = from;
    for (;;) {
      let below = place * 2 + 1;
      if ((heap[below + 1]?.deadlineMs ?? Infinity) < (heap[below]?.deadlineMs ?? 0)) below++;
      const next = heap[below];
      if (next === undefined || next.deadlineMs >= waiter.deadlineMs) break;
      this.put(next, place);
      place = below;
    }
    this.put(waiter, place);
  }

  private put(waiter: Waiter, place: number): void {
    this.heap[place] = waiter;
    waiter.place = place;
  }
}
