/**
 * Numbers at a position of a byte array, most significant byte first. Built from plain byte loads:
 * as fast as a DataView where none exists yet, and several times faster than `Buffer.readInt32BE`.
 *
 * Nothing is checked: whoever calls has made sure that the bytes are there.
 */

const twoTo32 = 0x1_0000_0000;

export function int16At(bytes: Uint8Array, at: number): number {
  return (((bytes[at] as number) << 24) >> 16) | (bytes[at + 1] as number);
}

export function int32At(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

export function uint32At(bytes: Uint8Array, at: number): number {
  return int32At(bytes, at) >>> 0;
}

/** Rounds what a number cannot hold (beyond 2^53). */
export function int64At(bytes: Uint8Array, at: number): number {
  return int32At(bytes, at) * twoTo32 + uint32At(bytes, at + 4);
}

export function putInt16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}

export function putInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 24;
  bytes[at + 1] = value >> 16;
  bytes[at + 2] = value >> 8;
  bytes[at + 3] = value;
}

/** Saturates at Long.MAX_VALUE and Long.MIN_VALUE. */
export function putInt64(bytes: Uint8Array, at: number, value: number): void {
  if (value >= 2 ** 63) {
    putInt32(bytes, at, 0x7fffffff);
    putInt32(bytes, at + 4, -1);
    return;
  }
  const bounded = Math.max(value, -(2 ** 63));
  const high = Math.floor(bounded / twoTo32);
  putInt32(bytes, at, high);
  putInt32(bytes, at + 4, bounded - high * twoTo32);
}
