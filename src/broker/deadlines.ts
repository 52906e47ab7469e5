import type { Clock, Timer } from '../host/clock.ts';

/** What waits for a deadline; knows which one, so that it can be taken out again. */
export interface Waiter {
  /** Monotonic, in whole ms. Set by `Deadlines.add`. */
  deadlineMs: number;
  /** The deadline has passed. It is out of the list already. */
  expire(): void;
}

/** A waiter that may be over before anybody has to look after its deadline. */
export interface HopefulWaiter extends Waiter {
  readonly isOver: boolean;
}

/**
 * Many waiters, one timer. Waiters are kept by whole millisecond, so adding one and taking one out
 * costs the same whether there are ten or a hundred thousand.
 */
export class Deadlines {
  private readonly byMs = new Map<number, Set<Waiter>>();
  /** Heap of the milliseconds that have (or had) waiters. */
  private readonly heap: number[] = [];
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
    let waiters = this.byMs.get(waiter.deadlineMs);
    if (waiters === undefined) {
      waiters = new Set();
      this.byMs.set(waiter.deadlineMs, waiters);
      pushHeap(this.heap, waiter.deadlineMs);
    }
    waiters.add(waiter);
    if (waiter.deadlineMs < this.timerMs) this.schedule();
  }

  remove(waiter: Waiter): void {
    this.byMs.get(waiter.deadlineMs)?.delete(waiter);
  }

  /** Forgets all waiters; none expires. */
  clear(): void {
    this.timer?.cancel();
    this.timerMs = Infinity;
    this.byMs.clear();
    this.hopeful = [];
    this.heap.length = 0;
  }

  private schedule(): void {
    this.timer?.cancel();
    const [first] = this.heap;
    this.timerMs = first ?? Infinity;
    if (first === undefined) return;
    this.timer = this.clock.schedule(Math.ceil(first - this.clock.monotonicMs()), () =>
      this.expireDue(),
    );
  }

  private expireDue(): void {
    const nowMs = this.clock.monotonicMs();
    for (;;) {
      const [first] = this.heap;
      if (first === undefined) break;
      const waiters = this.byMs.get(first);
      if (first > nowMs && (waiters?.size ?? 0) > 0) break;
      popHeap(this.heap);
      this.byMs.delete(first);
      for (const waiter of waiters ?? []) waiter.expire();
    }
    this.schedule();
  }
}

function pushHeap(heap: number[], value: number): void {
  let child = heap.push(value) - 1;
  while (child > 0) {
    const parent = (child - 1) >> 1;
    const parentValue = heap[parent] ?? 0;
    if (parentValue <= value) break;
    heap[child] = parentValue;
    child = parent;
  }
  heap[child] = value;
}

function popHeap(heap: number[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let parent = 0;
  for (;;) {
    let child = parent * 2 + 1;
    if (child >= heap.length) break;
    if ((heap[child + 1] ?? Infinity) < (heap[child] ?? 0)) child++;
    const childValue = heap[child] ?? 0;
    if (childValue >= last) break;
    heap[parent] = childValue;
    parent = child;
  }
  heap[parent] = last;
}
