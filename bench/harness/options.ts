import { UsageError } from '../../bin/usage.ts';

/** What a measurement is asked for. `--help`, and what makes no sense, end the process with words. */
export function asked<T>(usage: string, read: (args: readonly string[]) => T): T {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    console.log(usage);
    process.exit();
  }
  try {
    return read(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    process.exit(1);
  }
}
