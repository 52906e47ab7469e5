import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { brokerApis, controlRecords, loadDefinitions } from './definitions.ts';
import type { Definition } from './definitions.ts';
import { SchemaSource, camelCase, kebabCase } from './schema-source.ts';
import { summaries } from './summaries.ts';

/*
 * Writes all of src/protocol/messages and src/protocol/records from Kafka's own message definitions:
 * `npm run protocol:generate`. What is written by hand there (see `handWritten`) stays.
 */

const root = join(process.cwd(), 'src', 'protocol');
const note =
  '// Written by `npm run protocol:generate` from the message definitions of Kafka 4.3.\n';

const groupJar = 'kafka-group-coordinator';

/** Sets of records, each a file; records of the metadata log have one each. */
const recordSets: { file: string; holds: (d: Definition) => boolean }[] = [
  {
    file: 'consumer-offsets',
    holds: ({ jar, name }) => jar === groupJar && !/^(Consumer|Share|Streams)Group/.test(name),
  },
  {
    file: 'consumer-groups',
    holds: ({ jar, name }) => jar === groupJar && /^ConsumerG/.test(name),
  },
  { file: 'share-groups', holds: ({ jar, name }) => jar === groupJar && name.startsWith('Share') },
  { file: 'streams-groups', holds: ({ jar, name }) => jar === groupJar && /^Streams/.test(name) },
  { file: 'transaction-state', holds: ({ jar }) => jar === 'kafka-transaction-coordinator' },
  { file: 'share-group-state', holds: ({ jar }) => jar === 'kafka-share-coordinator' },
  { file: 'control-records', holds: ({ name }) => controlRecords.has(name) },
  { file: 'quorum-state', holds: ({ jar }) => jar === 'kafka-raft' },
  { file: 'consumer-protocol', holds: ({ name }) => name.startsWith('ConsumerProtocol') },
];

async function main(): Promise<void> {
  const definitions = await loadDefinitions();
  clear(join(root, 'messages'));
  clear(join(root, 'records'));
  await writeApis(definitions);
  await writeHeaders(definitions);
  const files = recordSets.map(({ file, holds }) => ({ file, holds: definitions.filter(holds) }));
  for (const definition of definitions.filter(({ jar }) => jar === 'kafka-metadata')) {
    files.push({ file: kebabCase(definition.name), holds: [definition] });
  }
  for (const { file, holds } of files) await writeRecords(file, holds);
  await writeAllRecords(files);
}

async function writeApis(definitions: readonly Definition[]): Promise<void> {
  const apis = brokerApis(definitions);
  for (const { key, name, request, response } of apis) {
    const source = new SchemaSource('../schema.ts');
    const constant = camelCase(name);
    const own = source.commonStructs([
      { definition: request, prefix: 'request' },
      { definition: response, prefix: 'response' },
    ]);
    if (
      request.validVersions !== response.validVersions ||
      request.flexibleVersions !== response.flexibleVersions
    ) {
      throw new Error(`${name}: the two sides have different versions`);
    }
    const body = `
      ${own}
      /** ${name} (key ${key}): ${summaryOf(name)}. */
      export const ${constant} = ${source.use('defineApi')}({
        key: ${key}, name: '${name}', ${source.head(request)}
        request: ${source.fields(request)},
        response: ${source.fields(response)},
      });
      export type ${name}Request = ${source.useType('RequestOf')}<typeof ${constant}>;
      export type ${name}Response = ${source.useType('ResponseInput')}<typeof ${constant}>;
    `;
    await write(`messages/${kebabCase(name)}.ts`, source.imports() + body);
  }
  const imports = apis.map(
    ({ name }) => `import { ${camelCase(name)} } from './${kebabCase(name)}.ts';`,
  );
  await write(
    'messages/all-apis.ts',
    `import type { AnyApi } from '../schema.ts';
    ${imports.join('\n')}

    /** Every API that Kafka defines for a broker's listener, by key; which of them are served is another matter. */
    export const allApis: readonly AnyApi[] = [${apis.map(({ name }) => camelCase(name)).join(',')}];
    `,
  );
}

async function writeHeaders(definitions: readonly Definition[]): Promise<void> {
  for (const definition of definitions.filter(({ type }) => type === 'header')) {
    const source = new SchemaSource('../schema.ts');
    const body = record(source, definition);
    await write(`messages/${kebabCase(definition.name)}.ts`, source.imports() + body);
  }
}

async function writeRecords(file: string, definitions: Definition[]): Promise<void> {
  definitions.sort((a, b) => (a.apiKey ?? 0) - (b.apiKey ?? 0) || a.name.localeCompare(b.name));
  const source = new SchemaSource('../schema.ts');
  const bodies = definitions.map((definition) => record(source, definition));
  await write(`records/${file}.ts`, source.imports() + bodies.join('\n'));
}

async function writeAllRecords(
  files: readonly { file: string; holds: readonly Definition[] }[],
): Promise<void> {
  const imports = files.map(
    ({ file, holds }) =>
      `import { ${holds.map(({ name }) => camelCase(name)).join(', ')} } from './${file}.ts';`,
  );
  const names = files.flatMap(({ holds }) => holds.map(({ name }) => camelCase(name)));
  await write(
    'records/all-records.ts',
    `import type { MessageSchema } from '../schema.ts';
    ${imports.join('\n')}

    /** Everything that stands in a log or travels inside another message. */
    export const allRecords: readonly MessageSchema<object, object>[] = [${names.join(',')}];
    `,
  );
}

function record(source: SchemaSource, definition: Definition): string {
  const { name, apiKey } = definition;
  const constant = camelCase(name);
  const key = apiKey === undefined ? '' : `apiKey: ${apiKey}, `;
  const define = source.use(apiKey === undefined ? 'defineMessage' : 'defineRecord');
  const summary = summaryOf(name);
  return `
    ${source.commonStructs([{ definition, prefix: camelCase(name) }])}
    /** ${name}${apiKey === undefined ? '' : ` (type ${apiKey})`}: ${summary}. */
    export const ${constant} = ${define}({
      ${key}name: '${name}', ${source.head(definition)}
      fields: ${source.fields(definition)},
    });
    export type ${name} = ${source.useType('RecordOf')}<typeof ${constant}>;
  `;
}

function summaryOf(name: string): string {
  const summary = summaries[name];
  if (summary === undefined) throw new Error(`summaries.ts says nothing of ${name}`);
  return summary;
}

function clear(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const entry of readdirSync(folder)) rmSync(join(folder, entry));
}

async function write(path: string, source: string): Promise<void> {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  const options = await resolveConfig(file);
  writeFileSync(file, await format(note + source, { ...options, filepath: file }));
}

void main();
