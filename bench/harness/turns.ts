import { Turns } from '../../src/coordination/turns.ts';
import type { PeerName } from './peers.ts';

/** One broker's part of one round. */
export interface Turn {
  readonly peer: PeerName;
  readonly round: number;
}

/** Runs something with the machine to itself: whoever else wants that waits. */
export type Alone = <T>(work: () => Promise<T>) => Promise<T>;

export interface TurnOptions {
  /** Whether all turns begin at once: what they do not do `alone` may overlap. */
  readonly isSideBySide: boolean;
  /** Before and after the time that a turn has the machine to itself. */
  readonly begin: (turn: Turn) => void;
  readonly settle: () => void;
}

/** The order alternates, so that what changes slowly weighs on all: A B C, C B A, A B C, ... */
export function turnsOf(peers: readonly PeerName[], rounds: number): Turn[] {
  return Array.from({ length: rounds }, (_, round) =>
    (round % 2 === 0 ? peers : [...peers].reverse()).map((peer) => ({ peer, round })),
  ).flat();
}

/** Takes one turn after the other; side by side, only what they do `alone` keeps that order. */
export async function takeTurns(
  turns: readonly Turn[],
  { isSideBySide, begin, settle }: TurnOptions,
  take: (turn: Turn, alone: Alone) => Promise<void>,
): Promise<void> {
  const queue = new Turns();
  const aloneIn =
    (turn: Turn): Alone =>
    (work) =>
      queue.run(() => {
        begin(turn);
        return work().finally(settle);
      });
  if (isSideBySide) await Promise.all(turns.map((turn) => take(turn, aloneIn(turn))));
  else for (const turn of turns) await aloneIn(turn)(() => take(turn, (work) => work()));
}
