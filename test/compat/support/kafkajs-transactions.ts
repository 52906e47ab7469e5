import { CompressionTypes, type Consumer, type Producer, type Transaction } from 'kafkajs';
import { addCodecs } from './kafkajs-codecs.ts';
import { kafkaClient, quickConsumer } from './kafkajs-client.ts';
import { uniqueName } from './suite.ts';
import {
  ClientError,
  type CommandName,
  type TransactionCommands,
  type TransactionDriver,
} from './transaction-driver.ts';

type AsyncCommands = {
  [C in CommandName]: (
    command: Parameters<TransactionCommands[C]>[0],
  ) => Promise<ReturnType<TransactionCommands[C]>>;
};

const codecs: Readonly<Record<string, CompressionTypes>> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};

interface Opened {
  readonly producer: Producer;
  readonly compression: CompressionTypes;
  transaction?: Transaction;
}

/** kafkajs, in this process. */
export async function kafkajsDriver(bootstrapServers: string): Promise<TransactionDriver> {
  await addCodecs();
  const kafka = kafkaClient({
    brokers: [bootstrapServers],
    retry: { initialRetryTime: 30, maxRetryTime: 500, retries: 40 },
  });
  const opened = new Map<string, Opened>();
  const readers = new Map<string, { consumer: Consumer; seen: Map<number, string[]> }>();
  const current = (name: string) => opened.get(name)!.transaction!;

  const commands: AsyncCommands = {
    async open({ name, transactionalId, timeoutMs = 60_000, compression = 'none' }) {
      const producer = kafka.producer({
        transactionalId,
        transactionTimeout: timeoutMs,
        idempotent: true,
        maxInFlightRequests: 1,
      });
      await producer.connect();
      opened.set(name, { producer, compression: codecs[compression]! });
    },
    async begin({ name }) {
      const known = opened.get(name)!;
      known.transaction = await known.producer.transaction();
    },
    async send({ name, topic, partitions, values }) {
      const messages = partitions.flatMap((partition) =>
        values.map((value) => ({ partition, value })),
      );
      const { compression } = opened.get(name)!;
      await current(name).send({ topic, messages, compression });
    },
    async transform({ name, groupId, input, output, count, outcome }) {
      const consumer = quickConsumer(groupId, {}, kafka);
      await consumer.connect();
      await consumer.subscribe({ topic: input, fromBeginning: true });
      const read: { value: string; offset: string }[] = [];
      await new Promise<void>((resolve) => {
        void consumer.run({
          autoCommit: false,
          eachMessage: ({ message }) => {
            const { value, offset } = message;
            if (read.length < count) read.push({ value: String(value), offset });
            if (read.length === count) resolve();
            return Promise.resolve();
          },
        });
      });
      const values = read.map(({ value }) => value);
      await commands.begin({ name });
      const transaction = current(name);
      const messages = values.map((value) => ({ partition: 0, value }));
      await transaction.send({ topic: output, messages });
      const offset = String(Number(read.at(-1)!.offset) + 1);
      const topics = [{ topic: input, partitions: [{ partition: 0, offset }] }];
      await transaction.sendOffsets({ consumerGroupId: groupId, topics });
      if (outcome === 'commit') await transaction.commit();
      if (outcome === 'abort') await transaction.abort();
      await consumer.disconnect();
      return values;
    },
    commit: async ({ name }) => current(name).commit(),
    abort: async ({ name }) => current(name).abort(),
    async close({ name }) {
      await opened.get(name)!.producer.disconnect();
      opened.delete(name);
    },
    async follow({ name, topic, isolation }) {
      const readUncommitted = isolation === 'read_uncommitted';
      const consumer = quickConsumer(uniqueName('follower'), { readUncommitted }, kafka);
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      const seen = new Map<number, string[]>();
      await consumer.run({
        eachMessage: ({ partition, message }) => {
          const values = seen.get(partition) ?? [];
          seen.set(partition, [...values, brief(String(message.value))]);
          return Promise.resolve();
        },
      });
      readers.set(name, { consumer, seen });
    },
    seen: ({ name }) => Promise.resolve(Object.fromEntries(readers.get(name)!.seen)),
    async unfollow({ name }) {
      await readers.get(name)!.consumer.disconnect();
      readers.delete(name);
    },
    async end({ topic, isolation }) {
      if (isolation === 'read_uncommitted') {
        throw new ClientError('cannot', 'its admin asks for the last stable offset alone');
      }
      const admin = kafka.admin();
      await admin.connect();
      const [found] = await admin.fetchTopicOffsets(topic);
      await admin.disconnect();
      return Number(found!.offset);
    },
    async committed({ groupId, topic }) {
      const admin = kafka.admin();
      await admin.connect();
      const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
      await admin.disconnect();
      const offset = Number(found!.partitions[0]!.offset);
      return offset < 0 ? null : offset;
    },
  };
  return {
    do: async (what, command) => {
      try {
        return await commands[what](command);
      } catch (error) {
        if (error instanceof ClientError) throw error;
        throw new ClientError(nameOf(error), String(error));
      }
    },
    close: async () => {
      const all = [...opened.values()].map(({ producer }) => producer);
      const followers = [...readers.values()].map(({ consumer }) => consumer);
      await Promise.all([...all, ...followers].map(async (client) => client.disconnect()));
    },
  };
}

/** Of a long value its first word and its length. */
function brief(value: string): string {
  return value.length <= 40 ? value : `${value.slice(0, value.indexOf(' '))}~${value.length}`;
}

/** Kafka's name of the error, where a broker's is at the bottom of it. */
function nameOf(error: unknown): string {
  const { type, cause, name } = error as { type?: string; cause?: unknown; name?: string };
  if (type !== undefined) return type;
  return cause === undefined ? (name ?? String(error)) : nameOf(cause);
}
