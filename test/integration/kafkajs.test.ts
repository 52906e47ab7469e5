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

describe('transactions of kafkajs', () => {
  const values = (messages: readonly KafkaMessage[]) => messages.map(({ value }) => String(value));

  it('commit and abort: a consumer sees the one and not the other', async () => {
    const producer = kafka.producer({ transactionalId: 'shop', maxInFlightRequests: 1 });
    await producer.connect();
    const send = async (value: string, commit: boolean) => {
      const transaction = await producer.transaction();
      await transaction.send({ topic: 'orders', messages: [{ value, partition: 0 }] });
      await transaction.send({ topic: 'orders', messages: [{ value: `${value}!`, partition: 0 }] });
      if (commit) await transaction.commit();
      else await transaction.abort();
    };
    await send('a', true);
    await send('b', false);
    await send('c', true);
    await producer.disconnect();
    expect(values(await consume('readers', 'orders', 4))).toEqual(['a', 'a!', 'c', 'c!']);
  });

  it('consume, transform, produce: offsets and records go together', async () => {
    const plain = kafka.producer();
    await plain.connect();
    const inputs = Array.from({ length: 20 }, (_, i) => ({ value: `v${i}`, partition: 0 }));
    await plain.send({ topic: 'orders', messages: inputs });
    await plain.disconnect();
    const producer = kafka.producer({ transactionalId: 'copier', maxInFlightRequests: 1 });
    await producer.connect();
    /** Copies from where the group stands; every second attempt fails and is aborted. */
    const copy = async (commit: boolean) => {
      const consumer = kafka.consumer({ groupId: 'copiers' });
      await consumer.connect();
      await consumer.subscribe({ topic: 'orders', fromBeginning: true });
      await new Promise<void>((resolve, reject) => {
        consumer
          .run({
            autoCommit: false,
            eachBatchAutoResolve: false,
            eachBatch: async ({ batch }) => {
              const some = batch.messages.slice(0, 5);
              const last = some.at(-1);
              if (last === undefined) return;
              const transaction = await producer.transaction();
              const messages = some.map(({ value }) => ({ value: `${String(value)}'` }));
              await transaction.send({ topic: 'copies', messages });
              const offset = String(Number(last.offset) + 1);
              await transaction.sendOffsets({
                consumerGroupId: 'copiers',
                topics: [{ topic: 'orders', partitions: [{ partition: batch.partition, offset }] }],
              });
              if (commit) await transaction.commit();
              else await transaction.abort();
              resolve();
            },
          })
          .catch(reject);
      });
      await consumer.disconnect();
    };
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'copies' }] });
    const committed = async () => {
      const [topic] = await admin.fetchOffsets({ groupId: 'copiers', topics: ['orders'] });
      return Number(topic?.partitions.find(({ partition }) => partition === 0)?.offset);
    };
    for (let round = 0; (await committed()) < 20; round++) await copy(round % 2 === 1);
    expect(values(await consume('readers', 'copies', 20))).toEqual(
      inputs.map(({ value }) => `${value}'`),
    );
    await admin.disconnect();
    await producer.disconnect();
  });

  it('a second producer of the same id fences the first', async () => {
    const options = { transactionalId: 'shop', maxInFlightRequests: 1, retry: { retries: 0 } };
    const first = kafka.producer(options);
    await first.connect();
    const open = await first.transaction();
    await open.send({ topic: 'orders', messages: [{ value: 'a', partition: 0 }] });
    const second = kafka.producer({ ...options, retry: { retries: 10 } });
    await second.connect();
    const mine = await second.transaction();
    await mine.send({ topic: 'orders', messages: [{ value: 'b', partition: 0 }] });
    await expect(
      open.send({ topic: 'orders', messages: [{ value: 'late', partition: 0 }] }),
    ).rejects.toMatchObject({ type: 'INVALID_PRODUCER_EPOCH' });
    await mine.commit();
    expect(values(await consume('readers', 'orders', 1))).toEqual(['b']);
    await first.disconnect();
    await second.disconnect();
  });
});
