import { parseArgs, type ParseArgsConfig } from 'node:util';

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

type Options = NonNullable<ParseArgsConfig['options']>;
interface Asked<T extends Options> {
  readonly args: readonly string[];
  readonly options: T;
  readonly allowPositionals?: boolean;
  /** Whose arguments they are. */
  readonly command?: string;
}

type Parsed<T extends Options> = Pick<
  ReturnType<typeof parseArgs<{ options: T; allowPositionals: boolean }>>,
  'values' | 'positionals'
>;

/**
 * Reads arguments as Node's `parseArgs` does, but a value may be a negative number, and an option
 * that has one value is given once.
 *
 * @throws {UsageError} what makes no sense
 */
export function parsed<const T extends Options>({ command, ...asked }: Asked<T>): Parsed<T> {
  const args = joinNegative(asked.args, asked.options);
  const { values, positionals, tokens } = orUsageError(
    () => parseArgs({ ...asked, args, tokens: true }),
    command,
  );
  const given = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { type, multiple } = asked.options[token.name] ?? {};
    if (type === 'string' && multiple !== true && given.has(token.name)) {
      throw new UsageError(`--${token.name} is given twice`, command);
    }
    given.add(token.name);
  }
  return { values, positionals };
}

/** Makes `--node-id -1` into `--node-id=-1`: no option is a number. */
function joinNegative(args: readonly string[], options: Options): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const last = joined.at(-1) ?? '';
    const takesValue = last.startsWith('--') && options[last.slice(2)]?.type === 'string';
    if (takesValue && /^-\d/.test(arg)) joined.push(`${joined.pop() ?? ''}=${arg}`);
    else joined.push(arg);
  }
  return joined;
}

function orUsageError<T>(parse: () => T, command: string | undefined): T {
  try {
    return parse();
  } catch (error) {
    // Node explains how to pass an argument that begins with a dash, which nobody here needs.
    const [message = 'wrong usage'] = (error as Error).message.split(/\.\s/);
    const option = /^Option '(?:-\w, )?(--[\w-]+)\b.* ambiguous$/.exec(message)?.[1];
    throw new UsageError(option === undefined ? message : `${option} takes a value`, command);
  }
}

/** @throws {UsageError} one is empty, which would be the name of the current folder */
export function requireNames(what: string, names: readonly string[], command?: string): void {
  if (names.includes('')) throw new UsageError(`${what} has an empty name`, command);
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
