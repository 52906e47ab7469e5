import type { DiskFile } from '../../host/disk.ts';
import { crc32c } from '../../protocol/crc32c.ts';
import {
  batchHeaderSize,
  batchSizeAt,
  crcAt,
  currentMagic,
  isCrcValid,
  magicAt,
} from '../../protocol/record-batch.ts';

const windowSize = 1024 * 1024;
/** What is shorter is read at once: the way through the thread pool takes longer. */
const shortRead = 64 * 1024;
/** The checksum covers a batch from here on. */
const checkedFrom = 21;

/**
 * Walks over the batches of a segment's file, with one window of memory. A look reads what it needs
 * and blocks meanwhile; whoever scans much loads the window first.
 */
export class BatchScanner {
  /** Where the batch that `look` found begins in the file. */
  position: number;
  /** Its bytes: all of them, or of a batch larger than the window only the header. */
  buffer: Buffer;
  at = 0;
  bytes = 0;

  private readonly window: Buffer;
  private windowStart = 0;
  private windowEnd = 0;

  constructor(
    private readonly file: DiskFile,
    private readonly size: number,
    position = 0,
    mostBytes = windowSize,
  ) {
    this.position = position;
    this.window = Buffer.allocUnsafeSlow(Math.min(mostBytes, Math.max(size - position, 1)));
    this.buffer = this.window;
  }

  /** Must much be read before the next look? */
  get mustLoad(): boolean {
    const left = this.size - this.position;
    if (this.window.length <= shortRead || left === 0) return false;
    if (!this.holds(Math.min(batchHeaderSize, left))) return true;
    if (left < batchHeaderSize) return false;
    const bytes = Math.min(batchSizeAt(this.window, this.position - this.windowStart), left);
    return bytes <= this.window.length && !this.holds(bytes);
  }

  /** Reads the window in the thread pool. */
  async load(): Promise<void> {
    const from = this.position;
    const length = Math.min(this.window.length, this.size - from);
    const read = await this.file.read(this.window, 0, length, from);
    this.windowStart = from;
    this.windowEnd = from + read;
  }

  /** Is there a whole batch at `position`? Looks at its frame only. */
  look(): 'batch' | 'end' | 'torn' {
    const left = this.size - this.position;
    if (left === 0) return 'end';
    if (left < batchHeaderSize || !this.hold(batchHeaderSize)) return 'torn';
    this.buffer = this.window;
    this.at = this.position - this.windowStart;
    this.bytes = batchSizeAt(this.window, this.at);
    const isFrame =
      magicAt(this.window, this.at) === currentMagic &&
      this.bytes >= batchHeaderSize &&
      this.bytes <= left;
    if (!isFrame) return 'torn';
    if (this.bytes <= this.window.length) {
      if (!this.hold(this.bytes)) return 'torn';
      this.at = this.position - this.windowStart;
    } else {
      this.buffer = Buffer.from(this.window.subarray(this.at, this.at + batchHeaderSize));
      this.at = 0;
    }
    return 'batch';
  }

  /** Does the checksum of the batch agree? */
  isIntact(): boolean {
    if (this.buffer === this.window) return isCrcValid(this.buffer, this.at);
    const end = this.position + this.bytes;
    let crc = 0;
    for (let from = this.position + checkedFrom; from < end;) {
      this.fill(from);
      const until = Math.min(this.windowEnd, end);
      if (until <= from) return false;
      crc = crc32c(this.window, 0, until - from, crc);
      from = until;
    }
    return crc === crcAt(this.buffer, 0);
  }

  /** All bytes of the batch, which is intact: so its length is no invention. */
  whole(): { readonly buffer: Buffer; readonly at: number } {
    if (this.buffer === this.window) return this;
    const buffer = Buffer.allocUnsafe(this.bytes);
    this.file.readSync(buffer, 0, this.bytes, this.position);
    return { buffer, at: 0 };
  }

  /** Goes on behind the batch. */
  next(): void {
    this.position += this.bytes;
  }

  /** Gets `bytes` bytes at `position` into the window. */
  private hold(bytes: number): boolean {
    if (!this.holds(bytes)) this.fill(this.position);
    return this.holds(bytes);
  }

  private holds(bytes: number): boolean {
    return this.position >= this.windowStart && this.position + bytes <= this.windowEnd;
  }

  private fill(from: number): void {
    const length = Math.min(this.window.length, this.size - from);
    this.windowStart = from;
    this.windowEnd = from + this.file.readSync(this.window, 0, length, from);
  }
}
