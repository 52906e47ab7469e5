import { describe, expect, it } from '@jest/globals';
import { compare } from '../../../bench/guard/guard.ts';

describe('the guard', () => {
  it('lets a count grow by a fifth and no more', () => {
    const stored = { 'produce: writes per request': 10 };
    expect(compare(stored, { 'produce: writes per request': 12 })).toEqual([]);
    expect(compare(stored, { 'produce: writes per request': 12.1 })).toEqual([
      { name: 'produce: writes per request', stored: 10, now: 12.1 },
    ]);
  });

  it('lets bytes vary a little where there are few', () => {
    const stored = { 'produce: heap bytes kept per request': 0 };
    expect(compare(stored, { 'produce: heap bytes kept per request': 100 })).toEqual([]);
    expect(compare(stored, { 'produce: heap bytes kept per request': 200 })).toHaveLength(1);
  });

  it('asks for a count that nothing is stored of, and for none that is not counted here', () => {
    expect(compare({}, { 'fetch: reads per MiB': 1 })).toHaveLength(1);
    expect(compare({ 'fetch: system calls per MiB': 1 }, {})).toEqual([]);
  });
});
