import { FileRange, type ByteRange } from './byte-range.ts';
import type { UnknownTag } from './schema.ts';

const initialSize = 1024;
/** A buffer that grew beyond this is not kept for the next message. */
const largestKept = 256 * 1024;
const longestString = 0x7fff;
/** Encoded bytes up to here are copied: a part of their own would cost the socket more. */
const mostCopied = 4 * 1024;
/** Below this many characters a loop is faster than the call into the encoder. */
const shortText = 40;

const twoTo32 = 4_294_967_296;
const twoTo63 = 2 ** 63;

/** Stores a number as a signed 64-bit integer; saturates at both ends. */
export function putInt64(view: DataView, at: number, value: number): void {
  if (value >= twoTo63) {
    view.setInt32(at, 0x7fffffff);
    view.setInt32(at + 4, -1);
  } else if (value < -twoTo63) {
    view.setInt32(at, -0x80000000);
    view.setInt32(at + 4, 0);
  } else {
    view.setInt32(at, Math.floor(value / twoTo32));
    view.setInt32(at + 4, value | 0); // modulo 2^32, also for negative values
  }
}

/** Value of each base64url character; 255 for all others. */
const sextets = new Uint8Array(128).fill(255);
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
for (let i = 0; i < alphabet.length; i++) sextets[alphabet.charCodeAt(i)] = i;

/**
 * Messages being written, one behind the other, ready to be handed to a socket.
 *
 * Compiled code writes numbers straight into `view` and takes the methods below for the rest. They
 * take the position to write at and give the one behind; any of them may replace `view`.
 *
 * Record batches, and large messages that were encoded before, are not copied: they stay outside as
 * ranges and come back at their place in `parts()`. Memory of the writer belongs to the chunks until
 * `reset()`, so call that only when the socket is done with them.
 */
export class WireWriter {
  buffer: Buffer;
  view: DataView;
  capacity: number;
  pos = 0;

  /** Ranges kept outside, and the positions at which each comes in. */
  private readonly outside: (ByteRange | FileRange)[] = [];
  private readonly outsideAt: number[] = [];
  private outsideSize = 0;

  private frameAt = -1;
  private outsideBeforeFrame = 0;

  constructor(size = initialSize) {
    this.buffer = Buffer.allocUnsafeSlow(size);
    this.view = new DataView(this.buffer.buffer, this.buffer.byteOffset, size);
    this.capacity = size;
  }

  /** Bytes written since the last reset, those kept outside included. */
  get size(): number {
    return this.pos + this.outsideSize;
  }

  /** Leaves room for the length of a frame; `endFrame` fills it in. */
  beginFrame(): void {
    this.reserve(this.pos, 4);
    this.frameAt = this.pos;
    this.outsideBeforeFrame = this.outsideSize;
    this.pos += 4;
  }

  /** @returns size of the frame, its four bytes of length included */
  endFrame(): number {
    const length = this.pos - this.frameAt - 4 + this.outsideSize - this.outsideBeforeFrame;
    this.view.setInt32(this.frameAt, length);
    this.frameAt = -1;
    return length + 4;
  }

  /** Takes back a frame that was begun, as if it had never been. */
  abandonFrame(): void {
    this.pos = this.frameAt;
    this.frameAt = -1;
    while (this.outsideSize > this.outsideBeforeFrame) {
      const range = this.outside.pop() as ByteRange | FileRange;
      this.outsideAt.pop();
      this.outsideSize -= range.end - range.start;
    }
  }

  /** As `parts`, where none of them is in a file. */
  chunks(): Buffer[] {
    return this.parts() as Buffer[];
  }

  /** Everything written since the last reset, in order, as views and ranges of files. */
  parts(): (Buffer | FileRange)[] {
    const { buffer, outside, outsideAt } = this;
    const chunks: (Buffer | FileRange)[] = [];
    let from = 0;
    for (let i = 0; i < outside.length; i++) {
      const at = outsideAt[i] as number;
      if (at > from) chunks.push(buffer.subarray(from, at));
      const range = outside[i] as ByteRange | FileRange;
      chunks.push(
        range instanceof FileRange ? range : range.buffer.subarray(range.start, range.end),
      );
      from = at;
    }
    if (this.pos > from) chunks.push(buffer.subarray(from, this.pos));
    return chunks;
  }

  /** Starts afresh in the same memory: chunks given out before are overwritten. */
  reset(): void {
    this.pos = 0;
    this.outside.length = 0;
    this.outsideAt.length = 0;
    this.outsideSize = 0;
    this.frameAt = -1;
    if (this.capacity > largestKept) this.replaceBuffer(initialSize, 0);
  }

  /** Sees to it that `length` bytes can be written at `at`. */
  reserve(at: number, length: number): DataView {
    return at + length > this.capacity ? this.grow(at, length) : this.view;
  }

  grow(at: number, length: number): DataView {
    this.replaceBuffer(Math.max(this.capacity * 2, at + length), at);
    return this.view;
  }

  private replaceBuffer(size: number, keep: number): void {
    const larger = Buffer.allocUnsafeSlow(size);
    this.buffer.copy(larger, 0, 0, keep);
    this.buffer = larger;
    this.view = new DataView(larger.buffer, larger.byteOffset, size);
    this.capacity = size;
  }

