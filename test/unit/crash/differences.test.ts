import { describe, expect, it } from '@jest/globals';
import { differences } from '../../crash/copiers/differences.ts';

describe('what is wrong with a copy', () => {
  const of = (found: readonly string[]) => differences('out', ['a', 'b', 'c'], found);

  it.each([
    ['nothing, when it is the same', ['a', 'b', 'c'], []],
    ['what is missing', ['a', 'c'], ['out: 1 missing, first b']],
    ['what is there twice', ['a', 'b', 'b', 'c'], ['out: 1 duplicates']],
    ['what nobody wrote', ['a', 'b', 'c', 'x'], ['out: 1 that nobody wrote']],
    ['another order', ['a', 'c', 'b'], ['out: another order from 1 on']],
    [
      'all of it',
      ['x', 'b', 'b'],
      ['out: 1 duplicates', 'out: 2 missing, first a', 'out: 1 that nobody wrote'],
    ],
    ['everything, when nothing was copied', [], ['out: 3 missing, first a']],
  ])('is %s', (_, found, mistakes) => {
    expect(of(found)).toEqual(mistakes);
  });
});
