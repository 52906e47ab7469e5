import { MalformedMessage } from './malformed-message.ts';

/**
 * Varints of records: zigzag (small negative numbers stay short), seven bits a byte, lowest first.
 * Not those of compact lengths and tags in messages, which are unsigned.
 */

/** Most bytes that a 32-bit and a 64-bit varint take. */
const maxVarintBytes = 5;
const maxVarlongBytes = 10;
const endWithin = 'bytes end within a varint';

/** Reads varints one after the other from part of a buffer. Never reads at or past `end`. */
export class VarintReader {
  constructor(
    readonly bytes: Uint8Array,
    public position: number,
    public end: number,
  ) {}

  /** @throws {MalformedMessage} the bytes end first, or it is longer than 32 bits */
  varint(): number {
    const { bytes, end } = this;
    let at = this.position;
    let raw = 0;
    for (let shift = 0; shift < 7 * maxVarintBytes; shift += 7) {
      if (at >= end) throw new MalformedMessage(endWithin);
      const byte = bytes[at++] as number;
      raw |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.position = at;
        return (raw >>> 1) ^ -(raw & 1);
      }
    }
    throw new MalformedMessage('a varint of over 5 bytes');
  }

  /**
   * Exact up to 2^53, rounded beyond.
   * @throws {MalformedMessage} the bytes end first, or it is longer than 64 bits
   */
  varlong(): number {
    const { bytes, position, end } = this;
    // Two bytes are eight seconds: most batches span less.
    if (position + 1 < end) {
      const low = bytes[position] as number;
      const high = bytes[position + 1] as number;
      if (low < 0x80) {
        this.position = position + 1;
        return (low >>> 1) ^ -(low & 1);
      }
      if (high < 0x80) {
        this.position = position + 2;
        return (((low & 0x7f) | (high << 7)) >>> 1) ^ -(low & 1);
      }
    }
    return this.longVarlong();
  }

  private longVarlong(): number {
    let byte = this.byte();
    const sign = byte & 1;
    let magnitude = (byte & 0x7f) >>> 1;
    let scale = 64;
    for (let length = 1; byte >= 0x80; length++) {
      if (length === maxVarlongBytes) throw new MalformedMessage('a varlong of over 10 bytes');
      byte = this.byte();
      magnitude += (byte & 0x7f) * scale;
      scale *= 128;
    }
    return sign === 0 ? magnitude : -magnitude - 1;
  }

  private byte(): number {
    if (this.position >= this.end) throw new MalformedMessage(endWithin);
    return this.bytes[this.position++] as number;
  }
}

/** Bytes that `value` (32 bits, signed) takes. */
export function sizeOfVarint(value: number): number {
  const raw = (value << 1) ^ (value >> 31);
  return raw === 0 ? 1 : Math.ceil((32 - Math.clz32(raw)) / 7);
}

/** Writes `value` (32 bits, signed) at a position and gives the position behind it. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let raw = ((value << 1) ^ (value >> 31)) >>> 0;
  let position = at;
  while (raw >= 0x80) {
    bytes[position++] = (raw & 0x7f) | 0x80;
    raw >>>= 7;
  }
  bytes[position++] = raw;
  return position;
}

/** Bytes that `value` takes as a varlong. */
export function sizeOfVarlong(value: number): number {
  let size = 1;
  for (let rest = magnitudeOf(value) / 64; rest >= 1; rest /= 128) size++;
  return size;
}

/** Writes `value` as a varlong at a position and gives the position behind it. */
export function putVarlong(bytes: Uint8Array, at: number, value: number): number {
  const magnitude = magnitudeOf(value);
  let position = at;
  let low = ((magnitude % 64) << 1) | (value < 0 ? 1 : 0);
  let rest = Math.floor(magnitude / 64);
  while (rest > 0) {
    bytes[position++] = low | 0x80;
    low = rest % 128;
    rest = Math.floor(rest / 128);
  }
  bytes[position++] = low;
  return position;
}

/** What zigzag keeps beside the sign: n for n >= 0, -n - 1 below. */
function magnitudeOf(value: number): number {
  return value < 0 ? -value - 1 : value;
}
