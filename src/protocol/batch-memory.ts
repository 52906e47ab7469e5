import { dataStart, maxLength, moduleBase64, tableCount } from './crc32c-module.ts';
import { madeOnce } from './made-once.ts';
import { RecordScanner, type PlainRecords } from './record-scanner.ts';

interface Exports {
  readonly memory: WebAssembly.Memory;
  update(crc: number, length: number): number;
}

/**
 * Memory of our own WebAssembly, which computes checksums in it; explained in
 * scripts/web-assembly/crc32c.ts. Bytes are copied to `data`, at most `maxLength` at a time.
 */
export class BatchMemory {
  /** For bytes that others follow, table n for n of them; 256 words each. */
  readonly tables: Uint32Array;
  /** Void after an update. */
  readonly data: Uint8Array;
  private readonly functions: Exports;
  private readonly scanner: RecordScanner;

  /** @throws where WebAssembly is missing or has no SIMD */
  constructor() {
    const module = new WebAssembly.Module(Buffer.from(moduleBase64, 'base64'));
    this.functions = new WebAssembly.Instance(module).exports as unknown as Exports;
    const { memory } = this.functions;
    this.tables = new Uint32Array(memory.buffer, 0, tableCount * 256);
    this.data = new Uint8Array(memory.buffer, dataStart, maxLength);
    this.scanner = new RecordScanner(memory);
    fillTables(this.tables);
  }

  /** A checksum goes on from `crc`, which is not inverted, over the first bytes of `data`. */
  update(crc: number, length: number): number {
    return this.functions.update(crc, length);
  }

  /** The next walk begins with the first record of a batch. */
  begin(): void {
    this.scanner.begin();
  }

  /** As that of `RecordScanner`, with positions in `data`. */
  walk(at: number, end: number): number {
    return this.scanner.walk(dataStart + at, dataStart + end) - dataStart;
  }

  /** What the walks since `begin` went over. */
  found(): PlainRecords {
    return this.scanner.found();
  }
}

/**
 * For everybody, who is done with it before anything else happens; undefined where WebAssembly is
 * missing or has no SIMD.
 */
export const batchMemory = madeOnce(() => new BatchMemory());

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
