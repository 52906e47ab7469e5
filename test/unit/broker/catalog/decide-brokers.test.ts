import { describe, expect, it } from '@jest/globals';
import type { Change } from '../../../../src/broker/catalog/catalog.ts';
import {
  decideBrokersGone,
  decideBrokersJoin,
  decideBrokerStarted,
  decideBrokerStopped,
} from '../../../../src/broker/catalog/decide-brokers.ts';
import { decideElection } from '../../../../src/broker/catalog/decide-elections.ts';
import { decideProducerIdBlock } from '../../../../src/broker/catalog/decide-producer-ids.ts';
import type { MetadataImage, PartitionImage } from '../../../../src/broker/catalog/image.ts';
import type { MemoryCatalog } from '../../../../src/broker/catalog/memory-catalog.ts';
import { configChanged, partitionChanged } from '../../../../src/broker/catalog/metadata-record.ts';
import { createTopic, registration, startedCluster } from '../../../support/test-cluster.ts';

async function clusterWithTopic(
  brokers: number,
  ...assignments: number[][]
): Promise<MemoryCatalog> {
  const catalog = await startedCluster(brokers);
  await createTopic(catalog, 't', {
    assignments: assignments.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
  });
  return catalog;
}

const partitionOf = (catalog: MemoryCatalog, index = 0): PartitionImage =>
  catalog.image.topics.get('t')!.partitions[index]!;

const stop = (catalog: MemoryCatalog, ...ids: number[]): Promise<void> =>
  catalog.transact((image) => decideBrokerStopped(image, ids));
const start = (catalog: MemoryCatalog, ...ids: number[]): Promise<void> =>
  catalog.transact((image) =>
    decideBrokersJoin(
      image,
      ids.map((id) => registration(id)),
    ),
  );

describe('a broker joins', () => {
  it('with its catalog offset as epoch, and serves', async () => {
    const catalog = await startedCluster(2);
    const [first, second] = [...catalog.image.brokers.values()];
    expect(first).toMatchObject({ id: 1, fenced: false });
    expect(second!.epoch).toBe(first!.epoch + 1);
  });

  it('is known but fenced between registration and start', async () => {
    const catalog = await startedCluster(1);
    await stop(catalog, 1);
    expect(catalog.image.brokers.get(1)?.fenced).toBe(true);
    await catalog.transact((image) => decideBrokerStarted(image, 1));
    expect(catalog.image.brokers.get(1)?.fenced).toBe(false);
  });

  it('however many partitions wait for it', async () => {
    const catalog = await clusterWithTopic(1, [1]);
    await stop(catalog, 1);
    const { image } = catalog;
    const topic = image.topics.get('t')!;
    const partitions = Array.from({ length: 150_000 }, () => partitionOf(catalog));
    const large = { ...image, topics: new Map([['t', { ...topic, partitions }]]) };
    const { records } = decideBrokersJoin(large, [registration(1)]);
    expect(records.filter(({ type }) => type === 'PartitionChangeRecord')).toHaveLength(150_000);
  });
});

describe('a broker stops', () => {
  it('its partitions go to the next in-sync replica at a higher epoch', async () => {
    const catalog = await clusterWithTopic(3, [1, 2, 3]);
    await stop(catalog, 1);
    expect(partitionOf(catalog)).toMatchObject({ leader: 2, leaderEpoch: 1, isr: [2, 3] });
  });

  it('it leaves the in-sync replicas of others, whose leaders keep their epoch', async () => {
    const catalog = await clusterWithTopic(2, [1, 2]);
    await stop(catalog, 2);
    expect(partitionOf(catalog)).toMatchObject({ leader: 1, leaderEpoch: 0, isr: [1] });
  });

  it('the last in-sync replica is remembered, and there is no leader', async () => {
    const catalog = await clusterWithTopic(2, [1, 2]);
    await stop(catalog, 2);
    await stop(catalog, 1);
    expect(partitionOf(catalog)).toMatchObject({ leader: -1, leaderEpoch: 1, isr: [1] });
  });

  it('all brokers at once leave the in-sync replicas as they were', async () => {
    const catalog = await clusterWithTopic(2, [1, 2]);
    await stop(catalog, 1, 2);
    expect(partitionOf(catalog)).toMatchObject({ leader: -1, isr: [1, 2] });
  });

  it('a replica out of sync leads only where unclean elections are allowed', async () => {
    const catalog = await clusterWithTopic(2, [1, 2], [1, 2]);
    await stop(catalog, 2);
    await start(catalog, 2);
    const { id } = catalog.image.topics.get('t')!;
    const outOfSync = [partitionChanged(id, 0, { isr: [1] })];
    await catalog.transact(() => ({ records: outOfSync, result: undefined }));
    const unclean = configChanged('TOPIC', 't', 'unclean.leader.election.enable', 'true');
    const after = (image: MetadataImage): Change<void> => decideBrokerStopped(image, 1);
    expect(after(catalog.image).records[0]?.data).toMatchObject({ leader: -1, isr: null });
    await catalog.transact(() => ({ records: [unclean], result: undefined }));
    expect(after(catalog.image).records[0]?.data).toMatchObject({
      leader: 2,
      isr: [2],
      leaderRecoveryState: 1,
    });
  });
});

