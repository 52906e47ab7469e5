import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { ConnectRest } from './connect-rest.ts';

/** Long enough for transactions that a killed worker left open. */
const startTimeoutMs = 180_000;
/** Longer than the minute that its REST server may take (`GRACEFUL_SHUTDOWN_TIMEOUT_MS`). */
const stopTimeoutMs = 120_000;
/** Kept small: two of them stand beside a broker. */
const jvmFlags = ['-Xms128m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** Whatever runs is ended with this process, however that ends. */
const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

export interface WorkerOptions {
  readonly name: string;
  /** Where its properties and its log go. */
  readonly folder: string;
  /** The jars of Kafka Connect. */
  readonly libs: string;
  readonly restPort: number;
  /** All of its properties, less its listener. */
  readonly properties: Readonly<Record<string, string>>;
  /** Hears every line that its connectors print. */
  readonly onLine: (line: string) => void;
}

/** A distributed worker of Kafka Connect in a process of its own, that can be stopped and started again. */
export class ConnectWorker {
  readonly rest: ConnectRest;
  /** How connectors and tasks name the worker that runs them. */
  readonly id: string;
  private child: ChildProcess | null = null;
  private ended: Promise<string> = Promise.resolve('');

  constructor(private readonly options: WorkerOptions) {
    this.id = `127.0.0.1:${options.restPort}`;
    this.rest = new ConnectRest(`http://${this.id}`);
  }

  get name(): string {
    return this.options.name;
  }

  get isRunning(): boolean {
    return this.child !== null;
  }

  /** Starts it and waits until it has joined its group and read its topics. */
  async start(): Promise<void> {
    const { name, folder, libs, properties, onLine } = this.options;
    await mkdir(folder, { recursive: true });
    const file = join(folder, `${name}.properties`);
    const listener = { listeners: `http://${this.id}`, 'rest.advertised.host.name': '127.0.0.1' };
    const lines = Object.entries({ ...properties, ...listener }).map(
      ([key, of]) => `${key}=${of}\n`,
    );
    await writeFile(file, lines.join(''));
    const log = openSync(join(folder, `${name}.log`), 'a');
    const child = spawn(
      'java',
      [
        ...jvmFlags,
        `-Dlog4j2.configurationFile=${join(process.cwd(), 'test/connect/log4j2.xml')}`,
        ...['-cp', join(libs, '*'), 'org.apache.kafka.connect.cli.ConnectDistributed', file],
      ],
      { stdio: ['ignore', 'pipe', log] },
    );
    closeSync(log);
    alive.add(child);
    this.child = child;
    createInterface({ input: child.stdout! }).on('line', onLine);
    this.ended = new Promise((resolve) => {
      // When all that it printed has been read, too.
      child.once('close', (code, signal) => {
        alive.delete(child);
        resolve(signal ?? `code ${code ?? ''}`);
      });
    });
    await this.untilHealthy();
  }

  /** Ends it. @returns how it ended */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<string> {
    const { child } = this;
    if (child === null) return '';
    this.child = null;
    child.kill(signal);
    const force = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    const how = await this.ended;
    clearTimeout(force);
    return how;
  }

  private async untilHealthy(): Promise<void> {
    const ends: string[] = [];
    void this.ended.then((how) => ends.push(how));
    const deadline = performance.now() + startTimeoutMs;
    while (!(await this.rest.isHealthy())) {
      if (performance.now() > deadline) ends.push('it is not healthy');
      if (ends.length > 0) throw new Error(`worker ${this.name} does not start: ${ends.join()}`);
      await pause(100);
    }
  }
}
