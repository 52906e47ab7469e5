import { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { FileRange } from '../../protocol/byte-range.ts';
import { PartsWriter, type FileSending } from './parts-writer.ts';
import { streamBinding, type StreamBinding, type WriteRequest } from './stream-binding.ts';

/** Hands bytes to a socket, in order, and follows them until the kernel has them. */
export interface SocketWriter {
  /** Something waits: the reader is slow, and `onIdle` is called when it has caught up. */
  readonly isWaiting: boolean;
  /** Part of that is not with the socket yet: to end it now would cut that off. */
  readonly holdsBack: boolean;
  /** Whether parts may be in files. */
  readonly takesFiles: boolean;
  /** True: the kernel has all of it. False: `onSent` is called, once for each such call, when it has. */
  write(parts: readonly Part[]): boolean;
}

/** Bytes in memory or, for a writer that takes files, in one. */
export type Part = Buffer | FileRange;

/** What a writer tells. */
export interface WriterEvents {
  onSent(): void;
  onIdle(): void;
}

/** Writes without Node's streams where that can be. */
export function writerOf(socket: Socket, events: WriterEvents, sending: FileSending): SocketWriter {
  // TLS has its own way of writing.
  const isPlain = Object.getPrototypeOf(socket) === Socket.prototype;
  if (!isPlain || streamBinding === undefined) return new StreamWriter(socket, events);
  const binding = streamBinding;
  const memory = (own: WriterEvents) => new HandleWriter(socket, own, binding);
  return new PartsWriter(socket, events, memory, sending);
}

class StreamWriter implements SocketWriter {
  readonly holdsBack = false;
  readonly takesFiles = false;
  private readonly sent = (): void => this.events.onSent();

  constructor(
    private readonly socket: Socket,
    private readonly events: WriterEvents,
  ) {
    socket.on('drain', () => events.onIdle());
  }

  get isWaiting(): boolean {
    return this.socket.writableNeedDrain;
  }

  write(parts: readonly Part[]): boolean {
    const { socket } = this;
    const chunks = parts as readonly Buffer[];
    socket.cork();
    for (const [at, chunk] of chunks.entries()) {
      socket.write(chunk, at === chunks.length - 1 ? this.sent : undefined);
    }
    socket.uncork();
    return false;
  }
}

/** The part of Node's own handle that is used here. */
interface Handle {
  writeBuffer(request: WriteRequest, chunk: Uint8Array): number;
  writev(request: WriteRequest, chunks: readonly Uint8Array[], allBuffers: true): number;
}

/** Does what Node's `net` does for a write, on the same handle. */
export class HandleWriter {
  private waiting = 0;
  /** One that no write has used up. */
  private request: WriteRequest | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly events: WriterEvents,
    private readonly binding: StreamBinding,
  ) {}

  get isWaiting(): boolean {
    return this.waiting > 0;
  }

  write(chunks: readonly Buffer[]): boolean {
    const handle = (this.socket as unknown as { _handle: Handle | null })._handle;
    if (handle === null) return true; // it is closed: nobody waits any more
    const { WriteWrap, streamBaseState, kLastWriteWasAsync } = this.binding;
    const request = this.request ?? new WriteWrap();
    this.request = undefined;
    const [first] = chunks;
    const status =
      chunks.length === 1 && first !== undefined
        ? handle.writeBuffer(request, first)
        : handle.writev(request, chunks, true);
    if (status !== 0) {
      this.fail(status);
      return true;
    }
    // Not the length of the queue: what waits may be empty already, and its request in use all the same.
    if (streamBaseState[kLastWriteWasAsync] === 0) {
      this.request = request;
      return true;
    }
    request.oncomplete = (late) => this.onComplete(late);
    request.chunks = chunks;
    this.waiting++;
    return false;
  }

  private onComplete(status: number): void {
    this.waiting--;
    if (this.socket.destroyed) return;
    if (status < 0) {
      this.fail(status);
      return;
    }
    this.events.onSent();
    if (this.waiting === 0) this.events.onIdle();
  }

  /** Of the system, for a call that Node does not offer; undefined once the socket is closed. */
  get descriptor(): number | undefined {
    return (this.socket as unknown as { _handle: { readonly fd: number } | null })._handle?.fd;
  }

  private fail(status: number): void {
    const code = getSystemErrorName(status);
    this.socket.destroy(Object.assign(new Error(`write ${code}`), { code }));
  }
}
