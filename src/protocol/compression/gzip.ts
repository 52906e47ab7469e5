import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { MalformedMessage } from '../malformed-message.ts';

export function gzip(data: Uint8Array, level: number = constants.Z_DEFAULT_COMPRESSION): Buffer {
  return gzipSync(data, { level });
}

/** @throws {MalformedMessage} not gzip, or more than `limit` bytes */
export function gunzipBounded(data: Uint8Array, limit: number): Buffer {
  try {
    return gunzipSync(data, { maxOutputLength: limit });
  } catch (error) {
    throw new MalformedMessage(`gzip: ${(error as Error).message}`, { cause: error });
  }
}
