import type { Caller } from '../host/caller.ts';

/**
 * Requests of members that wait for something to happen in their group. A member whose connection
 * broke may ask again while its first request still waits: both are answered then.
 */
export class Parked<R> {
  private readonly waiting = new Map<string, Set<(reply: R) => void>>();

  get isEmpty(): boolean {
    return this.waiting.size === 0;
  }

  /**
   * @param givenUp  what the promise resolves with when the caller goes
   * @param caller   undefined: one that never goes
   */
  park(memberId: string, givenUp: R, caller: Caller | undefined): Promise<R> {
    return new Promise((resolve) => {
      const wait = { giveUp: () => answer(givenUp) };
      const answer = (reply: R) => {
        if (caller?.waitsFor === wait) caller.waitsFor = undefined;
        this.forget(memberId, answer);
        resolve(reply);
      };
      const others = this.waiting.get(memberId);
      if (others) others.add(answer);
      else this.waiting.set(memberId, new Set([answer]));
      if (caller?.isGone === true) wait.giveUp();
      else if (caller !== undefined) caller.waitsFor = wait;
    });
  }

  answer(memberId: string, reply: R): void {
    for (const answer of [...(this.waiting.get(memberId) ?? [])]) answer(reply);
  }

  answerAll(reply: (memberId: string) => R): void {
    for (const memberId of [...this.waiting.keys()]) this.answer(memberId, reply(memberId));
  }

  private forget(memberId: string, answer: (reply: R) => void): void {
    const answers = this.waiting.get(memberId);
    if (answers?.delete(answer) && answers.size === 0) this.waiting.delete(memberId);
  }
}
