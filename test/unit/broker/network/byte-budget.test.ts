import { describe, expect, it } from '@jest/globals';
import { ByteBudget, type BudgetMember } from '../../../../src/broker/network/byte-budget.ts';

function member(): BudgetMember & { pendingBytes: number; unmuted: number } {
  return {
    pendingBytes: 0,
    unmuted: 0,
    unmute() {
      this.unmuted++;
    },
  };
}

describe('the byte budget', () => {
  it('mutes nobody while it lasts', () => {
    const budget = new ByteBudget(100);
    budget.take(99);
    expect(budget.mustMute(member())).toBe(false);
  });

  it('lets members on in order once bytes are given back', () => {
    const budget = new ByteBudget(100);
    const [first, second] = [member(), member()];
    budget.take(150);
    expect(budget.mustMute(first)).toBe(true);
    expect(budget.mustMute(second)).toBe(true);
    budget.give(49);
    expect([first.unmuted, second.unmuted]).toEqual([0, 0]);
    budget.give(10);
    expect([first.unmuted, second.unmuted]).toEqual([1, 1]);
    expect(budget.used).toBe(91);
  });

  it('lets one unfinished frame after the other through when they hold it all', () => {
    const budget = new ByteBudget(100);
    const [first, second] = [member(), member()];
    for (const one of [first, second]) {
      one.pendingBytes = 60;
      budget.take(60);
      budget.noteUnfinished(60);
    }
    expect(budget.mustMute(first)).toBe(false); // goes on alone
    expect(budget.mustMute(second)).toBe(true);
    first.pendingBytes = 0;
    budget.noteUnfinished(-60);
    budget.give(60);
    expect(second.unmuted).toBe(1);
  });

  it('forgets a member that is gone', () => {
    const budget = new ByteBudget(100);
    const [first, second] = [member(), member()];
    for (const one of [first, second]) {
      one.pendingBytes = 60;
      budget.take(60);
      budget.noteUnfinished(60);
    }
    expect(budget.mustMute(first)).toBe(false);
    expect(budget.mustMute(second)).toBe(true);
    budget.leave(first);
    expect(second.unmuted).toBe(1);
  });
});
