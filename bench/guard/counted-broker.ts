import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { answers, freePorts } from '../../scripts/apache-kafka/broker-process.ts';
import { callsOf, type Calls } from '../harness/process-usage.ts';

/** Memory of the broker, in bytes. */
export interface Heap {
  /** On the JavaScript heap. */
  readonly used: number;
  /** Buffers outside of it. */
  readonly external: number;
  /** Garbage collections so far. */
  readonly collections: number;
}

/**
 * Runs inside the broker, before its first line: answers each message with what the heap holds,
 * after a collection when it is asked for one.
 */
const preload = `
import { getHeapStatistics } from 'node:v8';
import { PerformanceObserver } from 'node:perf_hooks';
let collections = 0;
new PerformanceObserver((list) => (collections += list.getEntries().length)).observe({ entryTypes: ['gc'] });
process.on('message', (collects) => {
  if (collects) gc();
  setImmediate(() => {
    const { used_heap_size: used, external_memory: external } = getHeapStatistics();
    process.send({ used, external, collections });
  });
});
process.channel.unref();
`;

/** Large enough that nothing is collected while something is counted. */
const youngGenerationMegabytes = 192;

const nodeOptions = [
  '--expose-gc',
  // Else collections drop the code of what has not run lately, and it is compiled again when it does.
  '--no-flush-bytecode',
  `--min-semi-space-size=${youngGenerationMegabytes}`,
  `--max-semi-space-size=${youngGenerationMegabytes}`,
  ...['--import', `data:text/javascript,${encodeURIComponent(preload)}`],
];

/** The sources as they are now, in a process of their own that tells of its heap. */
export class CountedBroker {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folders: readonly string[],
    readonly address: string,
  ) {}

  /** @param more  options of the command line */
  static async start(more: readonly string[] = []): Promise<CountedBroker> {
    // Beside the packages that it imports.
    await mkdir('node_modules/.cache', { recursive: true });
    const program = await mkdtemp('node_modules/.cache/odradek-guard-');
    const home = await mkdtemp(join(tmpdir(), 'odradek-guard-'));
    await build({
      ...{ entryPoints: ['bin/odradek.ts'], outdir: program, outbase: '.', bundle: true },
      ...{ packages: 'external', platform: 'node', target: 'node20.19', format: 'esm' },
      ...{ splitting: true, logLevel: 'warning' },
    });
    const [port = 0] = await freePorts(1);
    const options = ['--port', String(port), '--data', join(home, 'data'), '--log-level', 'error'];
    const args = [...nodeOptions, join(program, 'bin/odradek.js'), ...options, ...more];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const broker = new CountedBroker(child, [program, home], `127.0.0.1:${port}`);
    const ended = new Promise<never>((_, reject) =>
      child.once('exit', (code) => reject(new Error(`the broker ended with ${code ?? '?'}`))),
    );
    ended.catch(() => undefined);
    const begun = (async () => {
      while (!(await answers(port))) await new Promise((resolve) => setTimeout(resolve, 20));
    })();
    await Promise.race([begun, ended]);
    return broker;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get calls(): Calls {
    return callsOf(this.pid);
  }

  async heap(collects: boolean): Promise<Heap> {
    return new Promise((resolve) => {
      this.child.once('message', (heap) => resolve(heap as Heap));
      this.child.send(collects);
    });
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
    for (const folder of this.folders) await rm(folder, { recursive: true, force: true });
  }
}
