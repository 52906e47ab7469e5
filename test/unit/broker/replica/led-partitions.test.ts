import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  emptyImage,
  type MetadataImage,
  type PartitionImage,
} from '../../../../src/broker/catalog/image.ts';
import { LedPartitions, type Leadership } from '../../../../src/broker/replica/led-partitions.ts';
import type { ErrorName } from '../../../../src/protocol/error-codes.ts';
import { silentLogger } from '../../../../src/host/logger.ts';
import type { LogStore } from '../../../../src/storage/log-store.ts';
import type { PartitionRef } from '../../../../src/storage/partition-log.ts';
import { StorageFailure } from '../../../../src/storage/storage-failure.ts';
import { FakeLog } from '../../../support/fake-log.ts';
import { logSettings } from '../../../support/log-settings.ts';
import { ManualClock, settle } from '../../../support/manual-clock.ts';

const topicId = 'oiwwT0xKQ2e8YxHM2T0c7A';
const empty = emptyImage('cluster');

const partition = (leader: number, leaderEpoch = 0): PartitionImage => ({
  replicas: [1, 2],
  isr: [1, 2],
  addingReplicas: [],
  removingReplicas: [],
  directories: [],
  leader,
  leaderEpoch,
  partitionEpoch: 0,
});

function imageWith(
  partitions: PartitionImage[],
  { id = topicId, name = 'orders', configs = empty.configs } = {},
): MetadataImage {
  const topic = { id, name, partitions };
  return {
    ...empty,
    topics: new Map([[name, topic]]),
    topicsById: new Map([[id, topic]]),
    configs,
  };
}

let logs: Map<string, FakeLog>;
let led: LedPartitions;
let clock: ManualClock;
let failed: Leadership[];
let events: string[];
/** The observer cannot make use of these leaderships. */
let refusedEpochs: Set<number>;

const store = {
  open: async (ref: PartitionRef) => {
    const key = `${ref.topicId}-${ref.partition}`;
    const known = logs.get(key);
    if (known !== undefined && known.failure === undefined) return known;
    const log = new FakeLog(ref);
    logs.set(key, log);
    return log;
  },
} as unknown as LogStore;

beforeEach(() => {
  logs = new Map();
  failed = [];
  clock = new ManualClock();
  events = [];
  refusedEpochs = new Set();
  led = new LedPartitions(
    1,
    empty,
    store,
    (image, topicName) => ({
      log: logSettings({ retentionMs: image.configs.has(`TOPIC:${topicName}`) ? 5 : 7 }),
      minInsyncReplicas: 1,
    }),
    [
      {
        topicName: 'orders',
        onLeadership: ({ partition: index, leaderEpoch }) => {
          if (refusedEpochs.has(leaderEpoch)) throw new Error('the log cannot be read');
          events.push(`lead ${index} at ${leaderEpoch}`);
        },
        onResignation: (index) => {
          events.push(`resign ${index}`);
        },
      },
    ],
    (one) => failed.push(one),
    clock,
    silentLogger,
  );
});

function refusal(action: () => unknown): ErrorName {
  try {
    action();
  } catch (error) {
    return (error as { code: ErrorName }).code;
  }
  return 'NONE';
}

