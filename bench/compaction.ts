/**
 * How much a paced produce notices of compaction. `npm run bench:compaction`.
 *
 * A compacted topic is filled with 2 GiB in which every key comes several times. Then a process of its
 * own produces 50 MB/s to another topic of the same broker: first quiet, then while the cleaner works
 * through the first topic. Printed: p50 and p99 of the time from when a request was due to its
 * acknowledgement, in both phases, and what the cleaner did. The aim is a p99 below 3 times its quiet
 * value; exit code 1 when it is missed. The producer sends requests of 64 KiB over one connection, with acks=all.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ConfigResourceTypes, Kafka, logLevel, type Admin } from 'kafkajs';
import { parsed, wholeNumber } from '../bin/usage.ts';
import { BrokerProcess } from '../scripts/apache-kafka/broker-process.ts';
import { asked } from './harness/options.ts';

const usage = `npm run bench:compaction -- [options]

What a paced produce notices while a topic is compacted.

  --gib N  size of the topic (2)`;

const gib = asked(usage, (args) => {
  const { values } = parsed({ args, options: { gib: { type: 'string', default: '2' } } });
  return wholeNumber('--gib', values.gib, 1, 1000);
});
const gibibyte = 1024 ** 3;
const megabyte = 1_000_000;
const bytesToCompact = gib * gibibyte;
const recordBytes = 1_000;
const recordsPerRequest = 1_000;
const keys = 200_000;
const quietMs = 20_000;
const rate = 50 * megabyte;
/** Most of the p99 while the cleaner works, in quiet ones. */
const aim = 3;

const folder = mkdtempSync(join(tmpdir(), 'odradek-bench-compaction-'));
const outputFile = join(folder, 'output.log');
const broker = new BrokerProcess({
  name: 'odradek',
  command: process.execPath,
  args: [
    ...['dist/bin/odradek.js', '--port', '0', '--data', join(folder, 'data')],
    ...['--override', 'log.cleaner.backoff.ms=86400000'],
    ...[
      '--override',
      'log.segment.bytes=134217728',
      '--override',
      'log.retention.bytes=1073741824',
    ],
  ],
  ports: [],
  outputFile,
});

interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly megabytesPerSecond: number;
}

async function main(): Promise<void> {
  await broker.start();
  const server = await printedAddress();
  const kafka = new Kafka({ brokers: [server], logLevel: logLevel.ERROR });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: [
      {
        topic: 'table',
        numPartitions: 1,
        configEntries: [{ name: 'cleanup.policy', value: 'compact' }],
      },
      { topic: 'stream', numPartitions: 1 },
    ],
  });
  const filled = await fill(kafka);
  console.log(`filled: ${(filled / gibibyte).toFixed(2)} GiB`);
  await pause(5_000); // the disk settles

  const producer = pacedProducer(server);
  await pause(5_000);
  producer.send('begin');
  await pause(quietMs);
  const quiet = await latencies(producer);

  producer.send('begin');
  const began = performance.now();
  await setBackoff(admin, 100);
  const cleaned = await untilCleaned();
  const tookMs = performance.now() - began;
  const busy = await latencies(producer);
  producer.kill();

  console.table({ quiet, 'while compacting': busy });
  const ratio = busy.p99 / quiet.p99;
  console.log(`p99: ${ratio.toFixed(2)} times its quiet value (aim: below ${aim})`);
  if (!(ratio < aim)) process.exitCode = 1;
  console.log(`p50: ${(busy.p50 / quiet.p50).toFixed(2)} times its quiet value`);
  const speed = (cleaned.before / megabyte / (tookMs / 1000)).toFixed(0);
  console.log(
    `compacted ${cleaned.before} bytes to ${cleaned.after} in ${(tookMs / 1000).toFixed(1)} s, ${speed} MB/s`,
  );
  await admin.disconnect();
}

async function printedAddress(): Promise<string> {
  for (;;) {
    const found = /127\.0\.0\.1:\d+/.exec(readFileSync(outputFile, 'utf8'));
    if (found !== null) return found[0];
    await pause(50);
  }
}

/** Values that do not repeat within a request; keys in an order that leaves each about ten times. */
async function fill(kafka: Kafka): Promise<number> {
  const producer = kafka.producer();
  await producer.connect();
  let bytes = 0;
  for (let i = 0; bytes < bytesToCompact; i += recordsPerRequest) {
    const messages = Array.from({ length: recordsPerRequest }, (_, n) => ({
      key: `key-${((i + n) * 7919) % keys}`,
      value: Buffer.alloc(recordBytes, `${i + n} `),
    }));
    await producer.send({ topic: 'table', acks: 1, messages });
    bytes += recordsPerRequest * (recordBytes + 20);
  }
  await producer.disconnect();
  return bytes;
}

function pacedProducer(server: string): ChildProcess {
  return spawn(
    process.execPath,
    ['node_modules/.bin/jiti', 'bench/harness/paced-producer.ts', server, 'stream', String(rate)],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  );
}

/** Of all requests since 'begin'. */
async function latencies(producer: ChildProcess): Promise<Latencies> {
  const answer = new Promise<Latencies>((resolve) => {
    producer.once('message', (message) => resolve(message as Latencies));
  });
  producer.send('end');
  return answer;
}

async function setBackoff(admin: Admin, ms: number): Promise<void> {
  const configEntries = [{ name: 'log.cleaner.backoff.ms', value: String(ms) }];
  const { BROKER } = ConfigResourceTypes;
  const resources = [{ type: BROKER, name: '1', configEntries }];
  await admin.alterConfigs({ validateOnly: false, resources });
}

/** By the broker's own line. */
async function untilCleaned(): Promise<{ before: number; after: number }> {
  for (;;) {
    const line = /a log was cleaned topic=table.*bytesBefore=(\d+) bytesAfter=(\d+)/;
    const found = line.exec(readFileSync(outputFile, 'utf8'));
    if (found !== null) return { before: Number(found[1]), after: Number(found[2]) };
    await pause(200);
  }
}

main()
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(async () => {
    await broker.stop();
    rmSync(folder, { recursive: true });
  });
