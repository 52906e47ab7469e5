const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left on the device',
  EEXIST: 'it is a file, not a folder',
  EISDIR: 'it is a folder, not a file',
  ENOENT: 'it is not there',
  ENOTDIR: 'part of it is a file, not a folder',
};

interface SystemError extends Error {
  readonly code?: string;
  readonly path?: string;
  readonly address?: string;
  readonly port?: number;
}

/** Why a file or folder cannot be used, in words. */
export const reasonInWords = (error: unknown): string =>
  reasons[(error as SystemError).code ?? ''] ?? (error as Error).message;

/** Why the broker cannot start, in a sentence. */
export function failureInWords(error: unknown): string {
  const { code = '', path, address, port, message } = error as SystemError;
  if (code === 'EADDRINUSE') {
    const where = `${address ?? ''}:${port ?? ''}`;
    return `${where} is in use, perhaps by another broker; --port takes another port, 0 any free one`;
  }
  if (code === 'EACCES' && port !== undefined) {
    return `cannot listen on ${address ?? ''}:${port}: permission denied; --port takes another port`;
  }
  if (code === 'ENOTFOUND') return `${message.split(' ').at(-1) ?? 'the host'} is no known host`;
  const reason = reasons[code];
  return reason !== undefined && path !== undefined ? `cannot use ${path}: ${reason}` : message;
}
