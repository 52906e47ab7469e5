import { MalformedMessage } from './malformed-message.ts';
import { includes, isFlexible } from './schema.ts';
import type { FieldSpec, Fields, MessageSchema } from './schema.ts';
import type { WireReader } from './wire-reader.ts';
import { zeroUuid } from './uuid.ts';

export type ReadFunction = (reader: WireReader) => unknown;

/**
 * Writes the function that reads one version of a message.
 *
 * The code keeps the position in the local `p` and the view in `v`. Numbers are read at `p + off`
 * where `off` is known here, so runs of fixed size cost one addition. Structs and arrays are written
 * out in place: one function per message, no calls per field.
 */
export function compileRead(schema: MessageSchema, version: number): ReadFunction {
  const code = new ReadCode(schema, version);
  const message = code.struct(schema.fields, schema.name);
  code.settle();
  const body = [
    'return function read(r) {',
    'const v = r.view; let p = r.pos;',
    ...code.lines,
    `r.pos = p; return ${message};`,
    '};',
  ].join('\n');
  // The source comes from our schemas alone, never from a peer. Interpreting the schema instead costs
  // five times as much per message (bench/protocol.ts).
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  const make = new Function('EMPTY', body) as (empty: Buffer) => ReadFunction;
  return make(Buffer.alloc(0));
}

/** Fixed size of a value on the wire; 0 where it varies. */
export const fixedSize: Readonly<Record<FieldSpec['kind'], number>> = {
  bool: 1,
  int8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  float64: 8,
  uuid: 16,
  string: 0,
  bytes: 0,
  records: 0,
  array: 0,
  struct: 0,
};

/** A fallback as an expression. Structs are made of the fallbacks of their own fields. */
export function fallbackOf(field: FieldSpec): string {
  return valueOf(field, field.hasFallback ? field.fallback : zeroOf(field));
}

function zeroOf(field: FieldSpec): unknown {
  switch (field.kind) {
    case 'bool':
      return false;
    case 'string':
      return '';
    case 'uuid':
      return zeroUuid;
    case 'bytes':
    case 'array':
      return [];
    case 'records':
      return null;
    case 'struct':
      return {};
    case 'int8':
    case 'int16':
    case 'uint16':
    case 'int32':
    case 'uint32':
    case 'int64':
    case 'float64':
      return 0;
  }
}

function valueOf(field: FieldSpec, value: unknown): string {
  if (value === null) return 'null';
  if (field.kind === 'array') return '[]';
  if (field.kind === 'bytes') return 'EMPTY';
  if (field.kind !== 'struct') return JSON.stringify(value);
  const given = value as Record<string, unknown>;
  const parts = Object.entries(field.fields ?? {}).map(
    ([name, part]) =>
      `${name}: ${given[name] === undefined ? fallbackOf(part) : valueOf(part, given[name])}`,
  );
  return `{ ${parts.join(', ')} }`;
}

class ReadCode {
  readonly lines: string[] = [];
  private off = 0;
  private names = 0;
  private readonly flexible: boolean;

  constructor(
    schema: MessageSchema,
    private readonly version: number,
  ) {
    this.flexible = isFlexible(schema, version);
  }

  /** Code for the fields; what comes back is an expression of the whole struct. */
  struct(fields: Fields, path: string): string {
    const parts: string[] = [];
    const tags: { name: string; field: FieldSpec; variable: string }[] = [];
    for (const [name, field] of Object.entries(fields)) {
      if (!includes(field.versions, this.version)) {
        parts.push(`${name}: ${fallbackOf(field)}`);
      } else if (field.tag === null) {
        parts.push(`${name}: ${this.value(field, `${path}.${name}`)}`);
      } else {
        const variable = this.name();
        tags.push({ name, field, variable });
        parts.push(`${name}: ${variable}`);
      }
    }
    if (!this.flexible) return `{ ${parts.join(', ')} }`;
    const misplaced = Object.values(fields).filter(
      ({ tag, versions }) => tag !== null && !includes(versions, this.version),
    );
    const unknown = this.tagSection(tags, misplaced, path);
    const whole = this.name();
    this.lines.push(
      `const ${whole} = { ${parts.join(', ')} };`,
      `if (${unknown} !== undefined) ${whole}.unknownTags = ${unknown};`,
    );
    return whole;
  }

