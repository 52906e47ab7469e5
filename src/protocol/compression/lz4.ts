import { loadPackage } from '../load-package.ts';
import { madeOnce } from '../made-once.ts';
import { BeyondLimit, MalformedMessage } from '../malformed-message.ts';
import { blockMemory, type BlockMemory } from './block-memory.ts';
import { compressBlock, compressedBound, decompressBlock } from './lz4-block.ts';
import { xxhash32 } from './xxhash32.ts';

/*
 * A standard LZ4 frame, little-endian:
 *
 *   magic             04 22 4d 18
 *   flags             bits 6-7 version 1, 5 blocks are independent, 4 blocks have checksums,
 *                     3 content size follows, 2 content checksum, 0-1 must be 0
 *   block size        bits 4-6: 4 = 64 KiB, 5 = 256 KiB, 6 = 1 MiB, 7 = 4 MiB
 *   content size      uint64, if its flag is set
 *   header checksum   second byte of the xxHash32 of what follows the magic number
 *   blocks            uint32 length, highest bit: not compressed; the bytes; uint32 checksum if set
 *   end               uint32 0
 *   content checksum  uint32, if its flag is set
 *
 * Kafka's Java clients write 64 KiB blocks, none of the flags but that of independent blocks, and
 * refuse blocks that depend on one another; so do we.
 *
 * The blocks are our own code where `lz4-napi` is not installed: the packages in plain JavaScript
 * have not been kept for years and lack either frames or bounds.
 */

const magic = 0x184d2204;
const blockSize = 64 * 1024;
const notCompressed = 0x80000000;

const flagVersion = 0x40;
const flagVersionMask = 0xc0;
const flagIndependent = 0x20;
const flagBlockChecksum = 0x10;
const flagContentSize = 0x08;
const flagContentChecksum = 0x04;
const flagsReserved = 0x03;

export interface Lz4 {
  /** Compresses a block of 64 KiB or less. */
  compressBlock(data: Buffer): Buffer;
  /** Decompresses a frame that was looked through already, at most `bound` bytes. */
  decompressFrame(frame: Frame, bound: number): Buffer;
}

/** A frame in a buffer, whose blocks lie within it. */
export interface Frame {
  readonly bytes: Buffer;
  readonly end: number;
  readonly maxBlockSize: number;
  readonly blocks: readonly Block[];
  /** Of the content, if there is one. */
  readonly checksum: number | undefined;
}

interface Block {
  readonly start: number;
  readonly end: number;
  readonly isCompressed: boolean;
}

interface NativePackage {
  compressSync(data: Buffer): Buffer;
  decompressFrameSync(data: Buffer): Buffer;
}

/** Not there where it is not installed, or has no binary for this machine. */
const nativePackage = madeOnce(() => loadPackage('lz4-napi'));
/**
 * Above this the native package is no faster than our own code, and its memory, once taken, is not
 * given back: hundreds of megabytes after some large batches.
 */
const largestNativeContent = 2 * 1024 * 1024;

/** By the native package; undefined where it is not installed. */
export function nativeLz4(): Lz4 | undefined {
  const native = nativePackage() as NativePackage | undefined;
  return (
    native && {
      compressBlock: (data) => native.compressSync(data).subarray(4), // behind the data's size
      decompressFrame: (frame, bound) =>
        bound > largestNativeContent
          ? portableLz4.decompressFrame(frame, bound)
          : native.decompressFrameSync(frame.bytes.subarray(0, frame.end)),
    }
  );
}

/** By our own code. */
export const portableLz4: Lz4 = {
  compressBlock(data) {
    const target = Buffer.allocUnsafe(compressedBound(data.length));
    return target.subarray(0, compressBlock(data, target));
  },
  decompressFrame(frame, bound) {
    const target = Buffer.allocUnsafe(bound);
    let written = 0;
    for (const { start, end, isCompressed } of frame.blocks) {
      const room = target.subarray(written, written + frame.maxBlockSize);
      if (isCompressed) written += decompressBlock(frame.bytes, start, end, room);
      else if (end - start > room.length) throw new MalformedMessage('lz4: a block is too large');
      else written += frame.bytes.copy(target, written, start, end);
    }
    if (frame.checksum !== undefined && frame.checksum !== xxhash32(target, 0, written)) {
      throw new MalformedMessage('lz4: the content has a wrong checksum');
    }
    const content = target.subarray(0, written);
    return written * 2 < bound ? Buffer.from(content) : content; // rather than keep the room
  },
};

let best: Lz4 | undefined;

function lz4(): Lz4 {
  return (best ??= nativeLz4() ?? portableLz4);
}

export function compress(data: Buffer, _level?: number, by: Lz4 = lz4()): Buffer {
  const header = Buffer.alloc(7);
  header.writeUInt32LE(magic);
  header[4] = flagVersion | flagIndependent;
  header[5] = 4 << 4; // 64 KiB
  header[6] = headerChecksum(header, 6);
  const parts: Buffer[] = [header];
  for (let at = 0; at < data.length; at += blockSize) {
    const block = data.subarray(at, at + blockSize);
    const compressed = by.compressBlock(block);
    const smaller = compressed.length < block.length;
    const length = Buffer.alloc(4);
    length.writeUInt32LE(smaller ? compressed.length : block.length + notCompressed);
    parts.push(length, smaller ? compressed : block);
  }
  parts.push(Buffer.alloc(4));
  return Buffer.concat(parts);
}

