import { Socket } from 'node:net';

/**
 * Lets a socket read into memory that is lent to it, in the place of 64 KiB of new memory for each
 * read: at hundreds of megabytes per second that memory is most of what a garbage collector does.
 *
 * Node offers this (`onread`) to sockets that connect, not to those that are accepted, although both
 * are the same inside. So its own fields are set here, where it has them (Node 20 to 24 do), and
 * nowhere else is anything known of them. Chunks that arrived before come as 'data'.
 *
 * @param memory  where the next read goes; asked at first, and after each `onRead`
 * @param onRead  called with the memory and the number of bytes that were read into it
 * @returns false where that cannot be: everything comes as 'data'
 */
export function readInto(
  socket: Socket,
  memory: () => Buffer,
  onRead: (memory: Buffer, bytes: number) => void,
): boolean {
  // TLS has its own way of reading.
  if (Object.getPrototypeOf(socket) !== Socket.prototype) return false;
  const inside = socket as unknown as Record<symbol, unknown> & { _handle?: Handle | null };
  const handle = inside._handle;
  const buffer = fieldOf(socket, 'kBuffer');
  const callback = fieldOf(socket, 'kBufferCb');
  const generator = fieldOf(socket, 'kBufferGen');
  if (buffer === undefined || callback === undefined || generator === undefined) return false;
  if (typeof handle?.useUserBuffer !== 'function') return false;
  let current = memory();
  inside[buffer] = current;
  inside[callback] = (bytes: number, target: Buffer): boolean => {
    onRead(target, bytes);
    return true; // who wants no more pauses the socket
  };
  // The same again is nothing to tell: saying so is not free.
  inside[generator] = (): Buffer | undefined => {
    const next = memory();
    if (next === current) return undefined;
    current = next;
    return next;
  };
  handle.useUserBuffer(current);
  return true;
}

interface Handle {
  useUserBuffer?: (memory: Uint8Array) => void;
}

function fieldOf(socket: Socket, name: string): symbol | undefined {
  return Object.getOwnPropertySymbols(socket).find(({ description }) => description === name);
}
