import type { ByteRange } from './byte-range.ts';
import { MalformedMessage } from './malformed-message.ts';
import { StringCache } from './string-cache.ts';

/**
 * One for all readers: it holds only what any of them would decode to the same value again, so
 * nobody can tell that it is shared.
 */
const cache = new StringCache();

/** A string's bytes are counted by a signed 16-bit number, also where the prefix is a varint. */
const longestString = 0x7fff;
/** More than any frame has bytes. */
const unlimited = 2 ** 30 - 1;

/**
 * A frame being read. Compiled code reads numbers straight from `view`, which ends where the frame
 * ends: reading past it is a RangeError, which `decode` turns into a MalformedMessage. Here is what
 * is too long to be written out in every compiled function.
 *
 * All positions count from the start of the frame.
 */
export class WireReader {
  readonly buffer: Buffer;
  readonly view: DataView;
  /** Position of the frame in its buffer. */
  readonly base: number;
  readonly end: number;
  pos = 0;
  /** How many elements and unknown tags the rest may hold. */
  room: number;

  /**
   * @param mostElements  of all arrays together, and unknown tags. What takes one byte in a frame
   *                      takes hundreds once it is decoded and answered: for peers one cannot trust
   */
  constructor(range: ByteRange, mostElements = unlimited) {
    this.room = mostElements;
    this.buffer = range.buffer;
    this.base = range.start;
    this.end = range.end - range.start;
    this.view = new DataView(
      range.buffer.buffer,
      range.buffer.byteOffset + range.start,
      range.end - range.start,
    );
  }

  get remaining(): number {
    return this.end - this.pos;
  }

  /** An unsigned varint at `pos`, which moves behind it: five bytes at most, as in Kafka. */
  varint(): number {
    const view = this.view;
    let result = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = view.getUint8(this.pos++);
      result |= (byte & 0x7f) << shift;
      if (byte < 0x80) return result;
    }
    const last = view.getUint8(this.pos++);
    if (last >= 0x80) throw new MalformedMessage('a varint does not end after five bytes');
    return (result | (last << 28)) >>> 0;
  }

  string(at: number, length: number): string {
    if (length === 0) return '';
    if (length > longestString || length > this.end - at) this.tooLong(length, at);
    return cache.string(this.view, this.buffer, this.base, at, length);
  }

  uuid(at: number): string {
    return cache.uuid(this.view, this.buffer, this.base, at);
  }

  /** A view of the frame, not a copy. */
  bytes(at: number, length: number): Buffer {
    if (length > this.end - at) this.tooLong(length, at);
    return this.buffer.subarray(this.base + at, this.base + at + length);
  }

  range(at: number, length: number): ByteRange {
    if (length > this.end - at) this.tooLong(length, at);
    return { buffer: this.buffer, start: this.base + at, end: this.base + at + length };
  }

  // What compiled code calls when something is wrong.

  tooLong(length: number, at: number): never {
    throw new MalformedMessage(`${length} bytes announced at ${at} of a frame of ${this.end}`);
  }

  tooMany(field: string, count: number): never {
    const why = this.room < 0 ? 'are more than a message may have' : 'cannot fit into what is left';
    throw new MalformedMessage(`${field}: ${count} elements ${why}`);
  }

  notNullable(field: string, length: number): never {
    throw new MalformedMessage(`${field}: length ${length} where a value is required`);
  }

  negative(field: string, length: number): never {
    throw new MalformedMessage(`${field}: length ${length}`);
  }

  misplacedTag(message: string, tag: number): never {
    throw new MalformedMessage(`${message}: tag ${tag} does not exist in this version`);
  }
}
