import { MalformedMessage } from '../malformed-message.ts';

/** Kafka's codecs; a codec's place is its number in a batch's attributes. */
const compressionTypes = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

export type CompressionType = (typeof compressionTypes)[number];
/** A codec that does something. */
export type Codec = Exclude<CompressionType, 'none'>;

export function compressionId(type: CompressionType): number {
  return compressionTypes.indexOf(type);
}

/** @throws {MalformedMessage} a number that Kafka does not have */
export function compressionOf(id: number): CompressionType {
  const type = compressionTypes[id];
  if (type === undefined) throw new MalformedMessage(`there is no compression type ${id}`);
  return type;
}
