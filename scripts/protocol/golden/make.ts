import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { brokerApis, isRecord, kafkaLibs, loadDefinitions, parseVersions } from '../definitions.ts';
import type { Definition } from '../definitions.ts';
import { exactInt64, goldenValues } from './values.ts';
import type { Filling } from './values.ts';

/*
 * Writes test/data/protocol/golden.jsonl.gz: every message at every version, with the bytes that Apache
 * Kafka's own serializers make of it. `npm run protocol:golden`; needs a JDK 17.
 *
 * One message a line: [name, version, values, bytes in base64].
 */

const target = join(process.cwd(), 'test', 'data', 'protocol', 'golden.jsonl.gz');

async function main(): Promise<void> {
  const definitions = await loadDefinitions();
  const apis = brokerApis(definitions).flatMap(({ request, response }) => [request, response]);
  const records = definitions.filter(isRecord).sort((a, b) => a.name.localeCompare(b.name));
  const messages = [...apis, ...records].flatMap(messagesOf);
  const program = join(process.cwd(), 'scripts', 'protocol', 'golden', 'GoldenBytes.java');
  const printed = execFileSync('java', ['-cp', join(await kafkaLibs(), '*'), program], {
    input: messages.map((message) => exactInt64(JSON.stringify(message))).join('\n'),
    maxBuffer: 1 << 28,
  });
  const bytes = printed.toString('utf8').trimEnd().split('\n');
  if (bytes.length !== messages.length) throw new Error('messages were lost');
  const lines = messages.map(({ name, version, values }, i) =>
    exactInt64(JSON.stringify([name, version, values, bytes[i]])),
  );
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, gzipSync(`${lines.join('\n')}\n`, { level: 9 }));
}

/** Each version full and sparse; long where the way lengths are written changes, and at the end. */
function messagesOf(definition: Definition) {
  const [lowest, highest] = parseVersions(definition.validVersions) ?? [0, -1];
  const flexible = parseVersions(definition.flexibleVersions)?.[0] ?? Infinity;
  const messages: { name: string; version: number; values: unknown }[] = [];
  for (let version = lowest; version <= highest; version++) {
    const fillings: Filling[] = ['full', 'sparse'];
    if (version === highest || version + 1 === flexible) fillings.push('long');
    for (const filling of fillings) {
      const values = goldenValues(definition, version, filling);
      messages.push({ name: definition.name, version, values });
    }
  }
  return messages;
}

void main();
