import type { TestResult } from '../frame/suite.ts';

/** A line of `reporter.ts`; `skipped` is true, a reason, or false. */
export interface TestEnded {
  readonly name: string;
  /** 0 for a test of the file, 1 for a test in it. Those within a test end before it does. */
  readonly nesting: number;
  readonly isPassed: boolean;
  readonly skipped: boolean | string;
  readonly seconds: number;
  readonly note: string;
}

/**
 * The results of one file, each called by the file, the tests it is in and its own name, with a number where another
 * has these too. A file that was killed, or ended before its first test, has failed as a whole.
 */
export function resultsOf(
  file: string,
  run: { readonly events: string; readonly isTimedOut: boolean; readonly seconds: number },
): TestResult[] {
  const ended = run.events
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TestEnded);
  const timesUsed = new Map<string, number>();
  const results = ended.map((one, index): TestResult => {
    const name = [file, ...parentsOf(ended, index), one.name].join(' > ');
    const uses = (timesUsed.get(name) ?? 0) + 1;
    timesUsed.set(name, uses);
    const words = typeof one.skipped === 'string' ? one.skipped : one.note;
    return {
      test: uses === 1 ? name : `${name} (${uses})`,
      verdict: one.skipped !== false ? 'skip' : one.isPassed ? 'pass' : 'fail',
      seconds: one.seconds,
      note: words.slice(0, 200),
    };
  });
  if (!run.isTimedOut && results.length > 0) return results;
  const note = run.isTimedOut ? 'timed out' : 'no test ended';
  return [...results, { test: file, verdict: 'fail', seconds: run.seconds, note }];
}

/** The tests that a test is in: those that end next, each one level further out. */
function parentsOf(ended: readonly TestEnded[], index: number): string[] {
  const parents: string[] = [];
  let nesting = ended[index]?.nesting ?? 0;
  for (const one of ended.slice(index + 1)) {
    if (nesting === 0) break;
    if (one.nesting !== nesting - 1) continue;
    parents.unshift(one.name);
    nesting = one.nesting;
  }
  return parents;
}
