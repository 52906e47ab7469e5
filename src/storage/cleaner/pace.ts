import type { Clock } from '../../host/clock.ts';
import type { CleanerSettings } from './cleaner-settings.ts';
import { Throttler } from './throttler.ts';

/** The log is gone, has failed, is not to be compacted any more, or the store closes. */
export class CleaningAborted extends Error {
  override readonly name = 'CleaningAborted';
}

/** Work that may be interrupted wherever it yields. */
export type Slices<T> = Generator<undefined, T, undefined>;

/** A loop over records yields so often: they take some 100 ns each. */
export const recordsPerSlice = 2_048;

/** Does the work without interruption. */
export function atOnce<T>(work: Slices<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/** So long the cleaner works before others may run. */
const sliceMs = 1;
/** So long it stands back after each slice while there is other work. */
const pauseMs = 4;
/** What a turn of the event loop takes, at most, in which there was no other work. */
const idleTurnMs = 0.05;
/** So long after the last turn with other work more of it is expected. */
const expectantMs = 20;

/**
 * How the cleaner shares the process with requests: it works in slices of some 1 ms, between which the
 * event loop does all that waits. As long as other work comes, it stands back for 4 ms after each slice:
 * most requests find it at rest, and its reads and writes do not crowd the thread pool's cores. A broker
 * that has nothing else to do cleans without a pause. And it pauses where its reads and writes are too
 * many per second.
 *
 * Slices rather than a worker thread: the work of a slice is what a batch costs (reading its records,
 * hashing their keys), while a thread would have to share the log's segments, indexes, producers and
 * transactions with the loop, or copy them for each round, and needs a second heap. Reads, writes and
 * fsyncs are done by the thread pool anyway. A compressed batch is one piece of work; of a large one, only
 * a slice of its records is, as it is decompressed, and compressed again, elsewhere (`LargeBatches`).
 */
export class Pace {
  private readonly throttler: Throttler;
  private sliceStartMs: number;
  /** When a turn of the event loop last had other work. */
  private otherWorkMs = -Infinity;
  private wake: (() => void) | undefined;

  /** @param isAborted  whether what is under way shall end */
  constructor(
    private readonly clock: Clock,
    settings: () => CleanerSettings,
    private readonly isAborted: () => boolean,
  ) {
    this.throttler = new Throttler(
      clock,
      () => settings().maxBytesPerSecond,
      (ms) => this.sleep(ms),
    );
    this.sliceStartMs = clock.monotonicMs();
  }

  /** Is it time for others? Then `rest`. */
  get isOver(): boolean {
    return this.clock.monotonicMs() - this.sliceStartMs >= sliceMs;
  }

  /** @throws {CleaningAborted} */
  async rest(): Promise<void> {
    await this.turn(); // the rest of this one
    const beganMs = this.clock.monotonicMs();
    await this.turn();
    const nowMs = this.clock.monotonicMs();
    if (nowMs - beganMs > idleTurnMs) this.otherWorkMs = nowMs;
    if (nowMs - this.otherWorkMs < expectantMs) await this.sleep(pauseMs);
    this.sliceStartMs = this.clock.monotonicMs();
    this.check();
  }

  /** Does the work, with rests. @throws {CleaningAborted} */
  async inSlices<T>(work: Slices<T>): Promise<T> {
    for (;;) {
      const step = work.next();
      if (step.done === true) return step.value;
      if (this.isOver) await this.rest();
    }
  }

  /** Counts bytes read or written. @throws {CleaningAborted} */
  async pass(bytes: number): Promise<void> {
    await this.throttler.pass(bytes);
    this.check();
  }

  /** @throws {CleaningAborted} */
  check(): void {
    if (this.isAborted()) throw new CleaningAborted('the cleaning of a log was aborted');
  }

  /** Ends a pause. */
  hurry(): void {
    this.wake?.();
  }

  private turn(): Promise<void> {
    return new Promise((resolve) => this.clock.defer(resolve));
  }

  private async sleep(ms: number): Promise<void> {
    if (this.isAborted()) return; // who wants it to end has called `hurry` already
    await new Promise<void>((resolve) => {
      const timer = this.clock.schedule(ms, resolve);
      this.wake = () => {
        timer.cancel();
        resolve();
      };
    });
    this.wake = undefined;
    this.sliceStartMs = this.clock.monotonicMs();
  }
}
