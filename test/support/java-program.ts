import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Enough for these small amounts of data; the machine is for the brokers. */
const JVM_FLAGS = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

export interface JavaCommand {
  /** Names its folder and its mistakes. */
  readonly name: string;
  /** Where it may write; made when missing. */
  readonly folder: string;
  /** Folders of classes, and `FOLDER/*` for the jars in one. */
  readonly classPath: readonly string[];
  /** A file of log4j2. */
  readonly logging: string;
  readonly mainClass: string;
  readonly args: readonly string[];
}

/** A Java program in a process of its own, whose lines are kept, and which may be killed. Its standard input ends with ours. */
export class JavaProgram {
  /** What it has printed; only lines that somebody may ask for, as there are many. */
  private readonly lines: string[] = [];
  private readonly watchers = new Set<(line: string) => void>();
  /** How the process ended. */
  readonly ended: Promise<string>;
  private constructor(
    readonly name: string,
    private readonly child: ChildProcess,
    outputFile: string,
  ) {
    const file = createWriteStream(outputFile, { flags: 'a' });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream!).on('line', (line) => {
        file.write(`${line}\n`);
        this.lines.push(line);
        for (const watch of this.watchers) watch(line);
      });
    }
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        file.end();
        resolve(signal ?? `code ${code ?? ''}`);
      });
    });
  }

  static async start(command: JavaCommand): Promise<JavaProgram> {
    const temporary = join(command.folder, 'tmp');
    await mkdir(temporary, { recursive: true });
    const child = spawn(
      'java',
      [
        ...[...JVM_FLAGS, `-Djava.io.tmpdir=${temporary}`],
        `-Dlog4j2.configurationFile=${command.logging}`,
        ...['-cp', command.classPath.join(':'), command.mainClass, ...command.args],
      ],
      { stdio: 'pipe' },
    );
    const killIt = (): void => void child.kill('SIGKILL');
    process.once('exit', killIt);
    child.once('exit', () => process.removeListener('exit', killIt));
    return new JavaProgram(command.name, child, join(command.folder, 'output.log'));
  }

  /** The lines so far that match. */
  printed(pattern: RegExp): string[] {
    return this.lines.filter((line) => pattern.test(line));
  }

  /** Resolves at the first line that matches, also an earlier one; fails when the program ends without. */
  async untilPrinted(pattern: RegExp, timeoutMs: number): Promise<void> {
    if (this.printed(pattern).length > 0) return;
    let watch: (line: string) => void = () => undefined;
    let timer: NodeJS.Timeout | undefined;
    const told = new Promise<void>((resolve, reject) => {
      watch = (line) => {
        if (pattern.test(line)) resolve();
      };
      this.watchers.add(watch);
      const tooLate = `${this.name} did not print ${String(pattern)} in ${timeoutMs} ms`;
      timer = setTimeout(() => reject(new Error(tooLate)), timeoutMs);
    });
    try {
      await this.whileRunning(told);
    } finally {
      clearTimeout(timer);
      this.watchers.delete(watch);
    }
  }

  /** Waits for work that needs this program: fails when the program ends first. */
  async whileRunning(work: Promise<void>): Promise<void> {
    const end = this.ended.then((how) => {
      throw new Error(`${this.name} ended with ${how}:\n${this.lines.slice(-20).join('\n')}`);
    });
    await Promise.race([work, end]);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  /** Asks it to stop, and insists after a while. */
  async stop(timeoutMs: number): Promise<string> {
    this.child.kill('SIGTERM');
    const insist = setTimeout(() => this.child.kill('SIGKILL'), timeoutMs);
    const how = await this.ended;
    clearTimeout(insist);
    return how;
  }
}
