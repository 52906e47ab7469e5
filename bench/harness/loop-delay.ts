import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** How far apart the times are at which the loop is looked at; half as much takes twice the processor time. */
const resolutionMs = 2;
const longestAnswerMs = 10_000;

/** How late a timer was, since it was asked last. */
export interface LoopDelay {
  readonly loopP99Ms: number;
  readonly loopMaxMs: number;
}

/**
 * Runs inside the watched process, before its first line. Whoever sends the signal finds the answer
 * in a file; the next answer begins at this one.
 */
const preload = (answerFile: string) => `
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { renameSync, writeFileSync } from 'node:fs';
const delays = monitorEventLoopDelay({ resolution: ${resolutionMs} });
delays.enable();
process.on('SIGUSR2', () => {
  const answer = JSON.stringify({ p99: delays.percentile(99), max: delays.max });
  delays.reset();
  writeFileSync(${JSON.stringify(`${answerFile}.partial`)}, answer);
  renameSync(${JSON.stringify(`${answerFile}.partial`)}, ${JSON.stringify(answerFile)});
});
`;

/** Watches the event loop of a Node process that is started with these options. */
export class LoopWatch {
  readonly nodeOptions: readonly string[];

  /** @param answerFile  is made, and removed, as often as something is asked */
  constructor(private readonly answerFile: string) {
    const source = encodeURIComponent(preload(answerFile));
    this.nodeOptions = ['--import', `data:text/javascript,${source}`];
  }

  /** The delays since the last time; the process must have come to its first line. */
  async take(pid: number): Promise<LoopDelay> {
    process.kill(pid, 'SIGUSR2');
    const deadline = performance.now() + longestAnswerMs;
    while (!existsSync(this.answerFile)) {
      if (performance.now() > deadline) throw new Error('the event loop gives no answer');
      await pause(5);
    }
    const { p99, max } = JSON.parse(await readFile(this.answerFile, 'utf8')) as LoopTimes;
    await rm(this.answerFile);
    return { loopP99Ms: lateness(p99), loopMaxMs: lateness(max) };
  }
}

/** From one firing of a timer to the next, in nanoseconds. */
interface LoopTimes {
  readonly p99: number;
  readonly max: number;
}

/** The timer is to fire once in each interval: what goes beyond that is delay. */
const lateness = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolutionMs);
