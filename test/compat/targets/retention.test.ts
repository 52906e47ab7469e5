import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ConfigResourceTypes } from 'kafkajs';
import { startTarget, type TargetBroker } from '../support/brokers.ts';
import { createTopic, kafkaClient, until } from '../support/kafkajs-client.ts';
import { describeTarget, targetName, uniqueName } from '../support/suite.ts';

const minute = 60_000;

describeTarget('retention', () => {
  let broker: TargetBroker;
  beforeAll(async () => {
    broker = await startTarget(targetName, {
      settings: {
        'log.retention.check.interval.ms': '200',
        'log.initial.task.delay.ms': '200',
      },
    });
  });
  afterAll(async () => broker.close());

  test('moves the start of a log by the same rules, as soon as the topic says so', async () => {
    const kafka = kafkaClient({ brokers: [broker.bootstrapServers] });
    const configs = { 'retention.ms': '-1', 'segment.ms': '1000' };
    const topic = await createTopic(uniqueName('retention'), 3, configs, kafka);
    const admin = kafka.admin();
    await admin.connect();
    const producer = kafka.producer();
    await producer.connect();
    const put = async (partition: number, timestamp: number) => {
      const message = { partition, timestamp: String(timestamp), value: 'v'.repeat(100) };
      await producer.send({ topic, messages: [message] });
    };
    const set = async (name: string, value: string): Promise<void> => {
      await admin.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: ConfigResourceTypes.TOPIC,
            name: topic,
            configEntries: [
              { name: 'segment.ms', value: '1000' },
              { name, value },
            ],
          },
        ],
      });
    };
    const starts = async (): Promise<string> => {
      const offsets = await admin.fetchTopicOffsets(topic);
      return [0, 1, 2]
        .map((partition) => offsets.find((each) => each.partition === partition)?.low)
        .join();
    };
    const reach = async (expected: string) =>
      until(`the logs start at ${expected}`, async () => (await starts()) === expected);

    // Partition 0: a segment for each record, ten minutes apart, the oldest two hours old.
    const oldest = Date.now() - 120 * minute;
    for (let i = 0; i < 10; i += 1) await put(0, oldest + i * 10 * minute);
    // Partition 1: the future. Partition 2: one segment, old and young.
    await put(1, Date.now() + 30 * minute);
    await put(2, Date.now() - minute);
    await put(2, oldest);
    expect(await starts()).toBe('0,0,0');

    await set('retention.ms', String(75 * minute));
    await reach('5,0,0');
    await set('retention.ms', '-1');
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '7' }] });
    expect(await starts()).toBe('7,0,0');

    await broker.stop();
    await broker.start();
    expect(await starts()).toBe('7,0,0');

    await set('retention.bytes', '1');
    await reach('9,0,0'); // the last segment is larger
    await set('retention.ms', '1');
    await reach('10,0,2');
    await set('retention.bytes', '0');
    await reach('10,1,2');

    await put(0, Date.now() + 30 * minute);
    await reach('11,1,2');
    await producer.disconnect();
    await admin.disconnect();
  });
});
