import { expect, test } from '@jest/globals';
import { Reopenings } from '../../../../src/broker/replica/reopenings.ts';
import { silentLogger } from '../../../../src/host/logger.ts';
import type { LogStore } from '../../../../src/storage/log-store.ts';
import type { PartitionRef } from '../../../../src/storage/partition-log.ts';
import { FakeLog } from '../../../support/fake-log.ts';
import { logSettings } from '../../../support/log-settings.ts';
import { ManualClock, settle } from '../../../support/manual-clock.ts';
import { createTopic, startedCluster } from '../../../support/test-cluster.ts';

test('of partitions that fail all at once a few are opened at a time, and all in the end', async () => {
  const clock = new ManualClock();
  const catalog = await startedCluster();
  await createTopic(catalog, 'orders', { numPartitions: 30 });
  const topicId = catalog.image.topics.get('orders')!.id;
  const epochs = () => catalog.image.topics.get('orders')!.partitions.map((p) => p.leaderEpoch);
  const before = epochs();
  const underWay: (() => void)[] = [];
  let most = 0;
  let isWell = false;
  const store = {
    open: async (ref: PartitionRef) => {
      await new Promise<void>((resolve) => {
        most = Math.max(most, underWay.push(resolve));
      });
      if (!isWell) throw new Error('EMFILE: too many open files');
      return new FakeLog(ref);
    },
  };
  const reopenings = new Reopenings({
    nodeId: 1,
    catalog,
    store: store as unknown as LogStore,
    settingsOf: () => logSettings(),
    clock,
    logger: silentLogger,
  });
  for (let partition = 0; partition < 30; partition++) {
    const leaderEpoch = before[partition]!;
    reopenings.plan({ topicId, topicName: 'orders', partition, leaderEpoch });
  }
  const openAll = async (): Promise<void> => {
    await settle();
    while (underWay.length > 0) {
      underWay.shift()!();
      await settle();
    }
  };
  await clock.advance(1_000);
  await openAll();
  expect(epochs()).toEqual(before);
  isWell = true;
  await clock.advance(10_000);
  await openAll();
  expect(epochs()).toEqual(before.map((epoch) => epoch + 1));
  expect(most).toBe(4);
  expect(clock.pendingTimers).toBe(0);
});
