import { beforeEach, describe, expect, it } from '@jest/globals';
import { Deadlines } from '../../../../src/broker/deadlines.ts';
import {
  isEnough,
  PendingFetch,
  WokenFetches,
  type Fetch,
} from '../../../../src/broker/fetch/pending-fetch.ts';
import type { FetchRead, PartitionRead } from '../../../../src/broker/fetch/read-partitions.ts';
import type {
  LedPartition,
  PartitionWatcher,
} from '../../../../src/broker/replica/led-partition.ts';
import type { Caller } from '../../../../src/host/caller.ts';
import { zeroUuid } from '../../../../src/protocol/uuid.ts';
import { ManualClock, settle } from '../../../support/manual-clock.ts';

let clock: ManualClock;
let deadlines: Deadlines;
let watchers: Set<PartitionWatcher>;
let released: number;
/** What the next reads find, and how often was read. */
let found: (FetchRead | Promise<FetchRead>)[];
let outcome: FetchRead | Error | undefined;
let caller: Caller & { isGone: boolean };
let highWatermark: number;

beforeEach(() => {
  clock = new ManualClock();
  deadlines = new Deadlines(clock);
  watchers = new Set();
  released = 0;
  found = [];
  outcome = undefined;
  caller = { isGone: false, waitsFor: undefined };
  highWatermark = 5;
});

const led = {
  leads: true,
  log: {
    logStartOffset: 0,
    get highWatermark() {
      return highWatermark;
    },
    get logEndOffset() {
      return highWatermark;
    },
    sizeInBytes: 0,
  },
  watch: (watcher: PartitionWatcher) => watchers.add(watcher),
  unwatch: (watcher: PartitionWatcher) => watchers.delete(watcher),
} as unknown as LedPartition;

function readOf(sizeInBytes: number): FetchRead {
  const wanted = {
    ...{ topic: 't', topicId: zeroUuid, partition: 0, fetchOffset: 5, maxBytes: 1000 },
    ...{ currentLeaderEpoch: -1, lastFetchedEpoch: -1 },
    ...{ sentHighWatermark: -1, sentLogStartOffset: -1 },
  };
  const one = {
    ...{ wanted, led, error: undefined, sizeInBytes, logBytes: 0 },
    answer: { highWatermark },
    result: { records: [], release: () => released++ },
  } as unknown as PartitionRead;
  return { reads: [one], sizeInBytes, mustAnswer: false };
}

const request = (maxWaitMs: number): Fetch => ({
  ...{ minBytes: 1, maxBytes: 1000, maxWaitMs, limit: 'highWatermark', caller },
  read: () => found.shift() ?? readOf(0),
  settle: (read) => (outcome = read),
  fail: (error) => (outcome = error as Error),
});

function begin(read: FetchRead | Promise<FetchRead>, maxWaitMs = 100): void {
  new PendingFetch({ deadlines, woken: new WokenFetches() }, request(maxWaitMs)).decide(read);
}

/** Nothing is left of a fetch. */
function expectOver(): void {
  expect(watchers.size).toBe(0);
  expect(caller.waitsFor).toBeUndefined();
}

describe('a fetch that waits', () => {
  it('for its first read is settled with that when it is enough', async () => {
    const read = readOf(1);
    begin(Promise.resolve(read));
    await settle();
    expect(outcome).toBe(read);
    expectOver();
  });

  it('for its first read takes what that brings when it may not wait longer', async () => {
    const read = readOf(0);
    begin(Promise.resolve(read), 0);
    await settle();
    expect(outcome).toBe(read);
    expect(clock.pendingTimers).toBe(0);
  });

  it('for its first read fails with it', async () => {
    begin(Promise.reject(new Error('broken')));
    await settle();
    expect(outcome).toEqual(new Error('broken'));
    expectOver();
  });

  it('gives back what it has read, and reads again when there is more', async () => {
    begin(readOf(0));
    expect(released).toBe(1);
    const more = readOf(7);
    found = [more];
    highWatermark = 6;
    for (const watcher of watchers) watcher.onAdvance();
    expect(outcome).toBeUndefined(); // not within the turn that advances
    await settle();
    expect(outcome).toBe(more);
    expectOver();
    await clock.advance(100);
    expect(outcome).toBe(more);
  });

  it('does not miss what comes while it reads', async () => {
    const early = readOf(0);
    highWatermark = 6;
    const more = readOf(7);
    found = [more];
    begin(Promise.resolve(early));
    await settle();
    expect(outcome).toBe(more);
  });

  it('is settled with what there is when its time is up, also while it reads', async () => {
    begin(readOf(0));
    let arrive: (read: FetchRead) => void = () => undefined;
    found = [new Promise((resolve) => (arrive = resolve))];
    highWatermark = 6;
    for (const watcher of watchers) watcher.onAdvance();
    await clock.advance(100);
    expect(outcome).toBeUndefined();
    const late = readOf(0);
    arrive(late);
    await settle();
    expect(outcome).toBe(late);
    expectOver();
  });

  it('is over when its caller goes, and no timer looks after it', async () => {
    begin(readOf(0));
    caller.isGone = true;
    caller.waitsFor?.giveUp();
    await settle();
    expect(outcome).toMatchObject({ sizeInBytes: 0 });
    expectOver();
    await clock.advance(100);
    expect(clock.pendingTimers).toBe(0);
  });

  it('fails when it cannot read again', async () => {
    begin(readOf(0));
    found = [Promise.reject(new Error('broken'))];
    await clock.advance(100);
    await settle();
    expect(outcome).toEqual(new Error('broken'));
    expectOver();
  });
});

it('nobody waits for a caller that is gone', () => {
  caller.isGone = true;
  expect(isEnough(readOf(0), request(100))).toBe(true);
});
