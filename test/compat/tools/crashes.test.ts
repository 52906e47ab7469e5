import { expect, test } from '@jest/globals';
import { killRounds } from '../../crash/kill-rounds.ts';
import { describeTools, toolRunner } from '../support/suite.ts';

/** `npm run test:crash` goes on for longer. */
describeTools('a broker that is killed', () => {
  test('loses nothing that it acknowledged, and leaves files that Apache reads', async () => {
    const mistakes = await killRounds({
      length: { rounds: 5 },
      seed: 7,
      runner: toolRunner(),
      say: () => undefined,
    });
    expect(mistakes).toEqual([]);
  }, 300_000);
});
