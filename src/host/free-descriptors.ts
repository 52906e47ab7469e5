import { readdirSync, readFileSync } from 'node:fs';

/** So many descriptors the process may open besides those it has; infinite where nobody says. */
export function freeDescriptors(): number {
  try {
    const [, limit] =
      /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    if (limit === undefined) return Infinity; // unlimited
    // The folder itself is among those that are open.
    return Math.max(0, Number(limit) - (readdirSync('/proc/self/fd').length - 1));
  } catch {
    return Infinity; // not Linux
  }
}
