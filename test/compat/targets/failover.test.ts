import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Admin, Kafka } from 'kafkajs';
import { RawClient } from '../../support/raw-client.ts';
import { describeTopic } from '../../support/requests.ts';
import { startCluster, type TargetCluster } from '../support/clusters.ts';
import {
  consume,
  kafkaClient,
  patientRetry,
  quickConsumer,
  until,
} from '../support/kafkajs-client.ts';
import { describeTools, launchTool, targetName, uniqueName } from '../support/suite.ts';

const PARTITIONS = 6;
/** Enough that the producer is at work until the last broker is back: Apache takes seconds for each. */
const JAVA =
  targetName === 'odradek' ? { records: 30_000, perS: 5_000 } : { records: 20_000, perS: 800 };

/** What became of the leaderships of a broker that was stopped. */
interface Move {
  readonly before: Leader;
  readonly after: Leader;
}
interface Leader {
  readonly id: number;
  readonly epoch: number;
}

// Three brokers, of which one after the other is stopped and started again, once for all tests of this file.
describeTools('three brokers, stopped and started one after the other', () => {
  const moves: Move[] = [];
  const kafkajs = {
    topic: uniqueName('kafkajs'),
    sent: new Map<number, string[]>(),
    seen: [] as string[],
  };
  const java = { topic: uniqueName('java'), written: '', read: '' };
  let cluster: TargetCluster;
  let kafka: Kafka;
  let admin: Admin;
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'compat-failover-'));
    cluster = await startCluster(targetName);
    kafka = kafkaClient({
      brokers: cluster.bootstrapServers.split(','),
      retry: patientRetry,
    });
    admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({
      waitForLeaders: false,
      topics: [kafkajs.topic, java.topic].map((topic) => ({
        topic,
        numPartitions: PARTITIONS,
        replicationFactor: 3,
      })),
    });
    await until('all replicas are in sync', allInSync);

    const javaClients = startJavaClients();
    const stopKafkajsClients = await startKafkajsClients();
    for (const id of cluster.ids) {
      await progress();
      moves.push(...(await stopAndWatch(id)));
      await progress();
      await cluster.startBroker(id);
      await until(`broker ${id} is in sync again`, allInSync);
    }
    await progress();
    await stopKafkajsClients();
    await javaClients;
  }, 300_000);

  afterAll(async () => {
    await admin.disconnect();
    await cluster.close();
    await rm(folder, { recursive: true });
  });

  test('the leaderships of a stopped broker move, with a higher leader epoch', () => {
    expect(moves.length).toBeGreaterThanOrEqual(PARTITIONS); // every partition lost its leader at least once
    for (const { before, after } of moves) {
      expect(after.id).not.toBe(before.id);
      expect(after.epoch).toBeGreaterThan(before.epoch);
    }
  });

  test('kafkajs 2.2.4: what an idempotent producer wrote is there once and in order, and a group read all of it', async () => {
    const sent = [...kafkajs.sent.values()].flat();
    const ends = await admin.fetchTopicOffsets(kafkajs.topic);
    expect(ends.map(({ high }) => Number(high)).reduce((a, b) => a + b)).toBe(sent.length);
    const stored = new Map<number, string[]>();
    for (const { partition, message } of await consume(
      kafkajs.topic,
      sent.length,
      uniqueName('all'),
      kafka,
    )) {
      stored.set(partition, [...(stored.get(partition) ?? []), message.value?.toString() ?? '']);
    }
    expect(stored).toEqual(kafkajs.sent);
    // A group may read a record again when a commit was lost; it may leave out none.
    expect(new Set(kafkajs.seen)).toEqual(new Set(sent));
  });

  test('Java 4.3.1: VerifiableProducer and VerifiableConsumer agree on every record', async () => {
    expect(/.*producer_send_error.*/.exec(java.written)?.[0]).toBeUndefined();
    const acknowledged = valuesIn(java.written, 'producer_send_success');
    expect(acknowledged).toHaveLength(JAVA.records);
    const ends = await admin.fetchTopicOffsets(java.topic);
    expect(ends.map(({ high }) => Number(high)).reduce((a, b) => a + b)).toBe(JAVA.records);
    const read = valuesIn(java.read, 'record_data');
    expect(read).toHaveLength(JAVA.records);
    expect(new Set(read)).toEqual(new Set(acknowledged));
  });

  /** Runs until all records are written, acknowledged and read. */
  async function startJavaClients(): Promise<void> {
    const common = ['--bootstrap-server', cluster.bootstrapServers, '--topic', java.topic];
    const config = join(folder, 'producer.properties');
    await writeFile(config, 'retries=2147483647\nenable.idempotence=true\n'); // its own default: no retry
    const consumer = launchTool('kafka-verifiable-consumer', [
      ...[...common, '--group-id', uniqueName('java'), '--verbose'],
      ...['--max-messages', String(JAVA.records)],
    ]);
    const producer = launchTool('kafka-verifiable-producer', [
      ...[...common, '--acks', '-1', '--command-config', config],
      ...['--max-messages', String(JAVA.records), '--throughput', String(JAVA.perS)],
    ]);
    java.written = (await producer.result).stdout;
    java.read = (await consumer.result).stdout;
  }

  /** One sender for each partition, and a group of two members. */
  async function startKafkajsClients(): Promise<() => Promise<void>> {
    const groupId = uniqueName('kafkajs');
    const members = [1, 2].map(() => quickConsumer(groupId, {}, kafka));
    for (const member of members) {
      await member.connect();
      await member.subscribe({ topic: kafkajs.topic, fromBeginning: true });
      await member.run({
        eachMessage: async ({ message }) => void kafkajs.seen.push(message.value?.toString() ?? ''),
      });
    }
    const producer = kafka.producer({ idempotent: true });
    await producer.connect();
    let isOver = false;
    const senders = Array.from({ length: PARTITIONS }, async (_, partition) => {
      const sent: string[] = [];
      kafkajs.sent.set(partition, sent);
      for (let n = 0; !isOver; n += 1) {
        // One partition for each send: after a failure kafkajs does not send again to a broker that has answered for
        // another partition, also when it has become the leader of this one meanwhile.
        const messages = Array.from({ length: 5 }, (_, i) => ({
          partition,
          value: `${partition}/${n}/${i}`,
        }));
        await producer.send({ topic: kafkajs.topic, acks: -1, messages });
        sent.push(...messages.map(({ value }) => value));
        await new Promise((resolve) => setTimeout(resolve, 10)); // leaves something of the machine to others
      }
    });
    const all = Promise.all(senders);
    all.catch(() => undefined); // whoever stops them hears of it
    return async () => {
      isOver = true;
      await all;
      await until('the group has read everything', () => {
        const seen = new Set(kafkajs.seen);
        return [...kafkajs.sent.values()].flat().every((value) => seen.has(value));
      });
      await Promise.all(members.map(async (member) => member.disconnect()));
      await producer.disconnect();
    };
  }

  /** Waits until every kafkajs sender has sent something more. */
  async function progress(): Promise<void> {
    const before = [...kafkajs.sent.values()].map(({ length }) => length);
    const lengths = () => [...kafkajs.sent.values()].map(({ length }) => length);
    await until('every partition took more records', () =>
      lengths().every((length, partition) => length > before[partition]! + 50),
    );
  }

  async function allInSync(): Promise<boolean> {
    const { topics } = await admin
      .fetchTopicMetadata({ topics: [kafkajs.topic, java.topic] })
      .catch(() => ({ topics: [] }));
    const partitions = topics.flatMap((topic) => topic.partitions);
    return partitions.length === 2 * PARTITIONS && partitions.every(({ isr }) => isr.length === 3);
  }

  /** Stops a broker, and asks another one again and again who leads. */
  async function stopAndWatch(id: number): Promise<Move[]> {
    const client = await RawClient.connect(addressOf((id % 3) + 1));
    const leaders = async () =>
      new Map(
        (await describeTopic(client, kafkajs.topic)).partitions.map((partition) => [
          partition.partitionIndex,
          { id: partition.leaderId, epoch: partition.leaderEpoch },
        ]),
      );
    const before = await leaders();
    const beginMs = performance.now();
    let movedMs = 0;
    const stopped = cluster.stopBroker(id);
    let after = before;
    await until('its leaderships have moved', async () => {
      after = await leaders();
      movedMs = performance.now() - beginMs;
      return [...after.values()].every((leader) => leader.id !== id && leader.id >= 0);
    });
    await stopped;
    client.close();
    const moved = [...before].filter(([, leader]) => leader.id === id);
    process.stdout.write(
      `${targetName}: ${moved.length} leaderships of broker ${id} had moved ${movedMs.toFixed(0)} ms after it was told to stop\n`,
    );
    return moved.map(([partition, leader]) => ({ before: leader, after: after.get(partition)! }));
  }

  function addressOf(id: number): string {
    return cluster.bootstrapServers.split(',')[id - 1]!;
  }
});

function valuesIn(stdout: string, event: string): string[] {
  return [...stdout.matchAll(new RegExp(`"${event}".*"value":"(\\d+)"`, 'g'))].map(
    ([, value]) => value!,
  );
}
