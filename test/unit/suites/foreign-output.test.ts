import { describe, expect, test } from '@jest/globals';
import { resultsOf as goResults } from '../../suites/franz-go/go-output.ts';
import { resultsOf as jestResults } from '../../suites/kafkajs/jest-report.ts';
import { withGivenBrokers } from '../../suites/kafkajs/source.ts';
import { groupsOf } from '../../suites/kafkajs/specs.ts';
import {
  resultsOf as nodeResults,
  type TestEnded,
} from '../../suites/platformatic/node-test-events.ts';

const short = (results: readonly { test: string; verdict: string; note: string }[]) =>
  results.map(({ test: name, verdict, note }) => [name, verdict, note]);

describe('what go test prints', () => {
  const ended = { isTimedOut: false, seconds: 9 };

  test('gives a result for a test and each of its subtests, with the words of those that failed or were skipped', () => {
    const output = `
=== RUN   TestChain
=== RUN   TestChain/range
=== NAME  TestChain/range
    group_test.go:12: saw double offset
=== RUN   TestChain/new
    group_test.go:99: broker has no such groups
--- FAIL: TestChain (2.50s)
    --- FAIL: TestChain/range (1.25s)
    --- SKIP: TestChain/new (0.00s)
    --- PASS: TestChain/old (1.00s)
`;
    const results = goResults('TestChain', { ...ended, output });

    expect(short(results)).toEqual([
      ['TestChain', 'fail', ''],
      ['TestChain/range', 'fail', 'saw double offset'],
      ['TestChain/new', 'skip', 'broker has no such groups'],
      ['TestChain/old', 'pass', ''],
    ]);
    expect(results[1]?.seconds).toBe(1.25);
  });

  test('without a verdict is a failure', () => {
    const panicked = goResults('TestA', { ...ended, output: 'panic: no broker [recovered]\n' });
    const killed = goResults('TestA', { output: '=== RUN TestA\n', isTimedOut: true, seconds: 9 });

    expect(short(panicked)).toEqual([['TestA', 'fail', 'no broker [recovered]']]);
    expect(short(killed)).toEqual([['TestA', 'fail', 'timed out']]);
  });
});

describe('what jest reports', () => {
  const file = { name: '/suite/src/a.spec.js', message: '', startTime: 1000, endTime: 5000 };
  const one = { ancestorTitles: ['Admin'], title: 'creates', failureMessages: [] };

  test('gives each test a name of its own, a share of the time, and the beginning of its error', () => {
    const failureMessages = ['Error: \x1b[31mno\x1b[39m topic\n    at Object.<anonymous> (a.js:1)'];
    const results = jestResults('/suite', {
      testResults: [
        {
          ...file,
          assertionResults: [
            { ...one, status: 'passed' },
            { ...one, status: 'failed', failureMessages },
            { ...one, title: 'later', status: 'pending' },
            { ...one, title: 'odd', status: 'a word of another jest' },
          ],
        },
      ],
    });

    expect(short(results)).toEqual([
      ['src/a.spec.js > Admin > creates', 'pass', ''],
      ['src/a.spec.js > Admin > creates (2)', 'fail', 'Error: no topic'],
      ['src/a.spec.js > Admin > later', 'skip', ''],
      ['src/a.spec.js > Admin > odd', 'fail', ''],
    ]);
    expect(results[0]?.seconds).toBe(1);
  });

  test('of a file that could not be run is a failure', () => {
    const results = jestResults('/suite', {
      testResults: [{ ...file, message: 'SyntaxError: oh', assertionResults: [] }],
    });

    expect(short(results)).toEqual([['src/a.spec.js', 'fail', 'SyntaxError: oh']]);
  });

  test('comes in groups of what lies below one folder', () => {
    const groups = groupsOf(['src/admin/a.spec.js', 'src/broker/b.spec.js', 'src/admin/c.spec.js']);

    expect([...groups]).toEqual([
      ['admin', ['src/admin/a.spec.js', 'src/admin/c.spec.js']],
      ['broker', ['src/broker/b.spec.js']],
    ]);
  });

  test('helpers that have changed are not taken', () => {
    expect(() => withGivenBrokers('port: 9092,')).toThrow('no longer have');
  });
});

describe("what Node's test runner reports", () => {
  const event = (one: Partial<TestEnded>): string =>
    JSON.stringify({
      ...{ name: 'a', nesting: 0, isPassed: true, skipped: false, seconds: 1, note: '' },
      ...one,
    });

  test('names a test by those it is in, and counts those of one name', () => {
    const events = [
      event({ name: 'deep', nesting: 2, isPassed: false, note: 'no' }),
      event({ name: 'inner', nesting: 1 }),
      event({ name: 'other', nesting: 1, skipped: 'not here' }),
      event({ name: 'outer' }),
      event({ name: 'outer', skipped: true }),
    ].join('\n');

    expect(short(nodeResults('t.ts', { events, isTimedOut: false, seconds: 5 }))).toEqual([
      ['t.ts > outer > inner > deep', 'fail', 'no'],
      ['t.ts > outer > inner', 'pass', ''],
      ['t.ts > outer > other', 'skip', 'not here'],
      ['t.ts > outer', 'pass', ''],
      ['t.ts > outer (2)', 'skip', ''],
    ]);
  });

  test('of a file that was killed has a failure for what did not end', () => {
    const killed = nodeResults('t.ts', { events: event({}), isTimedOut: true, seconds: 5 });
    const silent = nodeResults('t.ts', { events: '', isTimedOut: false, seconds: 5 });

    expect(short(killed)).toEqual([
      ['t.ts > a', 'pass', ''],
      ['t.ts', 'fail', 'timed out'],
    ]);
    expect(short(silent)).toEqual([['t.ts', 'fail', 'no test ended']]);
  });
});
