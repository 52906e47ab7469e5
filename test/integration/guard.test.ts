import { expect, it } from '@jest/globals';
import { count } from '../../bench/guard/counts.ts';
import { compare, howToRefresh, storedCounts } from '../../bench/guard/guard.ts';

it('no request costs more calls, copied bytes or heap than is stored', async () => {
  const grown = compare(storedCounts(), await count());
  // A failure shows what grew; the words say what to do about it.
  expect({ grown, howToRefresh }).toEqual({ grown: [], howToRefresh });
});
