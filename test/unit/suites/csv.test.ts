import { describe, expect, test } from '@jest/globals';
import { CSV_HEADER, csvLine, readCsv } from '../../suites/frame/csv.ts';
import type { TestResult } from '../../suites/frame/suite.ts';

describe('the CSV of a suite', () => {
  const results: TestResult[] = [
    { test: '0011', verdict: 'pass', seconds: 1.25, note: '' },
    { test: 'sends, and "waits"', verdict: 'fail', seconds: 0, note: 'expected 1, got 2' },
    { test: '0081', verdict: 'skip', seconds: 0.1, note: '"no" authorizer' },
  ];

  test('reads back what it wrote', () => {
    const text = [CSV_HEADER, ...results.map((one) => csvLine('s', one)), ''].join('\n');

    expect(readCsv(text)).toEqual([{ ...results[0], seconds: 1.3 }, results[1], results[2]]);
  });

  test('a note of several lines becomes one', () => {
    expect(csvLine('s', { ...results[0]!, note: 'first\n\tsecond ' })).toBe(
      's,0011,pass,1.3,first second',
    );
  });

  test('a line without a verdict is refused', () => {
    expect(() => readCsv(`${CSV_HEADER}\ns,0011,passed,1,\n`)).toThrow('no verdict');
  });
});
