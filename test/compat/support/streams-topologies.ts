/** What is given to the topologies of `test/compat/java/StreamsTopologies.java`, and what must come out of them. */
import type { Message } from 'kafkajs';

export const inputs = ['lines', 'names', 'cities', 'readings'] as const;
export const outputs = ['counts', 'residents', 'sums'] as const;
export type Input = (typeof inputs)[number];
export type Output = (typeof outputs)[number];

interface InputRecord {
  readonly input: Input;
  readonly key: string;
  readonly value: string | null;
  readonly timestamp: number;
}

/** All values of each key, in order. */
export type Histories = Map<string, (string | null)[]>;

const windowMs = 10_000; // as in the program
const vocabulary = 'the cares of a family man who is called odradek and rolls down stairs'.split(
  ' ',
);

/** @param beginMs  timestamp of the first one; each has a later one than all before */
export function inputRecords(count: number, beginMs: number): InputRecord[] {
  return Array.from({ length: count }, (_, i) => {
    const timestamp = beginMs + i * 10;
    const input = inputs[i % inputs.length] as Input;
    return { input, timestamp, ...keyAndValue(input, Math.floor(i / inputs.length)) };
  });
}

function keyAndValue(input: Input, i: number): { key: string; value: string | null } {
  switch (input) {
    case 'lines':
      return { key: `line ${i}`, value: [0, 3, 5, 8].map((j) => word(i * 7 + j)).join(' ') };
    case 'names':
      // Now and then a table forgets a row.
      return { key: `person ${(i * 11) % 30}`, value: i % 13 === 12 ? null : `name ${i}` };
    case 'cities':
      return { key: `person ${(i * 7) % 30}`, value: `city ${i}` };
    case 'readings':
      return { key: `sensor ${i % 5}`, value: String(i % 17) };
  }
}

function word(i: number): string {
  return vocabulary[i % vocabulary.length] as string;
}

export function messagesFor(input: Input, records: readonly InputRecord[]): Message[] {
  return records
    .filter((record) => record.input === input)
    .map(({ key, value, timestamp }) => ({ key, value, timestamp: String(timestamp) }));
}

/**
 * What comes out when every input is processed once, and those of a key in the order of their timestamps: all values
 * of each key.
 */
export function expectedHistories(records: readonly InputRecord[]): Record<Output, Histories> {
  return { counts: counts(records), residents: residents(records), sums: sums(records) };
}

function counts(records: readonly InputRecord[]): Histories {
  const histories: Histories = new Map();
  const words = records
    .filter(({ input }) => input === 'lines')
    .flatMap(({ value }) => String(value).split(' '));
  for (const one of words) note(histories, one, String((histories.get(one)?.length ?? 0) + 1));
  return histories;
}

function residents(records: readonly InputRecord[]): Histories {
  const histories: Histories = new Map();
  const names = new Map<string, string | null>();
  const cities = new Map<string, string | null>();
  for (const { input, key, value } of records) {
    if (input === 'names') {
      names.set(key, value);
      const city = cities.get(key);
      // The join passes a deletion on, whether there was a row or not.
      if (city) note(histories, key, value === null ? null : `${value} of ${city}`);
    } else if (input === 'cities') {
      cities.set(key, value);
      const name = names.get(key);
      if (name) note(histories, key, `${name} of ${value}`);
    }
  }
  return histories;
}

function sums(records: readonly InputRecord[]): Histories {
  const histories: Histories = new Map();
  for (const { input, key, value, timestamp } of records) {
    if (input !== 'readings') continue;
    const window = `${key}@${timestamp - (timestamp % windowMs)}`;
    const before = Number(histories.get(window)?.at(-1) ?? 0);
    note(histories, window, String(before + Number(value)));
  }
  return histories;
}

export function note(histories: Histories, key: string, value: string | null): void {
  const history = histories.get(key);
  if (history === undefined) histories.set(key, [value]);
  else history.push(value);
}

export function lengthOf(histories: Histories): number {
  return [...histories.values()].reduce((sum, history) => sum + history.length, 0);
}
