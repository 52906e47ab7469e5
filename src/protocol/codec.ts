import type { ByteRange } from './byte-range.ts';
import { asMalformed, compileRead } from './compile-read.ts';
import type { ReadFunction } from './compile-read.ts';
import { compileWrite } from './compile-write.ts';
import type { WriteFunction } from './compile-write.ts';
import type { MessageSchema } from './schema.ts';
import { WireReader } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

/** Compiled code of one version; each half is made when it is first needed. */
interface Codec {
  read: ReadFunction | undefined;
  write: WriteFunction | undefined;
}

/** Whether the message can be read and written at this version. */
export function hasVersion(schema: MessageSchema, version: number): boolean {
  const [lowest, highest] = schema.versions;
  return (version >= lowest && version <= highest) || version === schema.unstableVersion;
}

/**
 * Reads a message. Bytes behind it are left alone, as Kafka does with requests.
 *
 * Bytes, records and unknown tags of the result are parts of `range`, not copies.
 *
 * @param version  one of the schema's own; check before, with `hasVersion` where a peer chose it
 * @throws {MalformedMessage} when the bytes are not such a message
 */
export function decode<Out>(
  schema: MessageSchema<Out>,
  version: number,
  range: ByteRange | Buffer,
): Out {
  const whole = Buffer.isBuffer(range) ? { buffer: range, start: 0, end: range.length } : range;
  return decodeFrom(new WireReader(whole), schema, version);
}

/** Reads a message from where the reader stands, and leaves it behind the message. */
export function decodeFrom<Out>(
  reader: WireReader,
  schema: MessageSchema<Out>,
  version: number,
): Out {
  const read = codecOf(schema, version).read ?? addRead(schema, version);
  try {
    return read(reader) as Out;
  } catch (error) {
    throw asMalformed(error, schema);
  }
}

/** Writes a message into one buffer of its own. Records are copied: not for the hot path. */
export function encode<In>(
  schema: MessageSchema<unknown, In>,
  version: number,
  message: NoInfer<In>,
): Buffer {
  const writer = new WireWriter(256);
  encodeInto(writer, schema, version, message);
  return Buffer.concat(writer.chunks());
}

/**
 * Writes a message behind what the writer holds.
 *
 * @throws {Error} when the message has a value that this version cannot carry: a bug of ours
 */
export function encodeInto<In>(
  writer: WireWriter,
  schema: MessageSchema<unknown, In>,
  version: number,
  message: NoInfer<In>,
): void {
  const write = codecOf(schema, version).write ?? addWrite(schema, version);
  write(writer, message);
}

function codecOf(schema: MessageSchema, version: number): Codec {
  const known = schema.codecs[version] as Codec | undefined;
  return known ?? addCodec(schema, version);
}

function addCodec(schema: MessageSchema, version: number): Codec {
  if (!hasVersion(schema, version)) {
    throw new Error(`${schema.name} has no version ${version}`);
  }
  const codec: Codec = { read: undefined, write: undefined };
  // A dense array: a hole would send every look-up through the prototype.
  while (schema.codecs.length < version) schema.codecs.push(undefined);
  schema.codecs[version] = codec;
  return codec;
}

function addRead(schema: MessageSchema, version: number): ReadFunction {
  return (codecOf(schema, version).read = compileRead(schema, version));
}

function addWrite(schema: MessageSchema, version: number): WriteFunction {
  return (codecOf(schema, version).write = compileWrite(schema, version));
}
