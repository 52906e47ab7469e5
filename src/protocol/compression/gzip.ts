import { constants, gunzipSync, gzipSync } from 'node:zlib';

/** Node takes memory in steps of this size; its default of 16 KiB is slow for large batches. */
const chunkSize = 64 * 1024;

export function compress(data: Buffer, level: number = constants.Z_DEFAULT_COMPRESSION): Buffer {
  return gzipSync(data, { level, chunkSize });
}

export function decompress(data: Buffer, limit: number): Buffer {
  return gunzipSync(data, { maxOutputLength: limit, chunkSize });
}
