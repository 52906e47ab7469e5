import type { Clock } from '../../host/clock.ts';

/** Openings under way that nobody waits for, and those beside them that somebody does wait for. */
const backgroundOpenings = 4;
const urgentOpenings = 8;
/** After so long others may run. */
const sliceMs = 4;

/** Work that waits for its turn, or is under way. */
export interface Opening {
  /** Resolves when the work is over; it says itself what became of it. */
  readonly done: Promise<void>;
}

/**
 * Opens logs: few at a time, because each may have to read much, those that a client waits for
 * first, and in slices, because ten thousand that need little are much as well.
 */
export class LogOpenings {
  private readonly waiting = new Map<Opening, () => void>();
  private readonly urgent = new Set<Opening>();
  private running = 0;
  private sliceBeganMs = -Infinity;
  private isPlanned = false;

  constructor(private readonly clock: Clock) {}

  /** @param work  must not reject */
  add(work: () => Promise<void>): Opening {
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const opening: Opening = { done: begun.then(work).then(() => this.end()) };
    this.waiting.set(opening, begin);
    this.plan();
    return opening;
  }

  /** Somebody waits for it: it is next. */
  hurry(opening: Opening): void {
    if (!this.waiting.has(opening) || this.urgent.has(opening)) return;
    this.urgent.add(opening);
    this.plan();
  }

  private end(): void {
    this.running--;
    this.plan();
  }

  /** Begins what may begin, now or, when this slice has lasted long enough, in the next one. */
  private plan(): void {
    if (this.isPlanned || !this.mayBegin()) return;
    if (this.clock.monotonicMs() - this.sliceBeganMs < sliceMs) {
      this.begin();
      return;
    }
    this.isPlanned = true;
    this.clock.defer(() => {
      this.isPlanned = false;
      this.sliceBeganMs = this.clock.monotonicMs();
      this.begin();
    });
  }

  private begin(): void {
    while (this.mayBegin()) {
      const [opening] = this.urgent.size > 0 ? this.urgent : this.waiting.keys();
      const begin = opening === undefined ? undefined : this.waiting.get(opening);
      if (opening === undefined || begin === undefined) return;
      this.urgent.delete(opening);
      this.waiting.delete(opening);
      this.running++;
      begin();
    }
  }

  private mayBegin(): boolean {
    const most = backgroundOpenings + (this.urgent.size > 0 ? urgentOpenings : 0);
    return this.waiting.size > 0 && this.running < most;
  }
}
