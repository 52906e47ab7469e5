import { batchMemory, type BatchMemory } from './batch-memory.ts';
import { maxLength } from './crc32c-module.ts';
import { loadPackage } from './load-package.ts';

/** A checksum goes on from `crc`, which is not inverted. */
type Update = (crc: number, buffer: Uint8Array, start: number, end: number) => number;

/** Up to so many bytes, calling WebAssembly costs more than it saves. */
const shortest = 32;

let update: Update | undefined;

/**
 * CRC-32C (Castagnoli) of part of a buffer, as an unsigned number. WebAssembly where it has SIMD,
 * else the package `crc-32`.
 *
 * @param seed  the checksum of what came before
 */
export function crc32c(buffer: Uint8Array, start: number, end: number, seed = 0): number {
  update ??= bestUpdate();
  return ~update(~seed, buffer, start, end) >>> 0;
}

function bestUpdate(): Update {
  const wasm = batchMemory();
  return wasm === undefined ? portableUpdate() : webAssemblyUpdate(wasm);
}

export function webAssemblyUpdate(wasm: BatchMemory): Update {
  const { tables, data } = wasm;
  return (crc, buffer, start, end) => {
    let result = crc;
    if (end - start <= shortest) {
      for (let at = start; at < end; at++) {
        result = (result >>> 8) ^ (tables[(result ^ (buffer[at] as number)) & 0xff] as number);
      }
      return result;
    }
    for (let at = start; at < end; at += maxLength) {
      const length = Math.min(end - at, maxLength);
      data.set(buffer.subarray(at, at + length));
      result = wasm.update(result, length);
    }
    return result;
  };
}

export function portableUpdate(): Update {
  const { buf } = loadPackage('crc-32/crc32c') as {
    buf: (bytes: Uint8Array, seed: number) => number;
  };
  return (crc, buffer, start, end) => ~buf(buffer.subarray(start, end), ~crc);
}
