import { describe, expect, it } from '@jest/globals';
import { allApis } from '../../../src/protocol/messages/all-apis.ts';
import { requestHeader } from '../../../src/protocol/messages/request-header.ts';
import { responseHeader } from '../../../src/protocol/messages/response-header.ts';
import { allRecords } from '../../../src/protocol/records/all-records.ts';
import { includes, isFlexible } from '../../../src/protocol/schema.ts';
import type { FieldSpec, Fields, MessageSchema } from '../../../src/protocol/schema.ts';
import { zeroUuid } from '../../../src/protocol/uuid.ts';
import { holds, kafkaFacts, versionsOf } from '../../support/kafka-facts.ts';
import type { FieldFact, MessageFact } from '../../support/kafka-facts.ts';

const schemas = new Map<string, MessageSchema>(
  [
    ...allApis.flatMap(({ request, response }) => [request, response]),
    requestHeader,
    responseHeader,
    ...allRecords,
  ].map((schema) => [schema.name, schema]),
);
const facts = kafkaFacts();

describe("schemas say what Kafka's own definitions say", () => {
  it('has a schema for each definition, and none beside them', () => {
    expect([...schemas.keys()].sort()).toEqual(facts.map(({ name }) => name).sort());
  });

  it('has all 77 APIs of a broker listener', () => {
    const keys = facts.filter(({ type }) => type === 'request').map(({ apiKey }) => apiKey);
    expect(allApis.map(({ key }) => key)).toEqual(keys);
    expect(keys).toHaveLength(77);
  });

  it.each(facts.map((fact) => [fact.name, fact] as const))('%s', (name, fact) => {
    const schema = schemas.get(name) as MessageSchema;
    expect(headOf(schema)).toEqual(factsOfHead(fact));
    const seen = new Set<FieldSpec>();
    for (const version of versionsOf(fact)) {
      const ours = fieldsOf(schema, schema.fields, version, name, seen);
      expect({ version, fields: ours }).toEqual({ version, fields: factsOf(fact, version) });
    }
    expect(unseen(schema.fields, seen)).toEqual([]);
  });
});

function headOf(schema: MessageSchema) {
  const versions: number[] = [];
  for (let version = schema.versions[0]; version <= schema.versions[1]; version++) {
    versions.push(version);
  }
  if (schema.unstableVersion !== null) versions.push(schema.unstableVersion);
  return {
    versions,
    flexible: versions.filter((version) => isFlexible(schema, version)),
    apiKey: (schema as { apiKey?: number }).apiKey,
  };
}

function factsOfHead(fact: MessageFact) {
  const versions = versionsOf(fact);
  const isSideOfApi = fact.type === 'request' || fact.type === 'response';
  return {
    versions,
    flexible: versions.filter((version) => holds(fact.flexibleVersions, version)),
    apiKey: isSideOfApi ? undefined : fact.apiKey,
  };
}

/** One field at one version, on one line, so that a difference is easy to see. */
interface Line {
  readonly path: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly ignorable: boolean;
  readonly tag: number | null;
  readonly compact: boolean;
  readonly fallback: string;
}

/** What a definition says of a version: all fields in wire order, structs after their own line. */
function factsOf(message: MessageFact, version: number): Line[] {
  const flexible = holds(message.flexibleVersions, version);
  const lines: Line[] = [];
  const walk = (fields: readonly FieldFact[], path: string): void => {
    for (const field of fields) {
      if (!holds(field.versions ?? field.taggedVersions, version)) continue;
      const base = field.type.replace('[]', '');
      const isStruct = /^[A-Z]/.test(base);
      const here = `${path}.${field.name.charAt(0).toLowerCase()}${field.name.slice(1)}`;
      lines.push({
        path: here,
        type: field.type.replace(/[A-Z]\w*/, 'struct'),
        nullable: holds(field.nullableVersions, version),
        ignorable: field.ignorable ?? false,
        tag: holds(field.taggedVersions, version) ? (field.tag ?? null) : null,
        compact: flexible && field.flexibleVersions !== 'none',
        fallback: fallbackInFacts(field, isStruct),
      });
      if (!isStruct) continue;
      const common = message.commonStructs?.find(({ name }) => name === base);
      walk(common?.fields ?? field.fields ?? [], here);
    }
  };
  walk(message.fields, message.name);
  return lines;
}

function fallbackInFacts(field: FieldFact, isStruct: boolean): string {
  const text = String(field.default ?? ''); // a bare null is no default, the text "null" is one
  if (text === 'null') return 'null';
  if (field.type.startsWith('[]') || field.type === 'bytes') return '[]';
  if (isStruct) return '{}';
  switch (field.type) {
    case 'string':
      return `'${text}'`;
    case 'uuid':
      return `'${text === '' ? zeroUuid : text}'`;
    case 'bool':
      return text === '' ? 'false' : text;
    case 'records':
      return 'null';
    default:
      return String(Number(text));
  }
}

/** The same of a schema. */
function fieldsOf(
  schema: MessageSchema,
  fields: Fields,
  version: number,
  path: string,
  seen: Set<FieldSpec>,
): Line[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    if (!includes(field.versions, version)) return [];
    seen.add(field);
    const element = field.element ?? field;
    const here = `${path}.${name}`;
    const line: Line = {
      path: here,
      type: `${field.element === null ? '' : '[]'}${element.kind}`,
      nullable: includes(field.nullable, version),
      ignorable: field.ignorable,
      tag: field.tag,
      compact: isFlexible(schema, version) && field.compact,
      fallback: fallbackInSchema(field),
    };
    return [line, ...fieldsOf(schema, element.fields ?? {}, version, here, seen)];
  });
}

function fallbackInSchema(field: FieldSpec): string {
  const value = field.fallback;
  if (field.hasFallback) {
    if (value === null) return 'null';
    if (field.kind === 'array' || field.kind === 'bytes') {
      return (value as ArrayLike<unknown>).length === 0 ? '[]' : 'not empty';
    }
    if (field.kind === 'struct') return structFallback(field, value as Record<string, unknown>);
    return typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
  }
  const zeros: Partial<Record<FieldSpec['kind'], string>> = {
    array: '[]',
    bytes: '[]',
    struct: '{}',
    string: "''",
    uuid: `'${zeroUuid}'`,
    bool: 'false',
    records: 'null',
  };
  return zeros[field.kind] ?? '0';
}

/** `{}` when all that is given is what its fields would be anyway. */
function structFallback(field: FieldSpec, value: Record<string, unknown>): string {
  const given = Object.entries(field.fields ?? {}).filter(([name]) => value[name] !== undefined);
  const differing = given.filter(
    ([name, part]) =>
      fallbackInSchema({ ...part, fallback: value[name], hasFallback: true }) !==
      fallbackInSchema(part),
  );
  return differing.length === 0 ? '{}' : JSON.stringify(value);
}

/** Names of fields that exist in no version at all. */
function unseen(fields: Fields, seen: ReadonlySet<FieldSpec>): string[] {
  return Object.entries(fields).flatMap(([name, field]) => [
    ...(seen.has(field) ? [] : [name]),
    ...unseen((field.element ?? field).fields ?? {}, seen),
  ]);
}
