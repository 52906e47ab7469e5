import { int32At, putInt32 } from '../big-endian.ts';
import { loadPackage } from '../load-package.ts';
import { madeOnce } from '../made-once.ts';
import { BeyondLimit, MalformedMessage } from '../malformed-message.ts';
import { blockMemory, type BlockMemory } from './block-memory.ts';

/*
 * Snappy as snappy-java ("xerial") frames it, which Kafka's Java clients write:
 *
 *   magic    82 53 4e 41 50 50 59 00
 *   version  int32  1
 *   compatible with version  int32  1
 *   blocks   int32 length, then a raw snappy block of at most 32 KiB of data
 *
 * Streams may follow one another, each with its header. Other clients send one raw block.
 *
 * Our own WebAssembly decompresses what is not large: the native package takes new memory for each
 * block.
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

/** Not there where it is not installed, or has no binary for this machine. */
const nativePackage = madeOnce(() => loadPackage('snappy'));

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
    decompress(data) {
      checkElements(data);
      return portable.uncompress(data);
    },
  };
}

/**
 * The portable package believes what a block says, and goes round in circles where that is a length of
 * over 2^31.
 *
 * @throws {MalformedMessage} elements that go over the end, begin before the block, or are more or
 *   fewer than it promises
 */
function checkElements(block: Buffer): void {
  const size = lengthAt(block, 0, block.length);
  const malformed = new MalformedMessage('snappy: a block that does not decompress');
  let at = behindLength(block, 0);
  let written = 0;
  while (at < block.length) {
    const tag = block[at++] as number;
    const kind = tag & 3;
    const bytes = kind === 0 ? Math.max(0, (tag >> 2) - 59) : kind === 3 ? 4 : kind;
    if (bytes > block.length - at) throw malformed;
    const number = bytes === 0 ? tag >> 2 : block.readUIntLE(at, bytes);
    at += bytes;
    if (kind === 0) {
      if (number >= block.length - at) throw malformed;
      at += number + 1;
      written += number + 1;
    } else {
      const offset = kind === 1 ? ((tag >> 5) << 8) | number : number;
      if (offset === 0 || offset > written) throw malformed;
      written += kind === 1 ? 4 + ((tag >> 2) & 7) : (tag >> 2) + 1;
    }
  }
  if (written !== size) throw malformed;
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

export function decompress(data: Buffer, limit: number, by?: RawSnappy): Buffer {
  if (by !== undefined) return decompressBy(by, data, readBlocks(data, limit));
  const content = lend(data, limit);
  return blockMemory()?.keep(content) ?? content;
}

/** As `decompress`, but the memory is used again by the next call, of any codec. */
export function lend(data: Buffer, limit: number): Buffer {
  const blocks = readBlocks(data, limit);
  const bound = blocks.reduce((sum, { length }) => sum + length, 0);
  const memory = blockMemory();
  return memory?.takes(data.length, bound) === true
    ? decompressIn(memory, data, blocks, bound)
    : decompressBy(raw(), data, blocks);
}

/** Where a block lies in the data, and the bytes that it says it holds. */
interface Block {
  readonly start: number;
  readonly end: number;
  readonly length: number;
}

function decompressBy(by: RawSnappy, data: Buffer, blocks: readonly Block[]): Buffer {
  const parts = blocks.map(({ start, end }) => by.decompress(data.subarray(start, end)));
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}

function decompressIn(
  memory: BlockMemory,
  data: Buffer,
  blocks: readonly Block[],
  bound: number,
): Buffer {
  const target = memory.put(data, bound);
  let out = target;
  for (const { start, end, length } of blocks) {
    const written = memory.snappy(behindLength(data, start), end, out, out + length);
    if (written !== length) throw new MalformedMessage('snappy: a block that does not decompress');
    out += written;
  }
  return memory.lend(target, out);
}

/** @throws {BeyondLimit} @throws {MalformedMessage} more than blocks of their sizes can hold */
function readBlocks(data: Buffer, limit: number): Block[] {
  const blocks: Block[] = [];
  let left = limit;
  for (const { start, end } of placesOf(data)) {
    const length = lengthAt(data, start, end);
    if (length > left) throw new BeyondLimit(`snappy: more than ${limit} bytes`);
    if (length > (end - start) * largestExpansion) {
      throw new MalformedMessage('snappy: a block promises more than it can hold');
    }
    left -= length;
    blocks.push({ start, end, length });
  }
  return blocks;
}

function* placesOf(data: Buffer): Generator<Omit<Block, 'length'>, void, void> {
  if (!startsStream(data, 0)) {
    yield { start: 0, end: data.length };
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
    yield { start: at, end: at + length };
    at += length;
  }
}

function startsStream(data: Buffer, at: number): boolean {
  return data.length - at >= headerSize && data.compare(magic, 0, 8, at, at + 8) === 0;
}

/** The varint at the start of a raw block. */
function lengthAt(data: Buffer, start: number, end: number): number {
  let length = 0;
  for (let i = 0; i < 5 && start + i < end; i++) {
    const byte = data[start + i] as number;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return length;
  }
  throw new MalformedMessage('snappy: a block without the length of its data');
}

/** The position behind that varint. */
function behindLength(data: Buffer, start: number): number {
  let at = start;
  while ((data[at] as number) >= 0x80) at++;
  return at + 1;
}
