import { madeOnce } from '../made-once.ts';
import { scanWithin } from '../record-scanner.ts';
import { overrun } from '../walk-module.ts';
import { moduleBase64 } from './block-module.ts';

/** Bytes behind source and target that copies may run over. */
const slack = 16;
const pageSize = 65_536;
/** More is left to others, so that the memory, which never shrinks, stays small. */
const mostBytes = 4 * 1024 * 1024;

/** Bytes written, or -1: not such a block, or more than there is room for. */
type Decompress = (at: number, end: number, target: number, limit: number) => number;

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly lz4: Decompress;
  readonly snappy: Decompress;
}

/**
 * Memory of our own WebAssembly, which decompresses blocks within it; explained in
 * scripts/web-assembly/blocks.ts. Positions count from its start: the source lies there, what comes
 * out behind it.
 */
export class BlockMemory {
  readonly lz4: Decompress;
  readonly snappy: Decompress;
  private readonly memory: WebAssembly.Memory;
  private bytes: Uint8Array;

  /** @throws where WebAssembly is missing or has no SIMD */
  constructor() {
    const module = new WebAssembly.Module(Buffer.from(moduleBase64, 'base64'));
    const { memory, lz4, snappy } = new WebAssembly.Instance(module).exports as unknown as Exports;
    this.memory = memory;
    this.lz4 = lz4;
    this.snappy = snappy;
    this.bytes = new Uint8Array(memory.buffer);
  }

  /** Whether it takes a source of so many bytes, from which at most `bound` come out. */
  takes(bytes: number, bound: number): boolean {
    return bytes <= mostBytes && bound <= mostBytes;
  }

  /** Copies a source in, and gives where to put what comes out: there is room for `bound` bytes. */
  put(source: Uint8Array, bound: number): number {
    const target = source.length + slack;
    this.makeRoom(target + bound + Math.max(slack, overrun));
    this.bytes.set(source);
    return target;
  }

  /** Copies bytes of the source as they are. */
  copy(start: number, end: number, target: number): void {
    this.bytes.copyWithin(target, start, end);
  }

  /** What came out, until the next source is put in. */
  lend(start: number, end: number): Buffer {
    scanWithin(this.memory);
    return Buffer.from(this.memory.buffer, start, end - start);
  }

  /** The same bytes, in memory that stays. */
  keep(content: Buffer): Buffer {
    return content.buffer === this.memory.buffer ? Buffer.from(content) : content;
  }

  private makeRoom(bytes: number): void {
    const missing = bytes - this.bytes.length;
    if (missing <= 0) return;
    this.memory.grow(Math.ceil(missing / pageSize));
    this.bytes = new Uint8Array(this.memory.buffer);
  }
}

/** The one of all codecs; undefined where WebAssembly is missing or has no SIMD. */
export const blockMemory = madeOnce(() => new BlockMemory());
