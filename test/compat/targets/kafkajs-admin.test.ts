import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ConfigResourceTypes, ConfigSource, type Admin } from 'kafkajs';
import {
  consume,
  createTopic,
  kafkaClient,
  quickConsumer,
  until,
} from '../support/kafkajs-client.ts';
import { bootstrapServers, describeTarget, uniqueName } from '../support/suite.ts';

async function fill(topic: string, count: number, timestamp?: number): Promise<void> {
  const producer = kafkaClient().producer();
  await producer.connect();
  await producer.send({
    topic,
    messages: Array.from({ length: count }, (_, i) => ({
      partition: 0,
      value: `${i}`,
      ...(timestamp !== undefined && { timestamp: String(timestamp + i) }),
    })),
  });
  await producer.disconnect();
}

describeTarget('kafkajs 2.2.4 admin', () => {
  let admin: Admin;
  beforeAll(async () => {
    admin = kafkaClient().admin();
    await admin.connect();
  });
  afterAll(async () => admin.disconnect());

  test('describeCluster names this broker', async () => {
    const cluster = await admin.describeCluster();
    const [host, port] = bootstrapServers().split(':');
    expect(cluster.brokers).toEqual([{ nodeId: 1, host, port: Number(port) }]);
    expect(cluster.controller).toBe(1);
    expect(Buffer.from(cluster.clusterId, 'base64url')).toHaveLength(16);
  });

  test('a topic is created, listed, described and deleted', async () => {
    const topic = uniqueName('admin');
    const topics = [{ topic, numPartitions: 3, replicationFactor: 1 }];
    expect(await admin.createTopics({ topics, validateOnly: true, waitForLeaders: false })).toBe(
      true,
    );
    expect(await admin.listTopics()).not.toContain(topic);
    expect(await admin.createTopics({ topics, waitForLeaders: false })).toBe(true);
    expect(await admin.createTopics({ topics })).toBe(false);
    await until('it is listed', async () => (await admin.listTopics()).includes(topic));
    const { topics: described } = await admin.fetchTopicMetadata({ topics: [topic] });
    expect(described[0]?.name).toBe(topic);
    expect(described[0]?.partitions.sort((a, b) => a.partitionId - b.partitionId)).toEqual(
      [0, 1, 2].map((partitionId) => ({
        partitionErrorCode: 0,
        partitionId,
        leader: 1,
        replicas: [1],
        isr: [1],
        offlineReplicas: [],
      })),
    );
    await admin.deleteTopics({ topics: [topic] });
    await until('it is gone', async () => !(await admin.listTopics()).includes(topic));
    const hasty = kafkaClient({ retry: { retries: 0 } }).admin();
    await hasty.connect();
    await expect(hasty.deleteTopics({ topics: [topic] })).rejects.toThrow(
      'This server does not host this topic-partition',
    );
  });

  test.each([
    ['an invalid name', { topic: 'no spaces', numPartitions: 1 }, 'INVALID_TOPIC_EXCEPTION'],
    ['no partitions', { topic: 'p', numPartitions: 0 }, 'INVALID_PARTITIONS'],
    ['too many replicas', { topic: 'r', replicationFactor: 9 }, 'INVALID_REPLICATION_FACTOR'],
    [
      'an unknown setting',
      { topic: 'c', configEntries: [{ name: 'no.such.setting', value: '1' }] },
      'INVALID_CONFIG',
    ],
  ])('%s is refused at creation', async (_, topic, type) => {
    const creation = admin.createTopics({ topics: [topic] });
    await expect(creation).rejects.toMatchObject({
      errors: [expect.objectContaining({ type }) as unknown],
    });
  });

  test('partitions are added, never taken away', async () => {
    const topic = await createTopic(uniqueName('grow'), 2);
    await admin.createPartitions({ topicPartitions: [{ topic, count: 5 }] });
    // Apache Kafka answers when its controller has decided; the broker follows.
    await until('five are told of', async () => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      return topics[0]?.partitions.length === 5;
    });
    await expect(
      admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] }),
    ).rejects.toMatchObject({ type: 'INVALID_PARTITIONS' });
  });

  test('settings of a topic are read and changed', async () => {
    const topic = await createTopic(uniqueName('settings'), 1, { 'retention.ms': '1234567' });
    const read = async () => {
      const { resources } = await admin.describeConfigs({
        includeSynonyms: true,
        resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
      });
      return new Map(resources[0]?.configEntries.map((entry) => [entry.configName, entry]));
    };
    const before = await read();
    expect(before.get('retention.ms')).toMatchObject({
      configValue: '1234567',
      configSource: ConfigSource.TOPIC_CONFIG,
      isDefault: false,
      readOnly: false,
      isSensitive: false,
    });
    expect(before.get('retention.ms')?.configSynonyms.map(({ configName }) => configName)).toEqual([
      'retention.ms',
    ]);
    expect(before.get('cleanup.policy')).toMatchObject({
      configValue: 'delete',
      configSource: ConfigSource.DEFAULT_CONFIG,
      isDefault: true,
    });
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: ConfigResourceTypes.TOPIC,
          name: topic,
          configEntries: [{ name: 'cleanup.policy', value: 'compact' }],
        },
      ],
    });
    let after = before;
    await until('the new setting is told of', async () => {
      after = await read();
      return after.get('cleanup.policy')?.configValue === 'compact';
    });
    expect(after.get('retention.ms')?.configValue).toBe('604800000'); // AlterConfigs replaces all
    await expect(
      admin.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: ConfigResourceTypes.TOPIC,
            name: topic,
            configEntries: [{ name: 'retention.ms', value: 'soon' }],
          },
        ],
      }),
    ).rejects.toMatchObject({ type: 'INVALID_CONFIG' });
  });

  test('settings of a broker are read', async () => {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [
        { type: ConfigResourceTypes.BROKER, name: '1', configNames: ['node.id', 'num.partitions'] },
      ],
    });
    const values = resources[0]?.configEntries.map(({ configName, configValue }) => [
      configName,
      configValue,
    ]);
    expect(values?.sort()).toEqual([
      ['node.id', '1'],
      ['num.partitions', '1'],
    ]);
  });

  test('offsets of a topic are told, also by timestamp', async () => {
    const topic = await createTopic(uniqueName('offsets'), 2);
    const start = Date.now() - 100_000;
    await fill(topic, 10, start);
    const byPartition = <T extends { partition: number }>(list: T[]) =>
      list.sort((a, b) => a.partition - b.partition);
    expect(byPartition(await admin.fetchTopicOffsets(topic))).toEqual([
      { partition: 0, offset: '10', high: '10', low: '0' },
      { partition: 1, offset: '0', high: '0', low: '0' },
    ]);
    const later = await admin.fetchTopicOffsetsByTimestamp(topic, start + 4);
    expect(byPartition(later)).toEqual([
      { partition: 0, offset: '4' },
      { partition: 1, offset: '0' },
    ]);
  });

  test('records are deleted up to an offset', async () => {
    const topic = await createTopic(uniqueName('delete-records'));
    await fill(topic, 10);
    await admin.fetchTopicOffsets(topic); // kafkajs deletes only where it has looked before
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '6' }] });
    expect(await admin.fetchTopicOffsets(topic)).toEqual([
      { partition: 0, offset: '10', high: '10', low: '6' },
    ]);
    const received = await consume(topic, 4, uniqueName('group'));
    expect(received.map(({ message }) => message.offset)).toEqual(['6', '7', '8', '9']);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '-1' }] });
    expect(await admin.fetchTopicOffsets(topic)).toMatchObject([{ low: '10', high: '10' }]);
  });

  test('offsets of a group are set, read, reset', async () => {
    const topic = await createTopic(uniqueName('group-offsets'));
    await fill(topic, 10);
    const offset = async (groupId: string) =>
      (await admin.fetchOffsets({ groupId, topics: [topic] }))[0]?.partitions[0]?.offset;
    const [set, earliest, latest] = [uniqueName('set'), uniqueName('early'), uniqueName('late')];
    expect(await offset(set)).toBe('-1');
    // Together, as kafkajs sets offsets with a consumer that waits five seconds for records.
    await Promise.all([
      admin.setOffsets({ groupId: set, topic, partitions: [{ partition: 0, offset: '7' }] }),
      admin.resetOffsets({ groupId: earliest, topic, earliest: true }),
      admin.resetOffsets({ groupId: latest, topic, earliest: false }),
    ]);
    expect(await offset(set)).toBe('7');
    expect(await offset(earliest)).toBe('-2'); // kafkajs commits the word for "earliest"
    expect(await offset(latest)).toBe('-1');
    const all = await admin.fetchOffsets({ groupId: set });
    expect(all.map((entry) => entry.topic)).toEqual([topic]);
  });

  test('groups are listed, described and deleted', async () => {
    const topic = await createTopic(uniqueName('groups'), 2);
    const groupId = uniqueName('groups');
    const consumer = quickConsumer(groupId);
    const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
    await consumer.connect();
    await consumer.subscribe({ topic });
    await consumer.run({ eachMessage: async () => undefined });
    await joined;
    const { groups } = await admin.listGroups();
    expect(groups).toContainEqual({ groupId, protocolType: 'consumer' });
    const described = await admin.describeGroups([groupId]);
    expect(described.groups).toMatchObject([
      {
        errorCode: 0,
        groupId,
        protocol: 'RoundRobinAssigner',
        protocolType: 'consumer',
        state: 'Stable',
        members: [
          { clientId: 'compat', clientHost: expect.stringMatching(/^\/\d+\.\d+\.\d+\.\d+$/) },
        ],
      },
    ]);
    expect(described.groups[0]?.members[0]?.memberId).toMatch(/^compat-[0-9a-f-]{36}$/);
    await expect(admin.deleteGroups([groupId])).rejects.toMatchObject({
      groups: [{ groupId, errorCode: 68 }], // NON_EMPTY_GROUP
    });
    await consumer.disconnect();
    expect((await admin.describeGroups([groupId])).groups).toMatchObject([{ state: 'Empty' }]);
    expect(await admin.deleteGroups([groupId])).toEqual([{ groupId, errorCode: 0 }]);
    const after = (await admin.describeGroups([groupId])).groups[0];
    expect(after).toMatchObject({ state: 'Dead', members: [] });
    await expect(admin.deleteGroups([groupId])).rejects.toMatchObject({
      groups: [{ groupId, errorCode: 69 }], // GROUP_ID_NOT_FOUND
    });
  });

  test('no partition is being reassigned', async () => {
    const topic = await createTopic(uniqueName('reassign'));
    const ongoing = await admin.listPartitionReassignments({
      topics: [{ topic, partitions: [0] }],
    });
    expect(ongoing.topics).toEqual([]);
  });
});
