import { constants, gunzipSync, gzipSync } from 'node:zlib';

export function compress(data: Buffer, level: number = constants.Z_DEFAULT_COMPRESSION): Buffer {
  return gzipSync(data, { level, chunkSize: chunkSize(data.length) });
}

export function decompress(data: Buffer, limit: number): Buffer {
  return gunzipSync(data, { maxOutputLength: limit, chunkSize: chunkSize(data.length * 4) });
}

/** Steps in which Node takes memory: one for a small batch, not too many for a large one. */
function chunkSize(expected: number): number {
  return Math.min(Math.max(expected, 1024), 128 * 1024);
}
