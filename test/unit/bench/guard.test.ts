import { describe, expect, it } from '@jest/globals';
import { comparable, compare, storedCounts } from '../../../bench/guard/guard.ts';

/** Whether a count may become `now`. */
const allows = (name: string, stored: number, now: number): boolean =>
  compare({ [name]: stored }, { [name]: now }).length === 0;

describe('the guard', () => {
  it('lets a count grow by a fifth and no more', () => {
    const stored = { 'produce: writes per request': 10 };
    expect(compare(stored, { 'produce: writes per request': 12 })).toEqual([]);
    expect(compare(stored, { 'produce: writes per request': 12.001 })).toEqual([
      { name: 'produce: writes per request', stored: 10, now: 12.001 },
    ]);
  });

  it('has no patience with few bytes, be they read, written or taken from the heap', () => {
    for (const what of ['bytes read', 'bytes written', 'heap bytes taken']) {
      expect(allows(`produce: ${what} per request`, 10, 12)).toBe(true);
      expect(allows(`produce: ${what} per request`, 10, 12.001)).toBe(false);
    }
  });

  it.each([
    ['produce of one record: heap bytes kept per request', 16],
    ['20 produces in one packet: heap bytes kept per packet', 128],
    ['fetch of 1 MiB: heap bytes kept per request', 160],
    ['metadata of all topics: heap bytes kept per request', 32],
  ])('leaves room for what the compiler keeps: %s, %i more', (name, bytes) => {
    expect(Object.keys(storedCounts())).toContain(name);
    expect(allows(name, 0, bytes)).toBe(true);
    expect(allows(name, 0, bytes + 0.001)).toBe(false);
    expect(allows(name, 100, 120 + bytes)).toBe(true);
    expect(allows(name, 100, 120.001 + bytes)).toBe(false);
  });

  it('lets a parked fetch grow by a fifth, but not beyond 1 KiB', () => {
    for (const name of ['parked fetch', 'parked fetch of a session']) {
      expect(Object.keys(storedCounts())).toContain(`${name}: bytes kept per request`);
      expect(allows(`${name}: bytes kept per request`, 500, 600)).toBe(true);
      expect(allows(`${name}: bytes kept per request`, 500, 600.001)).toBe(false);
      expect(allows(`${name}: bytes kept per request`, 1000, 1024)).toBe(true);
      expect(allows(`${name}: bytes kept per request`, 1000, 1024.001)).toBe(false);
      expect(allows(`${name}: bytes kept per request`, 1100, 1100)).toBe(false);
    }
  });

  it('asks for a count that nothing is stored of, and for one that is not made any more', () => {
    const name = 'fetch: reads per MiB';
    expect(compare({}, { [name]: 1 })).toEqual([{ name, stored: NaN, now: 1 }]);
    expect(compare({ [name]: 1 }, {})).toEqual([{ name, stored: 1, now: NaN }]);
  });

  it('does without system calls only where none can be counted and none have to be', () => {
    const untraced = { 'fetch: reads per MiB': 3 };
    const stored = { ...untraced, 'fetch: system calls per MiB': 6 };
    const others = { ...untraced, 'produce: system calls per MiB': 40 };
    expect(comparable(stored, untraced, false)).toEqual(untraced);
    expect(comparable(stored, untraced, true)).toEqual(stored);
    expect(comparable(stored, others, false)).toEqual(stored);
  });
});
