import { relative } from 'node:path';
import type { TestResult, Verdict } from '../frame/suite.ts';

/** What `jest --json` writes, as far as it is read here. */
export interface JestReport {
  readonly testResults: readonly {
    /** The file. */
    readonly name: string;
    /** Why the file could not be run; else a summary of failures. */
    readonly message: string;
    readonly startTime: number;
    readonly endTime: number;
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

const verdictOf: Readonly<Record<string, Verdict>> = {
  passed: 'pass',
  pending: 'skip',
  todo: 'skip',
  disabled: 'skip',
};

export function readReport(text: string): JestReport {
  return JSON.parse(text) as JestReport;
}

/**
 * One result for each test, called by its file and its titles, with a number where another has these too. The seconds
 * are the mean of its file: Jest's circus runner of that age does not time tests.
 */
export function resultsOf(repository: string, report: JestReport): TestResult[] {
  const timesUsed = new Map<string, number>();
  return report.testResults.flatMap((file) => {
    const path = relative(repository, file.name);
    const seconds =
      (file.endTime - file.startTime) / 1000 / Math.max(1, file.assertionResults.length);
    if (file.assertionResults.length === 0) {
      return [{ test: path, verdict: 'fail' as const, seconds, note: firstWords(file.message) }];
    }
    return file.assertionResults.map((one) => {
      const name = [path, ...one.ancestorTitles, one.title].join(' > ');
      const uses = (timesUsed.get(name) ?? 0) + 1;
      timesUsed.set(name, uses);
      return {
        test: uses === 1 ? name : `${name} (${uses})`,
        verdict: verdictOf[one.status] ?? 'fail',
        seconds,
        note: firstWords(one.failureMessages[0] ?? ''),
      };
    });
  });
}

/** The beginning of an error, without colours and stack. */
function firstWords(text: string): string {
  // eslint-disable-next-line no-control-regex -- colours of a terminal
  const plain = text.replaceAll(/\x1b\[[0-9;]*m/g, '');
  return (plain.split(/\n\s+at /)[0] ?? '').slice(0, 200);
}
