import { describe, expect, it } from '@jest/globals';
import { takeTurns, turnsOf, type Alone, type Turn } from '../../../bench/harness/turns.ts';

const turns = turnsOf(['odradek', 'apache'], 2);
const nameOf = ({ peer, round }: Turn) => `${peer} ${round}`;
const names = ['odradek 0', 'apache 0', 'apache 1', 'odradek 1'];

/** What happened when each turn had loaded alone and waited until all others had loaded. */
async function eventsOf(isSideBySide: boolean): Promise<string[]> {
  const events: string[] = [];
  let loaded = 0;
  let release = () => {};
  const allLoaded = new Promise<void>((resolve) => (release = resolve));
  const take = async (turn: Turn, alone: Alone) => {
    await alone(async () => {
      await Promise.resolve();
      events.push(`loaded ${nameOf(turn)}`);
      if (++loaded === turns.length || !isSideBySide) release();
    });
    await allLoaded;
    await alone(() => Promise.resolve(events.push(`end ${nameOf(turn)}`)));
  };
  const begin = (turn: Turn) => void events.push(`begin ${nameOf(turn)}`);
  await takeTurns(turns, { isSideBySide, begin, settle: () => void events.push('settle') }, take);
  return events;
}

describe('the turns of the brokers', () => {
  it('alternate round by round', () => {
    expect(turns.map(nameOf)).toEqual(names);
  });

  it('follow one another, each with the machine to itself', async () => {
    expect(await eventsOf(false)).toEqual(
      names.flatMap((name) => [`begin ${name}`, `loaded ${name}`, `end ${name}`, 'settle']),
    );
  });

  it('wait side by side where that is asked for, and load one after the other even so', async () => {
    expect(await eventsOf(true)).toEqual([
      ...names.flatMap((name) => [`begin ${name}`, `loaded ${name}`, 'settle']),
      ...names.flatMap((name) => [`begin ${name}`, `end ${name}`, 'settle']),
    ]);
  });

  it('give way to the next when one fails', async () => {
    const taken: string[] = [];
    const take = async (turn: Turn, alone: Alone) => {
      await alone(() => Promise.reject(new Error('no load'))).catch(() => undefined);
      taken.push(nameOf(turn));
    };
    const nothing = () => undefined;
    await takeTurns(turns, { isSideBySide: true, begin: nothing, settle: nothing }, take);
    expect(taken).toEqual(names);
  });
});
