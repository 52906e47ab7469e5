import { createRequire } from 'node:module';
import { loadPackage, resolvePackage } from '../load-package.ts';
import { BeyondLimit, MalformedMessage } from '../malformed-message.ts';
import { scanWithin } from '../record-scanner.ts';
import type { Zstd } from './zstd.ts';

/*
 * zstd by the package `@bokuweb/zstd-wasm`, for Nodes whose zlib has none. Its own functions
 * start asynchronously, believe the content size in a frame's header, fail without one, and share
 * one memory with whoever else uses the package in this process. So only its libzstd is used, in
 * an instance of our own.
 */

/** Exports of its zstd.wasm 0.0.27 (package.json admits no other version), by their short names. */
interface ZstdExports {
  readonly f: WebAssembly.Memory;
  /** Constructors. */
  g(): void;
  /** ZSTD_isError */
  h(size: number): number;
  /** ZSTD_compress */
  m(target: number, capacity: number, source: number, size: number, level: number): number;
  /** ZSTD_decompress */
  r(target: number, capacity: number, source: number, size: number): number;
  /** malloc and free */
  s(size: number): number;
  t(pointer: number): void;
}

/** ZSTD_error_dstSize_tooSmall */
const targetTooSmall = -70;

/** Memory of WebAssembly never shrinks: an instance that grew to more is given up. */
const keptMemory = 32 * 1024 * 1024;

/**
 * Copies `data` in, and lets `work` fill a target and say how much of it: that is lent until the next
 * call.
 */
type WithMemory = (
  data: Buffer,
  capacity: number,
  work: (zstd: ZstdExports, source: number, target: number) => number,
) => Buffer;

/** Memory that was taken from malloc, to be used again. */
interface Room {
  readonly pointer: number;
  readonly size: number;
}

interface Instance {
  readonly zstd: ZstdExports;
  source: Room;
  target: Room;
}

export function loadWasmZstd(): Zstd {
  const module = loadModule();
  let kept: Instance | undefined;

  const withMemory: WithMemory = (data, capacity, work) => {
    const instance = kept ?? instantiate(module);
    kept = undefined; // where no memory is left, another instance begins anew
    const { zstd } = instance;
    instance.source = roomFor(zstd, instance.source, data.length);
    instance.target = roomFor(zstd, instance.target, capacity);
    const { source, target } = instance;
    new Uint8Array(zstd.f.buffer).set(data, source.pointer);
    const size = work(zstd, source.pointer, target.pointer);
    if (zstd.f.buffer.byteLength <= keptMemory) kept = instance;
    scanWithin(zstd.f);
    return Buffer.from(zstd.f.buffer, target.pointer, size);
  };

  return {
    compress: (data, level) => Buffer.from(compress(withMemory, data, level)),
    decompress: (data, limit) => Buffer.from(decompress(withMemory, data, limit)),
    lend: (data, limit) => decompress(withMemory, data, limit),
  };
}

function roomFor(zstd: ZstdExports, room: Room, size: number): Room {
  if (room.size >= size) return room;
  zstd.t(room.pointer);
  const pointer = zstd.s(size);
  if (pointer === 0) throw new Error('zstd: no memory');
  return { pointer, size };
}

function compress(withMemory: WithMemory, data: Buffer, level: number): Buffer {
  // ZSTD_COMPRESSBOUND, and some more
  const capacity = data.length + (data.length >> 8) + 1024;
  return withMemory(data, capacity, (zstd, source, target) => {
    const size = zstd.m(target, capacity, source, data.length, level);
    if (zstd.h(size) !== 0) throw new Error(`zstd: error ${size | 0}`);
    return size;
  });
}

/** The package exports no streaming, so that room which was too small is made larger. */
function decompress(withMemory: WithMemory, data: Buffer, limit: number): Buffer {
  for (let capacity = Math.min(limit, Math.max(64 * 1024, data.length * 8)); ;) {
    let error = 0;
    const content = withMemory(data, capacity, (zstd, source, target) => {
      const size = zstd.r(target, capacity, source, data.length);
      if (zstd.h(size) === 0) return size;
      error = size | 0;
      return 0;
    });
    if (error === 0) return content;
    if (error !== targetTooSmall) throw new MalformedMessage(`zstd: error ${error}`);
    if (capacity === limit) throw new BeyondLimit(`zstd: more than ${limit} bytes`);
    capacity = Math.min(limit, capacity * 4);
  }
}

function loadModule(): WebAssembly.Module {
  const path = createRequire(resolvePackage('@bokuweb/zstd-wasm')).resolve('./zstd.wasm');
  // Loading the package's own file, as `require` does for code.
  const files = loadPackage('node:fs') as { readFileSync(path: string): Buffer };
  return new WebAssembly.Module(files.readFileSync(path));
}

const noRoom: Room = { pointer: 0, size: 0 };

function instantiate(module: WebAssembly.Module): Instance {
  const stop = (): never => {
    throw new Error('zstd stopped');
  };
  const nothing = (): number => 0;
  const imports = { a: stop, b: nothing, c: stop, d: nothing, e: grow };
  const { exports } = new WebAssembly.Instance(module, { a: imports });
  const zstd = exports as unknown as ZstdExports;
  function grow(size: number): number {
    return growTo(zstd.f, size >>> 0) ? 1 : 0;
  }
  zstd.g();
  return { zstd, source: noRoom, target: noRoom };
}

function growTo(memory: WebAssembly.Memory, size: number): boolean {
  try {
    memory.grow(Math.ceil((size - memory.buffer.byteLength) / 65536));
    return true;
  } catch {
    return false; // malloc gives null then
  }
}
