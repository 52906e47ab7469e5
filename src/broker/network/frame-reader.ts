import { MalformedMessage } from '../../protocol/malformed-message.ts';

/** Smallest buffer for a frame that comes in pieces. */
const firstCapacity = 16 * 1024;
/**
 * How much larger than what has arrived the buffer of a broken frame may be. Pages that are not
 * written to cost nothing, and a batch of 1 MiB is copied once.
 */
const growth = 16;

/**
 * Cuts a byte stream into frames: `int32 length`, then that many bytes. The stream may be cut
 * anywhere.
 *
 * A frame that lies in one chunk is handed on where it lies. One in pieces is gathered in a buffer
 * that grows with what has arrived: a length that was only announced takes no memory.
 */
export class FrameReader {
  /** Length of the frame being read; -1 while its prefix is incomplete. */
  private length = -1;
  private prefix = 0;
  private prefixBytes = 0;
  private gathered: Buffer | undefined;
  private gatheredBytes = 0;

  constructor(
    private readonly maxFrameBytes: number,
    private readonly onFrame: (buffer: Buffer, start: number, end: number) => void,
  ) {}

  /** Bytes of an unfinished frame held here. */
  get pendingBytes(): number {
    return this.gatheredBytes;
  }

  /** @throws {MalformedMessage} a length that is negative or above the limit; the stream is lost */
  push(chunk: Buffer): void {
    let position = 0;
    while (position < chunk.length) {
      position =
        this.length < 0 ? this.readPrefix(chunk, position) : this.readBody(chunk, position);
    }
  }

  private readPrefix(chunk: Buffer, from: number): number {
    let position = from;
    while (this.prefixBytes < 4 && position < chunk.length) {
      this.prefix = (this.prefix << 8) | (chunk[position] ?? 0);
      this.prefixBytes++;
      position++;
    }
    if (this.prefixBytes < 4) return position;
    const length = this.prefix;
    this.prefix = 0;
    this.prefixBytes = 0;
    if (length < 0 || length > this.maxFrameBytes) {
      throw new MalformedMessage(`a frame of ${length} bytes; the limit is ${this.maxFrameBytes}`);
    }
    this.length = length;
    if (length === 0) this.finish(chunk, position, position);
    return position;
  }

  private readBody(chunk: Buffer, from: number): number {
    const missing = this.length - this.gatheredBytes;
    const available = chunk.length - from;
    if (this.gathered === undefined && available >= missing) {
      this.finish(chunk, from, from + missing);
      return from + missing;
    }
    const taken = Math.min(missing, available);
    const target = this.roomFor(taken);
    chunk.copy(target, this.gatheredBytes, from, from + taken);
    this.gatheredBytes += taken;
    if (this.gatheredBytes === this.length) this.finish(target, 0, this.length);
    return from + taken;
  }

  private roomFor(bytes: number): Buffer {
    const needed = this.gatheredBytes + bytes;
    if (this.gathered !== undefined && this.gathered.length >= needed) return this.gathered;
    const capacity = Math.min(this.length, Math.max(firstCapacity, needed * growth));
    const larger = Buffer.allocUnsafeSlow(capacity);
    this.gathered?.copy(larger, 0, 0, this.gatheredBytes);
    this.gathered = larger;
    return larger;
  }

  private finish(buffer: Buffer, start: number, end: number): void {
    this.length = -1;
    this.gathered = undefined;
    this.gatheredBytes = 0;
    this.onFrame(buffer, start, end);
  }
}
