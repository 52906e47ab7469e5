import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decode, encode } from '../../../src/protocol/codec.ts';
import { MalformedMessage } from '../../../src/protocol/malformed-message.ts';
import {
  allSchemas,
  comparable,
  goldenMessages,
  messageOf,
  versionsOf,
} from '../../support/golden-messages.ts';

/* Bytes made by the serializers of Apache Kafka 4.3.1. */
const golden = goldenMessages();
const schemas = [...new Set(golden.map(({ schema }) => schema))];

describe('bytes of Apache Kafka', () => {
  it('are there for each message at each version', () => {
    const covered = new Set(golden.map(({ schema, version }) => `${schema.name} ${version}`));
    const missing = allSchemas
      .flatMap((schema) => versionsOf(schema).map((version) => `${schema.name} ${version}`))
      .filter((name) => !covered.has(name));
    expect(missing).toEqual([]);
  });

  it.each(schemas.map((schema) => [schema.name, schema] as const))(
    '%s: read as the values, and written as the bytes',
    (_, schema) => {
      for (const { version, values, bytes } of golden.filter((one) => one.schema === schema)) {
        const message = messageOf(schema.fields, values);
        const ours = comparable(decode(schema, version, bytes));
        expect({ version, message: ours }).toEqual({ version, message });
        const written = encode(schema, version, message);
        expect({ version, hex: written.toString('hex') }).toEqual({
          version,
          hex: bytes.toString('hex'),
        });
      }
    },
  );
});

describe('a message cut short', () => {
  const { stackTraceLimit } = Error;
  beforeAll(() => {
    Error.stackTraceLimit = 0; // half a million errors
  });
  afterAll(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });

  it('is refused at every byte', () => {
    for (const { schema, version, bytes } of golden) {
      const step = Math.ceil(bytes.length / 500); // long ones hold nothing new in every byte
      for (let end = 0; end < bytes.length; end += step) {
        const cut = { buffer: bytes, start: 0, end };
        let outcome: unknown = 'read';
        try {
          decode(schema, version, cut);
        } catch (error) {
          outcome = error;
        }
        if (!(outcome instanceof MalformedMessage)) {
          throw new Error(`${schema.name} ${version}, ${end} of ${bytes.length} bytes`, {
            cause: outcome,
          });
        }
      }
    }
  });
});
