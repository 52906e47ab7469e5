import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { apacheKafkaJars } from '../apache-kafka/jars.ts';
import { readJar } from './read-jar.ts';

/** A field as Kafka's own message definitions (JSON files inside its jars) describe it. */
export interface FieldDefinition {
  readonly name: string;
  readonly type: string;
  readonly versions?: string;
  readonly nullableVersions?: string;
  readonly default?: string | number | boolean | null;
  readonly ignorable?: boolean;
  readonly tag?: number;
  readonly taggedVersions?: string;
  readonly flexibleVersions?: string;
  readonly fields?: readonly FieldDefinition[];
}

export interface StructDefinition {
  readonly name: string;
  readonly versions: string;
  readonly fields: readonly FieldDefinition[];
}

export interface Definition {
  readonly name: string;
  readonly type: string;
  readonly apiKey?: number;
  readonly listeners?: readonly string[];
  readonly validVersions: string;
  readonly flexibleVersions?: string;
  readonly latestVersionUnstable?: boolean;
  readonly fields: readonly FieldDefinition[];
  readonly commonStructs?: readonly StructDefinition[];
  /** The jar it was found in, without its version. */
  readonly jar: string;
}

/** The jars that hold what travels on a broker's listener or stands in its logs. */
const jars = [
  'kafka-clients',
  'kafka-metadata',
  'kafka-raft',
  'kafka-group-coordinator',
  'kafka-transaction-coordinator',
  'kafka-share-coordinator',
];

/**
 * All definitions that concern us, out of Apache Kafka's jars: those in the folder `KAFKA_LIBS` (the
 * `libs` of a distribution), or those that Maven fetches.
 */
export async function loadDefinitions(): Promise<Definition[]> {
  const libs = await kafkaLibs();
  const names = readdirSync(libs);
  return jars.flatMap((jar) => {
    const name = names.find((file) => new RegExp(`^${jar}-[0-9.]+\\.jar$`).test(file));
    if (name === undefined) throw new Error(`no ${jar} jar in ${libs}`);
    return [...readJar(join(libs, name), '.json').values()].map((text) => ({
      ...(JSON.parse(withoutComments(text.toString('utf8'))) as Definition),
      jar,
    }));
  });
}

export async function kafkaLibs(): Promise<string> {
  return process.env['KAFKA_LIBS'] ?? (await apacheKafkaJars(process.cwd()));
}

/** The definitions carry line comments, which are not JSON. No text in them holds a `//`. */
function withoutComments(text: string): string {
  return text.replace(/(^|\s)\/\/.*$/gm, '$1');
}

/** Requests and responses that a broker's listener takes, by API key. */
export function brokerApis(
  all: readonly Definition[],
): { key: number; name: string; request: Definition; response: Definition }[] {
  return all
    .filter(
      ({ type, listeners, validVersions }) =>
        type === 'request' && listeners?.includes('broker') === true && validVersions !== 'none',
    )
    .map((request) => {
      const response = all.find((d) => d.type === 'response' && d.apiKey === request.apiKey);
      if (response === undefined) throw new Error(`${request.name} has no response`);
      return {
        key: Number(request.apiKey),
        name: request.name.replace(/Request$/, ''),
        request,
        response,
      };
    })
    .sort((a, b) => a.key - b.key);
}

/** `3-7`, `2+`, `4`, `none`: both ends inclusive; null for none. */
export function parseVersions(text: string | undefined): readonly [number, number] | null {
  if (text === undefined || text === '' || text === 'none') return null;
  if (text.endsWith('+')) return [Number(text.slice(0, -1)), Infinity];
  const [from, to] = text.split('-');
  return [Number(from), Number(to ?? from)];
}

/** Whether a definition is one of those we have a schema for, beside the APIs. */
export function isRecord({ jar, name, type }: Definition): boolean {
  return (
    type === 'header' ||
    jar !== 'kafka-clients' ||
    name.startsWith('ConsumerProtocol') ||
    controlRecords.has(name)
  );
}

export const controlRecords: ReadonlySet<string> = new Set([
  'ControlRecordTypeSchema',
  'EndTxnMarker',
  'LeaderChangeMessage',
  'SnapshotHeaderRecord',
  'SnapshotFooterRecord',
  'KRaftVersionRecord',
  'VotersRecord',
]);