export function decompress(data: Buffer, limit: number, by?: Lz4): Buffer {
  if (by !== undefined) return decompressBy(by, readFrame(data), limit);
  const content = lend(data, limit);
  return blockMemory()?.keep(content) ?? content;
}

/** As `decompress`, but the memory is used again by the next call, of any codec. */
export function lend(data: Buffer, limit: number): Buffer {
  const frame = readFrame(data);
  const memory = blockMemory();
  const bound = Math.min(limit, largestContent(frame));
  if (memory?.takes(frame.end, bound) !== true) return decompressBy(lz4(), frame, limit);
  return bound < limit
    ? decompressIn(memory, frame, bound)
    : withinLimit(limit, () => decompressIn(memory, frame, limit));
}

/** Where the limit is what ends the room, a block that does not fit into it may be a good one. */
function withinLimit(limit: number, decompressed: () => Buffer): Buffer {
  try {
    return decompressed();
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
    throw new BeyondLimit(`lz4: more than ${limit} bytes, or not a frame`);
  }
}

/**
 * Faster than native code whose results have to be copied. The checksum of the content is not looked
 * at, as in Kafka.
 */
function decompressIn(memory: BlockMemory, frame: Frame, bound: number): Buffer {
  const target = memory.put(frame.bytes.subarray(0, frame.end), bound);
  const limit = target + bound;
  let out = target;
  for (const { start, end, isCompressed } of frame.blocks) {
    const blockLimit = Math.min(limit, out + frame.maxBlockSize);
    if (isCompressed) {
      const written = memory.lz4(start, end, out, blockLimit);
      if (written < 0) throw new MalformedMessage('lz4: a block that does not decompress');
      out += written;
    } else {
      if (end - start > blockLimit - out) throw new MalformedMessage('lz4: a block is too large');
      memory.copy(start, end, out);
      out += end - start;
    }
  }
  return memory.lend(target, out);
}

function decompressBy(by: Lz4, frame: Frame, limit: number): Buffer {
  const bound = largestContent(frame);
  if (bound <= limit) return by.decompressFrame(frame, bound);
  // It may still be small enough: the last blocks are seldom full. Ours stops at the limit.
  return withinLimit(limit, () => portableLz4.decompressFrame(frame, limit));
}

/** Bytes that may come out at most: a byte of a block makes 255 at most. */
function largestContent({ blocks, maxBlockSize }: Frame): number {
  return blocks.reduce(
    (sum, { start, end, isCompressed }) =>
      sum + (isCompressed ? Math.min(maxBlockSize, (end - start) * 255) : end - start),
    0,
  );
}

/** Looks through a frame from end to end, blocks unread. */
function readFrame(bytes: Buffer): Frame {
  if (bytes.length < 7 || bytes.readUInt32LE(0) !== magic)
    throw new MalformedMessage('lz4: no frame');
  const flags = bytes[4] as number;
  const sizeCode = ((bytes[5] as number) >> 4) & 7;
  if ((flags & flagVersionMask) !== flagVersion || (flags & flagsReserved) !== 0 || sizeCode < 4) {
    throw new MalformedMessage('lz4: a frame of an unknown kind');
  }
  if ((flags & flagIndependent) === 0) {
    throw new MalformedMessage('lz4: blocks that depend on one another');
  }
  const headerEnd = (flags & flagContentSize) === 0 ? 6 : 14;
  if (bytes[headerEnd] !== headerChecksum(bytes, headerEnd)) {
    throw new MalformedMessage('lz4: the header has a wrong checksum');
  }
  const { blocks, end } = readBlocks(bytes, headerEnd + 1, (flags & flagBlockChecksum) !== 0);
  const hasChecksum = (flags & flagContentChecksum) !== 0;
  return {
    bytes,
    end: hasChecksum ? end + 4 : end,
    maxBlockSize: 1 << (8 + 2 * sizeCode),
    blocks,
    checksum: hasChecksum ? wordAt(bytes, end) : undefined,
  };
}

function readBlocks(
  bytes: Buffer,
  start: number,
  haveChecksums: boolean,
): { blocks: Block[]; end: number } {
  const blocks: Block[] = [];
  for (let at = start; ;) {
    const length = wordAt(bytes, at);
    at += 4;
    if (length === 0) return { blocks, end: at };
    const end = at + (length & ~notCompressed);
    if (end > bytes.length) throw new MalformedMessage('lz4: a block does not fit');
    blocks.push({ start: at, end, isCompressed: length < notCompressed });
    if (haveChecksums && wordAt(bytes, end) !== xxhash32(bytes, at, end)) {
      throw new MalformedMessage('lz4: a block has a wrong checksum');
    }
    at = haveChecksums ? end + 4 : end;
  }
}

function wordAt(bytes: Buffer, at: number): number {
  if (bytes.length - at < 4) throw new MalformedMessage('lz4: the frame ends too soon');
  return bytes.readUInt32LE(at);
}

function headerChecksum(bytes: Buffer, end: number): number {
  return (xxhash32(bytes, 4, end) >> 8) & 0xff;
}
