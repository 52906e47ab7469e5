import { describe, expect, it } from '@jest/globals';
import { decideCreateTopics } from '../../../../src/broker/catalog/decide-topics.ts';
import type { TopicImage } from '../../../../src/broker/catalog/image.ts';
import { TopicCreation } from '../../../../src/broker/catalog/topic-creation.ts';
import type { MemoryCatalog } from '../../../../src/broker/catalog/memory-catalog.ts';
import { startedCluster, topicRules, wantedTopic } from '../../../support/test-cluster.ts';

const properties: Record<string, number> = {
  'offsets.topic.num.partitions': 50,
  'offsets.topic.replication.factor': 3,
  'offsets.topic.segment.bytes': 104_857_600,
  'transaction.state.log.num.partitions': 50,
  'transaction.state.log.replication.factor': 3,
  'transaction.state.log.min.isr': 2,
  'transaction.state.log.segment.bytes': 104_857_600,
  'share.coordinator.state.topic.num.partitions': 50,
  'share.coordinator.state.topic.replication.factor': 3,
  'share.coordinator.state.topic.min.isr': 2,
  'share.coordinator.state.topic.segment.bytes': 104_857_600,
};

async function clusterOf(
  brokers: number,
): Promise<{ catalog: MemoryCatalog; creation: TopicCreation }> {
  const catalog = await startedCluster(brokers);
  const numberOf = (property: string): number => properties[property]!;
  return { catalog, creation: new TopicCreation(catalog, { ...topicRules(), numberOf }) };
}

const leadersOf = ({ partitions }: TopicImage): number[] => partitions.map(({ leader }) => leader);

describe('row 19: internal topics', () => {
  it('have their own partitions and configuration', async () => {
    const { catalog, creation } = await clusterOf(1);
    const topic = await creation.ensureInternalTopic('__consumer_offsets');
    expect(topic.partitions).toHaveLength(50);
    expect(topic.partitions[0]).toMatchObject({ replicas: [1], leader: 1, leaderEpoch: 0 });
    expect(Object.fromEntries(catalog.image.configs.get('TOPIC:__consumer_offsets')!)).toEqual({
      'cleanup.policy': 'compact',
      'compression.type': 'producer',
      'segment.bytes': '104857600',
    });
  });

  it('take as many replicas as there are brokers, and spread their leaders', async () => {
    const { creation } = await clusterOf(2);
    const topic = await creation.ensureInternalTopic('__consumer_offsets');
    expect(topic.partitions.every(({ replicas }) => replicas.length === 2)).toBe(true);
    expect(leadersOf(topic).filter((leader) => leader === 1)).toHaveLength(25);
    const three = await clusterOf(4);
    const other = await three.creation.ensureInternalTopic('__consumer_offsets');
    expect(other.partitions[0]!.replicas).toHaveLength(3);
  });

  it('do not ask for more in-sync replicas than they have', async () => {
    const { catalog, creation } = await clusterOf(1);
    await creation.ensureInternalTopic('__transaction_state');
    const config = catalog.image.configs.get('TOPIC:__transaction_state');
    expect(config?.get('min.insync.replicas')).toBe('1');
    await creation.ensureInternalTopic('__share_group_state');
    expect(catalog.image.configs.get('TOPIC:__share_group_state')?.get('retention.ms')).toBe('-1');
  });

  it('are made once, however many ask', async () => {
    const { catalog, creation } = await clusterOf(1);
    const made = await Promise.all(
      [1, 2, 3].map(() => creation.ensureInternalTopic('__consumer_offsets')),
    );
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    expect(catalog.image.topics.size).toBe(1);
  });
});

describe('ensure', () => {
  it('says what it refuses and makes the rest', async () => {
    const { catalog, creation } = await clusterOf(1);
    const refused = await creation.ensure(['good', 'b@d', '__cluster_metadata']);
    expect(refused.map(({ name, error }) => [name, error])).toEqual([
      ['b@d', 'INVALID_TOPIC_EXCEPTION'],
      ['__cluster_metadata', 'INVALID_REQUEST'],
    ]);
    expect([...catalog.image.topics.keys()]).toEqual(['good']);
  });
});

it('topics of one partition lead on one broker after the other', async () => {
  const { catalog, creation } = await clusterOf(3);
  await creation.ensure(['a', 'b', 'c', 'd']);
  const leaders = [...catalog.image.topics.values()].flatMap(leadersOf);
  expect(leaders).toEqual([1, 2, 3, 1]);
});

it('a request for too many partitions is refused as a whole', async () => {
  const { catalog } = await clusterOf(1);
  const wanted = ['a', 'b'].map((name) => wantedTopic(name, { numPartitions: 5001 }));
  expect(() => decideCreateTopics(catalog.image, wanted, topicRules())).toThrow(
    'Excessively large number of partitions per request.',
  );
});
