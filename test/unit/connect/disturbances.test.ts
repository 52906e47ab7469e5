import { expect, it } from '@jest/globals';
import { schedule } from '../../connect/disturbances.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

it('disturbs in every way once, and lets a worker leave only when two have worked for a while', () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 200; seed++) {
    const order = schedule(new SeededRandom(seed));
    expect(order).toHaveLength(7);
    expect(new Set(order).size).toBe(7);
    const join = order.indexOf('a worker joins');
    const leave = order.findIndex((each) => each === 'a worker leaves' || each === 'a worker dies');
    expect(leave).toBeGreaterThan(join + 1);
    for (const each of order) seen.add(each);
  }
  expect(seen.size).toBe(8);
});
