import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTarget, type TargetBroker } from '../support/brokers.ts';
import { createTopic, kafkaClient } from '../support/kafkajs-client.ts';
import { describeTools, launchTool, targetName, uniqueName } from '../support/suite.ts';

const RECORDS = targetName === 'odradek' ? 100_000 : 20_000; // Apache takes seconds for each restart
const RESTARTS = targetName === 'odradek' ? 3 : 1;

describeTools('Apache Kafka 4.3.1’s VerifiableProducer and VerifiableConsumer', () => {
  let broker: TargetBroker;
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'compat-restarts-'));
    broker = await startTarget(targetName);
  });
  afterAll(async () => {
    await broker.close();
    await rm(folder, { recursive: true });
  });

  test('agree on every record while the broker is restarted', async () => {
    const topic = await createTopic(
      uniqueName('restarts'),
      4,
      {},
      kafkaClient({ brokers: [broker.bootstrapServers] }),
    );
    const common = ['--bootstrap-server', broker.bootstrapServers, '--topic', topic];
    const consumer = launchTool('kafka-verifiable-consumer', [
      ...[...common, '--group-id', uniqueName('restarts'), '--verbose'],
      ...['--max-messages', String(RECORDS)],
    ]);
    const config = join(folder, 'producer.properties');
    await writeFile(config, 'retries=2147483647\nenable.idempotence=true\n'); // its own default: no retry
    const producer = launchTool('kafka-verifiable-producer', [
      ...['--command-config', config],
      ...[...common, '--acks', '-1', '--max-messages', String(RECORDS)],
      ...['--throughput', String(RECORDS / 10)], // so that it is at work over the restarts
    ]);
    for (let restart = 1; restart <= RESTARTS; restart += 1) {
      const share = Math.floor((RECORDS * restart) / (RESTARTS + 1));
      await producer.untilPrinted(new RegExp(`"value":"${share}"`), 60_000);
      await broker.stop();
      await broker.start();
    }
    const written = (await producer.result).stdout;
    const acknowledged = [...written.matchAll(/"producer_send_success".*"value":"(\d+)"/g)];
    expect(/.*producer_send_error.*/.exec(written)?.[0]).toBeUndefined();
    expect(acknowledged.length).toBe(RECORDS);

    const read = (await consumer.result).stdout;
    const values = [...read.matchAll(/"record_data".*"value":"(\d+)"/g)].map(([, value]) => value);
    expect(values.length).toBe(RECORDS);
    expect(new Set(values).size).toBe(RECORDS);
    const ranges = consumedRanges(read);
    for (const [partition, next] of ranges.entries()) {
      expect(`${partition}: ${next.join()}`).not.toContain('gap');
    }
  }, 180_000);
});

/** Per partition the offsets that were consumed, and the word "gap" where one range does not follow the last. */
function consumedRanges(stdout: string): Map<number, (number | string)[]> {
  const ranges = new Map<number, (number | string)[]>();
  for (const line of stdout.split('\n')) {
    if (!line.includes('"records_consumed"')) continue;
    const event = JSON.parse(line) as {
      partitions: { partition: number; minOffset: number; maxOffset: number }[];
    };
    for (const { partition, minOffset, maxOffset } of event.partitions) {
      const seen = ranges.get(partition) ?? [0];
      if (seen.at(-1) !== minOffset) seen.push('gap');
      seen.push(maxOffset + 1);
      ranges.set(partition, seen);
    }
  }
  return ranges;
}
