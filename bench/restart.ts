/*
 * From the start of a process on a folder full of data to its first acknowledged produce and its
 * first fetched record: after a clean stop, and after kill -9. The folder (10,000 partitions and
 * 10 GiB when nothing else is said) is filled by producing, the same for Odradek and for the real
 * Apache Kafka, and removed afterwards. `npm run bench:restart`. The aim is that Odradek serves both
 * within a second after a clean stop; exit code 1 when a run misses it.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parsed, wholeNumber } from '../bin/usage.ts';
import { apacheKafka } from '../scripts/apache-kafka/apache-kafka.ts';
import { BrokerProcess, freePorts } from '../scripts/apache-kafka/broker-process.ts';
import { APACHE_KAFKA_VERSION, whyNoJars } from '../scripts/apache-kafka/jars.ts';
import { errorCodes } from '../src/protocol/error-codes.ts';
import { createTopics } from '../src/protocol/messages/create-topics.ts';
import { fetch } from '../src/protocol/messages/fetch.ts';
import { produce } from '../src/protocol/messages/produce.ts';
import { batchOf } from '../test/support/batches.ts';
import { RawClient } from '../test/support/raw-client.ts';
import { asked } from './harness/options.ts';

const usage = `npm run bench:restart -- [options]

From the start of a process on a full folder to its first produce and fetch.

  --topics N       (1000)
  --partitions N   of each topic (10)
  --gib N          in all of them together (10)
  --runs N         how often it stops and starts (2)
  --folder FOLDER  for Odradek's data, which is kept; a folder that is there is taken as it is
  --odradek        leave Apache Kafka out`;

const aimMs = 1_000;
const timeoutMs = 600_000;
const batchBytes = 128 * 1024;
const topicsPerRequest = 50;

interface Amount {
  readonly topics: number;
  readonly partitions: number;
  readonly bytesPerPartition: number;
}

interface Restart {
  readonly produceMs: number;
  readonly fetchMs: number;
  readonly allMs: number;
}

const topicName = (index: number): string => `restart-${index}`;

/** Connects, as soon as somebody listens. */
async function connected(port: number): Promise<RawClient> {
  const deadlineMs = performance.now() + timeoutMs;
  while (performance.now() < deadlineMs) {
    const client = await RawClient.connect(`127.0.0.1:${port}`).catch(() => undefined);
    if (client !== undefined) return client;
    await pause(1);
  }
  throw new Error('nobody listens');
}

/** Tries until it succeeds. */
async function until(attempt: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await attempt().catch(() => false))) {
    if (performance.now() > deadlineMs) throw new Error('no success in time');
    await pause(1);
  }
}

async function produceTo(client: RawClient, topic: string, index: number, value: string) {
  const records = batchOf([value], { timestamp: Date.now() });
  const { responses } = await client.request(produce, 9, {
    acks: -1,
    timeoutMs: 30_000,
    topicData: [{ name: topic, partitionData: [{ index, records }] }],
  });
  return responses[0]?.partitionResponses[0]?.errorCode === errorCodes.NONE;
}

async function fetchFrom(client: RawClient, topic: string, partition: number) {
  const { responses } = await client.request(fetch, 12, {
    maxWaitMs: 500,
    minBytes: 1,
    topics: [{ topic, partitions: [{ partition, fetchOffset: 0, partitionMaxBytes: 1024 }] }],
  });
  const [found] = responses[0]?.partitions ?? [];
  const { records } = found ?? {};
  return found?.errorCode === errorCodes.NONE && records !== null && records !== undefined;
}

async function fill(port: number, { topics, partitions, bytesPerPartition }: Amount) {
  const client = await connected(port);
  for (let from = 0; from < topics; from += topicsPerRequest) {
    const names = Array.from({ length: Math.min(topicsPerRequest, topics - from) }, (_, i) =>
      topicName(from + i),
    );
    await client.request(createTopics, 5, {
      topics: names.map((name) => ({
        name,
        numPartitions: partitions,
        replicationFactor: 1,
        assignments: [],
        configs: [],
      })),
      timeoutMs,
    });
  }
  const value = 'odradek '.repeat(batchBytes / 8);
  for (let topic = 0; topic < topics; topic++) {
    for (let partition = 0; partition < partitions; partition++) {
      for (let bytes = 0; bytes < bytesPerPartition; bytes += batchBytes) {
        await until(() => produceTo(client, topicName(topic), partition, value));
      }
    }
  }
  client.close();
}

