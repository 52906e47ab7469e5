import type { Deadlines, Waiter } from '../deadlines.ts';
import type { PartitionLog } from '../../storage/partition-log.ts';
import type { PartitionWatcher } from '../replica/led-partition.ts';
import type { FetchPartition } from './fetch-partition.ts';
import {
  endOf,
  hasMore,
  releaseReads,
  type FetchLimits,
  type FetchRead,
  type PartitionRead,
  type PartitionReader,
} from './read-partitions.ts';

export interface FetchWish extends FetchLimits {
  readonly partitions: readonly FetchPartition[];
  readonly minBytes: number;
  readonly maxWaitMs: number;
}

/**
 * Reads for a Fetch request, and waits for more when there is too little. Wakes when a high
 * watermark (or last stable offset, or log start) moves, never on a bare append.
 */
export function fetchOrWait(
  reader: PartitionReader,
  deadlines: Deadlines,
  wish: FetchWish,
  signal: AbortSignal,
): FetchRead | Promise<FetchRead> {
  const read = reader.read(wish.partitions, wish, signal);
  if (!(read instanceof Promise)) {
    if (wish.maxWaitMs <= 0 || isEnough(read, wish) || signal.aborted) return read;
    return new PendingFetch(reader, deadlines, wish, signal).start(read);
  }
  return read.then((late) =>
    wish.maxWaitMs <= 0 || isEnough(late, wish) || signal.aborted
      ? late
      : new PendingFetch(reader, deadlines, wish, signal).start(late),
  );
}

function isEnough(read: FetchRead, wish: FetchWish): boolean {
  if (read.mustAnswer || read.reads.length === 0 || read.sizeInBytes >= wish.minBytes) return true;
  return read.sizeInBytes > 0 && read.reads.some((one) => hasMore(one, wish.limit));
}

/** A Fetch request that waits. */
class PendingFetch implements Waiter {
  deadlineMs = 0;
  place = 0;
  private watches: PartitionWatch[] = [];
  /** Bytes that could be read by now, as far as offsets and sizes tell. */
  private availableBytes = 0;
  private state: 'waiting' | 'reading' | 'done' = 'waiting';
  private isDue = false;
  private resolve: (read: FetchRead) => void = () => undefined;
  private reject: (error: unknown) => void = () => undefined;
  private readonly onAbort = (): void => this.expire();

  constructor(
    private readonly reader: PartitionReader,
    private readonly deadlines: Deadlines,
    private readonly wish: FetchWish,
    private readonly signal: AbortSignal,
  ) {}

  start(read: FetchRead): Promise<FetchRead> {
    this.deadlines.add(this, this.wish.maxWaitMs);
    this.signal.addEventListener('abort', this.onAbort);
    const result = new Promise<FetchRead>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.wait(read);
    return result;
  }

  /** The time is up, or nobody waits any more: answers with what there is. */
  expire(): void {
    this.isDue = true;
    if (this.state === 'waiting') this.readAgain();
  }

  /** `bytes` more can be read in one partition. */
  noteAvailable(bytes: number): void {
    this.availableBytes += bytes;
    if (this.availableBytes >= this.wish.minBytes) this.wake();
  }

  /** Looks again at the end of this turn: more partitions may advance in it. */
  wake(): void {
    if (this.state !== 'waiting') return;
    this.state = 'reading';
    queueMicrotask(() => this.readAgain());
  }

  private wait(read: FetchRead): void {
    releaseReads(read.reads);
    this.state = 'waiting';
    this.availableBytes = read.sizeInBytes;
    for (const one of read.reads) {
      if (one.led !== undefined) this.watches.push(new PartitionWatch(this, one, this.wish));
    }
    // What advanced during the read is seen here, what does later is told.
    for (const watch of this.watches) watch.begin();
  }

  private readAgain(): void {
    this.state = 'reading';
    for (const watch of this.watches) watch.end();
    this.watches = [];
    try {
      const read = this.reader.read(this.wish.partitions, this.wish, this.signal);
      if (read instanceof Promise) read.then((late) => this.decide(late), this.fail);
      else this.decide(read);
    } catch (error) {
      this.fail(error);
    }
  }

  private decide(read: FetchRead): void {
    if (!this.isDue && !isEnough(read, this.wish)) {
      this.wait(read);
      return;
    }
    this.finish();
    this.resolve(read);
  }

  private readonly fail = (error: unknown): void => {
    this.finish();
    this.reject(error);
  };

  private finish(): void {
    this.state = 'done';
    this.deadlines.remove(this);
    this.signal.removeEventListener('abort', this.onAbort);
  }
}

/** One partition of a waiting fetch. */
class PartitionWatch implements PartitionWatcher {
  private readonly end0: number;
  private readonly start0: number;
  /** All bytes of the log could be seen, so that its growth is what became available. */
  private readonly sawAll: boolean;
  private counted = 0;

  constructor(
    private readonly fetch: PendingFetch,
    private readonly read: PartitionRead,
    private readonly wish: FetchWish,
  ) {
    const log = read.led?.log;
    this.end0 = log === undefined ? 0 : seenEnd(read, wish, log);
    this.start0 = log?.logStartOffset ?? 0;
    this.sawAll = this.end0 === log?.logEndOffset && read.logBytes === log.sizeInBytes;
  }

  begin(): void {
    this.read.led?.watch(this);
    this.onAdvance();
  }

  end(): void {
    this.read.led?.unwatch(this);
  }

  onAdvance(): void {
    const { led, wanted, logBytes, sizeInBytes } = this.read;
    if (led === undefined) return;
    const { log } = led;
    if (!led.leads || log.logStartOffset > wanted.fetchOffset) {
      this.fetch.wake();
      return;
    }
    if (endOf(this.wish.limit, log) <= this.end0) return;
    if (this.wish.minBytes <= 1 || !this.sawAll || log.logStartOffset !== this.start0) {
      this.fetch.wake();
      return;
    }
    const mostMore = Math.max(0, wanted.maxBytes - sizeInBytes);
    const more = Math.min(mostMore, log.sizeInBytes - logBytes);
    if (more <= this.counted) return;
    const news = more - this.counted;
    this.counted = more;
    this.fetch.noteAvailable(news);
  }
}

/** How far the read could see. */
function seenEnd({ answer }: PartitionRead, { limit }: FetchWish, log: PartitionLog): number {
  switch (limit) {
    case 'logEndOffset':
      return log.logEndOffset;
    case 'highWatermark':
      return answer.highWatermark;
    case 'lastStableOffset':
      return answer.lastStableOffset;
  }
}
