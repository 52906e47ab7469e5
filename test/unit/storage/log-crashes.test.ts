import { describe, test } from '@jest/globals';
import { LogRun } from '../../support/log-model/log-run.ts';

const seedsPerTest = 100;
const own = process.env['SEED'];

// What a seed finds is printed with its steps; SEED=123 plays it alone.
describe.each([
  ['loses power and is killed at any call', true, 2000],
  // Calls fail, and a power cut leaves any part of what was not durable.
  ['fails and tears as well', false, 300],
] as const)('logs on a disk that %s', (_, isMild, count) => {
  const [from, end] = own === undefined ? [1, 1 + count] : [Number(own), Number(own) + 1];
  const firsts: number[] = [];
  for (let first = from; first < end; first += seedsPerTest) firsts.push(first);
  test.each(firsts)(
    'hold what they must, seeds from %i on',
    async (first) => {
      for (let seed = first; seed < Math.min(first + seedsPerTest, end); seed++) {
        await new LogRun(seed, isMild).run(60);
      }
    },
    300_000,
  );
});
