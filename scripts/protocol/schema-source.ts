import { parseVersions } from './definitions.ts';
import type { Definition, FieldDefinition, StructDefinition } from './definitions.ts';

type Range = readonly [number, number];

/** The source text of one schema file, in the language of src/protocol/schema.ts. */
export class SchemaSource {
  private readonly values = new Set<string>();
  private readonly types = new Set<string>();
  private readonly others = new Set<string>();
  /** Constants of shared structs, by the message they belong to and their name. */
  private readonly constants = new Map<string, string>();

  /** Text of each constant of this file. */
  private readonly made = new Map<string, string>();

  constructor(private readonly schemaPath: string) {}

  use(name: string): string {
    this.values.add(name);
    return name;
  }

  useType(name: string): string {
    this.types.add(name);
    return name;
  }

  imports(): string {
    const lines = [
      `import { ${[...this.values].sort().join(', ')} } from '${this.schemaPath}';`,
      `import type { ${[...this.types].sort().join(', ')} } from '${this.schemaPath}';`,
    ];
    if (this.others.has('zeroUuid')) {
      lines.push(`import { zeroUuid } from '${this.schemaPath.replace('schema', 'uuid')}';`);
    }
    return `${lines.join('\n')}\n`;
  }

  /** `versions: [0, 5], unstableVersion: 6, flexibleSince: 2,` */
  head(definition: Definition): string {
    const [lowest, highest] = validVersions(definition);
    const unstable = definition.latestVersionUnstable === true;
    const flexible = parseVersions(definition.flexibleVersions);
    return [
      `versions: [${lowest}, ${unstable ? highest - 1 : highest}],`,
      unstable ? `unstableVersion: ${highest},` : '',
      flexible === null ? '' : `flexibleSince: ${flexible[0]},`,
    ].join(' ');
  }

  /** Structs that one message uses in several places, as constants before it. */
  commonStructs(messages: readonly { definition: Definition; prefix: string }[]): string {
    const lines: string[] = [];
    for (const { definition, prefix } of messages) {
      for (const struct of inOrder(definition)) {
        let constant = camelCase(struct.name);
        const valid = intersect(validVersions(definition), parseVersions(struct.versions));
        const text = this.structText(struct.fields, definition, valid);
        const other = this.made.get(constant);
        if (other !== undefined && other !== text) constant = prefix + capitalized(struct.name);
        if (this.made.get(constant) !== text) lines.push(`const ${constant} = ${text};`);
        this.made.set(constant, text);
        this.constants.set(`${definition.name}/${struct.name}`, constant);
      }
    }
    return lines.join('\n');
  }

  fields(definition: Definition): string {
    return this.structText(definition.fields, definition, validVersions(definition));
  }

  private structText(
    fields: readonly FieldDefinition[],
    message: Definition,
    valid: Range | null,
  ): string {
    const lines = fields.map((field) => this.fieldText(field, message, valid));
    return `{\n${lines.filter((line) => line !== '').join('\n')}\n}`;
  }

  private fieldText(field: FieldDefinition, message: Definition, valid: Range | null): string {
    const versions = parseVersions(field.versions ?? field.taggedVersions);
    const present = intersect(versions, valid);
    if (present === null || valid === null) return ''; // existed only in versions that are gone
    const fallback = this.fallbackText(field, message);
    const nullable = intersect(parseVersions(field.nullableVersions), present);
    let text = this.typeText(field, message, present, nullable);
    const starts = present[0] > valid[0];
    const ends = present[1] < valid[1];
    if (field.tag !== undefined) {
      text = `${this.use('tagged')}(${field.tag}, ${present[0]}, ${text}, ${fallback})`;
    } else if (starts && ends) {
      text = `${this.use('between')}(${present[0]}, ${present[1]}, ${text}, ${fallback})`;
    } else if (starts) {
      text = `${this.use('since')}(${present[0]}, ${text}, ${fallback})`;
    } else if (ends) {
      text = `${this.use('until')}(${present[1]}, ${text}, ${fallback})`;
    } else if (hasDefault(field)) {
      text = `${this.use('withDefault')}(${text}, ${fallback})`;
    }
    if (field.flexibleVersions === 'none') text = `${this.use('neverCompact')}(${text})`;
    if (field.ignorable === true) text = `${this.use('ignorable')}(${text})`;
    this.noteFallback(field, text, fallback);
    return `${camelCase(field.name)}: ${text},`;
  }

