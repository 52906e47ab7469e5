import { setMaxListeners } from 'node:events';
import type { Clock } from '../host/clock.ts';

/**
 * Resolves after a while, or at once when nobody needs to wait any more.
 *
 * @param signal  undefined: there is always somebody
 */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const timer = clock.schedule(delayMs, () => {
      signal?.removeEventListener('abort', giveUp);
      resolve();
    });
    const giveUp = () => {
      timer.cancel();
      resolve();
    };
    signal?.addEventListener('abort', giveUp, { once: true });
  });
}

/** An end that any number of pauses may wait for: Node takes more than ten of them for a leak, and says so. */
export function endForMany(): AbortController {
  const end = new AbortController();
  setMaxListeners(Infinity, end.signal);
  return end;
}
