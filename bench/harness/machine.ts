import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';

/** The machine in a sentence. */
export function machineInWords(): string {
  const [first] = cpus();
  const java = firstLine('java', ['-version']);
  const go = firstLine('go', ['version']);
  return [
    `${cpus().length} x ${first?.model.trim() ?? 'unknown processor'}`,
    `${(totalmem() / 1024 ** 3).toFixed(0)} GiB of memory`,
    `Linux ${release()}`,
    `Node ${process.versions.node}`,
    java === '' ? 'no Java' : java.replaceAll('"', ''),
    go === '' ? 'no Go' : go,
  ].join(', ');
}

function firstLine(program: string, args: readonly string[]): string {
  try {
    // Java says its version on standard error.
    const script = '"$0" "$@" 2>&1';
    const output = execFileSync('bash', ['-c', script, program, ...args], { encoding: 'utf8' });
    return output.split('\n')[0] ?? '';
  } catch {
    return '';
  }
}
