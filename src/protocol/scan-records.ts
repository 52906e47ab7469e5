import { batchMemory } from './batch-memory.ts';
import { crc32c } from './crc32c.ts';
import { maxLength } from './crc32c-module.ts';
import { scannerOf, type PlainRecords } from './record-scanner.ts';

export interface RecordsScan {
  readonly crc: number;
  /**
   * Undefined where one is not plain, or so large that looking at each costs nothing, or there is
   * no WebAssembly: whoever wants to know has to look.
   */
  readonly records: PlainRecords | undefined;
}

/** Bytes: where more are copied twice, as a record is not whole, each record is rather looked at. */
const mostLeftOver = maxLength / 4;
/** Bytes: smaller ones are copied and scanned in less time than each is looked at. */
const largestCopied = 300;

/**
 * One pass for both: the CRC-32C of part of a buffer, and the records that lie at its end.
 *
 * @param recordsStart  where the first one begins, at most `maxLength` behind `start`
 */
export function scanWithCrc(
  buffer: Buffer,
  start: number,
  recordsStart: number,
  end: number,
): RecordsScan {
  const wasm = batchMemory();
  if (wasm === undefined) return { crc: crc32c(buffer, start, end), records: undefined };
  let crc = ~0;
  let at = start;
  let isPlain = true;
  let from = recordsStart - start;
  wasm.begin();
  while (at < end) {
    const length = Math.min(end - at, maxLength);
    wasm.data.set(buffer.subarray(at, at + length));
    let used = length;
    if (isPlain) {
      used = wasm.walk(from, length);
      isPlain = isWorthwhile(used, length, at + length === end);
      if (!isPlain) used = length;
      from = 0;
    }
    crc = wasm.update(crc, used);
    at += used;
  }
  return { crc: ~crc >>> 0, records: isPlain ? wasm.found() : undefined };
}

/**
 * As the part of `scanWithCrc` that looks at records.
 *
 * @param content  the records, decompressed
 * @param count    how many they should be: where each is large, a copy of them costs too much
 */
export function scanRecords(content: Buffer, count: number): PlainRecords | undefined {
  const scanner = scannerOf(content);
  if (scanner !== undefined) {
    const end = content.byteOffset + content.length;
    scanner.begin();
    return scanner.walk(content.byteOffset, end) === end ? scanner.found() : undefined;
  }
  const wasm = batchMemory();
  if (wasm === undefined || content.length > count * largestCopied) return undefined;
  wasm.begin();
  for (let at = 0; at < content.length;) {
    const length = Math.min(content.length - at, maxLength);
    wasm.data.set(content.subarray(at, at + length));
    const used = wasm.walk(0, length);
    if (!isWorthwhile(used, length, at + length === content.length)) return undefined;
    at += used;
  }
  return wasm.found();
}

/** @param used  what a walk gave for `length` bytes */
function isWorthwhile(used: number, length: number, isEnd: boolean): boolean {
  return isEnd ? used === length : used >= length - mostLeftOver;
}
