import { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { fileSender as files } from '../../host/send-file.ts';
import { FileRange } from '../../protocol/byte-range.ts';
import { streamBinding, type StreamBinding, type WriteRequest } from './stream-binding.ts';

/** Hands bytes to a socket, in order, and follows them until the kernel has them. */
export interface SocketWriter {
  /** Something waits: the reader is slow, and `onIdle` is called when it has caught up. */
  readonly isWaiting: boolean;
  /** True: the kernel has all of it. False: `onSent` is called, once for each such call, when it has. */
  write(chunks: readonly Part[]): boolean;
}

/** Bytes in memory or, for a writer that takes files, in one. */
export type Part = Buffer | FileRange;

const isFile = (part: Part): part is FileRange => part instanceof FileRange;

/** What a writer tells. */
export interface WriterEvents {
  onSent(): void;
  onIdle(): void;
}

/** Whether parts may be in files. TLS has its own way of writing. */
export function isPlain(socket: Socket): boolean {
  return Object.getPrototypeOf(socket) === Socket.prototype && streamBinding !== undefined;
}

/** Writes without Node's streams where that can be. */
export function writerOf(socket: Socket, events: WriterEvents): SocketWriter {
  if (!isPlain(socket) || streamBinding === undefined) return new StreamWriter(socket, events);
  return new PartsWriter(socket, events, streamBinding);
}

class StreamWriter implements SocketWriter {
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
class HandleWriter {
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

/** Bytes of files that one turn of the event loop sends: they may have to come from the disk. */
const mostAtOnce = 1024 * 1024;
/** Bytes of a file that go by way of memory where the socket is full. */
const copyBytes = 32 * 1024;

/** What one call of `write` brought, as far as it is not written. */
interface Rest {
  readonly parts: readonly Part[];
  /** Of the part that comes next. */
  index: number;
  /** Of the bytes of that part, a file's, that come next. */
  position: number;
}

/**
 * Writes parts in memory as `HandleWriter` does, and between them sends those that are in files,
 * which only the system sees.
 */
class PartsWriter implements SocketWriter, WriterEvents {
  private readonly memory: HandleWriter;
  /** In order; the first one is being written. Empty where all that waits is with `memory`. */
  private readonly rests: Rest[] = [];
  /** What `memory` has at the moment is of the first of `rests`. */
  private isOwn = false;
  /** Bytes of files that may still be sent in this turn. */
  private left = 0;
  private copy: Buffer | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly events: WriterEvents,
    binding: StreamBinding,
  ) {
    this.memory = new HandleWriter(socket, this, binding);
  }

  get isWaiting(): boolean {
    return this.rests.length > 0 || this.memory.isWaiting;
  }

  write(parts: readonly Part[]): boolean {
    if (this.rests.length === 0 && !parts.some(isFile)) {
      return this.memory.write(parts as readonly Buffer[]);
    }
    if (this.memory.descriptor === undefined) return true; // it is closed: nobody waits any more
    const rest: Rest = { parts, index: 0, position: -1 };
    this.rests.push(rest);
    this.left = mostAtOnce;
    // What `memory` has still is other calls', and told before.
    if (this.rests.length > 1 || this.memory.isWaiting || !this.goOn(rest)) return false;
    this.rests.shift();
    return true;
  }

  onSent(): void {
    if (this.isOwn) this.isOwn = false;
    else this.events.onSent();
  }

  onIdle(): void {
    this.run();
  }

  private run(): void {
    this.left = mostAtOnce;
    for (;;) {
      const [rest] = this.rests;
      if (rest === undefined) break;
      if (!this.goOn(rest)) return;
      this.rests.shift();
      this.events.onSent();
    }
    this.events.onIdle();
  }

  /** @returns whether all of it is written; where not, `run` is called once it can go on */
  private goOn(rest: Rest): boolean {
    const { parts } = rest;
    while (rest.index < parts.length) {
      const part = parts[rest.index] as Part;
      if (this.socket.destroyed) return false;
      if (isFile(part)) {
        if (!this.send(rest, part)) return false;
        rest.index++;
        rest.position = -1;
        continue;
      }
      const next = parts.findIndex((one, index) => index > rest.index && isFile(one));
      const chunks = parts.slice(rest.index, next < 0 ? undefined : next) as Buffer[];
      rest.index += chunks.length;
      if (!this.writeMemory(chunks)) return false;
    }
    return true;
  }

  private send(rest: Rest, part: FileRange): boolean {
    if (rest.position < 0) rest.position = part.start;
    try {
      while (rest.position < part.end) {
        const { descriptor } = this.memory;
        if (descriptor === undefined) return false; // it is closed: nobody waits any more
        if (this.left <= 0) {
          setImmediate(() => this.run());
          return false;
        }
        const length = part.end - rest.position;
        const sent = files.send(descriptor, part.file, rest.position, Math.min(length, this.left));
        if (sent < 0) {
          if (!this.sendByMemory(rest, part)) return false;
          continue;
        }
        if (sent === 0) throw endsTooSoon();
        rest.position += sent;
        this.left -= sent;
      }
    } catch (error) {
      this.socket.destroy(error as Error);
      return false;
    }
    return true;
  }

  /** The socket is full, or has to be written to: the system tells when it has taken these bytes. */
  private sendByMemory(rest: Rest, part: FileRange): boolean {
    this.copy ??= Buffer.allocUnsafeSlow(copyBytes);
    const length = Math.min(copyBytes, part.end - rest.position);
    const read = files.read(part.file, this.copy.subarray(0, length), rest.position);
    if (read === 0) throw endsTooSoon();
    rest.position += read;
    this.left -= read;
    return this.writeMemory([this.copy.subarray(0, read)]);
  }

  private writeMemory(chunks: readonly Buffer[]): boolean {
    if (this.memory.write(chunks)) return true;
    this.isOwn = true;
    return false;
  }
}

function endsTooSoon(): Error {
  return new Error('a file ends before what was to be sent of it');
}
