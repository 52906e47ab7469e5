// What the suite does with @platformatic/kafka, in a process of its own since it needs a newer Node than we do.
// Arguments: scenario, its options as JSON. Prints one line of JSON.
import {
  Admin,
  Consumer,
  MessagesStreamFallbackModes,
  MessagesStreamModes,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka';

const plain = (value) =>
  JSON.stringify(value, (_, part) => {
    if (typeof part === 'bigint') return Number(part);
    if (part instanceof Map) return Object.fromEntries(part);
    return part;
  });

function client(options) {
  return {
    clientId: 'compat-platformatic',
    bootstrapBrokers: options.brokers,
    retries: 200,
    retryDelay: 100,
  };
}

async function until(what, holds) {
  const deadline = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function consumerOf(options) {
  return new Consumer({
    ...client(options),
    groupId: options.groupId,
    deserializers: stringDeserializers,
    maxWaitTime: 100,
    sessionTimeout: 10_000,
    rebalanceTimeout: 10_000,
    heartbeatInterval: 300,
  });
}

/** Reads `count` records with a group and commits them. */
async function read(options, count) {
  const consumer = consumerOf(options);
  const stream = await consumer.consume({
    topics: [options.topic],
    mode: MessagesStreamModes.COMMITTED,
    fallbackMode: MessagesStreamFallbackModes.EARLIEST,
    autocommit: false,
  });
  const records = [];
  for await (const message of stream) {
    records.push(message);
    await message.commit();
    if (records.length === count) break;
  }
  await stream.close();
  await consumer.close(true);
  return records.map(({ key, value, headers, partition, offset }) => ({
    key,
    value,
    headers,
    partition,
    offset,
  }));
}

const scenarios = {
  /** Commit, abort, and an offset that goes with the records. */
  async transactions(options) {
    const { topic, input, groupId, transactionalId } = options;
    const producer = new Producer({
      ...client(options),
      serializers: stringSerializers,
      idempotent: true,
      transactionalId,
    });
    const run = async (value, finish) => {
      const transaction = await producer.beginTransaction();
      await transaction.send({ messages: [{ topic, key: 'k', value }] });
      await finish(transaction);
    };
    await run('committed', (transaction) => transaction.commit());
    await run('aborted', (transaction) => transaction.abort());
    const consumer = consumerOf(options);
    const stream = await consumer.consume({
      topics: [input],
      mode: MessagesStreamModes.EARLIEST,
      autocommit: false,
    });
    for await (const message of stream) {
      await run('with offset', async (transaction) => {
        await transaction.addConsumer(consumer);
        await transaction.addOffset(message);
        await transaction.commit();
      });
      break;
    }
    await stream.close();
    await consumer.close(true);
    await producer.close();
    const admin = new Admin(client(options));
    const offsets = await admin.listConsumerGroupOffsets({ groups: [groupId] });
    await admin.close();
    return { offsets };
  },

  async produceAndConsume(options) {
    const producer = new Producer({
      ...client(options),
      serializers: stringSerializers,
      idempotent: options.idempotent ?? false,
      ...(options.compression && { compression: options.compression }),
      autocreateTopics: true,
    });
    const sent = await producer.send({
      acks: options.acks ?? -1,
      messages: Array.from({ length: options.count }, (_, i) => ({
        topic: options.topic,
        key: `key-${i}`,
        value: `value-${i} ${'x'.repeat(i)}`,
        headers: { index: `${i}` },
      })),
    });
    await producer.close();
    return { sent, records: await read(options, options.count) };
  },

  /** Two members share the partitions; then one leaves, and the other has them all. */
  async rebalance(options) {
    const assignments = (consumer) =>
      (consumer.assignments ?? []).flatMap(({ partitions }) => partitions);
    const start = async () => {
      const consumer = consumerOf(options);
      await consumer.consume({ topics: [options.topic], mode: MessagesStreamModes.LATEST });
      return consumer;
    };
    const first = await start();
    await until('one has all', () => assignments(first).length === options.partitions);
    const alone = assignments(first).length;
    const second = await start();
    await until(
      'both have their share',
      () =>
        assignments(second).length > 0 &&
        assignments(first).length + assignments(second).length === options.partitions,
    );
    const shared = [assignments(first).length, assignments(second).length];
    await second.close(true);
    await until('one has all again', () => assignments(first).length === options.partitions);
    await first.close(true);
    return { alone, shared };
  },

  async admin(options) {
    const { topic, groupId } = options;
    const admin = new Admin(client(options));
    const created = await admin.createTopics({ topics: [topic], partitions: 2, replicas: 1 });
    await until('the topic is known', async () => (await admin.listTopics()).includes(topic));
    const again = await admin
      .createTopics({ topics: [topic], partitions: 2, replicas: 1 })
      .catch(
        (error) =>
          error.errors?.[0]?.errors?.[0]?.apiId ?? error.errors?.[0]?.apiId ?? error.message,
      );
    await admin.createPartitions({ topics: [{ name: topic, count: 4, assignments: null }] });
    const producer = new Producer({ ...client(options), serializers: stringSerializers });
    await producer.send({
      acks: -1,
      messages: Array.from({ length: 10 }, (_, i) => ({ topic, partition: 0, value: `${i}` })),
    });
    await producer.close();
    await admin.alterConsumerGroupOffsets({
      groupId,
      topics: [{ name: topic, partitionOffsets: [{ partition: 0, offset: 4n }] }],
    });
    const offsets = await admin.listConsumerGroupOffsets({ groups: [groupId] });
    const groups = await admin.listGroups({ types: ['classic', 'consumer'] });
    const described = await admin.describeGroups({ groups: [groupId] });
    const rest = await read(options, 6);
    await admin.deleteConsumerGroupOffsets({
      groupId,
      topics: [{ name: topic, partitionIndexes: [0] }],
    });
    const afterDeletion = await admin.listConsumerGroupOffsets({ groups: [groupId] });
    await admin.deleteGroups({ groups: [groupId] });
    const listed = await admin.listOffsets({
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1n }] }],
    });
    const deleted = await admin.deleteRecords({
      topics: [{ name: topic, partitions: [{ partition: 0, offset: 7n }] }],
    });
    await admin.incrementalAlterConfigs({
      resources: [
        {
          resourceType: 2,
          resourceName: topic,
          configs: [{ name: 'retention.ms', configOperation: 0, value: '3600000' }],
        },
      ],
    });
    let configuration;
    // Apache Kafka answers when its controller has decided; the broker follows.
    await until('the new setting is told of', async () => {
      configuration = await admin.describeConfigs({
        resources: [{ resourceType: 2, resourceName: topic, configurationKeys: ['retention.ms'] }],
      });
      return configuration[0].configs[0].value === '3600000';
    });
    const logDirs = await admin.describeLogDirs({ topics: [{ name: topic, partitions: [0] }] });
    const metadata = await admin.metadata({ topics: [topic] });
    await admin.deleteTopics({ topics: [topic] });
    await admin.close();
    return {
      created,
      again,
      offsets,
      group: groups.get(groupId),
      described: described.get(groupId),
      rest: rest.map(({ offset }) => offset),
      afterDeletion,
      listed,
      deleted,
      configuration: configuration[0].configs.map(({ name, value, configSource }) => ({
        name,
        value,
        configSource,
      })),
      logDirs: logDirs.map(({ broker, results }) => ({
        broker,
        topics: results.flatMap((result) => result.topics.map(({ name }) => name)),
      })),
      partitions: metadata.topics.get(topic).partitionsCount,
    };
  },
};

const [name, options] = process.argv.slice(2);
const result = await scenarios[name](JSON.parse(options));
console.log(plain(result));
process.exit(0);
