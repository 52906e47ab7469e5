import {
  countAt,
  dataStart,
  leastTimestampDeltaAt,
  maxLength,
  moduleBase64,
  mostTimestampDeltaAt,
  nullKeysAt,
  tableCount,
} from './crc32c-module.ts';

interface ModuleExports {
  readonly memory: WebAssembly.Memory;
  update(crc: number, length: number): number;
  begin(): void;
  walk(at: number, end: number): number;
}

/**
 * Our own WebAssembly, explained in scripts/web-assembly/crc32c.ts: what is to be looked at is copied to
 * `data`, at most `maxLength` bytes at a time.
 */
export class Crc32cWasm {
  /** For bytes that others follow, table n for n of them; 256 words each. */
  readonly tables: Uint32Array;
  /** Void after an update. */
  readonly data: Uint8Array;
  private readonly words: Int32Array;
  private readonly module: ModuleExports;

  /** @throws where WebAssembly is missing or has no SIMD */
  constructor() {
    const module = new WebAssembly.Module(Buffer.from(moduleBase64, 'base64'));
    this.module = new WebAssembly.Instance(module).exports as unknown as ModuleExports;
    const { buffer } = this.module.memory;
    this.tables = new Uint32Array(buffer, 0, tableCount * 256);
    this.data = new Uint8Array(buffer, dataStart, maxLength);
    this.words = new Int32Array(buffer, 0, dataStart / 4);
    fillTables(this.tables);
  }

  /** A checksum goes on from `crc`, which is not inverted, over the first bytes of `data`. */
  update(crc: number, length: number): number {
    return this.module.update(crc, length);
  }

  /** The next walk begins with the first record of a batch. */
  begin(): void {
    this.module.begin();
  }

  /**
   * Goes over the plain records in `data`.
   *
   * @param at   where one begins
   * @param end  of the bytes at hand
   * @returns where the last whole one ends; negative: one is not plain (see scripts/web-assembly/walk.ts)
   */
  walk(at: number, end: number): number {
    return this.module.walk(dataStart + at, dataStart + end) - dataStart;
  }

  /** Records since `begin`. */
  get count(): number {
    return this.words[countAt >> 2] as number;
  }

  /** How many of them have no key. */
  get nullKeys(): number {
    return this.words[nullKeysAt >> 2] as number;
  }

  get leastTimestampDelta(): number {
    return this.words[leastTimestampDeltaAt >> 2] as number;
  }

  get mostTimestampDelta(): number {
    return this.words[mostTimestampDeltaAt >> 2] as number;
  }
}

let shared: Crc32cWasm | null | undefined;

/** For everybody, who is done with it before anything else happens; null where it cannot be had. */
export function crc32cWasm(): Crc32cWasm | null {
  if (shared !== undefined) return shared;
  try {
    shared = new Crc32cWasm();
  } catch {
    shared = null;
  }
  return shared;
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
