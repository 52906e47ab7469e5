import type { Score } from './score.ts';
import type { TestResult } from './suite.ts';

/** A score in words, for people. */
export function summary(suite: string, results: readonly TestResult[], score: Score): string {
  const count = (verdict: string) => results.filter((one) => one.verdict === verdict).length;
  const lines = [
    `${suite}: ${results.length} tests, ${count('pass')} passed, ${count('fail')} failed, ${count('skip')} skipped`,
    `score: ${ratio(score.passed, score.counted)} of what passes on Apache Kafka`,
    ...(score.missing === 0
      ? []
      : [
          `without what is listed as missing: ${ratio(score.passed, score.counted - score.missing)}`,
        ]),
    ...score.known.map(
      ({ test, verdict, expected }) =>
        `  ${test}: ${verdict}, expected (${expected.kind}): ${expected.reason}`,
    ),
    ...score.unexplained.map(
      ({ test, verdict, note }) => `  ${test}: ${verdict}, NOT EXPECTED: ${note}`,
    ),
    ...score.outlived.map(({ test }) => `  ${test}: passed, though it is listed as not passing`),
    ...score.unknown.map(({ test }) => `  ${test}: not in the baseline of Apache Kafka`),
    ...listed('passed here, not on Apache Kafka', score.beyond),
    ...listed('passed, but also without a broker, so not counted', score.hollow),
  ];
  return lines.join('\n');
}

function ratio(part: number, whole: number): string {
  return `${part} of ${whole}${whole === 0 ? '' : ` (${((100 * part) / whole).toFixed(1)} %)`}`;
}

function listed(what: string, results: readonly TestResult[]): string[] {
  if (results.length === 0) return [];
  return [`${results.length} ${what}: ${results.map(({ test }) => test).join(' ')}`];
}
