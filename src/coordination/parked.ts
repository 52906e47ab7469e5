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
   * @param signal   aborted when nobody waits for the answer any more
   * @param givenUp  what the promise resolves with then
   */
  park(memberId: string, givenUp: R, signal: AbortSignal | undefined): Promise<R> {
    return new Promise((resolve) => {
      const giveUp = () => answer(givenUp);
      const answer = (reply: R) => {
        signal?.removeEventListener('abort', giveUp);
        this.forget(memberId, answer);
        resolve(reply);
      };
      const others = this.waiting.get(memberId);
      if (others) others.add(answer);
      else this.waiting.set(memberId, new Set([answer]));
      if (signal?.aborted) giveUp();
      else signal?.addEventListener('abort', giveUp);
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
