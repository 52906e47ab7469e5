import { getEventListeners, getMaxListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { Deadlines } from '../../../src/coordination/deadlines.ts';
import { javaHashCode, partitionFor } from '../../../src/coordination/partition-for.ts';
import { endForMany, pause } from '../../../src/coordination/pause.ts';
import { ProducerIds } from '../../../src/coordination/producer-ids.ts';
import { subscribedTopicsOf } from '../../../src/coordination/subscription.ts';
import { Turns } from '../../../src/coordination/turns.ts';
import { emptyGroup, moveTo } from '../../../src/coordination/group.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { subscription } from './group-fixture.ts';

describe('the partition of a group', () => {
  it.each([
    ['', 0],
    ['group', 98_629_247],
    ['my-group', -1_906_497_762],
    ['grüppe€', 423_504_856],
    ['😀', 1_772_899],
    ['polygenelubricants', -2_147_483_648],
  ])('the hash of %j is that of Java', (text, hash) => {
    expect(javaHashCode(text)).toBe(hash);
  });

  it('is the absolute hash, and 0 for the smallest integer', () => {
    expect(partitionFor('polygenelubricants', 50)).toBe(0);
    expect(partitionFor('group', 50)).toBe(98_629_247 % 50);
    expect(partitionFor('my-group', 50)).toBe(1_906_497_762 % 50);
  });
});

describe('producer ids', () => {
  it('row 71: come in blocks, each id once, also to many who ask at the same time', async () => {
    let next = 0;
    const ids = new ProducerIds(async () => {
      await settle();
      const firstProducerId = next;
      next += 1_000;
      return { firstProducerId, count: 1_000 };
    });
    const taken = await Promise.all(Array.from({ length: 2_500 }, () => ids.take()));
    expect(new Set(taken).size).toBe(2_500);
    expect(Math.max(...taken)).toBe(2_499);
    expect(next).toBe(3_000);
  });

  it('a block that could not be had is asked for again by the next', async () => {
    let isDown = true;
    const ids = new ProducerIds(async () => {
      if (isDown) throw new Error('down');
      return { firstProducerId: 5, count: 1 };
    });
    await expect(Promise.all([ids.take(), ids.take()])).rejects.toThrow('down');
    isDown = false;
    expect(await ids.take()).toBe(5);
  });
});

describe('pauses', () => {
  it('end in time, or all at once when nobody needs to wait any more, and leave nothing behind', async () => {
    const clock = new ManualClock();
    const end = endForMany();
    const over: string[] = [];
    const wait = (name: string, delayMs: number, signal?: AbortSignal) =>
      pause(clock, delayMs, signal).then(() => over.push(name));
    void wait('short', 10, end.signal);
    void wait('for good', 30);
    for (let i = 0; i < 20; i++) void wait('long', 20, end.signal);
    await clock.advance(10);
    expect(over).toEqual(['short']);
    end.abort();
    await settle();
    expect(over).toHaveLength(21);
    await wait('late', 1_000, end.signal);
    expect(clock.pendingTimers).toBe(1);
    expect(getEventListeners(end.signal, 'abort')).toEqual([]);
    await clock.advance(20);
    expect(over.at(-1)).toBe('for good');
  });

  it('may be as many as there are transactions without a word from Node', () => {
    expect(getMaxListeners(endForMany().signal)).toBe(Infinity);
  });
});

describe('deadlines', () => {
  it('come in order, once, and one timer serves them all', async () => {
    const clock = new ManualClock();
    const due: string[] = [];
    const deadlines = new Deadlines<string>(clock, (key) =>
      due.push(`${key} ${clock.monotonicMs()}`),
    );
    deadlines.set('b', 20);
    deadlines.set('a', 10);
    deadlines.set('c', 30);
    expect(clock.pendingTimers).toBe(1);
    deadlines.set('a', 25);
    deadlines.cancel('c');
    await clock.advance(100);
    expect(due).toEqual(['b 20', 'a 25']);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('turns', () => {
  it('work waits for work before it; a failure ends only its own', async () => {
    const turns = new Turns();
    const order: number[] = [];
    const step = (number: number, ms: number) =>
      turns.run(async () => {
        await settle(ms);
        order.push(number);
        if (number === 2) throw new Error('two');
      });
    const results = await Promise.allSettled([step(1, 5), step(2, 1), step(3, 1)]);
    expect(order).toEqual([1, 2, 3]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(turns.isIdle).toBe(true);
  });
});

describe('a consumer subscription', () => {
  it('names its topics, whatever follows them', () => {
    expect(subscribedTopicsOf(subscription('a', 'ü'))).toEqual(['a', 'ü']);
    expect(subscribedTopicsOf(subscription())).toEqual([]);
  });

  it('that is cut off anywhere is none', () => {
    const whole = subscription('abc', 'd');
    for (let length = 0; length < whole.length - 4; length++) {
      expect(subscribedTopicsOf(whole.subarray(0, length))).toBeUndefined();
    }
  });
});

describe('moves of a group', () => {
  it('one that is not in the table is a bug', () => {
    expect(() => moveTo(emptyGroup('g', 0), 'Stable', 0)).toThrow('cannot go from Empty to Stable');
  });
});
