/** Part of a buffer, not copied: `end` is exclusive. Valid as long as the buffer's owner says. */
export interface ByteRange {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Part of a file, not read: `end` is exclusive. Valid as long as the file's owner says. */
export class FileRange {
  /**
   * @param file  descriptor of the open file
   * @param onUnreadable  told when the bytes cannot be had: the next read shall find out why
   */
  constructor(
    readonly file: number,
    readonly start: number,
    readonly end: number,
    readonly onUnreadable: () => void = () => undefined,
  ) {}
}
