import { dataStart, maxLength, moduleBase64, tableCount } from './crc32c-module.ts';
import { loadPackage } from './load-package.ts';

/** A checksum goes on from `crc`, which is not inverted. */
type Update = (crc: number, buffer: Uint8Array, start: number, end: number) => number;

/** Up to so many bytes, calling WebAssembly costs more than it saves. */
const shortest = 32;

let update: Update | undefined;

/**
 * CRC-32C (Castagnoli) of part of a buffer, as an unsigned number. WebAssembly where it has SIMD
 * (our own module, explained in scripts/crc32c/build.ts), else the package `crc-32`.
 *
 * @param seed  the checksum of what came before
 */
export function crc32c(buffer: Uint8Array, start: number, end: number, seed = 0): number {
  update ??= bestUpdate();
  return ~update(~seed, buffer, start, end) >>> 0;
}

function bestUpdate(): Update {
  try {
    return webAssemblyUpdate();
  } catch {
    return portableUpdate(); // no WebAssembly, or none with SIMD
  }
}

/** @throws where WebAssembly is missing or has no SIMD */
export function webAssemblyUpdate(): Update {
  const module = new WebAssembly.Module(Buffer.from(moduleBase64, 'base64'));
  const { memory, update: updateFrom } = new WebAssembly.Instance(module).exports as {
    memory: WebAssembly.Memory;
    update: (crc: number, length: number) => number;
  };
  const tables = new Uint32Array(memory.buffer, 0, tableCount * 256);
  fillTables(tables);
  const data = new Uint8Array(memory.buffer, dataStart, maxLength);

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
      result = updateFrom(result, length);
    }
    return result;
  };
}

/** Table n is for a byte that n more bytes follow. */
function fillTables(tables: Uint32Array): void {
  for (let byte = 0; byte < 256; byte++) {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) {
      remainder = (remainder >>> 1) ^ (-(remainder & 1) & 0x82f63b78);
    }
    tables[byte] = remainder;
  }
  for (let at = 256; at < tables.length; at++) {
    const previous = tables[at - 256] as number;
    tables[at] = (previous >>> 8) ^ (tables[previous & 0xff] as number);
  }
}

export function portableUpdate(): Update {
  const { buf } = loadPackage('crc-32/crc32c') as {
    buf: (bytes: Uint8Array, seed: number) => number;
  };
  return (crc, buffer, start, end) => ~buf(buffer.subarray(start, end), ~crc);
}