describe('a broker comes back', () => {
  it('leads again what had no leader, at a higher epoch', async () => {
    const catalog = await clusterWithTopic(1, [1]);
    await stop(catalog, 1);
    await start(catalog, 1);
    expect(partitionOf(catalog)).toMatchObject({ leader: 1, leaderEpoch: 2, isr: [1] });
  });

  it('joins the in-sync replicas of a leader that serves', async () => {
    const catalog = await clusterWithTopic(2, [1, 2]);
    await stop(catalog, 1);
    await start(catalog, 1);
    expect(partitionOf(catalog)).toMatchObject({ leader: 2, leaderEpoch: 1, isr: [1, 2] });
  });

  it('does not lead while another is the last in-sync replica', async () => {
    const catalog = await clusterWithTopic(2, [1, 2]);
    await stop(catalog, 1);
    await stop(catalog, 2);
    await start(catalog, 1);
    expect(partitionOf(catalog)).toMatchObject({ leader: -1, isr: [2] });
    await start(catalog, 2);
    expect(partitionOf(catalog)).toMatchObject({ leader: 2, isr: [2] });
  });

  it('after a crash keeps its partitions, at a higher epoch', async () => {
    const catalog = await clusterWithTopic(1, [1]);
    await start(catalog, 1);
    expect(partitionOf(catalog)).toMatchObject({ leader: 1, leaderEpoch: 1, isr: [1] });
  });

  it('is fenced when a smaller cluster starts without it', async () => {
    const catalog = await clusterWithTopic(2, [2, 1]);
    await catalog.transact((image) => decideBrokersGone(image, [1]));
    expect(catalog.image.brokers.get(2)?.fenced).toBe(true);
    expect(partitionOf(catalog)).toMatchObject({ leader: 1, leaderEpoch: 1, isr: [1] });
  });

  it('leads what only the last eligible replicas of another Kafka remember', async () => {
    const catalog = await clusterWithTopic(1, [1]);
    await stop(catalog, 1);
    const { id } = catalog.image.topics.get('t')!;
    const ranEmpty = [partitionChanged(id, 0, { isr: [], eligibleLeaderReplicas: [1] })];
    await catalog.transact(() => ({ records: ranEmpty, result: undefined }));
    await start(catalog, 1);
    expect(partitionOf(catalog)).toMatchObject({ leader: 1, isr: [1] });
    expect(partitionOf(catalog)).not.toHaveProperty('eligibleLeaderReplicas');
  });
});

describe('elections', () => {
  it('row 42: a preferred leader that serves is elected', async () => {
    const catalog = await clusterWithTopic(2, [1, 2]);
    await stop(catalog, 1);
    await start(catalog, 1);
    const result = await catalog.transact((image) =>
      decideElection(image, 'preferred', [{ topic: 't', partitions: [0] }]),
    );
    expect(result[0]?.results).toEqual([{ partition: 0, error: 'NONE', message: null }]);
    expect(partitionOf(catalog)).toMatchObject({ leader: 1, leaderEpoch: 2 });
  });

  it('row 42: a preferred leader that does not serve is not available', async () => {
    const catalog = await clusterWithTopic(2, [1, 2]);
    await stop(catalog, 1);
    const { records, result } = decideElection(catalog.image, 'preferred', null);
    expect(records).toEqual([]);
    expect(result[0]?.results).toEqual([
      {
        partition: 0,
        error: 'PREFERRED_LEADER_NOT_AVAILABLE',
        message: 'The preferred leader was not available.',
      },
    ]);
  });

  it('row 42: an unclean election takes a replica that may lack records', async () => {
    const catalog = await clusterWithTopic(2, [1, 2]);
    await stop(catalog, 1);
    await stop(catalog, 2);
    await start(catalog, 1);
    await catalog.transact((image) =>
      decideElection(image, 'unclean', [{ topic: 't', partitions: [0] }]),
    );
    expect(partitionOf(catalog)).toMatchObject({ leader: 1, isr: [1], recovering: true });
  });

  it('row 42: with no replica alive, none is eligible', async () => {
    const catalog = await clusterWithTopic(2, [1]);
    await stop(catalog, 1);
    const { result } = decideElection(catalog.image, 'unclean', [{ topic: 't', partitions: [0] }]);
    expect(result[0]?.results[0]?.error).toBe('ELIGIBLE_LEADERS_NOT_AVAILABLE');
  });
});

it('producer ids come in blocks of a thousand that nobody gets twice', async () => {
  const catalog = await startedCluster();
  const take = (): Promise<unknown> => catalog.transact((image) => decideProducerIdBlock(image, 1));
  expect(await take()).toEqual({ firstProducerId: 0, count: 1000 });
  expect(await take()).toEqual({ firstProducerId: 1000, count: 1000 });
  expect(catalog.image.nextProducerId).toBe(2000);
});
