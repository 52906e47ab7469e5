import { afterAll } from '@jest/globals';
import {
  Kafka,
  logLevel,
  type Consumer,
  type ConsumerConfig,
  type EachMessagePayload,
  type KafkaConfig,
} from 'kafkajs';
import { bootstrapServers } from './suite.ts';

/** What tests of this file opened, to be closed after them also when one fails: an open client keeps jest alive. */
const opened = new Set<{ disconnect(): Promise<void> }>();
afterAll(async () => {
  const closed = Promise.allSettled([...opened].map(async (client) => client.disconnect()));
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 5_000).unref())]);
});

function remembered<T extends { disconnect(): Promise<void> }>(client: T): T {
  opened.add(client);
  return client;
}

/** For a client that has to wait for a broker that restarts. */
export const patientRetry = { initialRetryTime: 30, maxRetryTime: 1_000, retries: 60 };

/** A kafkajs client of this project's target. It logs nothing: tests provoke errors on purpose. */
export function kafkaClient(config: Partial<KafkaConfig> = {}): Kafka {
  const kafka = new Kafka({
    clientId: 'compat',
    brokers: [bootstrapServers()],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 30, maxRetryTime: 1_000, retries: 20 },
    ...config,
  });
  const [admin, consumer, producer] = [
    kafka.admin.bind(kafka),
    kafka.consumer.bind(kafka),
    kafka.producer.bind(kafka),
  ];
  kafka.admin = (...args) => remembered(admin(...args));
  kafka.consumer = (...args) => remembered(consumer(...args));
  kafka.producer = (...args) => remembered(producer(...args));
  return kafka;
}

/** Creates a topic that every test of a file may use, with leaders known to the client. */
export async function createTopic(
  topic: string,
  numPartitions = 1,
  configs: Readonly<Record<string, string>> = {},
  kafka = kafkaClient(),
): Promise<string> {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    waitForLeaders: false, // kafkajs gives up when Apache does not know the topic yet
    topics: [
      {
        topic,
        numPartitions,
        replicationFactor: 1,
        configEntries: Object.entries(configs).map(([name, value]) => ({ name, value })),
      },
    ],
  });
  await until('every partition is led', async () => {
    const offsets = await admin.fetchTopicOffsets(topic).catch(() => []);
    return offsets.length === numPartitions;
  });
  await admin.disconnect();
  return topic;
}

/** A consumer that does not wait long for anything, so that tests are quick. */
export function quickConsumer(
  groupId: string,
  config: Partial<ConsumerConfig> = {},
  kafka = kafkaClient(),
): Consumer {
  return kafka.consumer({
    groupId,
    maxWaitTimeInMs: 100,
    heartbeatInterval: 300,
    sessionTimeout: 10_000,
    rebalanceTimeout: 10_000,
    ...config,
  });
}

export type Received = EachMessagePayload;

/** Reads with a group until `count` records have come, and leaves the group. */
export async function consume(
  topic: string,
  count: number,
  groupId: string,
  kafka = kafkaClient(),
): Promise<Received[]> {
  const consumer = quickConsumer(groupId, {}, kafka);
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const received: Received[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${received.length} of ${count} records came`));
      }, 60_000);
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        if (!payload.restart) reject(payload.error);
      });
      void consumer.run({
        eachMessage: async (payload) => {
          received.push(payload);
          if (received.length < count) return;
          clearTimeout(timer);
          resolve();
        },
      });
    });
  } finally {
    await consumer.disconnect();
  }
  return received;
}

/** Waits until a condition holds; fails after a minute. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
