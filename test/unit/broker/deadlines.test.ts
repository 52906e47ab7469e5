import { describe, expect, it } from '@jest/globals';
import { Deadlines, type Waiter } from '../../../src/broker/deadlines.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

function waiters(clock: ManualClock): {
  deadlines: Deadlines;
  expired: [string, number][];
  add: (name: string, delayMs: number) => Waiter;
} {
  const deadlines = new Deadlines(clock);
  const expired: [string, number][] = [];
  const add = (name: string, delayMs: number): Waiter => {
    const waiter = {
      deadlineMs: 0,
      place: 0,
      expire: () => expired.push([name, clock.monotonicMs()]),
    };
    deadlines.add(waiter, delayMs);
    return waiter;
  };
  return { deadlines, expired, add };
}

describe('deadlines', () => {
  it('pass in order, each at its time, on one timer', async () => {
    const clock = new ManualClock();
    const { expired, add } = waiters(clock);
    add('b', 20);
    add('c', 30);
    add('a', 10);
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(30);
    expect(expired).toEqual([
      ['a', 10],
      ['b', 20],
      ['c', 30],
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('of what is over by the end of the turn are not looked after', async () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const expired: number[] = [];
    const waiter = () => ({
      deadlineMs: 0,
      place: 0,
      isOver: false,
      expire: () => expired.push(clock.monotonicMs()),
    });
    const [quick, slow] = [waiter(), waiter()];
    deadlines.addUnlessOver(quick, 10);
    deadlines.addUnlessOver(slow, 20);
    quick.isOver = true;
    await settle();
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(30);
    expect(expired).toEqual([20]);
  });

  it('do not reach who was taken out', async () => {
    const clock = new ManualClock();
    const { deadlines, expired, add } = waiters(clock);
    const first = add('first', 10);
    add('second', 10);
    deadlines.remove(first);
    await clock.advance(10);
    expect(expired).toEqual([['second', 10]]);
  });

  it('agree with sorting, whatever comes in which order', async () => {
    const clock = new ManualClock();
    const { expired, add } = waiters(clock);
    const delays = Array.from({ length: 500 }, (_, i) => (i * 7919) % 211);
    delays.forEach((delayMs, i) => add(String(i), delayMs));
    await clock.advance(300);
    expect(expired.map(([, ms]) => ms)).toEqual([...delays].sort((a, b) => a - b));
  });

  it('agree with a list, whatever is taken out when', async () => {
    const clock = new ManualClock();
    const random = new SeededRandom(7);
    const { deadlines, expired, add } = waiters(clock);
    const waiting = new Map<string, { waiter: Waiter; ms: number }>();
    const below = (most: number) => Math.floor(random.fraction() * most);
    for (let step = 0; step < 400; step++) {
      const delayMs = below(300);
      const ms = clock.monotonicMs() + delayMs;
      waiting.set(String(step), { waiter: add(String(step), delayMs), ms });
      for (const [name, { waiter }] of waiting) {
        if (below(waiting.size * 2) > 0) continue;
        deadlines.remove(waiter);
        deadlines.remove(waiter); // again does no harm
        waiting.delete(name);
      }
      if (step % 10 === 0) await clock.advance(below(20));
      for (const [name, passedMs] of expired.splice(0)) {
        expect(passedMs).toBe(waiting.get(name)?.ms);
        waiting.delete(name);
      }
      const soonest = Math.min(...[...waiting.values()].map(({ ms }) => ms));
      expect(soonest).toBeGreaterThanOrEqual(clock.monotonicMs());
    }
    await clock.advance(300);
    expect(expired.map(([name]) => name).sort()).toEqual([...waiting.keys()].sort());
    expect(clock.pendingTimers).toBe(0);
  });

  it('leave no timer behind when cleared', () => {
    const clock = new ManualClock();
    const { deadlines, add } = waiters(clock);
    add('a', 10);
    deadlines.clear();
    expect(clock.pendingTimers).toBe(0);
  });
});
