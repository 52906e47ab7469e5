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

/**
 * @param parse  calls Node's `parseArgs`
 * @throws {UsageError} what it does not like
 */
export function parsed<T>(parse: () => T, command?: string): T {
  try {
    return parse();
  } catch (error) {
    // Node explains how to pass an argument that begins with a dash, which nobody here needs.
    const [message = 'wrong usage'] = (error as Error).message.split('. ');
    throw new UsageError(message, command);
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
