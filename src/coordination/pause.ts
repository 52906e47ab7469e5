import type { Clock } from '../host/clock.ts';

/** Resolves after a while, or at once when nobody needs to wait any more. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const timer = clock.schedule(delayMs, () => {
      signal.removeEventListener('abort', giveUp);
      resolve();
    });
    const giveUp = () => {
      timer.cancel();
      resolve();
    };
    signal.addEventListener('abort', giveUp, { once: true });
  });
}
