import type { Clock, Timer } from './clock.ts';

/** Longest delay a Node timer can hold; a longer one would fire at once. */
const longestDelayMs = 2_147_483_647;

/** The machine's own time. */
export class SystemClock implements Clock {
  wallMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  schedule(delayMs: number, action: () => void): Timer {
    const handle = setTimeout(action, Math.min(Math.max(0, delayMs), longestDelayMs));
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  }

  defer(action: () => void): void {
    setImmediate(action);
  }
}
