import type { Socket } from 'node:net';
import type { Clock } from '../../host/clock.ts';
import type { FileSender } from '../../host/file-sender.ts';
import { FileRange } from '../../protocol/byte-range.ts';
import type { HandleWriter, Part, SocketWriter, WriterEvents } from './socket-writer.ts';

/** What it takes to send files. */
export interface FileSending {
  readonly files: FileSender;
  readonly clock: Clock;
}

const isFile = (part: Part): part is FileRange => part instanceof FileRange;

/** Bytes of files that one turn of the event loop sends: they may have to come from the disk. */
const mostAtOnce = 1024 * 1024;
/** Bytes of a file that go by way of memory where the socket is full. */
const copyBytes = 32 * 1024;

/** What one call of `write` brought, as far as it is not written. */
interface Rest {
  readonly parts: readonly Part[];
  /** Of the part that comes next. */
  index: number;
  /** Of the bytes of that part, a file's, that come next; -1: none has come yet. */
  position: number;
}

/**
 * Writes parts in memory as `HandleWriter` does, and between them sends those that are in files,
 * which only the system sees.
 */
export class PartsWriter implements SocketWriter, WriterEvents {
  private readonly memory: HandleWriter;
  /** In order; the first one is being written. Empty where all that waits is with `memory`. */
  private readonly rests: Rest[] = [];
  /** What `memory` has at the moment is of the first of `rests`. */
  private isOwn = false;
  /** Bytes of files that may still be sent in this turn. */
  private left = 0;
  private copy: Buffer | undefined;
  private isPrepared = false;

  constructor(
    private readonly socket: Socket,
    private readonly events: WriterEvents,
    memory: (events: WriterEvents) => HandleWriter,
    private readonly sending: FileSending,
  ) {
    this.memory = memory(this);
  }

  get isWaiting(): boolean {
    return this.holdsBack || this.memory.isWaiting;
  }

  get takesFiles(): boolean {
    return this.sending.files.isUseful;
  }

  get holdsBack(): boolean {
    return this.rests.length > 0;
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
    this.copy = undefined;
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
    const { files, clock } = this.sending;
    if (rest.position < 0) this.begin(rest, part);
    while (rest.position < part.end) {
      const { descriptor } = this.memory;
      if (descriptor === undefined) return false; // it is closed: nobody waits any more
      if (this.left <= 0) {
        clock.defer(() => this.run());
        return false;
      }
      const length = Math.min(part.end - rest.position, this.left);
      const sent = files.send(descriptor, part.file, rest.position, length);
      if (sent > 0) {
        rest.position += sent;
        this.left -= sent;
      } else if (!this.sendByMemory(rest, part)) return false;
    }
    return true;
  }

  private begin(rest: Rest, { file, start, end }: FileRange): void {
    const { files } = this.sending;
    const { descriptor } = this.memory;
    if (!this.isPrepared && descriptor !== undefined) files.prepare(descriptor);
    this.isPrepared = true;
    files.announce(file, start, end - start);
    rest.position = start;
  }

  /** The system tells when the socket has taken these bytes, or what is wrong. */
  private sendByMemory(rest: Rest, part: FileRange): boolean {
    this.copy ??= Buffer.allocUnsafeSlow(copyBytes);
    const target = this.copy.subarray(0, Math.min(copyBytes, part.end - rest.position));
    const read = this.read(part, target, rest.position);
    if (read === 0) return false;
    rest.position += read;
    this.left -= read;
    return this.writeMemory([target.subarray(0, read)]);
  }

  /** @returns bytes read; 0: it cannot be, and the socket is broken, as its frame cannot be ended */
  private read(part: FileRange, target: Buffer, position: number): number {
    let failure: Error;
    try {
      const read = this.sending.files.read(part.file, target, position);
      if (read > 0) return read;
      failure = new Error('a file ends before what was to be sent of it');
    } catch (error) {
      failure = error as Error;
    }
    part.onUnreadable();
    this.socket.destroy(failure);
    return 0;
  }

  private writeMemory(chunks: readonly Buffer[]): boolean {
    if (this.memory.write(chunks)) return true;
    this.isOwn = true;
    return false;
  }
}