  /** Makes `p` the position really reached. */
  settle(): void {
    if (this.off > 0) this.lines.push(`p += ${this.off};`);
    this.off = 0;
  }

  private name(): string {
    return `x${this.names++}`;
  }

  /** Where the next `size` bytes are, as an expression; moves behind them. */
  private skip(size: number): string {
    const at = this.off === 0 ? 'p' : `p + ${this.off}`;
    this.off += size;
    return at;
  }

  private value(field: FieldSpec, path: string): string {
    if (field.kind === 'struct') return this.structField(field, path);
    if (field.kind === 'array') return this.array(field, path);
    if (fixedSize[field.kind] > 0) return this.fixed(field);
    return this.sized(field, path);
  }

  private fixed(field: FieldSpec): string {
    const variable = this.name();
    const size = fixedSize[field.kind];
    const at = this.skip(size);
    this.lines.push(`const ${variable} = ${this.fixedExpression(field, at)};`);
    return variable;
  }

  private fixedExpression(field: FieldSpec, at: string): string {
    switch (field.kind) {
      case 'bool':
        return `v.getUint8(${at}) !== 0`;
      case 'int8':
        return `v.getInt8(${at})`;
      case 'int16':
        return `v.getInt16(${at})`;
      case 'uint16':
        return `v.getUint16(${at})`;
      case 'int32':
        return `v.getInt32(${at})`;
      case 'uint32':
        return `v.getUint32(${at})`;
      case 'int64':
        return `v.getInt32(${at}) * 4294967296 + v.getUint32(${at} + 4)`;
      case 'float64':
        return `v.getFloat64(${at})`;
      case 'uuid':
        return `r.uuid(${at})`;
      case 'string':
      case 'bytes':
      case 'records':
      case 'array':
      case 'struct':
        throw new Error(`${field.kind} has no fixed size`);
    }
  }

  /** Leaves the number of bytes or elements in a variable; null is -1. */
  private length(field: FieldSpec, path: string): string {
    const variable = this.name();
    if (this.flexible && field.compact) {
      this.varintInto(variable, -1);
    } else {
      const short = field.kind === 'string';
      const at = this.skip(short ? 2 : 4);
      this.lines.push(`const ${variable} = v.getInt${short ? 16 : 32}(${at});`);
      this.settle();
    }
    if (!this.isNullable(field)) {
      this.lines.push(`if (${variable} < 0) r.notNullable(${quoted(path)}, ${variable});`);
    } else if (!this.flexible || !field.compact) {
      this.lines.push(`if (${variable} < -1) r.negative(${quoted(path)}, ${variable});`);
    }
    return variable;
  }

  private varintInto(variable: string, add: number): void {
    const at = this.skip(1);
    this.lines.push(`let ${variable} = v.getUint8(${at});`);
    this.settle();
    this.lines.push(
      `if (${variable} > 127) { r.pos = p - 1; ${variable} = r.varint(); p = r.pos; }`,
    );
    if (add !== 0) this.lines.push(`${variable} += ${add};`);
  }

  private isNullable(field: FieldSpec): boolean {
    return includes(field.nullable, this.version);
  }

  private sized(field: FieldSpec, path: string): string {
    const length = this.length(field, path);
    const variable = this.name();
    const take = { string: 'string', bytes: 'bytes', records: 'range' }[field.kind as 'string'];
    if (this.isNullable(field)) {
      this.lines.push(
        `let ${variable} = null;`,
        `if (${length} >= 0) { ${variable} = r.${take}(p, ${length}); p += ${length}; }`,
      );
    } else {
      this.lines.push(`const ${variable} = r.${take}(p, ${length}); p += ${length};`);
    }
    return variable;
  }

  private structField(field: FieldSpec, path: string): string {
    const fields = field.fields ?? {};
    if (!this.isNullable(field)) return this.struct(fields, path);
    const variable = this.name();
    const mark = this.name();
    if (field.tag === null) {
      this.lines.push(`const ${mark} = v.getInt8(${this.skip(1)});`);
      this.settle();
    } else {
      this.varintInto(mark, -1); // in the tag section the presence of a struct is a varint
    }
    this.lines.push(`let ${variable} = null;`, `if (${mark} >= 0) {`);
    const value = this.struct(fields, path);
    this.settle();
    this.lines.push(`${variable} = ${value};`, '}');
    return variable;
  }

