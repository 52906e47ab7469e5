/** One after another: work that is given while other work runs waits until that is done. */
export class Turns {
  private readonly waiting: (() => void)[] = [];
  private isTaken = false;

  /** Whether nothing runs and nothing waits. */
  get isIdle(): boolean {
    return !this.isTaken;
  }

  /** Runs at once when nobody else has the turn. A failure is the caller's, and ends only its turn. */
  async run<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.isTaken) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.isTaken = true;
    try {
      return await work();
    } finally {
      // The turn goes straight to the next: nobody who comes just now may slip in between.
      const next = this.waiting.shift();
      if (next) next();
      else this.isTaken = false;
    }
  }
}
