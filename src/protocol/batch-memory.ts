import {
  countAt,
  dataStart,
  leastTimestampDeltaAt,
  maxLength,
  moduleBase64,
  mostTimestampDeltaAt,
  nullKeysAt,
  tableCount,
} from './batch-module.ts';

interface ModuleExports {
  readonly memory: WebAssembly.Memory;
  update(crc: number, length: number): number;
  begin(): void;
  walk(at: number, end: number): number;
}

/**
 * Memory of our own WebAssembly, which computes checksums and looks at records in it; explained in
 * scripts/web-assembly/crc32c.ts. Bytes are copied to `data`, at most `maxLength` at a time.
 */
export class BatchMemory {
  /** For bytes that others follow, table n for n of them; 256 words each. */
  readonly tables: Uint32Array;
  /** Void after an update. */
  readonly data: Uint8Array;
  private readonly words: Int32Array;
  private readonly functions: ModuleExports;

  /** @throws where WebAssembly is missing or has no SIMD */
  constructor() {
    const module = new WebAssembly.Module(Buffer.from(moduleBase64, 'base64'));
    this.functions = new WebAssembly.Instance(module).exports as unknown as ModuleExports;
    const { buffer } = this.functions.memory;
    this.tables = new Uint32Array(buffer, 0, tableCount * 256);
    this.data = new Uint8Array(buffer, dataStart, maxLength);
    this.words = new Int32Array(buffer, 0, dataStart / 4);
    fillTables(this.tables);
  }

  /** A checksum goes on from `crc`, which is not inverted, over the first bytes of `data`. */
  update(crc: number, length: number): number {
    return this.functions.update(crc, length);
  }

  /** The next walk begins with the first record of a batch. */
  begin(): void {
    this.functions.begin();
  }

  /**
   * Goes over the plain records in `data`.
   *
   * @param at   where one begins
   * @param end  of the bytes at hand
   * @returns where the last whole one ends; negative: one is not plain, as
   *   scripts/web-assembly/walk.ts has it
   */
  walk(at: number, end: number): number {
    return this.functions.walk(dataStart + at, dataStart + end) - dataStart;
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

let shared: BatchMemory | null | undefined;

/** For everybody, who is done with it before anything else happens; null where it cannot be had. */
export function batchMemory(): BatchMemory | null {
  if (shared !== undefined) return shared;
  try {
    shared = new BatchMemory();
  } catch {
    shared = null; // no WebAssembly, or none with SIMD
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
