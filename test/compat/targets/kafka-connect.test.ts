import { expect, test } from '@jest/globals';
import { connectRun } from '../../connect/connect-run.ts';
import { describeJars, targetName } from '../support/suite.ts';

/** `npm run test:connect` disturbs it in all ways, and for longer. */
describeJars('kafka-connect', 'Kafka Connect 4.3.1', () => {
  test('delivers every record exactly once when its worker and the broker are killed', async () => {
    const told: string[] = [];
    const mistakes = await connectRun({
      target: targetName,
      delivery: 'exactly-once',
      seed: 4,
      disturbances: ['worker and broker are killed'],
      sessionTimeoutMs: 4_000,
      say: (line) => told.push(line),
    });
    expect({ mistakes, told }).toEqual({ mistakes: [], told });
    expect(told.join()).toMatch(
      /numbers \d+ \(0 missing, 0 repeated\); lines \d+ \(0 missing, 0 repeated\)/,
    );
  }, 300_000);
});
