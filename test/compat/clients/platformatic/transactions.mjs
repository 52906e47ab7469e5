// Does with @platformatic/kafka what a test says, command by command, over the channel to the parent process: a message
// { id, what, ... } comes, { id, result } or { id, error, message } goes. Argument: where the brokers are.
import {
  Admin,
  Consumer,
  MessagesStreamFallbackModes,
  MessagesStreamModes,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka';

const [bootstrapServers] = process.argv.slice(2);
const client = {
  clientId: 'transactions-platformatic',
  bootstrapBrokers: [bootstrapServers],
  retries: 200,
  retryDelay: 100,
};
const producers = new Map();
const readers = new Map();

const isolations = { read_uncommitted: 0, read_committed: 1 };
const brief = (value) =>
  value.length <= 40 ? value : `${value.slice(0, value.indexOf(' '))}~${value.length}`;

function consumerOf(groupId, isolation) {
  return new Consumer({
    ...client,
    groupId,
    deserializers: stringDeserializers,
    isolationLevel: isolations[isolation],
    maxWaitTime: 100,
    sessionTimeout: 10_000,
    rebalanceTimeout: 10_000,
    heartbeatInterval: 300,
  });
}

async function withAdmin(work) {
  const admin = new Admin({ ...client, retries: 2 });
  try {
    return await work(admin);
  } finally {
    await admin.close();
  }
}

const current = (name) => producers.get(name).transaction;

const commands = {
  async open({ name, transactionalId, timeoutMs, compression }) {
    const producer = new Producer({
      ...client,
      serializers: stringSerializers,
      idempotent: true,
      transactionalId,
      // What it calls the time-out of a request is that of the transaction, too.
      timeout: timeoutMs ?? 60_000,
      ...(compression && { compression }),
    });
    producers.set(name, { producer });
  },
  /** Takes the id over with its first transaction; -1 says that it was nobody before, 0 is what it says by itself. */
  async begin({ name }) {
    const known = producers.get(name);
    known.transaction = await known.producer.beginTransaction({
      producerId: -1n,
      producerEpoch: -1,
    });
  },
  async send({ name, topic, partitions, values }) {
    const messages = partitions.flatMap((partition) =>
      values.map((value) => ({ topic, partition, value })),
    );
    await current(name).send({ acks: -1, messages });
  },
  /** One transaction of a member that goes on where its group has committed. */
  async transform({ name, groupId, input, output, count, outcome }) {
    const consumer = consumerOf(groupId, 'read_committed');
    const stream = await consumer.consume({
      topics: [input],
      mode: MessagesStreamModes.COMMITTED,
      fallbackMode: MessagesStreamFallbackModes.EARLIEST,
      autocommit: false,
    });
    const messages = [];
    for await (const message of stream) {
      messages.push(message);
      if (messages.length === count) break;
    }
    await commands.begin({ name });
    const transaction = current(name);
    const values = messages.map(({ value }) => value);
    await transaction.send({
      acks: -1,
      messages: values.map((value) => ({ topic: output, partition: 0, value })),
    });
    await transaction.addConsumer(consumer);
    await transaction.addOffset(messages.at(-1));
    if (outcome === 'commit') await transaction.commit();
    if (outcome === 'abort') await transaction.abort();
    await stream.close();
    await consumer.close(true);
    return values;
  },
  async commit({ name }) {
    await current(name).commit();
  },
  async abort({ name }) {
    await current(name).abort();
  },
  async close({ name }) {
    await producers.get(name).producer.close();
    producers.delete(name);
  },
  async follow({ name, topic, isolation }) {
    const consumer = consumerOf(name, isolation);
    const stream = await consumer.consume({
      topics: [topic],
      mode: MessagesStreamModes.EARLIEST,
      isolationLevel: isolations[isolation],
      autocommit: false,
    });
    const seen = {};
    stream.on('data', ({ partition, value }) => {
      (seen[partition] ??= []).push(brief(value));
    });
    readers.set(name, { consumer, stream, seen });
  },
  seen: ({ name }) => readers.get(name).seen,
  async unfollow({ name }) {
    const { consumer, stream } = readers.get(name);
    await stream.close();
    await consumer.close(true);
    readers.delete(name);
  },
  end: ({ topic, isolation }) =>
    withAdmin(async (admin) => {
      const [found] = await admin.listOffsets({
        topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1n }] }],
        isolationLevel: isolations[isolation],
      });
      return Number(found.partitions[0].offset);
    }),
  committed: ({ groupId, topic }) =>
    withAdmin(async (admin) => {
      const [group] = await admin.listConsumerGroupOffsets({
        groups: [{ groupId, topics: [{ name: topic, partitionIndexes: [0] }] }],
        requireStable: true,
      });
      const offset = Number(group.topics[0].partitions[0].committedOffset);
      return offset < 0 ? null : offset;
    }),
};

/** Kafka's name of the first error in what may be errors of errors. */
function nameOf(error) {
  if (error.apiId !== undefined) return error.apiId;
  const named = (error.errors ?? []).map(nameOf).find((name) => /^[A-Z_]+$/.test(name));
  return named ?? (error.cause ? nameOf(error.cause) : (error.message ?? String(error)));
}

process.on('message', async ({ id, what, ...command }) => {
  try {
    process.send({ id, result: (await commands[what](command)) ?? null });
  } catch (error) {
    process.send({ id, error: nameOf(error), message: String(error.stack) });
  }
});
process.on('disconnect', () => process.exit(0));
