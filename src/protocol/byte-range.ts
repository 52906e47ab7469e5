/** Part of a buffer, not copied: `end` is exclusive. Valid as long as the buffer's owner says. */
export interface ByteRange {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}