describe('partitions led by a broker', () => {
  it('are those of which the image says so', async () => {
    await led.apply(imageWith([partition(1), partition(2)]));
    expect(led.lead('orders', 0).leaderEpoch).toBe(0);
    expect(led.leadById(topicId, 0)).toBe(led.lead('orders', 0));
    expect(refusal(() => led.lead('orders', 1))).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(refusal(() => led.lead('orders', 2))).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect(refusal(() => led.lead('other', 0))).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect(refusal(() => led.leadById('x'.repeat(22), 0))).toBe('UNKNOWN_TOPIC_ID');
    expect(logs.get(`${topicId}-0`)?.leaderEpoch).toBe(0);
    expect(logs.has(`${topicId}-1`)).toBe(false);
  });

  it('begin anew with every leader epoch', async () => {
    await led.apply(imageWith([partition(1, 3)]));
    const first = led.lead('orders', 0);
    await led.apply(imageWith([partition(1, 3), partition(2)]));
    expect(led.lead('orders', 0)).toBe(first);
    await led.apply(imageWith([partition(1, 4), partition(2)]));
    expect(led.lead('orders', 0)).not.toBe(first);
    expect(first.leads).toBe(false);
    expect(events).toEqual(['lead 0 at 3', 'resign 0', 'lead 0 at 4']);
  });

  it('end when another leads, and whoever watches hears of it', async () => {
    await led.apply(imageWith([partition(1)]));
    const first = led.lead('orders', 0);
    let woken = 0;
    first.watch({ onAdvance: () => woken++ });
    await led.apply(imageWith([partition(2, 1)]));
    expect(woken).toBe(1);
    first.watch({ onAdvance: () => woken++ }); // too late: at once
    expect(woken).toBe(2);
    expect(refusal(() => led.lead('orders', 0))).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(logs.get(`${topicId}-0`)?.listenerCount).toBe(0);
  });

  it('end with their topic, also when one of the same name follows', async () => {
    await led.apply(imageWith([partition(1)]));
    const other = 'AAAAAAAAAAAAAAAAAAAABB';
    await led.apply(imageWith([partition(1)], { id: other }));
    expect(led.lead('orders', 0).topicId).toBe(other);
    expect(refusal(() => led.leadById(topicId, 0))).toBe('UNKNOWN_TOPIC_ID');
    await led.apply(empty);
    expect(refusal(() => led.lead('orders', 0))).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('take new settings at once', async () => {
    const before = imageWith([partition(1)]);
    await led.apply(before);
    expect(logs.get(`${topicId}-0`)?.settings?.retentionMs).toBe(7);
    await led.apply({ ...before, configs: new Map([['TOPIC:orders', new Map()]]) });
    expect(logs.get(`${topicId}-0`)?.settings?.retentionMs).toBe(5);
  });

  it('say when their log has failed, once they still lead', async () => {
    await led.apply(imageWith([partition(1)]));
    const log = logs.get(`${topicId}-0`)!;
    log.failure = new StorageFailure('NotCommitted', 'no space left');
    log.advance();
    expect(failed).toEqual([led.lead('orders', 0)]);
    await led.apply(imageWith([partition(1, 1)]));
    expect(logs.get(`${topicId}-0`)).not.toBe(log);
    expect(led.lead('orders', 0).log.failure).toBeUndefined();
  });

  it('are as good as not opened when an observer cannot read them, and leave nothing behind', async () => {
    refusedEpochs.add(0);
    await led.apply(imageWith([partition(1)]));
    expect(refusal(() => led.lead('orders', 0))).toBe('KAFKA_STORAGE_ERROR');
    expect(failed).toEqual([{ topicId, topicName: 'orders', partition: 0, leaderEpoch: 0 }]);
    expect(logs.get(`${topicId}-0`)?.listenerCount).toBe(0);
    await led.apply(imageWith([partition(1, 1)]));
    expect(led.lead('orders', 0).leaderEpoch).toBe(1);
    expect(events).toEqual(['lead 0 at 1']);
  });

  it('say so when their log cannot be opened, and stay refused', async () => {
    const broken = { open: () => Promise.reject(new Error('disk')) } as unknown as LogStore;
    const settings = { log: logSettings(), minInsyncReplicas: 1 };
    const none = new LedPartitions(
      1,
      empty,
      broken,
      () => settings,
      [],
      (one) => failed.push(one),
      clock,
      silentLogger,
    );
    await none.apply(imageWith([partition(1)]));
    expect(refusal(() => none.lead('orders', 0))).toBe('KAFKA_STORAGE_ERROR');
    expect(failed).toEqual([{ topicId, topicName: 'orders', partition: 0, leaderEpoch: 0 }]);
  });
});

describe('logs that take long to open', () => {
  const slow = new Map<number, () => void>();
  let opened: number[];
  let many: LedPartitions;

  beforeEach(() => {
    slow.clear();
    opened = [];
    const slowStore = {
      open: async (ref: PartitionRef) => {
        opened.push(ref.partition);
        await new Promise<void>((resolve) => slow.set(ref.partition, resolve));
        return new FakeLog(ref);
      },
    } as unknown as LogStore;
    const settings = { log: logSettings(), minInsyncReplicas: 1 };
    many = new LedPartitions(
      1,
      empty,
      slowStore,
      () => settings,
      [],
      (one) => failed.push(one),
      clock,
      silentLogger,
    );
  });

  const isOver = async (work: Promise<unknown>): Promise<boolean> => {
    let over = false;
    void work.then(() => (over = true));
    await settle();
    return over;
  };

  it('hold up an image for a moment only', async () => {
    const applied = many.apply(imageWith([partition(1), partition(1)]));
    await settle();
    slow.get(0)?.();
    expect(await isOver(applied)).toBe(false);
    await clock.advance(100);
    expect(await isOver(applied)).toBe(true);
    expect(many.lead('orders', 0).partition).toBe(0);
    expect(refusal(() => many.lead('orders', 1))).toBe('NOT_LEADER_OR_FOLLOWER');
    slow.get(1)?.();
    await settle();
    expect(many.lead('orders', 1).partition).toBe(1);
    expect(many.opening('orders', 1)).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });

  it('are opened a few at a time, and first those that somebody waits for', async () => {
    void many.apply(imageWith(Array.from({ length: 30 }, () => partition(1))));
    await settle();
    expect(opened).toEqual([0, 1, 2, 3]);
    const waited = many.openingById(topicId, 20)!;
    await settle();
    expect(opened).toEqual([0, 1, 2, 3, 20]);
    expect(await isOver(waited)).toBe(false);
    slow.get(20)?.();
    expect(await isOver(waited)).toBe(true);
    expect(many.lead('orders', 20).partition).toBe(20);
    slow.get(0)?.();
    await settle();
    expect(opened).toEqual([0, 1, 2, 3, 20, 4]);
  });

  it('are told from those that are led elsewhere, and hurried', async () => {
    void many.apply(imageWith([partition(2), ...Array.from({ length: 30 }, () => partition(1))]));
    await settle();
    expect(opened).toEqual([1, 2, 3, 4]);
    expect(many.isOpeningOf('orders', 0)).toBe(false);
    expect(many.isOpeningOf('payments', 0)).toBe(false);
    expect(many.isOpeningOf('orders', 20)).toBe(true);
    await settle();
    expect(opened).toEqual([1, 2, 3, 4, 20]);
    slow.get(20)?.();
    await settle();
    expect(many.isOpeningOf('orders', 20)).toBe(false);
  });

  it('hold up a request for a second at most', async () => {
    void many.apply(imageWith([partition(1)]));
    await settle();
    const waited = many.opening('orders', 0)!;
    await clock.advance(999);
    expect(await isOver(waited)).toBe(false);
    await clock.advance(1);
    expect(await isOver(waited)).toBe(true);
    expect(refusal(() => many.lead('orders', 0))).toBe('NOT_LEADER_OR_FOLLOWER');
  });

  it('are of no use when another leadership has begun meanwhile', async () => {
    void many.apply(imageWith([partition(1, 3)]));
    await settle();
    const finishFirst = slow.get(0)!;
    void many.apply(imageWith([partition(1, 4)]));
    await settle();
    expect(opened).toEqual([0]); // the second waits for the first
    finishFirst();
    await settle();
    expect(opened).toEqual([0, 0]);
    expect(refusal(() => many.lead('orders', 0))).toBe('NOT_LEADER_OR_FOLLOWER');
    slow.get(0)?.();
    await settle();
    expect(many.lead('orders', 0).leaderEpoch).toBe(4);
  });

  it('are waited for by the next leadership, also when there was none between', async () => {
    void many.apply(imageWith([partition(1, 3)]));
    await settle();
    const finishFirst = slow.get(0)!;
    await many.apply(imageWith([partition(2, 4)]));
    void many.apply(imageWith([partition(1, 5)]));
    await settle();
    expect(opened).toEqual([0]);
    finishFirst();
    await settle();
    expect(opened).toEqual([0, 0]);
    slow.get(0)?.();
    await settle();
    expect(many.lead('orders', 0).leaderEpoch).toBe(5);
  });

  it('do not wait for one that waits for its turn behind them', async () => {
    void many.apply(imageWith(Array.from({ length: 40 }, () => partition(1, 3))));
    await settle();
    void many.apply(imageWith(Array.from({ length: 40 }, () => partition(1, 4))));
    await settle();
    for (let index = 20; index < 36; index++) void many.opening('orders', index);
    await settle();
    for (let index = 0; index < 4; index++) slow.get(index)?.();
    for (let round = 0; round < 40; round++) {
      await settle();
      for (const finish of slow.values()) finish();
    }
    for (let index = 0; index < 40; index++) {
      expect(many.lead('orders', index).leaderEpoch).toBe(4);
    }
  });

  it('are not waited for when the broker stops', async () => {
    void many.apply(imageWith([partition(1)]));
    await settle();
    const waited = many.opening('orders', 0)!;
    const resigned = many.resignAll();
    expect(await isOver(resigned)).toBe(true);
    slow.get(0)?.();
    expect(await isOver(waited)).toBe(true);
    expect(refusal(() => many.lead('orders', 0))).toBe('NOT_LEADER_OR_FOLLOWER');
  });
});
