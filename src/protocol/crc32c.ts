import CRC32C from 'crc-32/crc32c.js';

/**
 * CRC-32C (Castagnoli) of part of a buffer, as an unsigned number.
 *
 * @param seed  the checksum of what came before
 */
export function crc32c(buffer: Uint8Array, start: number, end: number, seed = 0): number {
  return CRC32C.buf(buffer.subarray(start, end), seed) >>> 0;
}
