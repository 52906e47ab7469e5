import { readSync } from 'node:fs';
import { createRequire } from 'node:module';

interface Koffi {
  /** @param library  null: what this process has already */
  load(library: null): { func(prototype: string): (...args: unknown[]) => number };
  errno(): number;
  readonly os: { readonly errno: Readonly<Record<string, number>> };
}

type Send = (socket: number, file: number, position: number, length: number) => number;

const isLinux = process.platform === 'linux';
/** Null where it cannot be had; undefined before it was tried. */
let system: Send | null | undefined;

/**
 * Sends bytes of files to sockets, which never come to the memory of this process: by `sendfile` of
 * Linux, which Node does not offer, called through the package `koffi`.
 */
export const fileSender = {
  /** Whether it is more than a detour; not known before it is used. */
  get isUseful(): boolean {
    return isLinux && system !== null;
  },

  /**
   * @param socket  descriptor of a socket that does not block
   * @returns bytes that it took, fewer where it is full; 0: the file ends there; -1: it takes none
   * @throws an error with the system's `code`
   */
  send(socket: number, file: number, position: number, length: number): number {
    system ??= load();
    return system === null ? -1 : system(socket, file, position, length);
  },

  /** As `fs.readSync`. */
  read(file: number, target: Buffer, position: number): number {
    return readSync(file, target, 0, target.length, position);
  },
};

function load(): Send | null {
  try {
    return sendfileOf(createRequire(import.meta.url)('koffi') as Koffi);
  } catch {
    return null; // the package is not installed, or has no binary for this machine
  }
}

function sendfileOf(koffi: Koffi): Send {
  const sendfile = koffi
    .load(null)
    .func('long sendfile(int out, int in, void *offset, unsigned long count)');
  const offset = Buffer.alloc(8);
  const names = new Map(Object.entries(koffi.os.errno).map(([name, code]) => [code, name]));
  return (socket, file, position, length) => {
    offset.writeBigInt64LE(BigInt(position));
    const sent = sendfile(socket, file, offset, length);
    if (sent >= 0) return sent;
    const number = koffi.errno();
    const code = names.get(number) ?? `errno ${number}`;
    if (code === 'EAGAIN') return -1;
    throw Object.assign(new Error(`sendfile ${code}`), { code });
  };
}
