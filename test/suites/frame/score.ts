import { csvFields } from './csv.ts';
import type { TestResult } from './suite.ts';

/**
 * Why a test that passes on Apache Kafka may not pass here: a feature is `missing`, the `client` or its test is at fault,
 * or it is `flaky`, on Apache Kafka too, and may pass or not. A fault of ours is mended, not listed.
 */
export const reasonKinds = ['missing', 'client', 'flaky'] as const;
export type ReasonKind = (typeof reasonKinds)[number];

export interface ExpectedFailure {
  readonly test: string;
  readonly kind: ReasonKind;
  readonly reason: string;
}

/** What a suite's folder knows of earlier runs. */
export interface Baseline {
  /** On Apache Kafka. */
  readonly apache: readonly TestResult[];
  /** With no broker at all; what passes there proves nothing about a broker. Empty where no such run was made. */
  readonly nothing: readonly TestResult[];
  readonly expected: readonly ExpectedFailure[];
}

export interface Score {
  /** Tests of this run that pass on Apache Kafka, and not without a broker. */
  readonly counted: number;
  readonly passed: number;
  /** Counted, not passed, and expected for want of a feature. */
  readonly missing: number;
  /** Counted and not passed, each with the reason that is known. */
  readonly known: readonly (TestResult & { readonly expected: ExpectedFailure })[];
  /** Counted, not passed, and nobody has said why. */
  readonly unexplained: readonly TestResult[];
  /** Expected not to pass, but not as `flaky`, and they did: the list is out of date. */
  readonly outlived: readonly ExpectedFailure[];
  /** Passed here, but not on Apache Kafka. */
  readonly beyond: readonly TestResult[];
  /** Passed, as they do without a broker. */
  readonly hollow: readonly TestResult[];
  /** Not in the baseline of Apache Kafka at all. */
  readonly unknown: readonly TestResult[];
}

/** Reads the list of expected failures: `test,kind,reason` lines under that header. */
export function readExpected(text: string): ExpectedFailure[] {
  const [header, ...lines] = text.trimEnd().split('\n');
  if (header !== 'test,kind,reason') throw new Error(`not a list of expected failures: ${header}`);
  return lines.map((line) => {
    const [test = '', kind = '', reason = ''] = csvFields(line);
    const known = reasonKinds.find((one) => one === kind);
    if (known === undefined || reason === '') throw new Error(`no kind or no reason in: ${line}`);
    return { test, kind: known, reason };
  });
}

/**
 * Compares a run with what passes on Apache Kafka.
 *
 * @param wants  whether the run was to run a test; one that was and has no result has failed
 */
export function score(
  reported: readonly TestResult[],
  baseline: Baseline,
  wants: (test: string) => boolean = () => true,
): Score {
  const hasResult = new Set(reported.map(({ test }) => test));
  const absent = baseline.apache
    .filter(({ test, verdict }) => verdict === 'pass' && wants(test) && !hasResult.has(test))
    .map(({ test }) => ({ test, verdict: 'fail' as const, seconds: 0, note: 'no result' }));
  const results = [...reported, ...absent];
  const onApache = passing(baseline.apache);
  const onNothing = passing(baseline.nothing);
  const inBaseline = new Set(baseline.apache.map(({ test }) => test));
  const expected = new Map(baseline.expected.map((one) => [one.test, one]));

  const counted = results.filter(({ test }) => onApache.has(test) && !onNothing.has(test));
  const missed = counted.filter(({ verdict }) => verdict !== 'pass');
  const passed = results.filter(({ verdict }) => verdict === 'pass');
  const known = missed.flatMap((result) => {
    const reason = expected.get(result.test);
    return reason === undefined ? [] : [{ ...result, expected: reason }];
  });
  return {
    counted: counted.length,
    passed: counted.length - missed.length,
    missing: known.filter((one) => one.expected.kind === 'missing').length,
    known,
    unexplained: missed.filter(({ test }) => !expected.has(test)),
    outlived: passed.flatMap(({ test }) => {
      const reason = expected.get(test);
      return reason === undefined || reason.kind === 'flaky' ? [] : [reason];
    }),
    beyond: passed.filter(({ test }) => inBaseline.has(test) && !onApache.has(test)),
    hollow: passed.filter(({ test }) => onNothing.has(test)),
    unknown: results.filter(({ test }) => !inBaseline.has(test)),
  };
}

function passing(results: readonly TestResult[]): Set<string> {
  return new Set(results.filter(({ verdict }) => verdict === 'pass').map(({ test }) => test));
}
