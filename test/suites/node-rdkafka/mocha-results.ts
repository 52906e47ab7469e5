import type { TestResult } from '../frame/suite.ts';

/** What a line of mocha's `json-stream` reporter says of one test. */
interface MochaTest {
  readonly fullTitle: string;
  /** In ms; a test that failed may have none. */
  readonly duration?: number;
  /** The message of its failure. */
  readonly err?: string;
}

/** Reads the results out of what mocha printed with its `json-stream` reporter, among other lines. */
export function mochaResults(file: string, output: string): TestResult[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('["pass",') || line.startsWith('["fail",'))
    .map((line) => {
      const [event, test] = JSON.parse(line) as ['pass' | 'fail', MochaTest];
      return {
        test: `${file}: ${test.fullTitle}`,
        verdict: event,
        seconds: (test.duration ?? 0) / 1000,
        note: (test.err ?? '').slice(0, 200),
      };
    });
}
