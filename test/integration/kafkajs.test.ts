import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel, type KafkaMessage } from 'kafkajs';
import { startBroker, type RunningBroker } from '../../src/broker/start-broker.ts';

let broker: RunningBroker;
let kafka: Kafka;

beforeEach(async () => {
  broker = await startBroker({ topics: [{ name: 'orders', partitions: 3 }] });
  kafka = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING });
});

afterEach(() => broker.close());

/** Reads until `count` messages have come. */
async function consume(groupId: string, topic: string, count: number): Promise<KafkaMessage[]> {
  const consumer = kafka.consumer({ groupId });
  const messages: KafkaMessage[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachMessage: async ({ message }) => {
          messages.push(message);
          if (messages.length >= count) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return messages;
}

describe('an unmodified kafkajs application', () => {
  it('produces and consumes in a group', async () => {
    const producer = kafka.producer();
    await producer.connect();
    const sent = Array.from({ length: 100 }, (_, i) => ({ key: `k${i}`, value: `v${i}` }));
    await producer.send({ topic: 'orders', messages: sent });
    await producer.disconnect();
    const received = await consume('shop', 'orders', sent.length);
    expect(received.map(({ value }) => String(value)).sort()).toEqual(
      sent.map(({ value }) => value).sort(),
    );
  });

  it('is idempotent on demand', async () => {
    const producer = kafka.producer({ idempotent: true });
    await producer.connect();
    const [result] = await producer.send({ topic: 'orders', messages: [{ value: 'once' }] });
    expect(result).toMatchObject({ errorCode: 0, baseOffset: '0' });
    await producer.disconnect();
  });

  it('administers topics, offsets and groups', async () => {
    const admin = kafka.admin();
    await admin.connect();
    expect(await admin.createTopics({ topics: [{ topic: 'made', numPartitions: 2 }] })).toBe(true);
    expect((await admin.listTopics()).sort()).toEqual(['made', 'orders']);
    const { topics } = await admin.fetchTopicMetadata({ topics: ['made'] });
    expect(topics[0]?.partitions).toHaveLength(2);
    await admin.deleteTopics({ topics: ['made'] });
    expect(await admin.listTopics()).toEqual(['orders']);
    const offsets = await admin.fetchTopicOffsets('orders');
    expect(offsets.map(({ high }) => high)).toEqual(['0', '0', '0']);
    await admin.disconnect();
  });
});
