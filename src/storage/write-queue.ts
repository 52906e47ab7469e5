import type { Clock } from '../host/clock.ts';
import type { AbortedRow } from './aborted-transactions.ts';
import { Commit } from './commit.ts';
import type { LogMedium } from './log-medium.ts';
import type { Segment } from './segment.ts';
import { StorageFailure, withCause } from './storage-failure.ts';

/** From this size on a group goes through the thread pool: a longer copy would hold up the loop. */
const largeGroupBytes = 1024 * 1024;

/** Something that has appends to write at the end of the turn. */
export interface Committing {
  commit(): void;
}

/** Commits, at the end of a turn of the event loop, all logs that were appended to in it. */
export class CommitTurn {
  private dirty: Committing[] = [];

  constructor(private readonly clock: Clock) {}

  add(log: Committing): void {
    if (this.dirty.push(log) === 1) this.clock.defer(() => this.run());
  }

  private run(): void {
    const logs = this.dirty;
    this.dirty = [];
    for (const log of logs) log.commit();
  }
}

/** A segment is complete and another follows it. */
export interface Roll {
  readonly sealed: Segment;
  readonly offset: number;
  readonly snapshot: Buffer | undefined;
}

/** Bytes of one segment, in one vectored write. */
interface Step {
  /** Done before the bytes are written. */
  readonly roll: Roll | undefined;
  readonly segment: Segment;
  readonly position: number;
  readonly chunks: Uint8Array[];
  bytes: number;
  aborted: AbortedRow[] | undefined;
}

/** All appends of a turn. They are committed together. */
export class WriteGroup {
  readonly steps: Step[] = [];
  bytes = 0;
  /** Whether a file may have to be made for it, which takes long where many were removed lately. */
  rolls = false;
  /** Offset behind the last record. */
  endOffset = -1;
  readonly commit = new Commit();
}

/** What the queue asks of its log. */
export interface WriteOwner {
  /** Called before a group is written: what must be there first (epochs, the folder). */
  beforeWrite(): void;
  /** Must this group be durable before it is committed? */
  isSyncDue(group: WriteGroup): boolean;
  /** Makes everything up to the group's end durable. */
  syncNow(group: WriteGroup): Promise<void>;
  onCommitted(group: WriteGroup): void;
  /** @param isTakenBack  whether nothing of it is left on the medium */
  onFailed(cause: unknown, isTakenBack: boolean): void;
}

/**
 * Appends on their way to the medium. One group is written at a time; what comes meanwhile waits in
 * the next, so that one fsync serves all who wait (group commit).
 */
export class WriteQueue implements Committing {
  private next: WriteGroup | undefined;
  private current: WriteGroup | undefined;
  private waitingRoll: Roll | undefined;
  private idleWaiters: (() => void)[] = [];

  constructor(
    private readonly medium: LogMedium,
    private readonly turn: CommitTurn,
    private readonly owner: WriteOwner,
  ) {}

  /** The commit of what was queued last; undefined when nothing is under way. */
  get pending(): Commit | undefined {
    return (this.next ?? this.current)?.commit;
  }

  add(
    segment: Segment,
    position: number,
    chunk: Uint8Array,
    endOffset: number,
    aborted: AbortedRow | undefined,
  ): Commit {
    const group = this.openGroup();
    let step = group.steps.at(-1);
    if (step?.segment !== segment) step = this.addStep(group, segment, position);
    step.chunks.push(chunk);
    step.bytes += chunk.length;
    group.bytes += chunk.length;
    group.endOffset = endOffset;
    if (aborted !== undefined) (step.aborted ??= []).push(aborted);
    return group.commit;
  }

  /** Queues the change from one segment to the next, behind all bytes of the first. */
  roll(roll: Roll, next: Segment): void {
    const group = this.openGroup();
    this.waitingRoll = roll;
    this.addStep(group, next, 0);
    group.rolls = true;
    group.endOffset = roll.offset;
  }

