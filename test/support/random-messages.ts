import { includes, isFlexible } from '../../src/protocol/schema.ts';
import type { FieldSpec, Fields, MessageSchema } from '../../src/protocol/schema.ts';
import { uuidFromBytes } from '../../src/protocol/uuid.ts';
import { fallbackOf } from './golden-messages.ts';
import type { SeededRandom } from './seeded-random.ts';

/** A message with chance values in every field that the version has, in the form decoding gives. */
export function randomMessage(schema: MessageSchema, version: number, random: SeededRandom) {
  return structOf(schema, schema.fields, version, random, 3);
}

function structOf(
  schema: MessageSchema,
  fields: Fields,
  version: number,
  random: SeededRandom,
  most: number,
): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const left = field.tag !== null && random.below(2) === 0;
    message[name] =
      !includes(field.versions, version) || left
        ? fallbackOf(field)
        : valueOf(schema, field, version, random, most);
  }
  if (isFlexible(schema, version) && random.below(8) === 0) {
    message['unknownTags'] = unknownTags(random);
  }
  return message;
}

function unknownTags(random: SeededRandom) {
  return Array.from({ length: 1 + random.below(2) }, (_, i) => ({
    tag: 100 + i * 1000 + random.below(1000),
    data: bytesOf(random, random.below(200)),
  }));
}

function valueOf(
  schema: MessageSchema,
  field: FieldSpec,
  version: number,
  random: SeededRandom,
  most: number,
): unknown {
  if (includes(field.nullable, version) && random.below(4) === 0) return null;
  switch (field.kind) {
    case 'array': {
      const element = field.element as FieldSpec;
      const long = element.kind !== 'struct' && random.below(20) === 0;
      const length = long ? random.below(300) : random.below(most + 1);
      return Array.from({ length }, () =>
        valueOf(schema, element, version, random, Math.max(1, most - 1)),
      );
    }
    case 'struct':
      return structOf(schema, field.fields ?? {}, version, random, Math.max(1, most - 1));
    case 'string':
      return textOf(random);
    case 'bytes':
      return bytesOf(random, random.below(random.below(10) === 0 ? 300 : 10));
    case 'records': {
      const buffer = bytesOf(random, random.below(100));
      return { buffer, start: 0, end: buffer.length };
    }
    case 'uuid':
      return uuidFromBytes(random.bytes16());
    case 'bool':
      return random.below(2) === 0;
    case 'float64':
      return (random.fraction() - 0.5) * 10 ** random.below(300);
    case 'int8':
      return (random.below(2 ** 8) << 24) >> 24;
    case 'int16':
      return (random.below(2 ** 16) << 16) >> 16;
    case 'uint16':
      return random.below(2 ** 16);
    case 'int32':
      return random.below(2 ** 32) | 0;
    case 'uint32':
      return random.below(2 ** 32);
    case 'int64':
      return int64Of(random);
  }
}

/** Small and negative ones, all up to 2^53, and both ends. */
function int64Of(random: SeededRandom): number {
  const sign = random.below(2) === 0 ? 1 : -1;
  return random.pick([
    random.below(3) - 1,
    sign * random.below(2 ** 31),
    sign * random.below(2 ** 53),
    2 ** 63,
    -(2 ** 63),
    Number.MIN_SAFE_INTEGER,
  ]);
}

function textOf(random: SeededRandom): string {
  const alphabet = random.pick([
    ['a', 'b', 'Z', '-', '.', '0'],
    ['a', 'ß', '€', '😀', '\0'],
  ]);
  const length = random.below(random.below(8) === 0 ? 400 : 12);
  return Array.from({ length }, () => random.pick(alphabet)).join('');
}

function bytesOf(random: SeededRandom, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.below(256)));
}