/** From now, when the process is started, until it serves. */
async function measure(port: number, { topics, partitions }: Amount): Promise<Restart> {
  const beganMs = performance.now();
  const sinceStart = (): number => performance.now() - beganMs;
  const inTheMiddle = topicName(Math.floor(topics / 2));
  const producing = async (): Promise<number> => {
    await until(async () => {
      const client = await connected(port);
      const isDone = await produceTo(client, inTheMiddle, 0, 'again').finally(() => client.close());
      return isDone;
    });
    return sinceStart();
  };
  const fetching = async (): Promise<number> => {
    await until(async () => {
      const client = await connected(port);
      return fetchFrom(client, topicName(topics - 1), 0).finally(() => client.close());
    });
    return sinceStart();
  };
  const [produceMs, fetchMs] = await Promise.all([producing(), fetching()]);
  const client = await connected(port);
  for (let topic = 0; topic < topics; topic++) {
    for (let partition = 0; partition < partitions; partition++) {
      await until(() => fetchFrom(client, topicName(topic), partition));
    }
  }
  client.close();
  return { produceMs, fetchMs, allMs: sinceStart() };
}

interface Startable {
  readonly name: string;
  readonly make: (folder: string, port: number) => Promise<BrokerProcess>;
}

const odradek: Startable = {
  name: 'Odradek',
  make: async (folder, port) =>
    new BrokerProcess({
      name: 'Odradek',
      command: process.execPath,
      args: ['dist/bin/odradek.js', '--port', String(port), '--data', join(folder, 'data')],
      ports: [],
      outputFile: join(folder, 'output.log'),
    }),
};

const apache: Startable = {
  name: `Apache Kafka ${APACHE_KAFKA_VERSION}`,
  make: async (folder, port) => {
    const jvmFlags = ['-Xms1g', '-Xmx2g', '-XX:+UseG1GC'];
    const kafka = await apacheKafka({ repository: process.cwd(), folder, ports: [port], jvmFlags });
    const [node] = kafka.nodes;
    if (node === undefined) throw new Error('no node');
    return node.process;
  },
};

function row(name: string, how: string, { produceMs, fetchMs, allMs }: Restart): string {
  const cells = [
    name.padEnd(20),
    how.padEnd(10),
    ...[produceMs, fetchMs, allMs].map((ms) => ms.toFixed(0).padStart(9)),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** @returns the times after clean stops */
async function bench(
  broker: Startable,
  amount: Amount,
  runs: number,
  kept: string | undefined,
): Promise<Restart[]> {
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'bench-restart-'));
  const isFilled = kept !== undefined && existsSync(join(kept, 'data'));
  mkdirSync(folder, { recursive: true });
  const [port = 0] = await freePorts(1);
  const process = await broker.make(folder, port);
  const startAndMeasure = async (how: string): Promise<Restart> => {
    const measuring = measure(port, amount);
    await process.start();
    const restart = await measuring;
    console.log(row(broker.name, how, restart));
    return restart;
  };
  const afterCleanStops: Restart[] = [];
  try {
    if (!isFilled) {
      await process.start();
      await fill(port, amount);
      await process.stop();
    }
    for (let run = 0; run < runs; run++) {
      afterCleanStops.push(await startAndMeasure('clean stop'));
      await process.stop('SIGKILL');
      await startAndMeasure('kill -9');
      await process.stop();
    }
    return afterCleanStops;
  } finally {
    await process.stop('SIGKILL');
    if (kept === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

function read(args: readonly string[]) {
  const options = {
    odradek: { type: 'boolean' },
    topics: { type: 'string', default: '1000' },
    partitions: { type: 'string', default: '10' },
    gib: { type: 'string', default: '10' },
    runs: { type: 'string', default: '2' },
    folder: { type: 'string' },
  } as const;
  const { values } = parsed({ args, options });
  const number = (name: 'topics' | 'partitions' | 'gib' | 'runs'): number =>
    wholeNumber(`--${name}`, values[name], 1, 1_000_000);
  const [topics, partitions] = [number('topics'), number('partitions')];
  const bytesPerPartition = (number('gib') * 1024 ** 3) / topics / partitions;
  return {
    amount: { topics, partitions, bytesPerPartition },
    runs: number('runs'),
    folder: values.folder,
    isAlone: values.odradek === true,
  };
}

async function main(): Promise<void> {
  const { amount, runs, folder, isAlone } = asked(usage, read);
  console.log('| broker               | after      | 1st produce, ms | 1st fetch, ms | all, ms |');
  const restarts = await bench(odradek, amount, runs, folder);
  const longestMs = Math.max(
    ...restarts.map(({ produceMs, fetchMs }) => Math.max(produceMs, fetchMs)),
  );
  console.log(`Odradek after a clean stop: ${longestMs.toFixed(0)} ms at most (aim: ${aimMs})`);
  if (longestMs > aimMs) process.exitCode = 1;
  if (isAlone) return;
  const reason = await whyNoJars(process.cwd());
  if (reason === null) await bench(apache, amount, runs, undefined);
  else console.log(`Apache Kafka is left out: ${reason}`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
