import { createRequire } from 'node:module';
import type { Worker, WorkerOptions } from 'node:worker_threads';

/** Code of its own that answers questions, one at a time, beside the event loop. */
export interface Thread {
  /**
   * @param question  plain values
   * @param moved     what of it changes hands without a copy
   * @throws {Error} the thread has ended, or ends before it answers
   */
  ask(question: unknown, moved: readonly ArrayBuffer[]): Promise<unknown>;
  /** Ends it at once, whatever it does. */
  end(): void;
}

/** Loads when it is needed, which is seldom: a start is shorter by some ms without. */
const load = createRequire(import.meta.url);

/** Beside memory that is no JavaScript's, as the bytes of batches are. */
const resourceLimits = { maxOldGenerationSizeMb: 512 };

/** Node's options are meant for the process. */
function ownOptions(): WorkerOptions {
  const env = { ...process.env };
  delete env['NODE_OPTIONS'];
  return { execArgv: [], env };
}

/** A thread of the process. It does not keep the process alive. */
export class SystemThread implements Thread {
  private readonly worker: Worker;
  private waiting: { resolve(answer: unknown): void; reject(error: unknown): void } | undefined;
  private failure: Error | undefined;

  /** @param file  path of the code: it answers each message of its `parentPort` with one */
  constructor(file: string) {
    const threads = load('node:worker_threads') as typeof import('node:worker_threads');
    this.worker = new threads.Worker(file, { ...ownOptions(), resourceLimits });
    this.worker.unref();
    this.worker.on('message', (answer: unknown) => this.settle()?.resolve(answer));
    this.worker.on('messageerror', (error) => this.fail(error));
    this.worker.on('error', (error) => this.fail(error));
    this.worker.on('exit', () => this.fail(new Error('the thread has ended')));
  }

  ask(question: unknown, moved: readonly ArrayBuffer[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.failure !== undefined) {
        reject(this.failure);
        return;
      }
      this.waiting = { resolve, reject };
      this.worker.ref();
      this.worker.postMessage(question, moved);
    });
  }

  end(): void {
    void this.worker.terminate();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.settle()?.reject(this.failure);
  }

  private settle() {
    const { waiting } = this;
    this.waiting = undefined;
    this.worker.unref();
    return waiting;
  }
}

/**
 * @param name  of the code, among the `imports` of the package
 * @returns undefined where it is not there (in a bundle of somebody else), or threads are forbidden
 */
export function startThread(name: string): Thread | undefined {
  try {
    return new SystemThread(load.resolve(name));
  } catch {
    return undefined;
  }
}
