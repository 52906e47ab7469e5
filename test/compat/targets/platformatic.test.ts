import { beforeAll, expect, test } from '@jest/globals';
import { installClient, runScenario, whyNoClient } from '../support/client-packages.ts';
import { consume, createTopic, kafkaClient } from '../support/kafkajs-client.ts';
import { bootstrapServers, describeTarget, describeWhen, uniqueName } from '../support/suite.ts';

describeWhen('@platformatic/kafka 2.12.1', whyNoClient('platformatic'), () => {
  describeTarget('on this target', () => {
    beforeAll(async () => {
      await installClient('platformatic');
    }, 300_000);

    const brokers = () => [bootstrapServers()];

    test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
      '%s: produces and consumes',
      async (codec) => {
        const topic = await createTopic(uniqueName('platformatic'));
        const { records } = (await runScenario('platformatic', 'produceAndConsume', {
          brokers: brokers(),
          topic,
          groupId: uniqueName('platformatic'),
          count: 100,
          compression: codec,
        })) as { records: unknown[] };
        expect(records).toEqual(
          Array.from({ length: 100 }, (_, i) => ({
            key: `key-${i}`,
            value: `value-${i} ${'x'.repeat(i)}`,
            headers: { index: `${i}` },
            partition: 0,
            offset: i,
          })),
        );
      },
    );

    test('an idempotent producer makes its topic by producing to it', async () => {
      const topic = uniqueName('platformatic-auto');
      const { sent } = (await runScenario('platformatic', 'produceAndConsume', {
        brokers: brokers(),
        topic,
        groupId: uniqueName('platformatic'),
        count: 10,
        idempotent: true,
      })) as { sent: unknown };
      expect(sent).toEqual({ offsets: [{ topic, partition: 0, offset: 0 }] });
    });

    test('transactions: commit, abort, offsets', async () => {
      const topic = await createTopic(uniqueName('platformatic-tx'));
      const input = await createTopic(uniqueName('platformatic-tx-in'));
      const groupId = uniqueName('platformatic-tx');
      const producer = kafkaClient().producer();
      await producer.connect();
      await producer.send({ topic: input, messages: [{ value: 'in' }] });
      await producer.disconnect();
      const { offsets } = (await runScenario('platformatic', 'transactions', {
        brokers: brokers(),
        topic,
        input,
        groupId,
        transactionalId: uniqueName('platformatic'),
      })) as { offsets: unknown };
      expect(offsets).toMatchObject([{ groupId, topics: [{ name: input }] }]);
      const received = await consume(topic, 2, uniqueName('reader'));
      expect(received.map(({ message }) => String(message.value))).toEqual([
        'committed',
        'with offset',
      ]);
    });

    test('two members share the partitions of a topic', async () => {
      const topic = await createTopic(uniqueName('platformatic-rebalance'), 4);
      const result = await runScenario('platformatic', 'rebalance', {
        brokers: brokers(),
        topic,
        groupId: uniqueName('platformatic'),
        partitions: 4,
      });
      expect(result).toEqual({ alone: 4, shared: [2, 2] });
    });

    test('topics, settings, groups, offsets and records are administered', async () => {
      const topic = uniqueName('platformatic-admin');
      const groupId = uniqueName('platformatic-admin');
      const result = await runScenario('platformatic', 'admin', {
        brokers: brokers(),
        topic,
        groupId,
      });
      const committed = (offset: number) => [
        {
          groupId,
          topics: [
            {
              name: topic,
              partitions: [
                {
                  partitionIndex: 0,
                  committedOffset: offset,
                  committedLeaderEpoch: -1,
                  metadata: '',
                },
              ],
            },
          ],
        },
      ];
      expect(result).toMatchObject({
        created: [
          {
            name: topic,
            partitions: 2,
            replicas: 1,
            configuration: { 'cleanup.policy': 'delete', 'retention.ms': '604800000' },
          },
        ],
        again: 'TOPIC_ALREADY_EXISTS',
        partitions: 4,
        offsets: committed(4),
        group: { id: groupId, state: 'Empty', groupType: 'classic' },
        described: { id: groupId, state: 'Empty', members: {} },
        rest: [4, 5, 6, 7, 8, 9],
        afterDeletion: [{ groupId, topics: [] }],
        listed: [
          {
            name: topic,
            partitions: [{ partitionIndex: 0, timestamp: -1, offset: 10, leaderEpoch: 0 }],
          },
        ],
        deleted: [{ name: topic, partitions: [{ partition: 0, lowWatermark: 7 }] }],
        configuration: [{ name: 'retention.ms', value: '3600000', configSource: 1 }],
        logDirs: [{ broker: 1, topics: [topic] }],
      });
    });
  });
});
