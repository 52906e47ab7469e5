import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apacheKafkaJars } from '../../../scripts/apache-kafka/jars.ts';
import { JavaProgram } from '../../support/java-program.ts';
import { repository } from '../support/brokers.ts';
import { createTopic, kafkaClient, quickConsumer, until } from '../support/kafkajs-client.ts';
import {
  expectedHistories,
  inputRecords,
  inputs,
  lengthOf,
  messagesFor,
  note,
  outputs,
  type Histories,
  type Output,
} from '../support/streams-topologies.ts';
import { bootstrapServers, describeJars, uniqueName } from '../support/suite.ts';
import { compiledJava } from '../support/tool-runner.ts';

const partitions = 3;
/** Its value is no output of the topologies. */
const endKey = 'the end';
const stopTimeoutMs = 60_000;

describeJars('kafka-streams', 'Kafka Streams 4.3.1 with exactly_once_v2', () => {
  let folder = '';
  let classPath: string[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'streams-'));
    const libs = await apacheKafkaJars(repository, 'kafka-streams');
    classPath = [join(libs, '*'), await compiledJava('StreamsTopologies', libs)];
  }, 300_000);
  afterAll(async () => rm(folder, { recursive: true, force: true }));

  const start = async (applicationId: string) =>
    JavaProgram.start({
      name: 'StreamsTopologies',
      folder,
      classPath,
      logging: join(repository, 'test/compat/java/log4j2.xml'),
      mainClass: 'StreamsTopologies',
      args: [bootstrapServers(), applicationId, join(folder, 'state')],
    });

  test('counts words, joins tables and sums windows once, also when it is killed', async () => {
    const id = uniqueName('streams');
    for (const topic of [...inputs, ...outputs]) await createTopic(`${id}-${topic}`, partitions);
    const beginMs = Date.now() - 3_600_000;
    const records = inputRecords(6_000, beginMs);
    const expected = expectedHistories(records);
    const half = records.length / 2;
    const reader = await OutputReader.start(id);
    await write(id, records.slice(0, half));

    const killed = await start(id);
    await killed.whileRunning(reader.untilReceived(1));
    await killed.kill();

    // What it has not yet committed begins anew; the rest comes while nobody is there.
    await write(id, records.slice(half));
    const second = await start(id);
    await second.whileRunning(reader.untilReceived(lengthOfAll(expected)));
    await second.stop(stopTimeoutMs);
    expect(second.printed(/^(CLOSED|ERROR)$/)).toEqual(['CLOSED']);

    await writeEnds(id);
    await reader.untilEnded();
    for (const output of outputs) expect(reader.histories[output]).toEqual(expected[output]);
  }, 180_000);
});

const lengthOfAll = (histories: Readonly<Record<Output, Histories>>) =>
  outputs.reduce((sum, output) => sum + lengthOf(histories[output]), 0);

async function write(id: string, records: ReturnType<typeof inputRecords>): Promise<void> {
  const producer = kafkaClient().producer();
  await producer.connect();
  await producer.sendBatch({
    topicMessages: inputs.map((input) => ({
      topic: `${id}-${input}`,
      messages: messagesFor(input, records),
    })),
  });
  await producer.disconnect();
}

/** Ends every partition of the outputs. */
async function writeEnds(id: string): Promise<void> {
  const producer = kafkaClient().producer();
  await producer.connect();
  const messages = Array.from({ length: partitions }, (_, partition) => ({
    partition,
    key: endKey,
    value: null,
  }));
  await producer.sendBatch({
    topicMessages: outputs.map((output) => ({ topic: `${id}-${output}`, messages })),
  });
  await producer.disconnect();
}

/** Reads what is committed of the three outputs, from the beginning on. */
class OutputReader {
  readonly histories: Readonly<Record<Output, Histories>> = {
    counts: new Map(),
    residents: new Map(),
    sums: new Map(),
  };
  received = 0;
  private ends = 0;

  static async start(id: string): Promise<OutputReader> {
    const reader = new OutputReader();
    const consumer = quickConsumer(uniqueName('reader'));
    await consumer.connect();
    await consumer.subscribe({
      topics: outputs.map((output) => `${id}-${output}`),
      fromBeginning: true,
    });
    await consumer.run({
      eachMessage: async ({ topic, message: { key, value } }) => {
        reader.take(topic.slice(id.length + 1) as Output, String(key), value);
      },
    });
    return reader;
  }

  private take(output: Output, key: string, value: Buffer | null): void {
    if (key === endKey) {
      this.ends++;
      return;
    }
    this.received++;
    note(this.histories[output], key, value && String(value));
  }

  async untilReceived(count: number): Promise<void> {
    await until(`${count} records came out`, () => this.received >= count);
  }

  async untilEnded(): Promise<void> {
    await until('all outputs are read', () => this.ends === partitions * outputs.length);
  }
}