  private noteFallback(field: FieldDefinition, text: string, fallback: string): void {
    if (!text.includes(fallback)) return;
    if (fallback === 'zeroUuid' && field.type === 'uuid') this.others.add('zeroUuid');
    if (fallback === 'noBytes' || fallback === 'longMax') this.use(fallback);
  }

  private typeText(
    field: FieldDefinition,
    message: Definition,
    present: Range,
    nullable: Range | null,
  ): string {
    const isArray = field.type.startsWith('[]');
    const base = isArray ? field.type.slice(2) : field.type;
    const isStruct = /^[A-Z]/.test(base);
    const inner = isStruct ? this.innerText(field, base, message, present) : base;
    if (nullable !== null && nullable[1] !== present[1]) {
      throw new Error(`${message.name}.${field.name}: stops being nullable`);
    }
    const whole = nullable !== null && nullable[0] === present[0];
    const text = wrapped(this, { isArray, isStruct, base, inner, whole });
    return nullable === null || whole
      ? text
      : `${this.use('nullableSince')}(${nullable[0]}, ${text})`;
  }

  private innerText(
    field: FieldDefinition,
    name: string,
    message: Definition,
    present: Range,
  ): string {
    const constant = this.constants.get(`${message.name}/${name}`);
    if (constant !== undefined) return constant;
    if (field.fields === undefined) throw new Error(`${message.name}: no struct ${name}`);
    return this.structText(field.fields, message, present);
  }

  private fallbackText(field: FieldDefinition, message: Definition): string {
    const value = String(field.default ?? '');
    if (value === 'null') return 'null';
    if (value !== '') return literal(field.type, value);
    if (field.type.startsWith('[]')) return '[]';
    switch (field.type) {
      case 'string':
        return "''";
      case 'bool':
        return 'false';
      case 'uuid':
        return 'zeroUuid';
      case 'bytes':
        return 'noBytes';
      case 'records':
        return 'null';
      default:
        return /^[A-Z]/.test(field.type) ? this.emptyStruct(field, message) : '0';
    }
  }

  /** An empty struct: those of its fields that have no default of their own must be named. */
  private emptyStruct(field: FieldDefinition, message: Definition): string {
    const common = message.commonStructs?.find(({ name }) => name === field.type);
    const parts = (common?.fields ?? field.fields ?? [])
      .filter((part) => !hasDefault(part) && part.tag === undefined)
      .map((part) => `${camelCase(part.name)}: ${this.fallbackText(part, message)}`);
    return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
  }
}

/** Kafka takes the text `"null"` for a default of null, and a bare `null` for none at all. */
function hasDefault(field: FieldDefinition): boolean {
  return field.default !== undefined && field.default !== null;
}

function wrapped(
  source: SchemaSource,
  {
    isArray,
    isStruct,
    base,
    inner,
    whole,
  }: {
    isArray: boolean;
    isStruct: boolean;
    base: string;
    inner: string;
    whole: boolean;
  },
): string {
  if (isArray && !isStruct) source.use(base);
  if (isArray) return `${source.use(whole ? 'nullableArray' : 'array')}(${inner})`;
  if (isStruct) return `${source.use(whole ? 'nullableStruct' : 'struct')}(${inner})`;
  return whole ? source.use(`nullable${capitalized(base)}`) : source.use(base);
}

function literal(type: string, value: string): string {
  if (type === 'string') return `'${value}'`;
  if (value === '9223372036854775807') return 'longMax';
  return value;
}

/** Shared structs, each after those it uses itself. */
function inOrder(definition: Definition): StructDefinition[] {
  const all = new Map((definition.commonStructs ?? []).map((struct) => [struct.name, struct]));
  const done = new Set<StructDefinition>();
  const visit = (fields: readonly FieldDefinition[]): void => {
    for (const field of fields) {
      const struct = all.get(field.type.replace('[]', ''));
      visit(struct?.fields ?? field.fields ?? []);
      if (struct !== undefined) done.add(struct);
    }
  };
  visit(definition.fields);
  return [...done];
}

export function validVersions(definition: Definition): Range {
  const valid = parseVersions(definition.validVersions);
  if (valid === null) throw new Error(`${definition.name} has no versions`);
  return valid;
}

function intersect(a: Range | null, b: Range | null): Range | null {
  if (a === null || b === null) return null;
  const from = Math.max(a[0], b[0]);
  const to = Math.min(a[1], b[1]);
  return from <= to ? [from, to] : null;
}

export function camelCase(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

function capitalized(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

export function kebabCase(name: string): string {
  return name
    .replace(/^KRaft/, 'Kraft')
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase();
}
