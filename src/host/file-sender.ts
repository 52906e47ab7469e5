import { readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';

/** Sends bytes of files to sockets, where that can be without taking them to memory. */
export interface FileSender {
  /** Whether it can; not known for sure before it was tried. */
  readonly isUseful: boolean;
  /**
   * Called once for a socket before anything is sent to it: bounds what the system takes of it at a
   * time (`socket.send.buffer.bytes`). More lets a consumer fall asleep more often.
   */
  prepare(socket: number): void;
  /** Lets the system fetch from the disk what will be sent of a file, all at once. */
  announce(file: number, position: number, length: number): void;
  /**
   * @param socket  descriptor of a socket that does not block
   * @returns bytes that the socket took; 0 or less: it is full, or the file ends there, or something
   *   is wrong: to read there, and to write, will tell
   */
  send(socket: number, file: number, position: number, length: number): number;
  /** As `fs.readSync`. */
  read(file: number, target: Buffer, position: number): number;
}

interface Koffi {
  /** @param library  null: what this process has already */
  load(library: null): { func(prototype: string): (...args: unknown[]) => number };
  errno(): number;
}

const sendfilePrototype = 'long sendfile(int out, int in, void *offset, unsigned long count)';
const setsockoptPrototype =
  'int setsockopt(int socket, int level, int name, void *value, unsigned int length)';
const fadvisePrototype = 'int posix_fadvise(int file, long offset, long length, int advice)';
/** POSIX_FADV_WILLNEED of Linux. */
const willBeNeeded = 3;
/** SOL_SOCKET and SO_SNDBUF of Linux. */
const socketLevel = 1;
const sendBuffer = 7;

/** This file system or kernel will never do it. */
const never = ['EINVAL', 'ENOSYS', 'EOPNOTSUPP', 'EPERM'] as const;
const neverNumbers: readonly number[] = never.map((name) => constants.errno[name]);

/** By `sendfile` of Linux, which Node does not offer: called through the package `koffi`. */
export class SystemFileSender implements FileSender {
  private state: 'untried' | 'useful' | 'useless' =
    process.platform === 'linux' ? 'untried' : 'useless';
  private koffi: Koffi | undefined;
  private sendfile: ((...args: unknown[]) => number) | undefined;
  private setsockopt: ((...args: unknown[]) => number) | undefined;
  private fadvise: ((...args: unknown[]) => number) | undefined;
  private readonly offset = Buffer.alloc(8);
  private readonly sendBufferBytes = Buffer.alloc(4);

  /** @param sendBufferBytes  of a socket; not above 0: the system's default */
  constructor(sendBufferBytes = 0) {
    this.sendBufferBytes.writeInt32LE(sendBufferBytes);
  }

  get isUseful(): boolean {
    return this.state !== 'useless';
  }

  prepare(socket: number): void {
    if (this.state === 'untried') this.load();
    if (this.sendBufferBytes.readInt32LE() <= 0) return;
    this.setsockopt?.(socket, socketLevel, sendBuffer, this.sendBufferBytes, 4);
  }

  announce(file: number, position: number, length: number): void {
    this.fadvise?.(file, position, length, willBeNeeded);
  }

  send(socket: number, file: number, position: number, length: number): number {
    if (this.state === 'untried') this.load();
    if (this.sendfile === undefined) return -1;
    this.offset.writeBigInt64LE(BigInt(position));
    const sent = this.sendfile(socket, file, this.offset, length);
    if (sent < 0 && neverNumbers.includes(this.koffi?.errno() ?? 0)) this.giveUp();
    return sent;
  }

  read(file: number, target: Buffer, position: number): number {
    return readSync(file, target, 0, target.length, position);
  }

  private load(): void {
    try {
      this.koffi = createRequire(import.meta.url)('koffi') as Koffi;
      const library = this.koffi.load(null);
      this.sendfile = library.func(sendfilePrototype);
      this.setsockopt = library.func(setsockoptPrototype);
      this.fadvise = library.func(fadvisePrototype);
      this.state = 'useful';
    } catch {
      this.giveUp(); // the package is not installed, or has no binary for this machine
    }
  }

  private giveUp(): void {
    this.state = 'useless';
    this.sendfile = undefined;
  }
}
