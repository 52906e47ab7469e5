import { BeyondLimit, MalformedMessage } from '../malformed-message.ts';
import type { Codec, CompressionType } from './compression-type.ts';
import * as gzip from './gzip.ts';
import * as lz4 from './lz4.ts';
import * as snappy from './snappy.ts';
import * as zstd from './zstd.ts';

/** What each codec offers. `decompress` may throw anything for bytes that are not the codec's. */
interface CodecImplementation {
  compress(data: Buffer, level?: number): Buffer;
  decompress(data: Buffer, limit: number): Buffer;
  /** As `decompress`, into memory that the next call, of any codec, writes over. */
  lend?(data: Buffer, limit: number): Buffer;
}

const codecs: Readonly<Record<Codec, CodecImplementation>> = { gzip, snappy, lz4, zstd };

/**
 * Compresses the records of a batch, in the format that Kafka's own clients write.
 *
 * @param level  on the codec's own scale (snappy and lz4 have none here); default: the codec's
 */
export function compress(type: CompressionType, data: Uint8Array, level?: number): Buffer {
  const bytes = asBuffer(data);
  return type === 'none' ? bytes : codecs[type].compress(bytes, level);
}

/**
 * Decompresses the records of a batch. Memory is taken as bytes come out, never because a header
 * promises many.
 *
 * @param limit  most bytes that may come out
 * @param lends  the bytes are read before anything else is decompressed, and not kept
 * @throws {MalformedMessage} bytes that the codec did not write
 * @throws {BeyondLimit} more than `limit` of them
 */
export function decompress(
  type: CompressionType,
  data: Uint8Array,
  limit: number,
  lends = false,
): Buffer {
  const bytes = asBuffer(data);
  if (type === 'none') return bytes;
  try {
    const codec = codecs[type];
    return lends && codec.lend !== undefined
      ? codec.lend(bytes, limit)
      : codec.decompress(bytes, limit);
  } catch (error) {
    if (error instanceof MalformedMessage) throw error;
    if (isBeyondLimit(error)) throw new BeyondLimit(`${type}: more than ${limit} bytes`);
    const reason = error instanceof Error ? error.message : String(error);
    throw new MalformedMessage(`${type} does not decompress: ${reason}`, { cause: error });
  }
}

function asBuffer(data: Uint8Array): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.length);
}

/** As node:zlib says it. */
function isBeyondLimit(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE';
}
