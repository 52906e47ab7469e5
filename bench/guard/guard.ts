import { readFileSync, writeFileSync } from 'node:fs';
import { count, type Counts } from './counts.ts';
import { straceCounter } from './system-calls.ts';

export const guardFile = 'bench/guard/guard.json';

/** A count may grow by this part of what is stored. */
const margin = 0.2;
/** Bytes of the heap vary a little with what the compiler happened to optimise. */
const byteSlack = 128;

export interface Grown {
  readonly name: string;
  readonly stored: number;
  readonly now: number;
}

/** Counts that have grown by more than the margin, or that nothing is stored of. */
export function compare(stored: Counts, now: Counts): Grown[] {
  return Object.entries(now)
    .map(([name, value]) => ({ name, stored: stored[name] ?? NaN, now: value }))
    .filter(({ name, stored: was, now: is }) => !(is <= limitOf(name, was)));
}

function limitOf(name: string, stored: number): number {
  return stored * (1 + margin) + (name.includes('bytes') ? byteSlack : 0.01);
}

export function storedCounts(): Counts {
  return JSON.parse(readFileSync(guardFile, 'utf8')) as Counts;
}

export const howToRefresh =
  'If the growth is meant, `npm run bench -- --quick --update-guard` stores the new counts.';

/** Counts, system calls included where they can be counted, and sets them beside what is stored. */
export async function guardInWords(update: boolean): Promise<{ words: string; grown: boolean }> {
  const now = await count(straceCounter);
  if (update) {
    writeFileSync(guardFile, `${JSON.stringify(now, null, 2)}\n`);
    return { words: `${table({}, now)}\n\nwritten to ${guardFile}`, grown: false };
  }
  const stored = storedCounts();
  const grown = compare(stored, now);
  const verdict =
    grown.length === 0
      ? 'Nothing has grown by more than 20 %.'
      : `Grown by more than 20 %: ${grown.map(({ name }) => name).join('; ')}.\n${howToRefresh}`;
  return { words: `${table(stored, now)}\n\n${verdict}`, grown: grown.length > 0 };
}

function table(stored: Counts, now: Counts): string {
  const width = Math.max(...Object.keys(now).map((name) => name.length));
  return Object.entries(now)
    .map(([name, value]) => {
      const was = stored[name];
      return `${name.padEnd(width)} ${String(value).padStart(12)}${was === undefined ? '' : `   (${was})`}`;
    })
    .join('\n');
}
