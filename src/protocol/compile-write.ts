import { elementOf, fallbackOf, fixedSize } from './compile-read.ts';
import { includes, isFlexible } from './schema.ts';
import type { FieldSpec, Fields, MessageSchema } from './schema.ts';
import { putInt64 } from './wire-writer.ts';
import type { WireWriter } from './wire-writer.ts';

export type WriteFunction = (writer: WireWriter, message: unknown) => void;

/**
 * Writes the function that writes one version of a message.
 *
 * Values of fixed size that follow each other form a run: room is asked for once per run, and their
 * positions are known here. Everything else goes through methods of the writer, which take the
 * position and give the new one.
 */
export function compileWrite(schema: MessageSchema, version: number): WriteFunction {
  const code = new WriteCode(schema, version);
  code.struct(schema.fields, 'm', schema.name);
  code.flush();
  const body = [
    'return function write(w, m) {',
    'let v = w.view, p = w.pos;',
    ...code.lines,
    'w.pos = p;',
    '};',
  ].join('\n');
  // As in compile-read.ts: our own schemas are the only source of this code.
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  const make = new Function('EMPTY', 'putInt64', body) as (
    empty: Buffer,
    put: typeof putInt64,
  ) => WriteFunction;
  return make(Buffer.alloc(0), putInt64);
}

class WriteCode {
  readonly lines: string[] = [];
  private run: string[] = [];
  private runSize = 0;
  private names = 0;
  private readonly flexible: boolean;

  constructor(
    schema: MessageSchema,
    private readonly version: number,
  ) {
    this.flexible = isFlexible(schema, version);
  }

  struct(fields: Fields, from: string, path: string): void {
    const tags: { field: FieldSpec; value: string; path: string }[] = [];
    for (const [name, field] of Object.entries(fields)) {
      const here = `${path}.${name}`;
      if (!includes(field.versions, this.version)) {
        if (!field.ignorable) this.refuseValue(field, `${from}.${name}`, here);
        continue;
      }
      const value = this.take(field, `${from}.${name}`);
      if (field.tag === null) this.value(field, value, here);
      else tags.push({ field, value, path: here });
    }
    if (this.flexible) this.tagSection(tags, from);
    else this.refuseUnknownTags(from, path);
  }

  /** Asks for room for the run and puts it out. */
  flush(): void {
    if (this.runSize > 0) {
      this.lines.push(
        `if (p + ${this.runSize} > w.capacity) v = w.grow(p, ${this.runSize});`,
        ...this.run,
        `p += ${this.runSize};`,
      );
    } else {
      this.lines.push(...this.run);
    }
    this.run = [];
    this.runSize = 0;
  }

  private name(): string {
    return `x${this.names++}`;
  }

  /** A variable with the value of a property, or its fallback where it was left out. */
  private take(field: FieldSpec, property: string): string {
    const variable = this.name();
    if (field.hasFallback) {
      this.run.push(
        `let ${variable} = ${property}; if (${variable} === undefined) ${variable} = ${fallbackOf(field)};`,
      );
    } else {
      this.run.push(`const ${variable} = ${property};`);
    }
    return variable;
  }

  private skip(size: number): string {
    const at = this.runSize === 0 ? 'p' : `p + ${this.runSize}`;
    this.runSize += size;
    return at;
  }

  private value(field: FieldSpec, value: string, path: string): void {
    if (fixedSize[field.kind] > 0) {
      this.fixed(field, value);
      return;
    }
    const nullable = includes(field.nullable, this.version);
    if (field.nullable !== null && !nullable) {
      this.run.push(`if (${value} === null) w.notNullable(${quoted(path)}, ${this.version});`);
    }
    if (field.kind === 'string') {
      const compact = this.flexible && field.compact ? 'compactString' : 'string';
      const method = nullable ? `nullable${capitalized(compact)}` : compact;
      this.call(`w.${method}(p, ${value})`);
    } else if (nullable) {
      this.nullable(field, value, path);
    } else {
      this.present(field, value, path);
    }
  }

  private nullable(field: FieldSpec, value: string, path: string): void {
    this.flush();
    this.lines.push(`if (${value} === null) {`);
    if (field.kind === 'struct') {
      this.run.push(`v.setInt8(${this.skip(1)}, ${field.tag === null ? -1 : 0});`);
    } else if (this.flexible) {
      this.run.push(`v.setUint8(${this.skip(1)}, 0);`);
    } else {
      this.run.push(`v.setInt32(${this.skip(4)}, -1);`);
    }
    this.flush();
    this.lines.push('} else {');
    if (field.kind === 'struct') this.run.push(`v.setInt8(${this.skip(1)}, 1);`);
    this.present(field, value, path);
    this.flush();
    this.lines.push('}');
  }

  private present(field: FieldSpec, value: string, path: string): void {
    switch (field.kind) {
      case 'struct':
        this.struct(field.fields ?? {}, value, path);
        return;
      case 'array':
        this.array(field, value, path);
        return;
      case 'bytes':
        this.length(`${value}.length`);
        this.call(`w.bytes(p, ${value})`);
        return;
      case 'records':
        this.length(`w.recordsSize(${value})`);
        this.flush();
        this.lines.push(`w.records(p, ${value});`);
        return;
      case 'string': // and all kinds of fixed size: `value` has dealt with them
      case 'bool':
      case 'int8':
      case 'int16':
      case 'uint16':
      case 'int32':
      case 'uint32':
      case 'int64':
      case 'float64':
      case 'uuid':
        throw new Error(`unexpected ${field.kind}`);
    }
  }

