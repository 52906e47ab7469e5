import type { Socket } from 'node:net';
import { WireWriter } from '../../protocol/wire-writer.ts';
import type { ByteBudget } from './byte-budget.ts';

/** A response that waits to be written. */
export interface Reply {
  /** Writes the whole frame, size first. False: it could not, and left nothing behind. */
  encode(writer: WireWriter): boolean;
  /** The kernel has it, or nobody wants it any more: pooled memory goes back. */
  sent(): void;
}

const mostKept = 64;

/** Writers of a broker that nobody uses at the moment: connections come and go, memory stays. */
export class Writers {
  private readonly free: WireWriter[] = [];

  take(): WireWriter {
    return this.free.pop() ?? new WireWriter();
  }

  give(writer: WireWriter): void {
    if (this.free.length >= mostKept) return;
    writer.reset();
    this.free.push(writer);
  }
}

/** Responses handed to the socket with one call. */
interface Written {
  readonly writer: WireWriter;
  readonly replies: readonly Reply[];
  readonly bytes: number;
}

/**
 * Responses of one connection on their way to the socket: gathered during a turn, written with one
 * vectored call, and followed until the kernel has them.
 */
export class OutputBuffer {
  private writer: WireWriter | undefined;
  private replies: Reply[] = [];
  private readonly unsent = new Set<Written>();

  constructor(
    private readonly socket: Socket,
    private readonly writers: Writers,
    private readonly outgoing: ByteBudget,
    private readonly onProgress: () => void,
  ) {}

  get isEmpty(): boolean {
    return this.writer === undefined;
  }

  /** False: the response cannot be written. */
  add(reply: Reply): boolean {
    this.writer ??= this.writers.take();
    this.replies.push(reply);
    return reply.encode(this.writer);
  }

  /** Writes what was gathered. False when the reader is slow: wait for `drain`. */
  flush(): boolean {
    const { socket, writer } = this;
    if (!socket.writable) this.discard();
    else if (writer !== undefined) this.write(writer);
    return !socket.writableNeedDrain;
  }

  private write(writer: WireWriter): void {
    const { socket } = this;
    const written: Written = { writer, replies: this.replies, bytes: writer.size };
    this.writer = undefined;
    this.replies = [];
    this.unsent.add(written);
    this.outgoing.take(written.bytes);
    const chunks = writer.chunks();
    const last = chunks.pop();
    if (last === undefined) {
      this.release(written);
      return;
    }
    const done = (): void => {
      this.onProgress();
      this.release(written);
    };
    if (chunks.length > 0) socket.cork();
    for (const chunk of chunks) socket.write(chunk);
    socket.write(last, done);
    if (chunks.length > 0) socket.uncork();
  }

  /** Nobody will read what was gathered. */
  private discard(): void {
    const { replies } = this;
    this.replies = [];
    this.writer = undefined;
    for (const reply of replies) reply.sent();
  }

  /** The socket is closed: gives everything back. */
  drop(): void {
    this.discard();
    for (const written of [...this.unsent]) this.release(written, false);
  }

  private release(written: Written, reuse = true): void {
    if (!this.unsent.delete(written)) return;
    this.outgoing.give(written.bytes);
    for (const reply of written.replies) reply.sent();
    if (reuse) this.writers.give(written.writer);
  }
}
