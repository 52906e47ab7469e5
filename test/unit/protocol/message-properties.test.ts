import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decode, encode } from '../../../src/protocol/codec.ts';
import { MalformedMessage } from '../../../src/protocol/malformed-message.ts';
import {
  allSchemas,
  comparable,
  goldenMessages,
  versionsOf,
} from '../../support/golden-messages.ts';
import { randomMessage } from '../../support/random-messages.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

describe('messages of chance', () => {
  it('read back as they were written, every schema at every version', () => {
    const random = new SeededRandom(43);
    for (const schema of allSchemas) {
      for (const version of versionsOf(schema)) {
        for (let round = 0; round < 4; round++) {
          const message = randomMessage(schema, version, random);
          const bytes = encode(schema, version, message);
          const read = comparable(decode(schema, version, bytes));
          expect({ schema: schema.name, version, read }).toEqual({
            schema: schema.name,
            version,
            read: message,
          });
          expect(encode(schema, version, read as object).equals(bytes)).toBe(true);
        }
      }
    }
  });
});

describe('broken messages', () => {
  const { stackTraceLimit } = Error;
  beforeAll(() => {
    Error.stackTraceLimit = 0; // there will be many
  });
  afterAll(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });

  it('100,000 of them are read or refused, and take no more than their size allows', () => {
    const random = new SeededRandom(4301);
    const golden = goldenMessages().filter(({ bytes }) => bytes.length < 2000);
    let refused = 0;
    for (let round = 0; round < 100_000; round++) {
      const { schema, version, bytes } = random.pick(golden);
      const broken = mutated(bytes, random);
      try {
        const taken = elementsIn(decode(schema, version, broken));
        if (taken > broken.length) throw new Error(`${taken} elements from ${broken.length} bytes`);
      } catch (error) {
        if (!(error instanceof MalformedMessage)) {
          const what = `${schema.name} ${version}: ${broken.toString('hex')}`;
          throw new Error(what, { cause: error });
        }
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(30_000); // else the mutations are too tame to show anything
  });

  it('an announced length costs nothing before it is checked', () => {
    // Each length field of a small message becomes the largest number that fits.
    for (const { schema, version, bytes } of goldenMessages()) {
      if (bytes.length > 200) continue;
      for (let at = 0; at + 4 <= bytes.length; at++) {
        const broken = Buffer.from(bytes);
        broken.writeInt32BE(0x7fffffff, at);
        expectReadOrRefused(() => decode(schema, version, broken));
        if (at + 5 > bytes.length) continue;
        broken.set([0xff, 0xff, 0xff, 0xff, 0x07], at);
        expectReadOrRefused(() => decode(schema, version, broken));
      }
    }
  });
});

function expectReadOrRefused(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
  }
}

function mutated(bytes: Buffer, random: SeededRandom): Buffer {
  let result = Buffer.from(bytes);
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = random.below(result.length + 1);
    switch (random.below(6)) {
      case 0: // a bit
        if (at < result.length) result[at] = (result[at] as number) ^ (1 << random.below(8));
        break;
      case 1: // a byte of those that mean something
        if (at < result.length) result[at] = random.pick([0, 1, 0x7f, 0x80, 0xfe, 0xff]);
        break;
      case 2: // a length, large or negative
        if (at + 4 <= result.length) {
          result.writeInt32BE(random.pick([-1, -2, 0x7fffffff, -0x80000000, 1 << 20]), at);
        }
        break;
      case 3: // something lost
        result = Buffer.concat([result.subarray(0, at), result.subarray(at + random.below(9))]);
        break;
      case 4: // something put in
        result = Buffer.concat([
          result.subarray(0, at),
          Buffer.from(Array.from({ length: random.below(9) }, () => random.below(256))),
          result.subarray(at),
        ]);
        break;
      case 5: // something repeated
        result = Buffer.concat([result.subarray(0, at), result.subarray(random.below(at + 1))]);
        break;
    }
  }
  return result;
}

/** Elements of all arrays, and bytes of all buffers. */
function elementsIn(value: unknown): number {
  if (Buffer.isBuffer(value)) return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  if (Array.isArray(value)) {
    return value.reduce((sum: number, part) => sum + elementsIn(part), value.length);
  }
  if ('buffer' in value) return 0; // a range: nothing was taken for it
  return Object.values(value).reduce((sum: number, part) => sum + elementsIn(part), 0);
}
