import type { SeededRandom } from '../support/seeded-random.ts';

/** What happens to workers and broker while records flow. */
export type Disturbance =
  | 'a worker is restarted'
  | 'a worker is killed'
  | 'the broker is restarted'
  | 'the broker is killed'
  | 'worker and broker are killed'
  | 'a worker joins'
  | 'a worker leaves'
  | 'a worker dies';

const alone: readonly Disturbance[] = [
  'a worker is restarted',
  'a worker is killed',
  'the broker is restarted',
  'the broker is killed',
  'worker and broker are killed',
];

/** Each disturbance once, in any order; some with one worker, some with two. */
export function schedule(random: SeededRandom): Disturbance[] {
  const order = [...alone];
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  const join = random.below(order.length);
  order.splice(join, 0, 'a worker joins');
  const leave = join + 2 + random.below(order.length - join - 1);
  order.splice(leave, 0, random.pick(['a worker leaves', 'a worker dies']));
  return order;
}
