import { MalformedMessage } from '../../protocol/malformed-message.ts';
import type { PooledBuffer } from '../../storage/disk/buffer-pool.ts';
import type { Frame, FrameMemory } from './frame-memory.ts';

/** Smallest buffer for a frame that comes in pieces. */
const firstCapacity = 16 * 1024;
/**
 * How much larger than what has arrived the buffer of a broken frame may be. Pages that are not
 * written to cost nothing, and a batch of 1 MiB is copied once.
 */
const growth = 16;
/** A frame that misses less is not worth a read of its own. */
const smallestDirectRead = 32 * 1024;

/**
 * Cuts a byte stream into frames: `int32 length`, then that many bytes. The stream may be cut
 * anywhere.
 *
 * A frame that lies in one chunk is handed on where it lies, or as a copy where the chunk is only
 * lent. One in pieces is gathered in a buffer that grows with what has arrived: a length that was
 * only announced takes no memory. The rest of a large one can be read to where it belongs.
 */
export class FrameReader {
  /** Length of the frame being read; -1 while its prefix is incomplete. */
  private length = -1;
  private prefix = 0;
  private prefixBytes = 0;
  private gathered: PooledBuffer | undefined;
  private gatheredBytes = 0;
  /** Length of the last whole frame. */
  private lengthBefore = 0;

  constructor(
    private readonly maxFrameBytes: number,
    private readonly memory: FrameMemory,
    private readonly onFrame: (frame: Frame) => void,
  ) {}

  /** Bytes of an unfinished frame held here. */
  get pendingBytes(): number {
    return this.gatheredBytes;
  }

  /** Where the next read shall go: to the memory that all connections share, or into the frame itself. */
  get target(): Buffer {
    if (this.length < 0) return this.memory.incomingAfter(this.lengthBefore);
    const missing = this.length - this.gatheredBytes;
    if (this.gathered === undefined || missing < smallestDirectRead) return this.memory.incoming;
    const { buffer } = this.roomFor(1);
    return buffer.subarray(this.gatheredBytes, Math.min(buffer.length, this.length));
  }

  /**
   * Takes what was read to the last `target`.
   *
   * @throws {MalformedMessage} as `push`
   */
  pushRead(target: Buffer, bytes: number): void {
    if (this.memory.isIncoming(target)) this.cut(target, bytes, true);
    else this.addGathered(bytes);
  }

  /** @throws {MalformedMessage} a length that is negative or above the limit; the stream is lost */
  push(chunk: Buffer): void {
    this.cut(chunk, chunk.length, false);
  }

  /** @param isLent  the chunk's memory is another's after this call */
  private cut(chunk: Buffer, end: number, isLent: boolean): void {
    let position = 0;
    while (position < end) {
      position =
        this.length < 0
          ? this.readPrefix(chunk, position, end)
          : this.readBody(chunk, position, end, isLent);
    }
  }

  private readPrefix(chunk: Buffer, from: number, end: number): number {
    let position = from;
    while (this.prefixBytes < 4 && position < end) {
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
    if (length === 0)
      this.finish({ buffer: chunk, start: position, end: position, lent: undefined });
    return position;
  }

  private readBody(chunk: Buffer, from: number, end: number, isLent: boolean): number {
    const missing = this.length - this.gatheredBytes;
    const available = end - from;
    if (this.gathered === undefined && available >= missing) {
      const stop = from + missing;
      this.finish(
        isLent
          ? this.memory.copyOf(chunk, from, stop)
          : { buffer: chunk, start: from, end: stop, lent: undefined },
      );
      return stop;
    }
    const taken = Math.min(missing, available);
    const target = this.roomFor(taken);
    chunk.copy(target.buffer, this.gatheredBytes, from, from + taken);
    this.addGathered(taken);
    return from + taken;
  }

  private addGathered(bytes: number): void {
    this.gatheredBytes += bytes;
    const lent = this.gathered;
    if (lent === undefined || this.gatheredBytes < this.length) return;
    this.finish({ buffer: lent.buffer, start: 0, end: this.length, lent });
  }

  private roomFor(bytes: number): PooledBuffer {
    const needed = this.gatheredBytes + bytes;
    const { gathered } = this;
    if (gathered !== undefined && gathered.buffer.length >= needed) return gathered;
    const capacity = Math.min(this.length, Math.max(firstCapacity, needed * growth));
    const larger = this.memory.take(capacity);
    gathered?.buffer.copy(larger.buffer, 0, 0, this.gatheredBytes);
    gathered?.release();
    this.gathered = larger;
    return larger;
  }

  private finish(frame: Frame): void {
    this.lengthBefore = this.length;
    this.length = -1;
    this.gathered = undefined;
    this.gatheredBytes = 0;
    this.onFrame(frame);
  }
}
