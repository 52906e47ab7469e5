import { strict as assert } from 'node:assert';
import type { Caller, Wait } from '../../host/caller.ts';
import type { PartitionLog, ReadLimit } from '../../storage/partition-log.ts';
import type { Deadlines, Waiter } from '../deadlines.ts';
import type { LedPartition, PartitionWatcher } from '../replica/led-partition.ts';
import type { FetchPartition } from './fetch-partition.ts';
import {
  endOf,
  hasMore,
  releaseReads,
  type FetchLimits,
  type FetchRead,
  type PartitionAnswer,
  type PartitionRead,
} from './read-partitions.ts';

/** A Fetch request: what it waits for, and who is told what was found. */
export interface Fetch extends FetchLimits {
  readonly minBytes: number;
  readonly maxWaitMs: number;
  readonly caller: Caller;
  read(): FetchRead | Promise<FetchRead>;
  settle(read: FetchRead): void;
  fail(error: unknown): void;
}

/** Whether a fetch is answered with `read`, or rather waits for more. */
export function isEnough(read: FetchRead, fetch: Fetch): boolean {
  if (fetch.maxWaitMs <= 0 || fetch.caller.isGone) return true;
  if (read.mustAnswer || read.reads.length === 0 || read.sizeInBytes >= fetch.minBytes) return true;
  return read.sizeInBytes > 0 && read.reads.some((one) => hasMore(one, fetch.limit));
}

/** Fetches that look again when what runs now is done: more partitions may advance in it. */
export class WokenFetches {
  private woken: PendingFetch[] = [];
  private readonly lookAgain = (): void => {
    const { woken } = this;
    this.woken = [];
    for (const pending of woken) pending.readAgain();
  };

  add(pending: PendingFetch): void {
    if (this.woken.push(pending) === 1) queueMicrotask(this.lookAgain);
  }
}

/** What the waiting fetches of a broker share. */
export interface WaitingRoom {
  readonly deadlines: Deadlines;
  readonly woken: WokenFetches;
}

const noWatches: readonly PartitionWatch[] = [];

/**
 * A Fetch request that waits: for its first read, or for more than was found. Wakes when a high
 * watermark (or last stable offset, or log start) moves, never on a bare append. There may be very
 * many of these, so while one waits it keeps numbers and nothing of what it has read.
 */
export class PendingFetch implements Waiter, Wait {
  deadlineMs = 0;
  place = 0;
  private watches = noWatches;
  /** Bytes that could be read by now, as far as offsets and sizes tell. */
  private availableBytes = 0;
  private state: 'new' | 'waiting' | 'reading' = 'new';
  private isDue = false;

  constructor(
    private readonly room: WaitingRoom,
    readonly fetch: Fetch,
  ) {}

  /** Settles the fetch with `read` when that is enough, or else with a later one. */
  decide(read: FetchRead | Promise<FetchRead>): void {
    if (read instanceof Promise) {
      read.then(
        (late) => this.decide(late),
        (error: unknown) => this.fail(error),
      );
      return;
    }
    if (this.isDue || isEnough(read, this.fetch)) {
      this.finish();
      this.fetch.settle(read);
      return;
    }
    try {
      this.wait(read);
    } catch (error) {
      this.fail(error);
    }
  }

  /** The time is up: answers with what there is. */
  expire(): void {
    this.isDue = true;
    this.wake();
  }

  /** Nobody waits any more. */
  giveUp(): void {
    this.expire();
  }

  /** `bytes` more can be read in one partition. */
  noteAvailable(bytes: number): void {
    this.availableBytes += bytes;
    if (this.availableBytes >= this.fetch.minBytes) this.wake();
  }

  wake(): void {
    if (this.state !== 'waiting') return;
    this.state = 'reading';
    this.room.woken.add(this);
  }

  /** Waits for more than was found. */
  wait(read: FetchRead): void {
    releaseReads(read.reads);
    const watches: PartitionWatch[] = [];
    for (const one of read.reads) watches.push(new PartitionWatch(this, one));
    // A copy has no room for more.
    this.watches = watches.slice();
    if (this.state === 'new') {
      this.room.deadlines.add(this, this.fetch.maxWaitMs);
      this.fetch.caller.waitsFor = this;
    }
    this.state = 'waiting';
    this.availableBytes = read.sizeInBytes;
    // What advanced during the read is seen here, what does later is told.
    for (const watch of watches) watch.begin();
  }

  readAgain(): void {
    for (const watch of this.watches) watch.end();
    this.watches = noWatches;
    let read: FetchRead | Promise<FetchRead>;
    try {
      read = this.fetch.read();
    } catch (error) {
      this.fail(error);
      return;
    }
    this.decide(read);
  }

  private fail(error: unknown): void {
    this.finish();
    this.fetch.fail(error);
  }

  private finish(): void {
    const { caller } = this.fetch;
    this.room.deadlines.remove(this);
    if (caller.waitsFor === this) caller.waitsFor = undefined;
  }
}

/** One partition of a waiting fetch. */
class PartitionWatch implements PartitionWatcher {
  private readonly led: LedPartition;
  private readonly wanted: FetchPartition;
  private readonly end0: number;
  private readonly start0: number;
  /** Bytes of the log when it was read, and how many more of them the fetch would take. */
  private readonly logBytes: number;
  private readonly mostMore: number;
  /** All bytes of the log could be seen, so that its growth is what became available. */
  private readonly sawAll: boolean;
  private counted = 0;

  constructor(
    private readonly pending: PendingFetch,
    { led, wanted, answer, logBytes, sizeInBytes }: PartitionRead,
  ) {
    assert(led !== undefined, 'a fetch that waits knows the leaders of its partitions');
    const { log } = led;
    this.led = led;
    this.wanted = wanted;
    this.end0 = seenEnd(answer, pending.fetch.limit, log);
    this.start0 = log.logStartOffset;
    this.logBytes = logBytes;
    this.mostMore = Math.max(0, wanted.maxBytes - sizeInBytes);
    this.sawAll = this.end0 === log.logEndOffset && logBytes === log.sizeInBytes;
  }

  begin(): void {
    this.led.watch(this);
    this.onAdvance();
  }

  end(): void {
    this.led.unwatch(this);
  }

  onAdvance(): void {
    const { led, pending } = this;
    const { log } = led;
    const { limit, minBytes } = pending.fetch;
    if (!led.leads || log.logStartOffset > this.wanted.fetchOffset) {
      pending.wake();
      return;
    }
    if (endOf(limit, log) <= this.end0) return;
    if (minBytes <= 1 || !this.sawAll || log.logStartOffset !== this.start0) {
      pending.wake();
      return;
    }
    const more = Math.min(this.mostMore, log.sizeInBytes - this.logBytes);
    if (more <= this.counted) return;
    const news = more - this.counted;
    this.counted = more;
    pending.noteAvailable(news);
  }
}

/** How far a read could see. */
function seenEnd(answer: PartitionAnswer, limit: ReadLimit, log: PartitionLog): number {
  switch (limit) {
    case 'logEndOffset':
      return log.logEndOffset;
    case 'highWatermark':
      return answer.highWatermark;
    case 'lastStableOffset':
      return answer.lastStableOffset;
  }
}
