import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(__dirname, '../..');

/** Our program, built for one test file, and a folder to run it in. */
export class Program {
  private constructor(
    private readonly builtFolder: string,
    /** Where it runs. */
    readonly folder: string,
  ) {}

  static async build(): Promise<Program> {
    mkdirSync(join(root, '.cache'), { recursive: true });
    // Within the project, where its packages are found.
    const builtFolder = mkdtempSync(join(root, '.cache/bin-test-'));
    await build({
      entryPoints: [join(root, 'bin/odradek.ts')],
      outdir: builtFolder,
      bundle: true,
      splitting: true,
      packages: 'external',
      format: 'esm',
      platform: 'node',
      target: 'node20.19',
      outExtension: { '.js': '.mjs' },
    });
    return new Program(builtFolder, mkdtempSync(join(tmpdir(), 'odradek-bin-')));
  }

  run(args: string[], environment: Record<string, string> = {}): Run {
    return new Run(join(this.builtFolder, 'odradek.mjs'), this.folder, args, environment);
  }

  /** Runs it where nothing can be written to standard error, which the disk has no room for. */
  runWithoutRoom(args: string[]): Run {
    const full = openSync('/dev/full', 'w');
    try {
      return new Run(join(this.builtFolder, 'odradek.mjs'), this.folder, args, {}, full);
    } finally {
      closeSync(full);
    }
  }

  /** Runs it as a process that may have so many files and sockets open (`ulimit -n`). */
  runWithin(descriptors: number, args: string[]): Run {
    const limit = ['sh', '-c', `ulimit -n ${descriptors}; exec "$0" "$@"`];
    return new Run(join(this.builtFolder, 'odradek.mjs'), this.folder, args, {}, 'pipe', limit);
  }

  /** What a run to its end left. */
  async ended(args: string[], environment: Record<string, string> = {}) {
    const run = this.run(args, environment);
    const code = await run.exited;
    return { code, stdout: run.stdout, stderr: run.stderr };
  }

  remove(): void {
    rmSync(this.builtFolder, { recursive: true, force: true });
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A run of the program. */
export class Run {
  stdout = '';
  stderr = '';
  readonly exited: Promise<number | null>;
  private readonly child: ChildProcess;

  constructor(
    program: string,
    folder: string,
    args: string[],
    environment: Record<string, string>,
    stderr: 'pipe' | number = 'pipe',
    launcher: readonly string[] = [],
  ) {
    const [command = '', ...rest] = [...launcher, process.execPath, program, ...args];
    this.child = spawn(command, rest, {
      cwd: folder,
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['ignore', 'pipe', stderr],
    });
    this.child.stdout!.on('data', (data: Buffer) => (this.stdout += data.toString()));
    this.child.stderr?.on('data', (data: Buffer) => (this.stderr += data.toString()));
    this.exited = new Promise((resolve) => {
      this.child.once('close', (code) => {
        resolve(code);
      });
    });
  }

  /** Waits for words in what it wrote, and gives the first group of them. */
  async written(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.stdout + this.stderr);
      if (found !== null) return found[1] ?? found[0];
      if (this.child.exitCode !== null) throw new Error(`ended: ${this.stdout}${this.stderr}`);
      await new Promise((resolve) => this.child.stdout!.once('data', resolve));
    }
  }

  get pid(): number {
    return this.child.pid!;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }
}
