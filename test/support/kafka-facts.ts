import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * Kafka's own message definitions as `npm run protocol:facts` stored them, and what they say of one
 * version of a message. Read on their own terms: nothing here knows how our schemas are written.
 */

export interface FieldFact {
  readonly name: string;
  readonly type: string;
  readonly versions?: string;
  readonly nullableVersions?: string;
  readonly default?: string | number | boolean | null;
  readonly ignorable?: boolean;
  readonly tag?: number;
  readonly taggedVersions?: string;
  readonly flexibleVersions?: string;
  readonly fields?: readonly FieldFact[];
}

export interface MessageFact {
  readonly type: string;
  readonly name: string;
  readonly apiKey?: number;
  readonly validVersions: string;
  readonly flexibleVersions?: string;
  readonly latestVersionUnstable?: boolean;
  readonly fields: readonly FieldFact[];
  readonly commonStructs?: readonly { name: string; fields: readonly FieldFact[] }[];
}

export function kafkaFacts(): MessageFact[] {
  const file = join(__dirname, '..', 'data', 'protocol', 'facts.json');
  return JSON.parse(readFileSync(file, 'utf8')) as MessageFact[];
}

/** Whether a range such as `3+`, `0-12` or `none` holds a version. */
export function holds(range: string | undefined, version: number): boolean {
  if (range === undefined || range === 'none') return false;
  const [, from, open, to] = /^(\d+)(\+)?(?:-(\d+))?$/.exec(range) ?? [];
  if (from === undefined) throw new Error(`not a version range: ${range}`);
  if (open !== undefined) return version >= Number(from);
  return version >= Number(from) && version <= Number(to ?? from);
}

export function versionsOf(fact: MessageFact): number[] {
  return Array.from({ length: 100 }, (_, version) => version).filter((version) =>
    holds(fact.validVersions, version),
  );
}
