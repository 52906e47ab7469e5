// Does with librdkafka what a test says, command by command, over the channel to the parent process: a message
// { id, what, ... } comes, { id, result } or { id, error, message } goes. Argument: where the brokers are.
const { KafkaJS, KafkaConsumer } = require('@confluentinc/kafka-javascript');

const [bootstrapServers] = process.argv.slice(2);
const kafka = new KafkaJS.Kafka({
  kafkaJS: { brokers: [bootstrapServers], logLevel: KafkaJS.logLevel.NOTHING },
});
const producers = new Map();
const readers = new Map();

const errorNames = new Map(Object.entries(KafkaJS.ErrorCodes).map(([name, code]) => [code, name]));
const isolations = { read_uncommitted: 0, read_committed: 1 };
const brief = (value) =>
  value.length <= 40 ? value : `${value.slice(0, value.indexOf(' '))}~${value.length}`;

function ready(client) {
  return new Promise((resolve, reject) => {
    client.once('ready', resolve);
    client.once('connection.failure', reject);
    client.connect();
  });
}

/** A consumer of the interface that mirrors librdkafka's own. */
async function plainConsumer(groupId, isolation) {
  const consumer = new KafkaConsumer({
    'metadata.broker.list': bootstrapServers,
    'group.id': groupId,
    'enable.auto.commit': false,
    'isolation.level': isolation,
    'fetch.wait.max.ms': 100,
  });
  await ready(consumer);
  return consumer;
}

const disconnected = (consumer) => new Promise((resolve) => consumer.disconnect(resolve));

const commands = {
  async open({ name, transactionalId, timeoutMs, compression }) {
    const producer = kafka.producer({
      kafkaJS: { transactionalId, transactionTimeout: timeoutMs ?? 60_000 },
      'linger.ms': 20,
      'compression.codec': compression ?? 'none',
    });
    producers.set(name, producer);
    await producer.connect();
  },
  async begin({ name }) {
    await producers.get(name).transaction();
  },
  async send({ name, topic, partitions, values }) {
    const messages = partitions.flatMap((partition) =>
      values.map((value) => ({ partition, value })),
    );
    await producers.get(name).send({ topic, messages });
  },
  /** One transaction of a member that goes on where its group has committed. */
  async transform({ name, groupId, input, output, count, outcome }) {
    const producer = producers.get(name);
    const consumer = kafka.consumer({
      kafkaJS: { groupId, fromBeginning: true, autoCommit: false },
      'fetch.wait.max.ms': 100,
    });
    await consumer.connect();
    await consumer.subscribe({ topic: input });
    const messages = [];
    await new Promise((resolve) => {
      consumer.run({
        eachMessage: async ({ message }) => {
          if (messages.length < count) messages.push(message);
          if (messages.length === count) resolve();
        },
      });
    });
    await producer.transaction();
    const values = messages.map(({ value }) => value.toString());
    await producer.send({
      topic: output,
      messages: values.map((value) => ({ partition: 0, value })),
    });
    const offset = String(Number(messages.at(-1).offset) + 1);
    await producer.sendOffsets({
      consumer,
      topics: [{ topic: input, partitions: [{ partition: 0, offset }] }],
    });
    if (outcome === 'commit') await producer.commit();
    if (outcome === 'abort') await producer.abort();
    await consumer.disconnect();
    return values;
  },
  async commit({ name }) {
    await resumed(() => producers.get(name).commit());
  },
  async abort({ name }) {
    await resumed(() => producers.get(name).abort());
  },
  async close({ name }) {
    await producers.get(name).disconnect();
    producers.delete(name);
  },
  async follow({ name, topic, partitionCount, isolation }) {
    const consumer = await plainConsumer(name, isolation);
    const seen = {};
    consumer.on('data', ({ partition, value }) => {
      (seen[partition] ??= []).push(brief(value.toString()));
    });
    const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);
    consumer.assign(partitions.map((partition) => ({ topic, partition, offset: 0 })));
    consumer.consume();
    readers.set(name, { consumer, seen });
  },
  seen: ({ name }) => readers.get(name).seen,
  async unfollow({ name }) {
    await disconnected(readers.get(name).consumer);
    readers.delete(name);
  },
  async end({ topic, isolation }) {
    const admin = kafka.admin();
    await admin.connect();
    const ends = await admin.fetchTopicOffsets(topic, { isolationLevel: isolations[isolation] });
    await admin.disconnect();
    return Number(ends.find(({ partition }) => partition === 0).offset);
  },
  async committed({ groupId, topic, patienceMs }) {
    const consumer = await plainConsumer(groupId, 'read_committed');
    try {
      return await new Promise((resolve, reject) => {
        consumer.committed([{ topic, partition: 0 }], patienceMs, (error, [found] = []) => {
          if (error) reject(error);
          else resolve(found.offset ?? null);
        });
      });
    } finally {
      await disconnected(consumer);
    }
  },
};

/** As its documentation asks: an end that timed out, of a broker that starts again, is asked for once more. */
async function resumed(end) {
  for (let left = 3; ; left--) {
    try {
      return await end();
    } catch (error) {
      if (left === 0 || !/retry call to resume/.test(error.message)) throw error;
    }
  }
}

/** Its own name; of librdkafka's "fatal" and "abortable" this client keeps nothing. */
const nameOf = (error) => error.type ?? errorNames.get(error.code) ?? error.message;

process.on('message', async ({ id, what, ...command }) => {
  try {
    process.send({ id, result: (await commands[what](command)) ?? null });
  } catch (error) {
    process.send({ id, error: nameOf(error), message: String(error) });
  }
});
process.on('disconnect', () => process.exit(0));
