import { afterEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompressionTypes, ConfigResourceTypes, Kafka, logLevel } from 'kafkajs';
import { startBroker, type RunningBroker } from '../../src/broker/start-broker.ts';

let broker: RunningBroker | undefined;
let folder: string | undefined;

afterEach(async () => {
  await broker?.close();
  if (folder !== undefined) await rm(folder, { recursive: true });
  broker = folder = undefined;
});

const properties = {
  'log.cleaner.backoff.ms': '20',
  'log.cleanup.policy': 'compact',
  'log.cleaner.min.cleanable.ratio': '0',
};

async function start(dataDir?: string): Promise<Kafka> {
  broker = await startBroker({ properties, ...(dataDir !== undefined && { dataDir }) });
  return new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING });
}

/** Everything in partition 0, by offset. */
async function readAll(kafka: Kafka, topic: string, end: number) {
  const consumer = kafka.consumer({ groupId: `reader-${Date.now()}-${Math.random()}` });
  const found: { offset: number; key: string; value: string }[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    const eachMessage = async ({ message: { offset, key, value } }: EachMessage) => {
      found.push({ offset: Number(offset), key: String(key), value: String(value) });
      if (Number(offset) === end - 1) resolve();
    };
    consumer.run({ eachMessage }).catch(reject);
  });
  await consumer.disconnect();
  return found;
}

interface EachMessage {
  readonly message: { offset: string; key: Buffer | null; value: Buffer | null };
}

const records = 3000;
const keys = 50;

async function fill(kafka: Kafka, topic: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  const configEntries = [{ name: 'internal.segment.bytes', value: '5000' }];
  await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }] });
  await admin.disconnect();
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  for (let i = 0; i < records; i += 100) {
    const messages = Array.from({ length: 100 }, (_, n) => ({
      key: `k${(i + n) % keys}`,
      value: `value ${i + n}`,
    }));
    const compression = i % 200 === 0 ? CompressionTypes.GZIP : CompressionTypes.None;
    await producer.send({ topic, messages, compression });
  }
  await producer.disconnect();
}

/** Reads again and again until little is left, and the latest of each key is there each time. */
async function untilCompacted(kafka: Kafka, topic: string): Promise<void> {
  let left = Infinity;
  while (left > records / 3) {
    const found = await readAll(kafka, topic, records);
    const latest = new Map(found.map(({ key, value }) => [key, value]));
    expect(latest.size).toBe(keys);
    for (let i = 0; i < keys; i++) {
      expect(latest.get(`k${i}`)).toBe(`value ${records - keys + i}`);
    }
    left = found.length;
  }
}

describe('a compacted topic', () => {
  test('in memory: a consumer reads the latest values while it is cleaned', async () => {
    const kafka = await start();
    await fill(kafka, 'table');
    await untilCompacted(kafka, 'table');
  });

  test('on disk, over a restart', async () => {
    folder = await mkdtemp(join(tmpdir(), 'odradek-compaction-'));
    const kafka = await start(folder);
    await fill(kafka, 'table');
    await untilCompacted(kafka, 'table');
    expect(await readdir(folder)).toContain('cleaner-offset-checkpoint');
    await broker?.close();
    await untilCompacted(await start(folder), 'table');
  });

  test('log.cleaner.backoff.ms is taken at once when it is altered', async () => {
    broker = await startBroker({
      properties: { ...properties, 'log.cleaner.backoff.ms': '3600000' },
    });
    const kafka = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING });
    await fill(kafka, 'table');
    expect(await readAll(kafka, 'table', records)).toHaveLength(records);
    const admin = kafka.admin();
    await admin.connect();
    const configEntries = [{ name: 'log.cleaner.backoff.ms', value: '10' }];
    const { BROKER } = ConfigResourceTypes;
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: BROKER, name: String(broker.brokerIds[0]), configEntries }],
    });
    await admin.disconnect();
    await untilCompacted(kafka, 'table');
  });

  test('a record without a key is refused, with Kafka’s words', async () => {
    const kafka = await start();
    await fill(kafka, 'table');
    const producer = kafka.producer({ retry: { retries: 0 } });
    await producer.connect();
    await expect(producer.send({ topic: 'table', messages: [{ value: 'x' }] })).rejects.toThrow(
      /failed the validation|invalid/i,
    );
    await producer.disconnect();
  });
});