  private fixed(field: FieldSpec, value: string): void {
    const at = this.skip(fixedSize[field.kind]);
    const setters: Partial<Record<FieldSpec['kind'], string>> = {
      bool: `v.setUint8(${at}, ${value} ? 1 : 0);`,
      int8: `v.setInt8(${at}, ${value});`,
      int16: `v.setInt16(${at}, ${value});`,
      uint16: `v.setUint16(${at}, ${value});`,
      int32: `v.setInt32(${at}, ${value});`,
      uint32: `v.setUint32(${at}, ${value});`,
      int64: `putInt64(v, ${at}, ${value});`,
      float64: `v.setFloat64(${at}, ${value});`,
      uuid: `w.uuid(${at}, ${value});`,
    };
    const setter = setters[field.kind];
    if (setter === undefined) throw new Error(`${field.kind} has no fixed size`);
    this.run.push(setter);
  }

  private call(expression: string): void {
    this.flush();
    this.lines.push(`p = ${expression}; v = w.view;`);
  }

  /** Length of bytes, or count of elements. */
  private length(expression: string): void {
    if (this.flexible) this.call(`w.varint(p, ${expression} + 1)`);
    else this.run.push(`v.setInt32(${this.skip(4)}, ${expression});`);
  }

  private array(field: FieldSpec, value: string, path: string): void {
    const element = elementOf(field);
    this.length(`${value}.length`);
    this.flush();
    const i = this.name();
    const item = this.name();
    this.lines.push(
      `for (let ${i} = 0; ${i} < ${value}.length; ${i}++) {`,
      `const ${item} = ${value}[${i}];`,
    );
    this.value(element, item, `${path}[]`);
    this.flush();
    this.lines.push('}');
  }

  /** Known tags in the order of their numbers, then those that another schema knew. */
  private tagSection(
    tags: readonly { field: FieldSpec; value: string; path: string }[],
    from: string,
  ): void {
    const sorted = [...tags].sort((a, b) => Number(a.field.tag) - Number(b.field.tag));
    const unknown = `${from}.unknownTags`;
    const count = this.name();
    const present = sorted.map(() => this.name());
    this.run.push(
      ...sorted.map(({ field, value }, i) => `const ${present[i]} = ${differs(field, value)};`),
      `let ${count} = ${present.join(' + ') || '0'};`,
      `if (${unknown} !== undefined) ${count} += ${unknown}.length;`,
      `v.setUint8(${this.skip(1)}, 0);`,
    );
    this.flush();
    this.lines.push(`if (${count} > 0) {`, `p = w.varint(p - 1, ${count}); v = w.view;`);
    for (const [i, { field, value, path }] of sorted.entries()) {
      this.lines.push(`if (${present[i]}) {`);
      this.taggedValue(field, value, path);
      this.lines.push('}');
    }
    this.lines.push(`p = w.unknownTags(p, ${unknown}); v = w.view;`, '}');
  }

  private taggedValue(field: FieldSpec, value: string, path: string): void {
    this.call(`w.varint(p, ${String(field.tag)})`);
    const start = this.name();
    this.run.push(`v.setUint8(${this.skip(1)}, 0);`); // the size, put in when it is known
    this.flush();
    this.lines.push(`const ${start} = p;`);
    this.value(field, value, path);
    this.call(`w.tagSize(${start}, p)`);
  }

  private refuseValue(field: FieldSpec, property: string, path: string): void {
    const variable = this.name();
    this.run.push(
      `const ${variable} = ${property};`,
      `if (${variable} !== undefined && ${differs(field, variable)})`,
      `  w.unsupported(${quoted(path)}, ${this.version});`,
    );
  }

  private refuseUnknownTags(from: string, path: string): void {
    this.run.push(
      `if (${from}.unknownTags !== undefined && ${from}.unknownTags.length > 0)`,
      `  w.unsupported(${quoted(`${path}.unknownTags`)}, ${this.version});`,
    );
  }
}

/** Expression: is a value that is there something else than its field's fallback? */
function differs(field: FieldSpec, value: string): string {
  const fallback = fallbackOf(field);
  if (fallback === 'null') return `${value} !== null`;
  switch (field.kind) {
    case 'array':
    case 'bytes':
      return `(${value} === null || ${value}.length > 0)`;
    case 'struct':
      return `(${value} === null || ${structDiffers(field, value)})`;
    case 'records':
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
      return `${value} !== ${fallback}`;
  }
}

function structDiffers(field: FieldSpec, value: string): string {
  const parts = Object.entries(field.fields ?? {}).map(([name, part]) => {
    const property = `${value}.${name}`;
    return `(${property} !== undefined && ${differs(part, property)})`;
  });
  return [...parts, `${value}.unknownTags !== undefined`].join(' || ');
}

function quoted(path: string): string {
  return JSON.stringify(path);
}

function capitalized(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
