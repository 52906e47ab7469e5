import { settle } from './manual-clock.ts';
import { MemoryDisk } from './memory-disk.ts';

/** While it is slow, what the thread pool is given waits until a test lets it go on. */
export class SlowDisk extends MemoryDisk {
  isSlow = false;
  readonly held: (() => void)[] = [];

  override later<T>(action: () => T): Promise<T> {
    if (!this.isSlow) return super.later(action);
    return new Promise<T>((resolve) => this.held.push(() => resolve(super.later(action))));
  }

  /** Does all that waits, and what follows it. */
  async finish(): Promise<void> {
    while (this.held.length > 0) {
      this.held.shift()?.();
      await settle();
    }
  }
}