  private array(field: FieldSpec, path: string): string {
    const element = elementOf(field);
    const count = this.length(field, path);
    const variable = this.name();
    const i = this.name();
    const nullable = this.isNullable(field);
    const smallest = Math.max(1, this.smallest(element));
    this.lines.push(
      `if (${count} * ${smallest} > r.end - p || (r.room -= ${count}) < 0) {`,
      `r.tooMany(${quoted(path)}, ${count}); }`,
      nullable ? `let ${variable} = null;` : `const ${variable} = ${emptyArray(count)};`,
      nullable ? `if (${count} >= 0) { ${variable} = ${emptyArray(count)};` : '{',
      `for (let ${i} = 0; ${i} < ${count}; ${i}++) {`,
    );
    const value = this.value(element, `${path}[]`);
    this.settle();
    this.lines.push(`${variable}[${i}] = ${value};`, '} }');
    return variable;
  }

  /** The least an element can take: what an announced number of them is checked against. */
  private smallest(field: FieldSpec): number {
    if (fixedSize[field.kind] > 0) return fixedSize[field.kind];
    if (field.kind === 'struct') {
      if (this.isNullable(field)) return 1;
      let sum = this.flexible ? 1 : 0;
      for (const part of Object.values(field.fields ?? {})) {
        if (part.tag === null && includes(part.versions, this.version)) sum += this.smallest(part);
      }
      return sum;
    }
    if (this.flexible && field.compact) return 1;
    return field.kind === 'string' ? 2 : 4;
  }

  /**
   * Reads the tags into their variables; what comes back is a variable with the unknown ones.
   *
   * As in Kafka, a known tag is read by its type and not by the size announced for it, a repeated one
   * counts in its last form, and any order is taken.
   */
  private tagSection(
    known: readonly { name: string; field: FieldSpec; variable: string }[],
    misplaced: readonly FieldSpec[],
    path: string,
  ): string {
    for (const { field, variable } of known) {
      this.lines.push(`let ${variable} = ${fallbackOf(field)};`);
    }
    const unknown = this.name();
    const [count, tag, size, i] = [this.name(), this.name(), this.name(), this.name()];
    this.lines.push(`let ${unknown};`);
    this.varintInto(count, 0);
    this.lines.push(`if ((r.room -= ${count}) < 0) r.tooMany(${quoted(path)}, ${count});`);
    this.lines.push(`for (let ${i} = 0; ${i} < ${count}; ${i}++) {`);
    this.varintInto(tag, 0);
    this.varintInto(size, 0);
    this.lines.push(`switch (${tag}) {`);
    for (const { name, field, variable } of known) {
      this.lines.push(`case ${String(field.tag)}: {`);
      const value = this.value(field, `${path}.${name}`);
      this.settle();
      this.lines.push(`${variable} = ${value};`, 'break; }');
    }
    for (const field of misplaced) {
      this.lines.push(`case ${String(field.tag)}: r.misplacedTag(${quoted(path)}, ${tag});`);
    }
    this.lines.push(
      'default:',
      `(${unknown} ??= []).push({ tag: ${tag}, data: r.bytes(p, ${size}) }); p += ${size};`,
      '} }',
    );
    return unknown;
  }
}

/**
 * A short array is made with the places that it needs: one that grows has seventeen from its first
 * element on. What a long one announces may not be true.
 */
function emptyArray(count: string): string {
  return `${count} <= 16 ? new Array(${count}) : []`;
}

export function elementOf(field: FieldSpec): FieldSpec {
  if (field.element === null) throw new Error('an array without an element type');
  return field.element;
}

function quoted(path: string): string {
  return JSON.stringify(path);
}

/** What a read function threw, as what it means. */
export function asMalformed(error: unknown, schema: MessageSchema): unknown {
  // A DataView throws a RangeError when it is read past its end, which is the end of the frame.
  return error instanceof RangeError
    ? new MalformedMessage(`${schema.name}: the frame ends too early`, { cause: error })
    : error;
}
