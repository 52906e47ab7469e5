import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const startTimeoutMs = 30_000;
const stopTimeoutMs = 15_000;

/** So that what attacks make grows neither for ever nor for long. */
const properties = [
  'log.segment.bytes=1048576',
  'log.retention.bytes=4194304',
  'log.retention.check.interval.ms=1000',
  'group.min.session.timeout.ms=1000',
  'group.max.session.timeout.ms=10000',
];

/** Garbage is no growth, and an idle process keeps it. Twice: finalizers let go of more. */
const onSignal = 'process.on("SIGUSR2", () => { gc(); setImmediate(gc); });';
const collectable = ['--expose-gc', '--import', `data:text/javascript,${onSignal}`];

interface Line {
  readonly level: string;
  readonly message: string;
  readonly bootstrapServers?: string;
  readonly error?: string;
}

/** The built broker in a process of its own, whose log is read. */
export class FuzzedBroker {
  /** What it logged as an error, and how often: nothing that a client sends may lead to one. */
  readonly errors = new Map<string, number>();
  private exit = '';

  private constructor(private readonly child: ChildProcess) {}

  static async start(where: readonly string[]): Promise<FuzzedBroker & { address: string }> {
    const overrides = properties.flatMap((property) => ['--override', property]);
    const child = spawn(
      process.execPath,
      [...collectable, 'dist/bin/odradek.js', '--port', '0', '--json', ...where, ...overrides],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    process.once('exit', () => child.kill('SIGKILL'));
    const broker = new FuzzedBroker(child);
    const address = await broker.ready();
    return Object.assign(broker, { address });
  }

  /** Why it is gone, if it is. */
  get ended(): string | undefined {
    return this.exit === '' ? undefined : this.exit;
  }

  collectGarbage(): void {
    this.child.kill('SIGUSR2');
  }

  /** Physical memory, in bytes. */
  get residentBytes(): number {
    if (this.exit !== '') return NaN;
    const status = readFileSync(`/proc/${this.child.pid ?? 0}/status`, 'utf8');
    const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
    return Number(kibibytes) * 1024;
  }

  /** @returns how it ended: `code 0` when all is well */
  async stop(): Promise<string> {
    if (this.exit !== '') return this.exit;
    const force = setTimeout(() => this.child.kill('SIGKILL'), stopTimeoutMs);
    this.child.kill('SIGTERM');
    await new Promise((resolve) => this.child.once('exit', resolve));
    clearTimeout(force);
    return this.exit;
  }

  private ready(): Promise<string> {
    return new Promise((resolve, reject) => {
      const { child } = this;
      const tooLate = setTimeout(
        () => reject(new Error('the broker does not start')),
        startTimeoutMs,
      );
      child.once('exit', (code, signal) => {
        this.exit = code === null ? `signal ${signal ?? ''}` : `code ${code}`;
        reject(new Error(`the broker ended with ${this.exit}`));
      });
      const { stdout, stderr } = child;
      if (stdout === null || stderr === null) throw new Error('no output');
      // What Node itself has to say: an uncaught exception, a lack of memory.
      createInterface(stderr).on('line', (line) => this.note(line));
      createInterface(stdout).on('line', (text) => {
        const line = JSON.parse(text) as Line;
        if (line.level === 'error') this.note(`${line.message}: ${firstLines(line.error)}`);
        if (line.bootstrapServers === undefined) return;
        clearTimeout(tooLate);
        resolve(line.bootstrapServers);
      });
    });
  }

  private note(error: string): void {
    this.errors.set(error, (this.errors.get(error) ?? 0) + 1);
  }
}

/** Enough of a stack to find the place. */
function firstLines(stack = ''): string {
  return stack.split('\n').slice(0, 4).join('\n');
}
