import { beforeAll, expect, test } from '@jest/globals';
import { CompressionTypes } from 'kafkajs';
import { addCodecs } from '../support/kafkajs-codecs.ts';
import { consume, createTopic, kafkaClient } from '../support/kafkajs-client.ts';
import {
  bootstrapServers,
  describeTarget,
  describeTools,
  runTool,
  uniqueName,
} from '../support/suite.ts';

const codecs = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};

beforeAll(addCodecs);

describeTarget('kafkajs 2.2.4 producer', () => {
  test('a record comes back with key, value, headers, timestamp and offset', async () => {
    const topic = await createTopic(uniqueName('round-trip'));
    const producer = kafkaClient().producer();
    await producer.connect();
    const sent = await producer.send({
      topic,
      messages: [
        {
          key: 'k',
          value: 'v',
          timestamp: '1700000000000',
          headers: { one: 'a', bytes: Buffer.from([0, 255]), many: ['x', 'y'] },
        },
        { key: null, value: null },
      ],
    });
    await producer.disconnect();
    expect(sent).toMatchObject([{ topicName: topic, partition: 0, errorCode: 0, baseOffset: '0' }]);

    const [first, second] = await consume(topic, 2, uniqueName('group'));
    expect(first?.message).toMatchObject({
      key: Buffer.from('k'),
      value: Buffer.from('v'),
      timestamp: '1700000000000',
      offset: '0',
      headers: {
        one: Buffer.from('a'),
        bytes: Buffer.from([0, 255]),
        many: [Buffer.from('x'), Buffer.from('y')],
      },
    });
    expect(second?.message).toMatchObject({ key: null, value: null, offset: '1' });
  });

  test.each(Object.entries(codecs))(
    '%s: batches are stored and come back',
    async (_, compression) => {
      const topic = await createTopic(uniqueName('codec'), 2);
      const producer = kafkaClient().producer();
      await producer.connect();
      const values = Array.from({ length: 500 }, (_, i) => `record ${i} ${'x'.repeat(i)}`);
      for (let at = 0; at < values.length; at += 100) {
        await producer.send({
          topic,
          compression,
          messages: values.slice(at, at + 100).map((value, i) => ({ key: `${at + i}`, value })),
        });
      }
      await producer.disconnect();
      const received = await consume(topic, values.length, uniqueName('group'));
      expect(received.map(({ message }) => message.value?.toString()).sort()).toEqual(
        [...values].sort(),
      );
    },
  );

  test.each([0, 1, -1])('acks=%d stores the records', async (acks) => {
    const topic = await createTopic(uniqueName('acks'));
    const producer = kafkaClient().producer();
    await producer.connect();
    const sent = await producer.send({ topic, acks, messages: [{ value: 'a' }, { value: 'b' }] });
    await producer.send({ topic, acks: 1, messages: [{ value: 'c' }] });
    await producer.disconnect();
    expect(sent).toHaveLength(acks === 0 ? 0 : 1);
    const received = await consume(topic, 3, uniqueName('group'));
    expect(received.map(({ message }) => message.value?.toString()).join('')).toBe('abc');
  });

  test('an idempotent producer writes many batches to many partitions in order', async () => {
    const topic = await createTopic(uniqueName('idempotent'), 4);
    const producer = kafkaClient().producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    for (let round = 0; round < 20; round += 1) {
      await producer.send({
        topic,
        acks: -1,
        messages: [0, 1, 2, 3].map((partition) => ({ partition, value: `${round}` })),
      });
    }
    await producer.disconnect();
    const received = await consume(topic, 80, uniqueName('group'));
    for (const partition of [0, 1, 2, 3]) {
      const values = received
        .filter((record) => record.partition === partition)
        .map(({ message }) => Number(message.value?.toString()));
      expect(values).toEqual(Array.from({ length: 20 }, (_, i) => i));
    }
  });

  test('one request may go to several topics', async () => {
    const topics = await Promise.all([
      createTopic(uniqueName('several-a')),
      createTopic(uniqueName('several-b'), 2),
    ]);
    const producer = kafkaClient().producer();
    await producer.connect();
    const sent = await producer.sendBatch({
      topicMessages: topics.map((topic) => ({ topic, messages: [{ value: topic }] })),
    });
    await producer.disconnect();
    expect(sent.map(({ topicName }) => topicName).sort()).toEqual([...topics].sort());
    for (const topic of topics) {
      const [record] = await consume(topic, 1, uniqueName('group'));
      expect(record?.message.value?.toString()).toBe(topic);
    }
  });

  test('a record above max.message.bytes is refused', async () => {
    const topic = await createTopic(uniqueName('too-large'), 1, { 'max.message.bytes': '1000' });
    const producer = kafkaClient({ retry: { retries: 0 } }).producer();
    await producer.connect();
    await expect(
      producer.send({ topic, messages: [{ value: 'x'.repeat(2_000) }] }),
    ).rejects.toMatchObject({ type: 'MESSAGE_TOO_LARGE' });
    await producer.disconnect();
  });

  test('a topic is made by the first produce to it', async () => {
    const topic = uniqueName('auto-created');
    const producer = kafkaClient().producer();
    await producer.connect();
    const sent = await producer.send({ topic, messages: [{ value: 'first' }] });
    await producer.disconnect();
    expect(sent).toMatchObject([{ topicName: topic, baseOffset: '0', errorCode: 0 }]);
  });
});

describeTools('kafkajs 2.2.4 producer, read by Java', () => {
  test.each(Object.entries(codecs))(
    '%s: kafka-console-consumer reads it',
    async (_, compression) => {
      const topic = await createTopic(uniqueName('to-java'));
      const producer = kafkaClient().producer();
      await producer.connect();
      const values = Array.from({ length: 50 }, (_, i) => `record ${i} ${'y'.repeat(i * 10)}`);
      await producer.send({ topic, compression, messages: values.map((value) => ({ value })) });
      await producer.disconnect();
      const { stdout } = await runTool('kafka-console-consumer', [
        ...['--bootstrap-server', bootstrapServers(), '--topic', topic],
        ...['--partition', '0', '--offset', 'earliest', '--max-messages', '50'],
      ]);
      expect(stdout.trim().split('\n')).toEqual(values);
    },
  );

  test.each(Object.keys(codecs))('%s: kafkajs reads what Java wrote', async (codec) => {
    const topic = await createTopic(uniqueName('from-java'));
    const values = Array.from({ length: 200 }, (_, i) => `line ${i} ${'z'.repeat(i)}`);
    const { exitCode } = await runTool(
      'kafka-console-producer',
      [
        ...['--bootstrap-server', bootstrapServers(), '--topic', topic],
        ...['--compression-codec', codec],
      ],
      `${values.join('\n')}\n`,
    );
    expect(exitCode).toBe(0);
    const received = await consume(topic, 200, uniqueName('group'));
    expect(received.map(({ message }) => message.value?.toString())).toEqual(values);
  });
});
