/** A scheduled action that has not run yet. */
export interface Timer {
  /** Forgets the action; harmless when it has run already. */
  cancel(): void;
}

/** Time as the broker sees it. Tests use a ManualClock (test/support), programs a SystemClock. */
export interface Clock {
  /** Milliseconds since 1970: for timestamps that travel or are stored, never for durations. */
  wallMs(): number;
  /** Milliseconds since some fixed moment, never going back: for durations and deadlines. */
  monotonicMs(): number;
  /** Runs `action` once, `delayMs` from now. A pending timer does not keep the process alive. */
  schedule(delayMs: number, action: () => void): Timer;
  /** Runs `action` once, at the end of this turn of the event loop, after the input read in it. */
  defer(action: () => void): void;
}
