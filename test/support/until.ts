import { setTimeout as pause } from 'node:timers/promises';

/** Looks every few milliseconds, for ten seconds at most. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`it does not come about that ${what}`);
    await pause(2);
  }
}
