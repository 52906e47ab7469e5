import { describe, expect, test } from '@jest/globals';
import { readExpected, score, type ExpectedFailure } from '../../suites/frame/score.ts';
import type { TestResult, Verdict } from '../../suites/frame/suite.ts';
import { summary } from '../../suites/frame/summary.ts';

const results = (verdictOf: Readonly<Record<string, Verdict>>): TestResult[] =>
  Object.entries(verdictOf).map(([name, verdict]) => ({
    ...{ test: name, verdict, seconds: 1, note: `note of ${name}` },
  }));
const names = (found: readonly { readonly test: string }[]) => found.map((one) => one.test);

describe('the score of a suite', () => {
  test('counts what passes on Apache Kafka, but not what passes on nothing', () => {
    const found = score(results({ a: 'pass', b: 'fail', c: 'pass', d: 'fail', e: 'pass' }), {
      apache: results({ a: 'pass', b: 'pass', c: 'pass', d: 'fail', e: 'skip' }),
      nothing: results({ a: 'fail', b: 'fail', c: 'pass', d: 'fail', e: 'fail' }),
      expected: [],
    });

    expect(found).toMatchObject({ counted: 2, passed: 1 });
    expect(names(found.unexplained)).toEqual(['b']);
    expect(names(found.hollow)).toEqual(['c']);
    expect(names(found.beyond)).toEqual(['e']);
  });

  test('a skip is no pass', () => {
    const apache = results({ a: 'pass' });
    const found = score(results({ a: 'skip' }), { apache, nothing: [], expected: [] });

    expect(found).toMatchObject({ counted: 1, passed: 0 });
    expect(names(found.unexplained)).toEqual(['a']);
  });

  test('an expected failure is known; one that passes has outlived its reason, unless it is flaky', () => {
    const expected: ExpectedFailure[] = [
      { test: 'a', kind: 'missing', reason: 'no share groups' },
      { test: 'b', kind: 'client', reason: 'its own race' },
      { test: 'c', kind: 'flaky', reason: 'a race' },
    ];
    const apache = results({ a: 'pass', b: 'pass', c: 'pass' });
    const found = score(results({ a: 'fail', b: 'pass', c: 'pass' }), {
      ...{ apache, nothing: [], expected },
    });

    expect(found).toMatchObject({ counted: 3, passed: 2, missing: 1, unexplained: [] });
    expect(names(found.known)).toEqual(['a']);
    expect(names(found.outlived)).toEqual(['b']);
    expect(summary('s', results({ a: 'fail', b: 'pass', c: 'pass' }), found)).toContain(
      'without what is listed as missing: 2 of 2 (100.0 %)',
    );
  });

  test('a wanted test without a result has failed', () => {
    const baseline = { apache: results({ a: 'pass', b: 'pass' }), nothing: [], expected: [] };

    expect(score([], baseline, (name) => name === 'b')).toMatchObject({
      ...{ counted: 1, passed: 0 },
      unexplained: [{ test: 'b', note: 'no result' }],
    });
  });

  test('a test that the baseline does not know is said, not counted', () => {
    const found = score(results({ z: 'pass' }), { apache: [], nothing: [], expected: [] });

    expect(found.counted).toBe(0);
    expect(names(found.unknown)).toEqual(['z']);
  });

  test('an expected failure needs a kind and a reason', () => {
    expect(readExpected('test,kind,reason\na,missing,"SASL, and TLS"\n')).toEqual([
      { test: 'a', kind: 'missing', reason: 'SASL, and TLS' },
    ]);
    expect(() => readExpected('test,kind,reason\na,missing,\n')).toThrow('no kind or no reason');
    expect(() => readExpected('test,kind,reason\na,ours,a bug\n')).toThrow('no kind or no reason');
  });
});
