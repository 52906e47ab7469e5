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
}

/** Why a file or folder cannot be used, in words. */
export const reasonInWords = (error: unknown): string =>
  reasons[(error as SystemError).code ?? ''] ?? (error as Error).message;

/** Why the broker cannot start, in a sentence. */
export function failureInWords(error: unknown): string {
  const { code = '', path, message } = error as SystemError;
  const reason = reasons[code];
  return reason !== undefined && path !== undefined ? `cannot use ${path}: ${reason}` : message;
}
