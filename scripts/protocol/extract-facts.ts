import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brokerApis, isRecord, loadDefinitions } from './definitions.ts';
import type { Definition } from './definitions.ts';

/*
 * Writes down what Kafka's own definitions say of every message we have a schema for:
 * `npm run protocol:facts`. One message a line, as Kafka writes it but without its prose; a test
 * compares the schemas with it. It shares nothing with the generator but the reading of the jars.
 */

const target = join(process.cwd(), 'test', 'data', 'protocol', 'facts.json');

/** What bears on the wire; texts and hints for Kafka's own code generator are left out. */
const kept = new Set([
  ...['type', 'name', 'apiKey', 'validVersions', 'flexibleVersions', 'latestVersionUnstable'],
  ...['fields', 'commonStructs', 'versions', 'nullableVersions', 'default', 'ignorable'],
  ...['tag', 'taggedVersions'],
]);

async function main(): Promise<void> {
  const definitions = await loadDefinitions();
  const apis: Definition[] = brokerApis(definitions).flatMap((api) => [api.request, api.response]);
  const records = definitions.filter(isRecord).sort((a, b) => a.name.localeCompare(b.name));
  const lines = [...apis, ...records].map((definition) =>
    JSON.stringify(definition, (key, value: unknown) =>
      key === '' || /^\d+$/.test(key) || kept.has(key) ? value : undefined,
    ),
  );
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, `[\n${lines.join(',\n')}\n]\n`);
}

void main();
