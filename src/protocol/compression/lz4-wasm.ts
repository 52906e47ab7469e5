import { moduleBase64 } from './lz4-module.ts';
import { MalformedMessage } from '../malformed-message.ts';
import type { Frame } from './lz4.ts';

/** Bytes behind source and target that copies may run over. */
const slack = 16;
const pageSize = 65_536;
/** Larger frames are left to others, so that the memory, which never shrinks, stays small. */
const mostBytes = 4 * 1024 * 1024;

interface Exports {
  readonly memory: WebAssembly.Memory;
  /** Bytes written, or -1. */
  readonly decompress: (at: number, end: number, target: number, limit: number) => number;
}

/** Decompresses frames within the memory of a WebAssembly module; explained in scripts/lz4/build.ts. */
export class WasmLz4 {
  private bytes: Uint8Array;

  private constructor(private readonly wasm: Exports) {
    this.bytes = new Uint8Array(wasm.memory.buffer);
  }

  /** Undefined where there is no WebAssembly, or none with SIMD. */
  static load(): WasmLz4 | undefined {
    try {
      const module = new WebAssembly.Module(Buffer.from(moduleBase64, 'base64'));
      return new WasmLz4(new WebAssembly.Instance(module).exports as unknown as Exports);
    } catch {
      return undefined;
    }
  }

  /** @param bound  bytes that come out at most */
  canDo({ end }: Frame, bound: number): boolean {
    return end <= mostBytes && bound <= mostBytes;
  }

  /**
   * The content, lent until the next call. Its checksum is not looked at, as in Kafka.
   * @throws {MalformedMessage}
   */
  decompress(frame: Frame, bound: number): Buffer {
    const target = frame.end + slack;
    const limit = target + bound;
    this.makeRoom(limit + slack);
    this.bytes.set(frame.bytes.subarray(0, frame.end));
    let out = target;
    for (const { start, end, isCompressed } of frame.blocks) {
      const blockLimit = Math.min(limit, out + frame.maxBlockSize);
      if (!isCompressed) {
        if (end - start > blockLimit - out) throw new MalformedMessage('lz4: a block is too large');
        this.bytes.copyWithin(out, start, end);
        out += end - start;
        continue;
      }
      const written = this.wasm.decompress(start, end, out, blockLimit);
      if (written < 0) throw new MalformedMessage('lz4: a block that does not decompress');
      out += written;
    }
    return Buffer.from(this.wasm.memory.buffer, target, out - target);
  }

  private makeRoom(bytes: number): void {
    const missing = bytes - this.bytes.length;
    if (missing <= 0) return;
    this.wasm.memory.grow(Math.ceil(missing / pageSize));
    this.bytes = new Uint8Array(this.wasm.memory.buffer);
  }
}
