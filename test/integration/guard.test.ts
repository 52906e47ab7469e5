import { expect, it } from '@jest/globals';
import { count } from '../../bench/guard/counts.ts';
import { comparable, compare, howToRefresh, storedCounts } from '../../bench/guard/guard.ts';
import { straceCounter } from '../../bench/guard/system-calls.ts';

const isCi = process.env['CI'] !== undefined;

it('no request costs more calls, copied bytes or heap than is stored', async () => {
  const now = await count(straceCounter);
  const grown = compare(comparable(storedCounts(), now, isCi), now);
  // A failure shows what grew; the words say what to do about it.
  expect({ grown, howToRefresh }).toEqual({ grown: [], howToRefresh });
}, 300_000);
