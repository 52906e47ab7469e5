import assert from 'node:assert';
import { describe, it } from '@jest/globals';
import { nothingSeen, type Seen } from '../../support/transaction-model/model-transaction.ts';
import { TransactionRun } from '../../support/transaction-model/transaction-run.ts';

const lastSeed = 2_000;
const atOnce = 50;
const steps = 120;

/**
 * Every second seed from `first` on; two files share them, and the cores. A failing seed is printed with
 * all that led to it; `npm run test:model -- --model transactions --from 123 --count 1` plays it again.
 *
 * @param happens  what must have happened in all of them: chance must not be too unkind to show anything
 */
export function testSeeds(title: string, first: 1 | 2, happens: readonly (keyof Seen)[]): void {
  describe(title, () => {
    const seen: Seen = { ...nothingSeen };

    for (let from = first; from <= lastSeed; from += 2 * atOnce) {
      it(`seeds from ${from} on`, async () => {
        for (let seed = from; seed < from + 2 * atOnce; seed += 2) {
          const run = new TransactionRun(seed);
          await run.run(steps);
          for (const what of happens) seen[what] += run.seen[what];
        }
      }, 300_000);
    }

    it.each(happens)('%s: often enough', (what) => {
      assert(seen[what] >= lastSeed / 50, `${what}: ${seen[what]}`);
    });
  });
}

/** What happens on whatever cluster. */
export const common = [
  'committed',
  'aborted',
  'open',
  'unknown',
  'offsets',
  'lives',
  'fenced',
  'recovered',
  'repeated',
  'unheard',
  'timeouts',
] as const satisfies readonly (keyof Seen)[];
