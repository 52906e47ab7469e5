import { int32At, putInt32 } from '../big-endian.ts';
import { loadPackage } from '../load-package.ts';
import { MalformedMessage } from '../malformed-message.ts';
import { optionalPackage } from './optional-package.ts';

/*
 * Snappy as snappy-java ("xerial") frames it, which Kafka's Java clients write:
 *
 *   magic    82 53 4e 41 50 50 59 00
 *   version  int32  1
 *   compatible with version  int32  1
 *   blocks   int32 length, then a raw snappy block of at most 32 KiB of data
 *
 * Streams may follow one another, each with its header. Other clients send one raw block.
 */

const magic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const headerSize = 16;
const blockSize = 32 * 1024;

/** A copy of 64 bytes takes three: nothing expands more than this. */
const largestExpansion = 22;

/** Raw blocks, both ways. */
export interface RawSnappy {
  compress(data: Buffer): Buffer;
  decompress(data: Buffer): Buffer;
}

interface NativePackage {
  compressSync(data: Buffer): Buffer;
  uncompressSync(data: Buffer, options: { asBuffer: true }): Buffer;
}

const nativePackage = optionalPackage('snappy');

/** By the native package; undefined where it is not installed. */
export function nativeSnappy(): RawSnappy | undefined {
  const native = nativePackage() as NativePackage | undefined;
  return (
    native && {
      compress: (data) => native.compressSync(data),
      decompress: (data) => native.uncompressSync(data, { asBuffer: true }),
    }
  );
}

/** By the package that runs everywhere. */
export function portableSnappy(): RawSnappy {
  const portable = loadPackage('snappyjs') as {
    compress(data: Buffer): Buffer;
    uncompress(data: Buffer): Buffer;
  };
  return {
    compress: (data) => portable.compress(data),
    decompress: (data) => portable.uncompress(data),
  };
}

let best: RawSnappy | undefined;

function raw(): RawSnappy {
  return (best ??= nativeSnappy() ?? portableSnappy());
}

export function compress(data: Buffer, _level?: number, by: RawSnappy = raw()): Buffer {
  const header = Buffer.alloc(headerSize);
  magic.copy(header);
  putInt32(header, 8, 1);
  putInt32(header, 12, 1);
  const parts: Buffer[] = [header];
  for (let at = 0; at < data.length; at += blockSize) {
    const block = by.compress(data.subarray(at, at + blockSize));
    const length = Buffer.allocUnsafe(4);
    putInt32(length, 0, block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

export function decompress(data: Buffer, limit: number, by: RawSnappy = raw()): Buffer {
  const parts: Buffer[] = [];
  let left = limit;
  for (const block of blocksOf(data)) {
    const length = decompressedLength(block);
    if (length > left) throw new MalformedMessage(`snappy: more than ${limit} bytes`);
    if (length > block.length * largestExpansion) {
      throw new MalformedMessage('snappy: a block promises more than it can hold');
    }
    const part = by.decompress(block);
    left -= part.length;
    parts.push(part);
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}

function* blocksOf(data: Buffer): Generator<Buffer, void, void> {
  if (!startsStream(data, 0)) {
    yield data;
    return;
  }
  for (let at = 0; at < data.length;) {
    if (startsStream(data, at)) {
      at += headerSize;
      continue;
    }
    if (data.length - at < 4) throw new MalformedMessage('snappy: a block without its length');
    const length = int32At(data, at);
    at += 4;
    if (length < 0 || length > data.length - at) {
      throw new MalformedMessage(`snappy: a block of ${length} bytes does not fit`);
    }
    yield data.subarray(at, at + length);
    at += length;
  }
}

function startsStream(data: Buffer, at: number): boolean {
  return data.length - at >= headerSize && data.compare(magic, 0, 8, at, at + 8) === 0;
}

/** The varint at the start of a raw block. */
function decompressedLength(block: Buffer): number {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = block[i];
    if (byte === undefined) break;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return length;
  }
  throw new MalformedMessage('snappy: a block without the length of its data');
}
