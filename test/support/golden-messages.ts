import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { allApis } from '../../src/protocol/messages/all-apis.ts';
import { requestHeader } from '../../src/protocol/messages/request-header.ts';
import { responseHeader } from '../../src/protocol/messages/response-header.ts';
import { allRecords } from '../../src/protocol/records/all-records.ts';
import { includes } from '../../src/protocol/schema.ts';
import type { FieldSpec, Fields, MessageSchema } from '../../src/protocol/schema.ts';
import { zeroUuid } from '../../src/protocol/uuid.ts';

/** Everything there is a schema for. */
export const allSchemas: readonly MessageSchema[] = [
  ...allApis.flatMap(({ request, response }) => [request, response]),
  requestHeader,
  responseHeader,
  ...allRecords,
];

export function versionsOf({ versions, unstableVersion }: MessageSchema): number[] {
  const all: number[] = [];
  for (let version = versions[0]; version <= versions[1]; version++) all.push(version);
  return unstableVersion === null ? all : [...all, unstableVersion];
}

/** A message, and the bytes that Apache Kafka 4.3.1 makes of it (`npm run protocol:golden`). */
export interface GoldenMessage {
  readonly schema: MessageSchema;
  readonly version: number;
  /** In the JSON form of Kafka's converters. */
  readonly values: Json;
  readonly bytes: Buffer;
}

type Json = Readonly<Record<string, unknown>>;

export function goldenMessages(): GoldenMessage[] {
  const file = join(__dirname, '..', 'data', 'protocol', 'golden.jsonl.gz');
  const lines = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n');
  const byName = new Map(allSchemas.map((schema) => [schema.name, schema]));
  return lines.map((line) => {
    const [name, version, values, bytes] = JSON.parse(line) as [string, number, Json, string];
    const schema = byName.get(name);
    if (schema === undefined) throw new Error(`no schema ${name}`);
    return { schema, version, values, bytes: Buffer.from(bytes, 'base64') };
  });
}

/**
 * The message of Kafka's JSON form, as our decoding gives it. Fields that the JSON lacks have their
 * fallback; a field of the JSON that the schema lacks is an error.
 */
export function messageOf(fields: Fields, values: Json): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    message[name] = name in values ? valueOf(field, values[name]) : fallbackOf(field);
  }
  const unknown = Object.keys(values).filter((name) => !(name in fields));
  if (unknown.length > 0) throw new Error(`not in the schema: ${unknown.join(', ')}`);
  return message;
}

function valueOf(field: FieldSpec, json: unknown): unknown {
  if (json === null) return null;
  switch (field.kind) {
    case 'bytes':
      return Buffer.from(json as string, 'base64');
    case 'records': {
      const buffer = Buffer.from(json as string, 'base64');
      return { buffer, start: 0, end: buffer.length };
    }
    case 'array':
      return (json as unknown[]).map((item) => valueOf(field.element as FieldSpec, item));
    case 'struct':
      return messageOf(field.fields ?? {}, json as Json);
    case 'bool':
    case 'int8':
    case 'int16':
    case 'uint16':
    case 'int32':
    case 'uint32':
    case 'int64':
    case 'float64':
    case 'uuid':
    case 'string':
      return json;
  }
}

const zeros: Partial<Record<FieldSpec['kind'], unknown>> = {
  bool: false,
  string: '',
  uuid: zeroUuid,
  bytes: Buffer.alloc(0),
  array: [],
  records: null,
};

export function fallbackOf(field: FieldSpec): unknown {
  const value = field.hasFallback ? field.fallback : (zeros[field.kind] ?? 0);
  if (field.kind !== 'struct' || value === null) return value;
  return messageOf(field.fields ?? {}, {});
}

/** A decoded message with its ranges as ranges of their own bytes, so that two can be compared. */
export function comparable(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  if (isRange(value)) {
    const buffer = Buffer.from(value.buffer.subarray(value.start, value.end));
    return { buffer, start: 0, end: buffer.length };
  }
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, comparable(part)]));
}

function isRange(value: object): value is { buffer: Buffer; start: number; end: number } {
  return 'buffer' in value && Buffer.isBuffer(value.buffer);
}

/** The fields that travel at a version. */
export function fieldsAt(fields: Fields, version: number): [string, FieldSpec][] {
  return Object.entries(fields).filter(([, field]) => includes(field.versions, version));
}
