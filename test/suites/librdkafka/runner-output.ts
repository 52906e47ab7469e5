import type { CommandResult } from '../frame/command.ts';
import type { TestResult, Verdict } from '../frame/suite.ts';

/** Words of the runner's own table at the end of its output. */
const verdictOf: Readonly<Record<string, Verdict>> = {
  PASSED: 'pass',
  FAILED: 'fail',
  RUNNING: 'fail', // still, when the runner gave up
  SKIPPED: 'skip',
};

/**
 * What became of some tests, as the table says that librdkafka's runner prints at its end; where it was killed or ended
 * itself before that, all of them failed.
 */
export function resultsOf(
  names: readonly string[],
  run: Pick<CommandResult, 'code' | 'isTimedOut' | 'seconds' | 'output'>,
): TestResult[] {
  // eslint-disable-next-line no-control-regex -- colours of a terminal
  const output = run.output.replaceAll(/\x1b\[[0-9;]*m/g, '');
  const rows = new Map<string, TestResult>();
  for (const [, test = '', state = '', seconds = '', note = ''] of output.matchAll(
    /^\| *(\d{4}_\w+) *\| *(\w+) *\| *([\d.]+)s *\|(.*(?:\n[^|#].*)*)/gm,
  )) {
    const verdict = verdictOf[state];
    if (verdict !== undefined) {
      rows.set(test, { test, verdict, seconds: Number(seconds), note: note.trim().slice(0, 300) });
    }
  }
  const end = run.isTimedOut ? 'timed out' : `the runner ended with ${run.code ?? 'a signal'}`;
  return names.map((test) => {
    const note = failureOf(test, output) ?? end;
    return rows.get(test) ?? { test, verdict: 'fail', seconds: run.seconds, note };
  });
}

/** The result of one subtest of a test, which ran by itself; one that never began, or says so, is a skip. */
export function subtestResult(
  test: string,
  name: string,
  run: Parameters<typeof resultsOf>[1],
): TestResult {
  const [whole] = resultsOf([name], run);
  const subtest = `\\[ ${test.slice(name.length + 1)}:\\d+`;
  const began = new RegExp(`${subtest}[^\\n]*`).test(run.output);
  const why = new RegExp(`${subtest}[^\\n]*: SKIP: ([^\\n\\]]*)`).exec(run.output)?.[1]?.trim();
  if (whole?.verdict === 'pass' && (!began || why !== undefined)) {
    return { test, verdict: 'skip', seconds: run.seconds, note: why ?? 'ran nothing' };
  }
  return { ...(whole ?? { verdict: 'fail', note: '' }), test, seconds: run.seconds };
}

/** What a test said when it failed. */
function failureOf(test: string, output: string): string | undefined {
  const [, place = '', words = ''] =
    new RegExp(`^### Test "${test}\\b[^"]*" failed at ([^ ]*).*###\\n(.*)`, 'm').exec(output) ?? [];
  return words === '' ? undefined : `${place} ${words}`.slice(0, 300);
}
