import { Socket } from 'node:net';
import { streamBinding } from './stream-binding.ts';

/**
 * Lets a socket read into memory that is lent to it, in the place of 64 KiB of new memory for each
 * read: at hundreds of megabytes per second that memory is most of what a garbage collector does.
 *
 * Node offers this (`onread`) to sockets that connect, not to those that are accepted, although both
 * are the same inside. So what it does for those is done here. The end of the stream and errors are
 * left to Node, and chunks that arrived before come as 'data'.
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
  if (Object.getPrototypeOf(socket) !== Socket.prototype || streamBinding === undefined)
    return false;
  const inside = socket as unknown as Record<symbol, unknown> & { _handle?: Handle | null };
  const handle = inside._handle;
  // Node stops and resumes reading at once where this field is set.
  const lentField = Object.getOwnPropertySymbols(socket).find(
    ({ description }) => description === 'kBuffer',
  );
  if (lentField === undefined || typeof handle?.useUserBuffer !== 'function') return false;
  const { streamBaseState: state, kReadBytesOrError: result } = streamBinding;
  const { onread } = handle;
  let lent = memory();
  handle.onread = (chunk) => {
    const bytes = state[result] as number;
    if (bytes <= 0 || socket.destroyed) return onread.call(handle, chunk);
    onRead(lent, bytes);
    const next = memory();
    if (next === lent) return undefined;
    inside[lentField] = lent = next;
    return next;
  };
  inside[lentField] = lent;
  handle.useUserBuffer(lent);
  return true;
}

interface Handle {
  useUserBuffer?: (memory: Uint8Array) => void;
  /** Called for each read; gives where the next one goes, if that is elsewhere. */
  onread: (this: unknown, chunk: ArrayBuffer | undefined) => Buffer | undefined;
}
