import type { Socket } from 'node:net';
import { withOneMore } from '../one-more.ts';
import { WireWriter } from '../../protocol/wire-writer.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { FileSending } from './parts-writer.ts';
import { writerOf, type SocketWriter, type WriterEvents } from './socket-writer.ts';

/** A response that waits to be written. */
export interface Reply {
  /** Writes the whole frame, size first. False: it could not, and left nothing behind. */
  encode(writer: WireWriter): boolean;
  /** The kernel has it, or nobody wants it any more: pooled memory goes back. */
  sent(): void;
}

const noReplies: Reply[] = [];
/** Enough for the small answers of a few thousand connections in one turn. */
const mostKeptBytes = 8 * 1024 * 1024;

/** Writers of a broker that nobody uses at the moment: connections come and go, memory stays. */
export class Writers {
  private readonly free: WireWriter[] = [];
  private freeBytes = 0;

  take(): WireWriter {
    const writer = this.free.pop();
    if (writer === undefined) return new WireWriter();
    this.freeBytes -= writer.capacity;
    return writer;
  }

  give(writer: WireWriter): void {
    writer.reset();
    if (this.freeBytes + writer.capacity > mostKeptBytes) return;
    this.freeBytes += writer.capacity;
    this.free.push(writer);
  }
}

/** Responses handed to the socket with one call, of which it has not taken all yet. */
interface Unsent {
  readonly writer: WireWriter;
  readonly replies: readonly Reply[];
  readonly bytes: number;
}

/**
 * Responses of one connection on their way to the socket: gathered until they are flushed, written with
 * one vectored call, and followed until the kernel has them.
 */
export class OutputBuffer implements WriterEvents {
  private writer: WireWriter | undefined;
  private replies = noReplies;
  /** In order. */
  private readonly unsent: Unsent[] = [];
  private readonly socketWriter: SocketWriter;

  /** @param onIdle  the reader has caught up, after `flush` has returned false */
  constructor(
    private readonly socket: Socket,
    private readonly writers: Writers,
    private readonly outgoing: ByteBudget,
    private readonly onProgress: () => void,
    readonly onIdle: () => void,
    sending: FileSending,
  ) {
    this.socketWriter = writerOf(socket, this, sending);
  }

  /** Whether parts of a response may be in files. */
  get takesFiles(): boolean {
    return this.socketWriter.takesFiles;
  }

  get isEmpty(): boolean {
    return this.writer === undefined;
  }

  /** False: the response cannot be written. */
  add(reply: Reply): boolean {
    this.writer ??= this.writers.take();
    this.replies = withOneMore(this.replies, reply);
    return reply.encode(this.writer);
  }

  /** The socket must not be ended yet: wait for `onIdle`. */
  get holdsBack(): boolean {
    return this.socketWriter.holdsBack;
  }

  /** Writes what was gathered. False when the reader is slow: wait for `onIdle`. */
  flush(): boolean {
    const { socket, writer } = this;
    // The socket is looked at last: with many connections nothing of it is in the processor's cache.
    if (writer !== undefined) {
      if (socket.writable) this.write(writer);
      else this.discard();
    }
    return !this.socketWriter.isWaiting;
  }

  private write(writer: WireWriter): void {
    const { replies } = this;
    this.writer = undefined;
    this.replies = noReplies;
    const parts = writer.parts();
    if (parts.length === 0 || this.socketWriter.write(parts)) {
      this.onProgress();
      this.giveBack(writer, replies);
      return;
    }
    const bytes = writer.size;
    this.outgoing.take(bytes);
    this.unsent.push({ writer, replies, bytes });
  }

  onSent(): void {
    this.onProgress();
    const first = this.unsent.shift();
    if (first === undefined) return; // dropped meanwhile
    this.outgoing.give(first.bytes);
    this.giveBack(first.writer, first.replies);
  }

  private giveBack(writer: WireWriter, replies: readonly Reply[]): void {
    for (const reply of replies) reply.sent();
    this.writers.give(writer);
  }

  /** Nobody will read what was gathered. */
  private discard(): void {
    const { replies } = this;
    this.replies = noReplies;
    this.writer = undefined;
    for (const reply of replies) reply.sent();
  }

  /** The socket is closed: gives everything back. */
  drop(): void {
    this.discard();
    for (const { bytes, replies } of this.unsent) {
      this.outgoing.give(bytes);
      for (const reply of replies) reply.sent();
    }
    this.unsent.length = 0;
  }
}
