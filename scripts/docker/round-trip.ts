/**
 * Asks a broker what a user would: `jiti scripts/docker/round-trip.ts ADDRESS TOPIC WRITE EXPECT` writes WRITE records to
 * a topic that need not be there, then reads from its beginning until there are EXPECT, and prints its partitions.
 */
import { Kafka, logLevel } from 'kafkajs';

async function main([address = '', topic = '', write = '0', expected = '0']: readonly string[]) {
  const kafka = new Kafka({
    brokers: [address],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50, retries: 20 },
  });
  const producer = kafka.producer({ idempotent: true });
  await producer.connect();
  const messages = Array.from({ length: Number(write) }, (_, i) => ({ value: `${i}` }));
  if (messages.length > 0) await producer.send({ topic, acks: -1, messages });
  await producer.disconnect();

  const consumer = kafka.consumer({ groupId: `smoke-${Date.now()}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  let count = 0;
  await new Promise<void>((resolve, reject) => {
    const eachMessage = async () => {
      count += 1;
      if (count >= Number(expected)) resolve();
    };
    consumer.run({ eachMessage }).catch(reject);
    setTimeout(() => reject(new Error(`${count} of ${expected} records came`)), 30_000).unref();
  });
  await consumer.disconnect();

  const admin = kafka.admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const stored = offsets.map(({ high }) => Number(high)).reduce((a, b) => a + b, 0);
  if (stored !== Number(expected)) throw new Error(`${stored} records are there, not ${expected}`);
  console.log(offsets.length);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
