// What the suite does with librdkafka, through both interfaces of Confluent's client for Node.
// Arguments: scenario, its options as JSON. Prints one line of JSON at its end.
const { KafkaJS, Producer, KafkaConsumer } = require('@confluentinc/kafka-javascript');

const quiet = KafkaJS.logLevel.NOTHING;

function kafka(options) {
  return new KafkaJS.Kafka({ kafkaJS: { brokers: options.brokers, logLevel: quiet } });
}

function consumerOf(options) {
  return kafka(options).consumer({
    kafkaJS: { groupId: options.groupId, fromBeginning: true, sessionTimeout: 10_000 },
    'fetch.wait.max.ms': 100,
    'heartbeat.interval.ms': 300,
    ...options.consumerConfig,
  });
}

async function until(holds) {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function read(options, count) {
  const consumer = consumerOf(options);
  await consumer.connect();
  await consumer.subscribe({ topic: options.topic });
  const records = [];
  consumer.run({
    eachMessage: async ({ partition, message }) => {
      records.push({
        partition,
        offset: Number(message.offset),
        key: message.key?.toString() ?? null,
        value: message.value?.toString() ?? null,
        headers: Object.fromEntries(
          Object.entries(message.headers ?? {}).map(([name, value]) => [name, value.toString()]),
        ),
      });
    },
  });
  await until(() => records.length >= count);
  await consumer.disconnect();
  return records;
}

const scenarios = {
  /** Commit, abort, offsets in a transaction, and a second producer of the same id that fences the first. */
  async transactions(options) {
    const { topic, transactionalId, groupId } = options;
    const start = async () => {
      const producer = kafka(options).producer({
        kafkaJS: { transactionalId, transactionTimeout: 30_000 },
        'linger.ms': 5,
      });
      await producer.connect();
      return producer;
    };
    const first = await start();
    const run = async (producer, value, finish) => {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ value, partition: 0 }] });
      await finish(transaction);
    };
    await run(first, 'committed', (transaction) => transaction.commit());
    await run(first, 'aborted', (transaction) => transaction.abort());
    await run(first, 'with offset', async (transaction) => {
      const consumer = consumerOf({ ...options, topic: options.input });
      await consumer.connect();
      await consumer.subscribe({ topic: options.input });
      consumer.run({ eachMessage: async () => undefined });
      await until(() => consumer.assignment().length > 0);
      const topics = [{ topic: options.input, partitions: [{ partition: 0, offset: '5' }] }];
      await transaction.sendOffsets({ consumer, topics });
      await transaction.commit();
      await consumer.disconnect();
    });
    const left = await first.transaction();
    await left.send({ topic, messages: [{ value: 'left open', partition: 0 }] });
    const second = await start();
    let fenced = null;
    try {
      await left.send({ topic, messages: [{ value: 'late', partition: 0 }] });
      await left.commit();
    } catch (error) {
      fenced = error.type ?? error.message;
    }
    await run(second, 'mine', (transaction) => transaction.commit());
    await second.disconnect();
    await first.disconnect().catch(() => undefined);
    const records = await read({ ...options, groupId: `${groupId}-reader` }, 3);
    const admin = kafka(options).admin();
    await admin.connect();
    const offsets = await admin.fetchOffsets({ groupId, topics: [options.input] });
    await admin.disconnect();
    return {
      values: records.map(({ value }) => value),
      isFenced: fenced !== null,
      offset: offsets[0].partitions[0].offset,
    };
  },

  /** The interface that mirrors kafkajs. */
  async produceAndConsume(options) {
    const producer = kafka(options).producer({
      'linger.ms': 5,
      'compression.codec': options.compression ?? 'none',
      'enable.idempotence': options.idempotent ?? false,
      acks: options.acks ?? -1,
    });
    await producer.connect();
    await producer.send({
      topic: options.topic,
      messages: Array.from({ length: options.count }, (_, i) => ({
        key: `key-${i}`,
        value: `value-${i} ${'x'.repeat(i)}`,
        headers: { index: `${i}` },
      })),
    });
    await producer.disconnect();
    return { records: await read(options, options.count) };
  },

  /** The interface of node-rdkafka: delivery reports, assignment by hand, watermarks, offsets by time. */
  async lowLevel(options) {
    const common = { 'metadata.broker.list': options.brokers.join(','), 'client.id': 'compat' };
    const producer = new Producer({ ...common, dr_cb: true, 'linger.ms': 5 });
    await new Promise((resolve, reject) => {
      producer.once('ready', resolve);
      producer.once('event.error', reject);
      producer.connect();
    });
    const reports = [];
    producer.on('delivery-report', (error, report) => reports.push(error ?? report.offset));
    producer.setPollInterval(10);
    const start = Date.now() - 60_000;
    for (let i = 0; i < options.count; i += 1) {
      producer.produce(options.topic, 0, Buffer.from(`v${i}`), `k${i}`, start + i);
    }
    await until(() => reports.length === options.count);
    const watermarks = await new Promise((resolve, reject) => {
      producer.queryWatermarkOffsets(options.topic, 0, 5_000, (error, found) =>
        error ? reject(error) : resolve(found),
      );
    });
    producer.disconnect();
    const consumer = new KafkaConsumer({
      ...common,
      'group.id': options.groupId,
      'enable.auto.commit': false,
      'fetch.wait.max.ms': 100,
    });
    await new Promise((resolve, reject) => {
      consumer.once('ready', resolve);
      consumer.once('event.error', reject);
      consumer.connect();
    });
    const byTime = await new Promise((resolve, reject) => {
      const wanted = [{ topic: options.topic, partition: 0, offset: start + 3 }];
      consumer.offsetsForTimes(wanted, 5_000, (error, found) =>
        error ? reject(error) : resolve(found.map(({ offset }) => offset)),
      );
    });
    consumer.assign([{ topic: options.topic, partition: 0, offset: options.count - 5 }]);
    const values = [];
    consumer.on('data', ({ value }) => values.push(value.toString()));
    consumer.consume();
    await until(() => values.length === 5);
    consumer.commitSync({ topic: options.topic, partition: 0, offset: 7 });
    const committed = await new Promise((resolve, reject) => {
      const wanted = [{ topic: options.topic, partition: 0 }];
      consumer.committed(wanted, 5_000, (error, found) =>
        error ? reject(error) : resolve(found.map(({ offset }) => offset)),
      );
    });
    await new Promise((resolve) => consumer.disconnect(resolve));
    return { reports, watermarks, byTime, values, committed };
  },

  /** Two members share the partitions; one leaves, and the other has them all. */
  async rebalance(options) {
    const start = async () => {
      const consumer = consumerOf(options);
      await consumer.connect();
      await consumer.subscribe({ topic: options.topic });
      consumer.run({ eachMessage: async () => undefined });
      return consumer;
    };
    const count = (consumer) => consumer.assignment().length;
    const first = await start();
    await until(() => count(first) === options.partitions);
    const second = await start();
    await until(() => count(second) > 0 && count(first) + count(second) === options.partitions);
    const shared = [count(first), count(second)];
    await second.disconnect();
    await until(() => count(first) === options.partitions);
    await first.disconnect();
    return { shared };
  },

  async admin(options) {
    const { topic, groupId } = options;
    const admin = kafka(options).admin();
    await admin.connect();
    const spec = { topics: [{ topic, numPartitions: 2, replicationFactor: 1 }] };
    const created = await admin.createTopics(spec);
    await until(async () => (await admin.listTopics()).includes(topic));
    const again = await admin.createTopics(spec);
    const producer = kafka(options).producer({ 'linger.ms': 5 });
    await producer.connect();
    await producer.send({
      topic,
      messages: Array.from({ length: 10 }, (_, i) => ({ partition: 0, value: `${i}` })),
    });
    await producer.disconnect();
    const records = await read(options, 10);
    const offsets = await admin.fetchOffsets({ groupId, topics: [topic] });
    const { groups } = await admin.listGroups();
    const described = await admin.describeGroups([groupId]);
    const metadata = await admin.fetchTopicMetadata({ topics: [topic] });
    const ends = await admin.fetchTopicOffsets(topic);
    const deletedRecords = await admin.deleteTopicRecords({
      topic,
      partitions: [{ partition: 0, offset: '4' }],
    });
    const deletedGroups = await admin.deleteGroups([groupId]);
    await admin.deleteTopics({ topics: [topic] });
    await until(async () => !(await admin.listTopics()).includes(topic));
    await admin.disconnect();
    return {
      created,
      again,
      read: records.length,
      committed: offsets[0].partitions.find(({ partition }) => partition === 0).offset,
      listed: groups.find((group) => group.groupId === groupId),
      described: described.groups.map((group) => ({
        groupId: group.groupId,
        state: group.state,
        isSimpleConsumerGroup: group.isSimpleConsumerGroup,
        protocolType: group.protocolType,
        members: group.members.length,
        coordinator: group.coordinator.id,
      })),
      partitions: metadata[0].partitions.map(({ partitionId, leader }) => [partitionId, leader]),
      ends: ends.map(({ partition, low, high }) => [partition, low, high]),
      deletedRecords: deletedRecords.map(({ partition, lowWatermark }) => [
        partition,
        lowWatermark,
      ]),
      deletedGroups: deletedGroups.map(({ groupId: id, errorCode }) => [id, errorCode]),
    };
  },
};

const [name, options] = process.argv.slice(2);
scenarios[name](JSON.parse(options)).then(
  (result) => {
    console.log(JSON.stringify(result));
    process.exit(0);
  },
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
