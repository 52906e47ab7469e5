import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Both of its outputs go here. */
  readonly outputFile: string;
  /** It and all that it started are killed then. */
  readonly timeoutMs: number;
}

export interface CommandResult {
  /** Null when it was killed, by us or by a signal of its own. */
  readonly code: number | null;
  readonly isTimedOut: boolean;
  readonly seconds: number;
  readonly output: string;
}

/** Process groups that still run: they end with this process, however that ends. */
const running = new Set<number>();
process.once('exit', () => {
  for (const group of running) killGroup(group);
});

/** Runs a program to its end, in a process group of its own. */
export async function runCommand(how: Command): Promise<CommandResult> {
  const startedAt = performance.now();
  const output = openSync(how.outputFile, 'w');
  const child = spawn(how.command, how.args, {
    cwd: how.cwd,
    env: how.env ?? process.env,
    stdio: ['ignore', output, output],
    detached: true,
  });
  closeSync(output);
  const group = child.pid;
  if (group !== undefined) running.add(group);
  let isTimedOut = false;
  const timer = setTimeout(() => {
    isTimedOut = true;
    if (group !== undefined) killGroup(group);
  }, how.timeoutMs);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', resolve);
    });
    return {
      code,
      isTimedOut,
      seconds: (performance.now() - startedAt) / 1000,
      output: readFileSync(how.outputFile, 'utf8'),
    };
  } finally {
    clearTimeout(timer);
    if (group !== undefined) {
      killGroup(group); // what it left behind
      running.delete(group);
    }
  }
}

/** As `runCommand`, for what has to go well: throws with the end of its output. */
export async function mustRun(how: Command): Promise<CommandResult> {
  const result = await runCommand(how);
  if (result.code === 0) return result;
  const end = result.isTimedOut ? 'timed out' : `ended with ${result.code ?? 'a signal'}`;
  throw new Error(`${how.command} ${how.args.join(' ')} ${end}\n${result.output.slice(-4000)}`);
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // Nothing of it is left, which is what was wanted.
  }
}
