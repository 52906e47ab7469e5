import { createRequire } from 'node:module';
import { loadPackage, resolvePackage } from '../load-package.ts';
import { MalformedMessage } from '../malformed-message.ts';
import type { Zstd } from './zstd.ts';

/**
 * zstd by the package `@bokuweb/zstd-wasm`, for Nodes whose zlib has none. Its own functions
 * start asynchronously, believe the content size in a frame's header and fail without one, so that
 * its compiled module is used directly.
 */

/** What Emscripten made of libzstd. Pointers are numbers; sizes may be errors, see `_ZSTD_isError`. */
interface ZstdModule {
  instantiateWasm?: (imports: object, done: (instance: WebAssembly.Instance) => unknown) => unknown;
  init(wasm: Uint8Array): void;
  readonly HEAPU8: Uint8Array;
  _malloc(size: number): number;
  _free(pointer: number): void;
  _ZSTD_isError(size: number): number;
  _ZSTD_compressBound(size: number): number;
  _ZSTD_compress(
    target: number,
    capacity: number,
    source: number,
    size: number,
    level: number,
  ): number;
  _ZSTD_decompress(target: number, capacity: number, source: number, size: number): number;
}

/** ZSTD_error_dstSize_tooSmall, as an unsigned 32-bit size. */
const targetTooSmall = -70;

export function loadWasmZstd(): Zstd {
  const module = loadModule();
  return {
    compress(data, level) {
      const capacity = module._ZSTD_compressBound(data.length);
      return withMemory(module, data, capacity, (source, target) => {
        const size = module._ZSTD_compress(target, capacity, source, data.length, level);
        if (module._ZSTD_isError(size) !== 0) throw new Error(`zstd error ${size}`);
        return size;
      });
    },

    // The package exports no streaming, so that room which was too small is made larger.
    decompress(data, limit) {
      let capacity = Math.min(limit, Math.max(64 * 1024, data.length * 8));
      for (;;) {
        const result = decompressInto(module, data, capacity);
        if (result !== undefined) return result;
        if (capacity === limit) throw new MalformedMessage(`zstd: more than ${limit} bytes`);
        capacity = Math.min(limit, capacity * 4);
      }
    },
  };
}

/** Undefined when more than `capacity` bytes come out. */
function decompressInto(module: ZstdModule, data: Buffer, capacity: number): Buffer | undefined {
  let size = 0;
  const content = withMemory(module, data, capacity, (source, target) => {
    size = module._ZSTD_decompress(target, capacity, source, data.length);
    return module._ZSTD_isError(size) === 0 ? size : 0;
  });
  if (module._ZSTD_isError(size) === 0) return content;
  if ((size | 0) === targetTooSmall) return undefined;
  throw new MalformedMessage(`zstd: error ${size | 0}`);
}

/** Copies `data` into the module, lets `work` fill a target, and copies out as much as it says. */
function withMemory(
  module: ZstdModule,
  data: Buffer,
  capacity: number,
  work: (source: number, target: number) => number,
): Buffer {
  const source = module._malloc(data.length);
  const target = module._malloc(capacity);
  try {
    if (source === 0 || target === 0) throw new Error('zstd: no memory');
    module.HEAPU8.set(data, source);
    const size = work(source, target);
    return Buffer.from(module.HEAPU8.subarray(target, target + size));
  } finally {
    module._free(source);
    module._free(target);
  }
}

function loadModule(): ZstdModule {
  const main = resolvePackage('@bokuweb/zstd-wasm');
  const { Module: module } = createRequire(main)('./module.js') as { Module: ZstdModule };
  // Loading the package's own file, as `require` does for code.
  const files = loadPackage('node:fs') as { readFileSync(path: string): Buffer };
  const wasm = files.readFileSync(createRequire(main).resolve('./zstd.wasm'));
  module.instantiateWasm = (imports, done) =>
    done(new WebAssembly.Instance(new WebAssembly.Module(wasm), imports));
  module.init(wasm);
  return module;
}
