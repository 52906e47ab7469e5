import type { CompressionType } from './compression-type.ts';
import { gunzipBounded, gzip } from './gzip.ts';

/**
 * Compresses the records of a batch.
 *
 * @param level  on the codec's own scale; default: the codec's
 */
export function compress(codec: CompressionType, data: Uint8Array, level?: number): Buffer {
  if (codec === 'gzip') return gzip(data, level);
  throw new Error(`${codec} is not there yet`);
}

/**
 * Decompresses the records of a batch.
 *
 * @param limit  most bytes that may come out
 * @throws {MalformedMessage} bytes that the codec did not write, or more than `limit` of them
 */
export function decompress(codec: CompressionType, data: Uint8Array, limit: number): Buffer {
  if (codec === 'gzip') return gunzipBounded(data, limit);
  throw new Error(`${codec} is not there yet`);
}
