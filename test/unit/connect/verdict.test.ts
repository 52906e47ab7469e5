import { describe, expect, it } from '@jest/globals';
import { judgeSequence, judgeSink } from '../../connect/verdict.ts';

const found = (...numbers: readonly number[]) =>
  numbers.map((number, offset) => ({ offset, number }));

describe('what is wrong with the numbers of a source', () => {
  it('is nothing when each is there once, in order, up to the stored offset', () => {
    const verdict = judgeSequence('n', found(0, 1, 2), 3, 'exactly-once');
    expect(verdict).toEqual({ count: 3, missing: 0, repeated: 0, mistakes: [] });
  });

  it('is one that is missing in between, or at the end', () => {
    for (const delivery of ['exactly-once', 'at-least-once'] as const) {
      const between = judgeSequence('n', found(0, 2), 3, delivery);
      expect(between.missing).toBe(1);
      expect(between.mistakes).toContain('n: 1 is missing');
      expect(judgeSequence('n', found(0, 1), 3, delivery).mistakes).toEqual(['n: 2 is missing']);
      expect(judgeSequence('n', found(), 1, delivery).mistakes).toEqual(['n: 0 is missing']);
    }
  });

  it('is one that is there again, under exactly-once only', () => {
    const again = found(0, 1, 0, 1, 2);
    expect(judgeSequence('n', again, 3, 'at-least-once')).toMatchObject({
      ...{ count: 3, missing: 0, repeated: 2, mistakes: [] },
    });
    expect(judgeSequence('n', again, 3, 'exactly-once').mistakes).toEqual([
      'n: 0 is there again, at 2',
      'n: 1 is there again, at 3',
    ]);
  });

  it('is one that comes too early, though none is missing', () => {
    expect(judgeSequence('n', found(0, 2, 1), 3, 'at-least-once').mistakes).toEqual([
      'n: 2 at 1 comes where 1 was due',
      'n: 1 at 2 comes where 3 was due',
    ]);
  });

  it('is one behind the stored offset, under exactly-once only', () => {
    expect(judgeSequence('n', found(0, 1), 1, 'at-least-once').mistakes).toEqual([]);
    expect(judgeSequence('n', found(0, 1), 1, 'exactly-once').mistakes).toEqual([
      'n: goes on to 1, and the stored offset is behind 0',
    ]);
  });
});

describe('what is wrong with what a sink was given', () => {
  it('is a record that it never got, and one that no consumer should get; again is allowed', () => {
    const given = new Map([
      ['a', 1],
      ['b', 3],
      ['aborted', 1],
    ]);
    expect(judgeSink('s', new Set(['a', 'b', 'c']), given)).toEqual({
      repeated: 2,
      mistakes: ['s: never got c', 's: got aborted, which no committed record is'],
    });
  });
});
