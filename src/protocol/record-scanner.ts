import { moduleBase64, overrun } from './walk-module.ts';

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

interface Exports {
  begin(): void;
  walk(at: number, end: number): number;
  count(): number;
  nullKeys(): number;
  leastTimestampDelta(): number;
  mostTimestampDelta(): number;
}

let walkModule: WebAssembly.Module | undefined;

/** WebAssembly that looks at records where they lie; explained in scripts/web-assembly/walk.ts. */
export class RecordScanner {
  private readonly functions: Exports;

  /** @param memory  where the records are; its bytes are counted from its start */
  constructor(memory: WebAssembly.Memory) {
    walkModule ??= new WebAssembly.Module(Buffer.from(moduleBase64, 'base64'));
    const { exports } = new WebAssembly.Instance(walkModule, { host: { memory } });
    this.functions = exports as unknown as Exports;
  }

  /** The next walk begins with the first record of a batch. */
  begin(): void {
    this.functions.begin();
  }

  /**
   * Goes over plain records.
   *
   * @param at   where one begins
   * @param end  of the bytes at hand, which the memory goes on behind for `overrun` bytes
   * @returns where the last whole one ends; negative: one is not plain, as
   *   scripts/web-assembly/walk.ts has it
   */
  walk(at: number, end: number): number {
    return this.functions.walk(at, end);
  }

  /** What the walks since `begin` went over. */
  found(): PlainRecords {
    const { functions } = this;
    return {
      count: functions.count(),
      haveKeys: functions.nullKeys() === 0,
      leastTimestampDelta: functions.leastTimestampDelta(),
      mostTimestampDelta: functions.mostTimestampDelta(),
    };
  }
}

const scanners = new WeakMap<ArrayBufferLike, RecordScanner>();

/** Has records that are lent from this memory, until it grows, looked at where they lie. */
export function scanWithin(memory: WebAssembly.Memory): void {
  if (!scanners.has(memory.buffer)) scanners.set(memory.buffer, new RecordScanner(memory));
}

/** That of the memory in which the bytes lie, if it is one of those. */
export function scannerOf({ buffer, byteOffset, length }: Buffer): RecordScanner | undefined {
  return byteOffset + length + overrun <= buffer.byteLength ? scanners.get(buffer) : undefined;
}
