/** Part of a buffer, not copied: `end` is exclusive. Valid as long as the buffer's owner says. */
export interface ByteRange {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/** The bytes of a range as a view, sharing memory. Costs an object: not for the hot path. */
export function viewOf(range: ByteRange): Buffer {
  return range.buffer.subarray(range.start, range.end);
}
