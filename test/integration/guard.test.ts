import { spawnSync } from 'node:child_process';
import { expect, it } from '@jest/globals';
import { count } from '../../bench/guard/counts.ts';
import { comparable, compare, howToRefresh, storedCounts } from '../../bench/guard/guard.ts';
import { straceCounter } from '../../bench/guard/system-calls.ts';

/** CI has strace; a container in which nobody may trace another process is the one excuse. */
function mustTrace(): boolean {
  return (
    process.env['CI'] !== undefined && spawnSync('strace', ['-o', '/dev/null', 'true']).status !== 1
  );
}

it('no request costs more calls, copied bytes or heap than is stored', async () => {
  const now = await count(straceCounter);
  const grown = compare(comparable(storedCounts(), now, mustTrace()), now);
  // A failure shows what grew; the words say what to do about it.
  expect({ grown, howToRefresh }).toEqual({ grown: [], howToRefresh });
}, 300_000);
