import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { storageBugs } from '../../planted/bugs.ts';
import { transactionBugs } from '../../planted/transaction-bugs.ts';

// `npm run test:planted` plants each and takes long; that it still can is seen here.
test.each([...storageBugs, ...transactionBugs])(
  'can still be planted: $name',
  ({ file, find, replace }) => {
    const pieces = readFileSync(file, 'utf8').split(find);
    expect(pieces).toHaveLength(2);
    expect(replace).not.toBe(find);
  },
);

test('there are ten of them at least', () => {
  expect([...storageBugs, ...transactionBugs].length).toBeGreaterThanOrEqual(10);
});
