import { expect, test } from '@jest/globals';
import { copyRun } from '../../crash/copiers/copy-run.ts';
import { describeTools, toolRunner } from '../support/suite.ts';

/** `npm run test:transactions` goes on for longer. */
describeTools('a broker that is killed while transactions are copied', () => {
  test('has what was committed, once and in its order', async () => {
    const { mistakes } = await copyRun({
      runner: toolRunner(),
      seed: 7,
      records: 4_000,
      transactionSize: 250,
      longestLifeMs: 2_500,
      mostKills: 2,
      bouncesCopiers: false,
    });
    expect(mistakes).toEqual([]);
  }, 300_000);
});