  varint(at: number, value: number): number {
    const view = this.reserve(at, 5);
    let rest = value;
    while (rest > 0x7f) {
      view.setUint8(at++, (rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    view.setUint8(at++, rest);
    return at;
  }

  string(at: number, text: string): number {
    const most = text.length * 3;
    this.reserve(at, most + 2);
    const length = this.putText(at + 2, text);
    if (length > longestString) tooLong(length);
    this.view.setInt16(at, length);
    return at + 2 + length;
  }

  nullableString(at: number, text: string | null): number {
    if (text !== null) return this.string(at, text);
    this.reserve(at, 2).setInt16(at, -1);
    return at + 2;
  }

  compactString(at: number, text: string): number {
    const chars = text.length;
    this.reserve(at, chars * 3 + 3);
    if (chars < 42) {
      // At most 126 bytes: their number plus one fits into one byte.
      const length = this.putText(at + 1, text);
      this.view.setUint8(at, length + 1);
      return at + 1 + length;
    }
    const length = Buffer.byteLength(text);
    if (length > longestString) tooLong(length);
    return (at = this.varint(at, length + 1)) + this.putText(at, text);
  }

  nullableCompactString(at: number, text: string | null): number {
    if (text !== null) return this.compactString(at, text);
    this.reserve(at, 1).setUint8(at, 0);
    return at + 1;
  }

  private putText(at: number, text: string): number {
    const chars = text.length;
    if (chars <= shortText) {
      const view = this.view;
      let i = 0;
      for (; i < chars; i++) {
        const code = text.charCodeAt(i);
        if (code > 0x7f) break;
        view.setUint8(at + i, code);
      }
      if (i === chars) return chars;
    }
    return this.buffer.write(text, at, 'utf8');
  }

  /** The bytes alone; whoever calls wrote their number. */
  bytes(at: number, value: Uint8Array): number {
    this.reserve(at, value.length);
    this.buffer.set(value, at);
    return at + value.length;
  }

  /** A message, or part of one, that was encoded before: its bytes must not change until `reset()`. */
  encoded(message: Buffer): void {
    if (message.length <= mostCopied) this.pos = this.bytes(this.pos, message);
    else this.keepOutside(this.pos, { buffer: message, start: 0, end: message.length });
  }

  /** Room for 16 bytes must be there. */
  uuid(at: number, text: string): void {
    if (text.length !== 22) throw new Error(`not a uuid: '${text}'`);
    const view = this.view;
    for (let i = 0; i < 20; i += 4) {
      const bits =
        (sextet(text, i) << 18) |
        (sextet(text, i + 1) << 12) |
        (sextet(text, i + 2) << 6) |
        sextet(text, i + 3);
      view.setUint8(at, bits >> 16);
      view.setUint16(at + 1, bits & 0xffff);
      at += 3;
    }
    view.setUint8(at, (sextet(text, 20) << 2) | (sextet(text, 21) >> 4));
  }

  /** Number of bytes of the ranges of a `records` value. */
  recordsSize(value: ByteRange | readonly (ByteRange | FileRange)[]): number {
    if (!isList(value)) return value.end - value.start;
    let size = 0;
    for (const range of value) size += range.end - range.start;
    return size;
  }

  /** Keeps the ranges outside, to come in at this position. */
  records(at: number, value: ByteRange | readonly (ByteRange | FileRange)[]): void {
    if (isList(value)) for (const range of value) this.keepOutside(at, range);
    else this.keepOutside(at, value);
  }

  private keepOutside(at: number, range: ByteRange | FileRange): void {
    const size = range.end - range.start;
    if (size === 0) return;
    this.outside.push(range);
    this.outsideAt.push(at);
    this.outsideSize += size;
  }

  /**
   * Puts the size of a tagged value before it, once it is known: the value was written from
   * `start` on, behind one byte left free, and has to move when that byte is not enough.
   */
  tagSize(start: number, end: number): number {
    const size = end - start;
    if (size < 0x80) {
      this.view.setUint8(start - 1, size);
      return end;
    }
    let more = 1;
    for (let rest = size >>> 14; rest > 0; rest >>>= 7) more++;
    this.reserve(end, more + 5);
    this.buffer.copyWithin(start + more, start, end);
    this.varint(start - 1, size);
    return end + more;
  }

  unknownTags(at: number, tags: readonly UnknownTag[] | undefined): number {
    if (tags === undefined) return at;
    for (const { tag, data } of tags) {
      at = this.varint(at, tag);
      at = this.varint(at, data.length);
      at = this.bytes(at, data);
    }
    return at;
  }

  // What compiled code calls when something is wrong. Each is a bug of whoever made the message.

  unsupported(field: string, version: number): never {
    throw new Error(`${field} has a value, but version ${version} has no such field`);
  }

  notNullable(field: string, version: number): never {
    throw new Error(`${field} is null, which version ${version} cannot say`);
  }
}

function isList(
  value: ByteRange | readonly (ByteRange | FileRange)[],
): value is readonly (ByteRange | FileRange)[] {
  return Array.isArray(value);
}

function sextet(text: string, i: number): number {
  const code = text.charCodeAt(i);
  const value = code < 128 ? (sextets[code] as number) : 255;
  if (value === 255) throw new Error(`not a uuid: '${text}'`);
  return value;
}

function tooLong(length: number): never {
  throw new Error(`a string of ${length} bytes is longer than the protocol allows`);
}
