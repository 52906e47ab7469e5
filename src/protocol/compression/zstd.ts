import * as zlib from 'node:zlib';
import { loadWasmZstd } from './zstd-wasm.ts';

/** One frame of zstd, both ways. Frames may lack the size of their content: streams do. */
export interface Zstd {
  compress(data: Buffer, level: number): Buffer;
  decompress(data: Buffer, limit: number): Buffer;
  /** As `decompress`, into memory that the next call writes over. */
  lend?(data: Buffer, limit: number): Buffer;
}

const defaultLevel = 3;

/** What node:zlib has from 22.15 and 23.8 on; the types of Node 20 do not know it. */
interface ZlibWithZstd {
  zstdCompressSync(data: Buffer, options: { params: Record<number, number> }): Buffer;
  zstdDecompressSync(data: Buffer, options: { maxOutputLength: number; chunkSize: number }): Buffer;
  constants: { ZSTD_c_compressionLevel: number };
}

/** By node:zlib; undefined where it has no zstd. */
export function nodeZstd(): Zstd | undefined {
  if (!('zstdCompressSync' in zlib)) return undefined;
  const node = zlib as unknown as ZlibWithZstd;
  return {
    compress: (data, level) =>
      node.zstdCompressSync(data, {
        params: { [node.constants.ZSTD_c_compressionLevel]: level },
      }),
    decompress: (data, limit) =>
      node.zstdDecompressSync(data, { maxOutputLength: limit, chunkSize: 32 * 1024 }),
  };
}

let best: Zstd | undefined;

function zstd(): Zstd {
  return (best ??= nodeZstd() ?? loadWasmZstd());
}

export function compress(data: Buffer, level: number = defaultLevel, by: Zstd = zstd()): Buffer {
  return by.compress(data, level);
}

export function decompress(data: Buffer, limit: number, by: Zstd = zstd()): Buffer {
  return by.decompress(data, limit);
}

/** As `decompress`, but the memory may be used again in the next call. */
export function lend(data: Buffer, limit: number, by: Zstd = zstd()): Buffer {
  return by.lend?.(data, limit) ?? by.decompress(data, limit);
}
