import { expect, test } from '@jest/globals';
import { mochaResults } from '../../suites/node-rdkafka/mocha-results.ts';

test('results of mocha are read from between what tests print', () => {
  const output = [
    '["start",{"total":3}]',
    '["pass",{"title":"ends","fullTitle":"A client ends","duration":1500,"currentRetry":0}]',
    '["a line of a test",{}]',
    '["fail",{"title":"waits","fullTitle":"A client waits","currentRetry":0,"err":"Timeout","stack":"at"}]',
    '["end",{"tests":3}]',
  ].join('\n');

  expect(mochaResults('a.spec.js', output)).toEqual([
    { test: 'a.spec.js: A client ends', verdict: 'pass', seconds: 1.5, note: '' },
    { test: 'a.spec.js: A client waits', verdict: 'fail', seconds: 0, note: 'Timeout' },
  ]);
});
