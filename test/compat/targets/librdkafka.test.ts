import { beforeAll, expect, test } from '@jest/globals';
import { installClient, runScenario } from '../support/client-packages.ts';
import { createTopic } from '../support/kafkajs-client.ts';
import { bootstrapServers, describeTarget, uniqueName } from '../support/suite.ts';

describeTarget('librdkafka 2.15.1 (@confluentinc/kafka-javascript 1.10.1)', () => {
  beforeAll(async () => {
    await installClient('librdkafka');
  }, 600_000);

  const run = async (scenario: string, options: Record<string, unknown>) =>
    runScenario('librdkafka', scenario, {
      brokers: [bootstrapServers()],
      groupId: uniqueName('librdkafka'),
      ...options,
    });

  const written = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      partition: 0,
      offset: i,
      key: `key-${i}`,
      value: `value-${i} ${'x'.repeat(i)}`,
      headers: { index: `${i}` },
    }));

  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
    '%s: produces and consumes',
    async (codec) => {
      const topic = await createTopic(uniqueName('librdkafka'));
      const result = await run('produceAndConsume', { topic, count: 100, compression: codec });
      expect(result).toEqual({ records: written(100) });
    },
  );

  test('an idempotent producer makes its topic by producing to it', async () => {
    const topic = uniqueName('librdkafka-auto');
    const result = await run('produceAndConsume', { topic, count: 50, idempotent: true });
    expect(result).toEqual({ records: written(50) });
  });

  test('transactions: commit, abort, offsets, fencing', async () => {
    const topic = await createTopic(uniqueName('librdkafka-tx'));
    const input = await createTopic(uniqueName('librdkafka-tx-in'));
    const transactionalId = uniqueName('librdkafka');
    expect(await run('transactions', { topic, input, transactionalId })).toEqual({
      values: ['committed', 'with offset', 'mine'],
      isFenced: true,
      offset: '5',
    });
  });

  test('delivery reports, watermarks, offsets by time, assignment and commit by hand', async () => {
    const topic = await createTopic(uniqueName('librdkafka-low'));
    expect(await run('lowLevel', { topic, count: 20 })).toEqual({
      reports: Array.from({ length: 20 }, (_, i) => i),
      watermarks: { lowOffset: 0, highOffset: 20 },
      byTime: [3],
      values: ['v15', 'v16', 'v17', 'v18', 'v19'],
      committed: [7],
    });
  });

  test.each(['range', 'roundrobin', 'cooperative-sticky'])(
    '%s: two members share the partitions of a topic',
    async (strategy) => {
      const topic = await createTopic(uniqueName('librdkafka-rebalance'), 4);
      const result = await run('rebalance', {
        topic,
        partitions: 4,
        consumerConfig: { 'partition.assignment.strategy': strategy },
      });
      expect(result).toEqual({ shared: [2, 2] });
    },
  );

  test('topics, groups, offsets and records are administered', async () => {
    const topic = uniqueName('librdkafka-admin');
    const groupId = uniqueName('librdkafka-admin');
    expect(await run('admin', { topic, groupId })).toEqual({
      created: true,
      again: false,
      read: 10,
      committed: '10',
      listed: {
        groupId,
        isSimpleConsumerGroup: false,
        protocolType: 'consumer',
        state: 5, // empty
        type: 2, // classic
      },
      described: [
        {
          groupId,
          state: 5,
          isSimpleConsumerGroup: false,
          protocolType: 'consumer',
          members: 0,
          coordinator: 1,
        },
      ],
      partitions: [
        [0, 1],
        [1, 1],
      ],
      ends: [
        [0, '0', '10'],
        [1, '0', '0'],
      ],
      deletedRecords: [[0, 4]],
      deletedGroups: [[groupId, 0]],
    });
  });
});
