import { expect, it } from '@jest/globals';
import { powerCutRounds } from '../crash/power-cut-rounds.ts';

// `npm run test:crash -- --only power` goes on for longer.
it('with flush.messages=1 a power cut takes nothing that was acknowledged', async () => {
  expect(await powerCutRounds({ length: { rounds: 5 }, seed: 7, say: () => undefined })).toEqual(
    [],
  );
}, 300_000);
