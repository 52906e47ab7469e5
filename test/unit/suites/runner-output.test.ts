import { describe, expect, test } from '@jest/globals';
import { resultsOf, subtestResult } from '../../suites/librdkafka/runner-output.ts';
import { entriesOf, readTestTable, subtestsOf } from '../../suites/librdkafka/test-table.ts';

describe("librdkafka's test runner", () => {
  const ended = (output: string) => ({ code: 1, isTimedOut: false, seconds: 7, output });
  const table = [
    '#==================================================================#',
    '|\x1b[32m <MAIN>                                   |     PASSED |   1.200s \x1b[0m|',
    '|\x1b[32m 0045_subscribe_update                    |     PASSED |   0.250s \x1b[0m|',
    '|\x1b[31m 0045_subscribe_many_updates              |     FAILED |  12.000s \x1b[0m|\x1b[31m expected 1\x1b[0m',
    '|\x1b[36m 0047_partial_buf_tmout                   |    SKIPPED |   0.000s \x1b[0m|\x1b[36m no reason\x1b[0m',
    '#==================================================================#',
  ].join('\n');

  test('its own table says what became of each test', () => {
    const names = [
      '0045_subscribe_update',
      '0045_subscribe_many_updates',
      '0047_partial_buf_tmout',
    ];

    expect(resultsOf(names, ended(table))).toEqual([
      { test: names[0], verdict: 'pass', seconds: 0.25, note: '' },
      { test: names[1], verdict: 'fail', seconds: 12, note: 'expected 1' },
      { test: names[2], verdict: 'skip', seconds: 0, note: 'no reason' },
    ]);
  });

  test('what it said before it ended without a table is the reason of a failure', () => {
    const output = [
      '\x1b[31m### Test "0013_null_msgs (do_test:1)" failed at test.c:790:test_error_cb() at Wed Nov 25: ###',
      'no broker is there',
      'test-runner: Assertion failed.',
    ].join('\n');

    expect(resultsOf(['0013_null_msgs', '0014_other'], ended(output))).toEqual([
      {
        ...{ test: '0013_null_msgs', verdict: 'fail', seconds: 7 },
        note: 'test.c:790:test_error_cb() no broker is there',
      },
      { test: '0014_other', verdict: 'fail', seconds: 7, note: 'the runner ended with 1' },
    ]);
  });

  test('a test that was killed has failed', () => {
    const killed = { code: null, isTimedOut: true, seconds: 40, output: 'begins' };

    expect(resultsOf(['0065_yield'], killed)).toMatchObject([
      { verdict: 'fail', note: 'timed out' },
    ]);
  });

  test('a subtest that never began, or skipped itself, is a skip', () => {
    const row = '| 0081_admin                               |     PASSED |   0.100s |';
    const begun = `[ do_test_acls:12: with a queue ]\n${row}`;

    expect(subtestResult('0081_admin/do_test_acls', '0081_admin', ended(row)).verdict).toBe('skip');
    expect(subtestResult('0081_admin/do_test_acls', '0081_admin', ended(begun)).verdict).toBe(
      'pass',
    );
  });

  test('the subtests of a source are its functions that say so', () => {
    const source = `
static void do_test_one(const char *what,
                        int timeout) {
        SUB_TEST_QUICK("%s", what);
        if (what) {
        }
}

static void do_test_apis(int which) {
        do_test_one("x", which);
}
`;
    expect(subtestsOf(source)).toEqual(['do_test_one']);
  });

  test('the table of its source says which tests need a broker', () => {
    const source = `
struct test tests[] = {
    {.name = "<MAIN>", .flags = TEST_F_LOCAL},
    _TEST(0000_unittests,
          TEST_F_LOCAL,
          _THRES(.ucpu = 100.0, .scpu = 20.0)),
    _TEST(0001_multiobj, 0),
    _TEST(0075_retry, TEST_F_SOCKEM),
    _TEST(0107_topic_recreate,
          0,
          TEST_BRKVER_TOPIC_ADMINAPI,
          .scenario = "noautocreate"),
    _TEST(0139_offset_validation_mock, 0),
    _TEST(0108_known, TEST_F_KNOWN_ISSUE, TEST_BRKVER(0, 9, 0, 0)),
    {NULL}};
`;
    const entries = readTestTable(source);

    expect(entriesOf('default', entries).map(({ name }) => name)).toEqual([
      '0001_multiobj',
      '0108_known',
    ]);
    expect(entriesOf('noautocreate', entries).map(({ number }) => number)).toEqual(['0107']);
  });
});
