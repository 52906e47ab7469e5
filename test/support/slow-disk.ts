import type { DiskFile } from '../../src/host/disk.ts';
import { settle } from './manual-clock.ts';
import { MemoryDisk } from './memory-disk.ts';

/**
 * While it is slow, what the thread pool is given waits until a test lets it go on: all but the
 * making of files, for which there is a thread beside those that make logs durable.
 */
export class SlowDisk extends MemoryDisk {
  isSlow = false;
  readonly held: (() => void)[] = [];

  override createInPool(path: string): Promise<DiskFile> {
    return super.later(() => this.open(path, { create: true }));
  }

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
