import type { CommandResult } from '../frame/command.ts';
import type { TestResult, Verdict } from '../frame/suite.ts';

const verdictOf: Readonly<Record<string, Verdict>> = { PASS: 'pass', FAIL: 'fail', SKIP: 'skip' };

/**
 * What `go test -v` printed of one test and its subtests. A test that prints no verdict, as its process panicked or
 * was killed, has failed.
 */
export function resultsOf(
  test: string,
  { output, isTimedOut, seconds }: Pick<CommandResult, 'output' | 'isTimedOut' | 'seconds'>,
): TestResult[] {
  const results = [...output.matchAll(/^ *--- (PASS|FAIL|SKIP): (\S+) \(([\d.]+)s\)/gm)].map(
    ([, word = '', name = '', time = '']) => ({
      test: name,
      verdict: verdictOf[word] ?? 'fail',
      seconds: Number(time),
      note: word === 'PASS' ? '' : saidBy(name, output),
    }),
  );
  if (results.some((one) => one.test === test)) return results;
  const panic = /^panic: (.*)$/m.exec(output)?.[1];
  const note = isTimedOut ? 'timed out' : (panic ?? 'no verdict').slice(0, 200);
  return [...results, { test, verdict: 'fail', seconds, note }];
}

/** The first line that a test logged by itself: `file_test.go:12: words`, under a line that names the test. */
function saidBy(test: string, output: string): string {
  let current = '';
  for (const line of output.split('\n')) {
    current = /^=== (?:RUN|NAME|CONT) +(\S+)/.exec(line)?.[1] ?? current;
    const words = /^ +\w+_test\.go:\d+: (.*)$/.exec(line)?.[1];
    if (words !== undefined && current === test) return words.slice(0, 200);
  }
  return '';
}
