import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** How a broker is started; the same for every start of one broker. */
export interface BrokerCommand {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly ports: readonly number[];
  /** Where its standard output and error go; shown when it does not start. */
  readonly outputFile: string;
}

/** Whatever runs is ended with this process, however that ends. */
const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** A broker in a process of its own, that can be stopped and started again. */
export class BrokerProcess {
  private child: ChildProcess | null = null;

  constructor(private readonly how: BrokerCommand) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Starts it and waits until every port answers an ApiVersions request. */
  async start(timeoutMs = 180_000): Promise<void> {
    const output = openSync(this.how.outputFile, 'a');
    const child = spawn(this.how.command, this.how.args, {
      stdio: ['ignore', output, output],
      env: this.how.env ?? process.env,
    });
    closeSync(output);
    this.child = child;
    alive.add(child);
    let failure: string | null = null;
    child.once('error', (error) => (failure = error.message));
    child.once('exit', (code, signal) => {
      alive.delete(child);
      failure = `ended with ${code ?? signal ?? 'nothing'}`;
    });
    const deadline = performance.now() + timeoutMs;
    for (const port of this.how.ports) {
      while (!(await answers(port))) {
        if (performance.now() > deadline) failure = `no answer on port ${port}`;
        if (failure !== null)
          throw new Error(`${this.how.name} ${failure}\n${await this.output()}`);
        await pause(20);
      }
    }
  }

  /** Sends a signal and waits for the end of the process. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    const child = this.child;
    if (child === null) return null;
    this.child = null;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    return new Promise((resolve) => {
      const force = setTimeout(() => child.kill('SIGKILL'), 30_000);
      child.once('exit', (code) => {
        clearTimeout(force);
        resolve(code);
      });
      child.kill(signal);
    });
  }

  /** The end of what it printed. */
  async output(): Promise<string> {
    return (await readFile(this.how.outputFile, 'utf8')).slice(-8000);
  }
}

/**
 * Ports nobody listens on now, all different. They are below those that the system gives to whoever asks for any, so that a
 * broker finds its own free when it starts, and when it starts again.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(10_000, 32_000);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

/** Whether nobody listens on this port of the loopback address. */
export async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** ApiVersions, version 0, correlation id 1, client id "probe". */
const API_VERSIONS_REQUEST = Buffer.from([
  ...[0, 0, 0, 15, 0, 18, 0, 0, 0, 0, 0, 1, 0, 5],
  ...Buffer.from('probe'),
]);

/** Whether a Kafka broker answers on this port of the loopback address. */
export async function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const done = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(2_000, () => done(false));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
    socket.once('data', () => done(true));
    socket.once('connect', () => socket.write(API_VERSIONS_REQUEST));
  });
}