  commit(): void {
    if (this.current !== undefined || this.next === undefined) return;
    const group = this.next;
    this.next = undefined;
    const isLong = group.bytes > largeGroupBytes || this.owner.isSyncDue(group);
    if (isLong || group.rolls) {
      this.current = group;
      void this.commitInPool(group, isLong);
      return;
    }
    try {
      this.owner.beforeWrite();
      for (const step of group.steps) {
        this.writeNow(step);
        this.stored(step);
      }
    } catch (error) {
      this.fail(group, error);
      return;
    }
    this.finish(group);
  }

  /** Resolves once nothing is under way; at once when nothing is. Never rejects. */
  async idle(): Promise<void> {
    if (this.current === undefined && this.next === undefined) return;
    await new Promise<void>((resolve) => this.idleWaiters.push(resolve));
  }

  /** Gives up what has not been written. */
  abandon(failure: StorageFailure): void {
    const group = this.next;
    this.next = undefined;
    group?.commit.settle(failure);
    this.wakeIdle();
  }

  private openGroup(): WriteGroup {
    if (this.next === undefined) {
      this.next = new WriteGroup();
      this.turn.add(this);
    }
    return this.next;
  }

  private addStep(group: WriteGroup, segment: Segment, position: number): Step {
    const roll = this.waitingRoll;
    this.waitingRoll = undefined;
    const step: Step = { roll, segment, position, chunks: [], bytes: 0, aborted: undefined };
    group.steps.push(step);
    return step;
  }

  /** @param isLong  the writes too, not only what has to be made for them */
  private async commitInPool(group: WriteGroup, isLong: boolean): Promise<void> {
    try {
      this.owner.beforeWrite();
      for (const step of group.steps) {
        if (step.roll !== undefined) await this.prepare(step.roll, step.segment);
        if (!isLong) this.writeNow(step);
        else if (step.bytes > 0) await step.segment.medium.write(step.chunks, step.position);
        this.stored(step);
      }
      if (this.owner.isSyncDue(group)) await this.owner.syncNow(group);
    } catch (error) {
      this.current = undefined;
      this.fail(group, error);
      return;
    }
    this.current = undefined;
    this.finish(group);
    this.commit();
  }

  private writeNow({ segment, bytes, chunks, position }: Step): void {
    if (bytes > 0) segment.medium.writeNow(chunks, position);
  }

  private async prepare(roll: Roll, segment: Segment): Promise<void> {
    // The new segment is there before the old one counts as complete: the log never has no end.
    await segment.medium.create();
    roll.sealed.seal();
    if (roll.snapshot !== undefined) this.medium.saveSnapshot(roll.offset, roll.snapshot);
  }

  private stored({ segment, position, bytes, aborted }: Step): void {
    segment.storedSize = position + bytes;
    if (aborted !== undefined) segment.medium.appendAborted(aborted);
  }

  private finish(group: WriteGroup): void {
    for (const { segment, position, bytes } of group.steps) {
      segment.readableSize = position + bytes;
    }
    this.owner.onCommitted(group);
    group.commit.settle();
    this.wakeIdle();
  }

  private fail(group: WriteGroup, cause: unknown): void {
    const isTakenBack = takenBack(group);
    group.commit.settle(
      isTakenBack
        ? new StorageFailure('NotCommitted', withCause('the write failed', cause), cause)
        : new StorageFailure(
            'OutcomeUnknown',
            withCause('the write failed; it may turn up when the log is opened again', cause),
            cause,
          ),
    );
    this.owner.onFailed(cause, isTakenBack);
    this.wakeIdle();
  }

  private wakeIdle(): void {
    if (this.current !== undefined || this.next !== undefined) return;
    const waiters = this.idleWaiters;
    this.idleWaiters = [];
    for (const wake of waiters) wake();
  }
}

/**
 * Undoes all that was written of a group, the last first. Its log takes no more appends, and is
 * read anew when it is opened again: what counts is that nobody finds these records then.
 *
 * @returns whether that is certain
 */
function takenBack(group: WriteGroup): boolean {
  try {
    for (const { segment, position, roll } of [...group.steps].reverse()) {
      segment.medium.takeBack(position, roll !== undefined);
    }
    return true;
  } catch {
    return false; // said by the code that the client hears
  }
}
