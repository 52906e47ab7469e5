import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { builtOdradek } from '../compat/support/built-odradek.ts';

const startTimeoutMs = 60_000;

/** The built broker as a process of its own, to be killed. */
export class KilledBroker {
  /** What it logged as an error or printed on standard error. */
  readonly complaints: string[] = [];
  readonly ended: Promise<string>;
  private constructor(private readonly child: ChildProcess) {
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve(signal ?? `code ${code ?? ''}`));
    });
  }

  /** Begins a start; `address` tells when it is over. @param port  0: any free one */
  static spawn(folder: string, properties: readonly string[], port = 0): KilledBroker {
    const overrides = properties.flatMap((property) => ['--override', property]);
    const child = spawn(
      process.execPath,
      [builtOdradek, '--port', `${port}`, '--json', '--data', folder, ...overrides],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const killIt = (): void => void child.kill('SIGKILL');
    process.once('exit', killIt);
    child.once('exit', () => process.removeListener('exit', killIt));
    return new KilledBroker(child);
  }

  /** Where it listens, once it is ready. */
  address(): Promise<string> {
    return new Promise((resolve, reject) => {
      const tooLate = setTimeout(
        () => reject(new Error('the broker does not start')),
        startTimeoutMs,
      );
      void this.ended.then((how) => {
        clearTimeout(tooLate);
        reject(new Error(`the broker ended with ${how}: ${this.complaints.join('; ')}`));
      });
      const { stdout, stderr } = this.child;
      createInterface(stderr!).on('line', (line) => this.complaints.push(line));
      createInterface(stdout!).on('line', (text) => {
        const line = JSON.parse(text) as {
          level: string;
          message: string;
          bootstrapServers?: string;
        };
        if (line.level === 'error') this.complaints.push(text);
        if (line.bootstrapServers === undefined) return;
        clearTimeout(tooLate);
        resolve(line.bootstrapServers);
      });
    });
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  /** Asks it to stop. `ended` tells how it did. */
  stop(): void {
    this.child.kill('SIGTERM');
  }
}
