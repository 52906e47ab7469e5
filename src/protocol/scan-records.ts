import { maxLength } from './batch-module.ts';
import { batchMemory, type BatchMemory } from './batch-memory.ts';
import { crc32c } from './crc32c.ts';

/**
 * Of records that lie back to back and are whole, with offset deltas 0, 1, 2, ... and timestamps
 * within some 37 hours of the batch's.
 */
export interface PlainRecords {
  readonly count: number;
  readonly haveKeys: boolean;
  /** From the batch's baseTimestamp, in ms. */
  readonly leastTimestampDelta: number;
  readonly mostTimestampDelta: number;
}

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
  if (wasm === null) return { crc: crc32c(buffer, start, end), records: undefined };
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
  return { crc: ~crc >>> 0, records: isPlain ? found(wasm) : undefined };
}

/** As the part of `scanWithCrc` that looks at records, which fill the buffer. */
export function scanRecords(buffer: Buffer): PlainRecords | undefined {
  const wasm = batchMemory();
  if (wasm === null) return undefined;
  wasm.begin();
  for (let at = 0; at < buffer.length;) {
    const length = Math.min(buffer.length - at, maxLength);
    wasm.data.set(buffer.subarray(at, at + length));
    const used = wasm.walk(0, length);
    if (!isWorthwhile(used, length, at + length === buffer.length)) return undefined;
    at += used;
  }
  return found(wasm);
}

/** @param used  what a walk gave for `length` bytes */
function isWorthwhile(used: number, length: number, isEnd: boolean): boolean {
  return isEnd ? used === length : used >= length - mostLeftOver;
}

function found(wasm: BatchMemory): PlainRecords {
  return {
    count: wasm.count,
    haveKeys: wasm.nullKeys === 0,
    leastTimestampDelta: wasm.leastTimestampDelta,
    mostTimestampDelta: wasm.mostTimestampDelta,
  };
}
