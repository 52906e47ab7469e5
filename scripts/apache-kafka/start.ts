/**
 * Starts the real Apache Kafka on an empty temporary folder until interrupted, to compare by hand:
 * `npx jiti scripts/apache-kafka/start.ts [PORT] [BROKERS]`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apacheKafka } from './apache-kafka.ts';

async function main() {
  const [port = '9092', brokers = '1'] = process.argv.slice(2);
  const folder = mkdtempSync(join(tmpdir(), 'apache-kafka-'));
  const kafka = await apacheKafka({
    repository: process.cwd(),
    folder,
    ports: [Number(port)],
    brokers: Number(brokers),
  });
  await kafka.start();
  console.log(`Apache Kafka on ${kafka.bootstrapServers}, data in ${folder}`);
  process.once('SIGINT', () => {
    void kafka.stop().then(() => {
      rmSync(folder, { recursive: true });
      process.exit(0);
    });
  });
}

void main();
