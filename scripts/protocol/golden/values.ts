import { parseVersions } from '../definitions.ts';
import type { Definition, FieldDefinition } from '../definitions.ts';

/**
 * What a golden message is filled with. `full`: every field has a value other than its default.
 * `sparse`: null where it may be, else empty or default. `long`: lengths beyond one byte of varint,
 * and numbers at the ends of their ranges.
 */
export type Filling = 'full' | 'sparse' | 'long';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Values for one version of a message, in the JSON form that Kafka's converters read. */
export function goldenValues(definition: Definition, version: number, filling: Filling): Json {
  return new Values(definition, version, filling).struct(definition.fields, definition.name);
}

const twoTo63 = 2 ** 63;

/** Both ends of each range. JSON.stringify cannot write those of int64: see `exactInt64`. */
const ends: Readonly<Record<string, readonly [number, number]>> = {
  int8: [-0x80, 0x7f],
  int16: [-0x8000, 0x7fff],
  uint16: [0x7fff, 0xffff],
  int32: [-0x80000000, 0x7fffffff],
  uint32: [0x7fffffff, 0xffffffff],
  int64: [-twoTo63, twoTo63],
};

/** The text with the ends of int64 as they are, not rounded. */
export function exactInt64(json: string): string {
  return json
    .replaceAll(JSON.stringify(-twoTo63), '-9223372036854775808')
    .replaceAll(JSON.stringify(twoTo63), '9223372036854775807');
}

class Values {
  constructor(
    private readonly message: Definition,
    private readonly version: number,
    private readonly filling: Filling,
  ) {}

  struct(fields: readonly FieldDefinition[], path: string): Json {
    const values: { [name: string]: Json } = {};
    for (const field of fields) {
      if (!this.has(field.versions ?? field.taggedVersions)) continue;
      const isTagged = this.has(field.taggedVersions);
      if (this.filling === 'sparse' && isTagged && hashOf(path + field.name) % 2 === 0) continue;
      const name = field.name.charAt(0).toLowerCase() + field.name.slice(1);
      values[name] = this.field(field, `${path}.${name}`);
    }
    return values;
  }

  private has(range: string | undefined): boolean {
    const versions = parseVersions(range);
    return versions !== null && this.version >= versions[0] && this.version <= versions[1];
  }

  private field(field: FieldDefinition, path: string): Json {
    const isArray = field.type.startsWith('[]');
    const type = field.type.replace('[]', '');
    if (this.filling === 'sparse') {
      if (this.has(field.nullableVersions)) return null;
      if (isArray) return [];
    }
    if (!isArray) return this.value(field, type, path);
    const isStruct = /^[A-Z]/.test(type);
    const count = this.filling === 'long' ? (isStruct ? 1 : 130) : 2;
    return Array.from({ length: count }, (_, i) => this.value(field, type, `${path}[${i}]`));
  }

  private value(field: FieldDefinition, type: string, path: string): Json {
    const hash = hashOf(`${path}@${this.version}`);
    const empty = this.filling === 'sparse';
    switch (type) {
      case 'bool':
        return path.endsWith(']') ? hash % 2 === 0 : String(field.default) !== 'true';
      case 'string':
        return empty ? '' : this.text(hash);
      case 'uuid':
        return bytesFrom(hash, 16).toString('base64url');
      case 'bytes':
      case 'records':
        return bytesFrom(hash, empty ? 0 : this.filling === 'long' ? 200 : 3).toString('base64');
      case 'float64':
        return (hash % 1000) + 0.5;
      case 'int8':
      case 'int16':
      case 'uint16':
      case 'int32':
      case 'uint32':
      case 'int64':
        return this.number(type, hash);
      default: {
        const common = this.message.commonStructs?.find(({ name }) => name === type);
        return this.struct(common?.fields ?? field.fields ?? [], path);
      }
    }
  }

  private text(hash: number): string {
    if (this.filling === 'long') return `${hash.toString(36)}-ß€😀-`.repeat(12);
    return hash % 5 === 0 ? `é${hash % 1000}` : `s${hash % 1000}`;
  }

  /** Never a default: those are 0, -1 and others near 0, or far out. */
  private number(type: string, hash: number): number {
    const [low, high] = ends[type] as readonly [number, number];
    if (this.filling === 'long') return hash % 2 === 0 ? low : high;
    if (this.filling === 'sparse') return type.startsWith('u') ? 0 : -1;
    const size = { int8: 100, int16: 30_000, uint16: 30_000, int32: 2e9 }[type] ?? 2e9;
    const wide = type === 'int64' ? hash * 2 ** 20 : 0;
    const value = 20 + wide + (hash % size);
    if (type.startsWith('u')) return low + 1 + (hash % size);
    return hash % 3 === 0 ? -Math.min(value, high) : Math.min(value, high);
  }
}

/** FNV-1a: the same value for the same place, for ever. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash ^= hash >>> 15;
  return Math.imul(hash, 0x2c1b3c6d) >>> 0;
}

function bytesFrom(hash: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = hash | 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
