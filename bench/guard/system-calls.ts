import { execFileSync, spawn } from 'node:child_process';
import type { SystemCallCounter } from './counts.ts';

/** Counts by `strace -c`; undefined where there is none, or where it may not attach. */
export const straceCounter: SystemCallCounter = async (pid, work) => {
  if (!hasStrace()) return undefined;
  const strace = spawn('strace', ['-f', '-c', '-U', 'calls,name', '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  const attached = new Promise<boolean>((resolve) => {
    strace.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('attached')) resolve(true);
    });
    strace.once('exit', () => resolve(false));
  });
  if (!(await attached)) return undefined;
  await work();
  const ended = new Promise((resolve) => strace.once('close', resolve));
  strace.kill('SIGINT');
  await ended;
  const rows = [...output.matchAll(/^\s*(\d+)\s+([a-z_0-9]+)$/gm)];
  return new Map(
    rows
      .filter(([, , name]) => name !== 'total')
      .map(([, calls, name]) => [name ?? '', Number(calls)]),
  );
};

function hasStrace(): boolean {
  try {
    execFileSync('strace', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
