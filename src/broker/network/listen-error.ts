import type { ListenerAddress } from './listener.ts';
import { hostAndPort } from './host-and-port.ts';

interface SystemError extends Error {
  readonly code?: string;
  readonly address?: string;
}

/** Why a port cannot be listened on: the system's error in words, with its code. */
export function listenError(error: SystemError, { host, port }: ListenerAddress): Error {
  const { code = '', address = host } = error;
  const where = hostAndPort(address, port);
  const words: Readonly<Record<string, string>> = {
    EADDRINUSE: `${where} is in use, perhaps by another broker; take another port, or 0 for any free one`,
    EACCES: `cannot listen on ${where}: permission denied; take another port`,
    EADDRNOTAVAIL: `cannot listen on ${where}: this machine has no such address`,
    ENOTFOUND: `cannot listen on ${host}: no known host`,
    EAI_AGAIN: `cannot listen on ${host}: no known host`,
  };
  return Object.assign(new Error(words[code] ?? error.message, { cause: error }), { code });
}
