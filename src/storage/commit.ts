import type { StorageFailure } from './storage-failure.ts';

/** Hears of commits without a promise for each of them. */
export interface CommitWaiter {
  onCommit(commit: Commit): void;
}

/** What becomes of the appends of a turn of the event loop: of one log, all together. */
export class Commit {
  private state: 'pending' | 'committed' | StorageFailure = 'pending';
  private waiters: CommitWaiter[] = [];
  private promise: Promise<void> | undefined;

  get isPending(): boolean {
    return this.state === 'pending';
  }

  get failure(): StorageFailure | undefined {
    return typeof this.state === 'string' ? undefined : this.state;
  }

  /** As a promise: resolves once committed; rejects with StorageFailure, which may go unheard. */
  get done(): Promise<void> {
    if (this.promise === undefined) {
      this.promise = new Promise((resolve, reject) => {
        const settle = (): void => (this.failure ? reject(this.failure) : resolve());
        if (this.isPending) this.wait({ onCommit: settle });
        else settle();
      });
      this.promise.catch(ignored);
    }
    return this.promise;
  }

  /** The waiter hears of it once, when it is no longer pending: behind all that runs then. */
  wait(waiter: CommitWaiter): void {
    this.waiters.push(waiter);
  }

  /** @param failure  why they were not committed */
  settle(failure?: StorageFailure): void {
    this.state = failure ?? 'committed';
    if (this.waiters.length > 0) queueMicrotask(() => this.tell());
  }

  private tell(): void {
    const { waiters } = this;
    this.waiters = [];
    for (const waiter of waiters) waiter.onCommit(this);
  }
}

const ignored = (): void => undefined;

/** Of what was committed long ago. */
export const alreadyCommitted = new Commit();
alreadyCommitted.settle();
