import { readFileSync, writeFileSync } from 'node:fs';
import { count, type Counts } from './counts.ts';
import { straceCounter } from './system-calls.ts';

export const guardFile = 'bench/guard/guard.json';

/** A count may grow by this part of what is stored. */
const margin = 0.2;
/**
 * Bytes that may come on top. Requests keep next to nothing, and what the compiler does meanwhile is
 * some 80 KB at most: of each request the less, the more of them are counted.
 */
const slack: Counts = {
  'produce of one record: heap bytes kept per request': 16,
  '20 produces in one packet: heap bytes kept per packet': 128,
  'fetch of 1 MiB: heap bytes kept per request': 160,
  'metadata of all topics: heap bytes kept per request': 32,
};
/** A fetch that waits is to keep no more bytes than this, whatever is stored. */
const mostParkedBytes = 1024;

/** A count that grew too far. NaN: nothing is stored of it, or it was not counted. */
export interface Grown {
  readonly name: string;
  readonly stored: number;
  readonly now: number;
}

/** Counts that have grown by more than they may, or that are on one side only. */
export function compare(stored: Counts, now: Counts): Grown[] {
  const names = new Set([...Object.keys(stored), ...Object.keys(now)]);
  return [...names]
    .map((name) => ({ name, stored: stored[name] ?? NaN, now: now[name] ?? NaN }))
    .filter(({ name, stored: was, now: is }) => !(is <= limitOf(name, was)));
}

function limitOf(name: string, stored: number): number {
  const limit = stored * (1 + margin) + (slack[name] ?? 0);
  return name.startsWith('parked fetch') ? Math.min(limit, mostParkedBytes) : limit;
}

const isOfSystemCalls = (name: string): boolean => name.includes('system calls');

/**
 * What is stored of that which can be counted here: without a tracer, all but the system calls,
 * unless they have to be counted.
 */
export function comparable(stored: Counts, now: Counts, mustTrace: boolean): Counts {
  if (mustTrace || Object.keys(now).some(isOfSystemCalls)) return stored;
  return Object.fromEntries(Object.entries(stored).filter(([name]) => !isOfSystemCalls(name)));
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
    if (!Object.keys(now).some(isOfSystemCalls)) throw new Error('storing counts takes strace');
    writeFileSync(guardFile, `${JSON.stringify(now, null, 2)}\n`);
    return { words: `${table({}, now)}\n\nwritten to ${guardFile}`, grown: false };
  }
  const stored = comparable(storedCounts(), now, false);
  const grown = compare(stored, now);
  const verdict =
    grown.length === 0
      ? 'Nothing has grown by more than 20 %.'
      : `Grown by more than 20 %, or on one side only: ${grown.map(({ name }) => name).join('; ')}.\n${howToRefresh}`;
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
