/** A command line that makes no sense: how to write it right. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  /** @param command  whose `--help` tells more */
  constructor(
    message: string,
    readonly command?: string,
  ) {
    super(message);
  }
}

/** @throws {UsageError} */
export function wholeNumber(
  option: string,
  text: string,
  lowest: number,
  highest: number,
  command?: string,
): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < lowest || value > highest) {
    const message = `${option} takes a whole number from ${lowest} to ${highest}, not '${text}'`;
    throw new UsageError(message, command);
  }
  return value;
}
