import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Admin, Consumer, Kafka, Producer } from 'kafkajs';
import { repository, startTarget, type TargetBroker } from '../support/brokers.ts';
import {
  createTopic,
  kafkaClient,
  patientRetry,
  quickConsumer,
  until,
} from '../support/kafkajs-client.ts';
import { describeTarget, targetName, uniqueName } from '../support/suite.ts';

const PARTITIONS = 20;

describeTarget('kafkajs 2.2.4: many members, many groups, and a restart', () => {
  let broker: TargetBroker;
  let kafka: Kafka;
  let admin: Admin;
  let producer: Producer;
  beforeAll(async () => {
    broker = await startTarget(targetName);
    kafka = kafkaClient({
      brokers: [broker.bootstrapServers],
      retry: patientRetry,
    });
    admin = kafka.admin();
    producer = kafka.producer();
    await admin.connect();
    await producer.connect();
  });
  afterAll(async () => {
    await producer.disconnect();
    await admin.disconnect();
    await broker.close();
  });

  let produced = 0;
  async function produce(topic: string, count: number): Promise<void> {
    for (let rest = count; rest > 0; rest -= 100) {
      const messages = Array.from({ length: Math.min(rest, 100) }, () => {
        produced += 1;
        return { key: `${produced}`, value: `${produced}`, partition: produced % PARTITIONS };
      });
      await producer.send({ topic, acks: -1, messages });
    }
  }

  async function restart(): Promise<void> {
    await broker.stop();
    await broker.start();
  }

  /** Whether the group has committed everything that is in the topic. */
  async function caughtUp(groupId: string, topic: string): Promise<boolean> {
    const ends = await admin.fetchTopicOffsets(topic);
    const offsets = admin.fetchOffsets({ groupId, topics: [topic] });
    const [committed] = await offsets.catch(() => []); // Apache may still be loading the group
    return ends.every(({ partition, offset }) => {
      const found = committed?.partitions.find((entry) => entry.partition === partition);
      return offset === '0' || found?.offset === offset;
    });
  }

  test('ten members of one group read each record once, also when one dies and the broker restarts', async () => {
    const topic = await createTopic(uniqueName('ten-members'), PARTITIONS, {}, kafka);
    const groupId = uniqueName('ten-members');
    const seen: string[] = [];
    const assigned = new Map<string, number>();
    const members = await Promise.all(
      Array.from({ length: 9 }, async (_, index) => {
        const consumer = quickConsumer(groupId, {}, kafka);
        consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
          assigned.set(`member ${index}`, payload.memberAssignment[topic]?.length ?? 0);
        });
        await consumer.connect();
        await consumer.subscribe({ topic, fromBeginning: true });
        await consumer.run({
          eachMessage: async ({ message }) => {
            seen.push(message.value?.toString() ?? '');
          },
        });
        return consumer;
      }),
    );
    const doomed = startDoomedMember(broker.bootstrapServers, groupId, topic, (line) => {
      if (line.value !== undefined) seen.push(line.value);
      if (line.partitions !== undefined) assigned.set('doomed', line.partitions);
    });
    await until('each of the ten has two partitions', () => {
      return assigned.size === 10 && [...assigned.values()].every((count) => count === 2);
    });

    await produce(topic, 1_000);
    await until('all are read and committed', async () => caughtUp(groupId, topic));
    expect(seen).toHaveLength(1_000);

    doomed.kill('SIGKILL');
    assigned.delete('doomed');
    await produce(topic, 500);
    await until('the nine have read the dead member’s share', async () => caughtUp(groupId, topic));
    expect([...assigned.values()].reduce((a, b) => a + b)).toBe(PARTITIONS);

    await restart();
    await produce(topic, 500);
    await until('all are read after the restart', async () => caughtUp(groupId, topic));

    expect(seen).toHaveLength(2_000);
    expect(new Set(seen).size).toBe(2_000);
    await Promise.all(members.map(async (member) => member.disconnect()));
  }, 180_000);

  test('ten groups each read every record once, and keep their offsets over a restart', async () => {
    const topic = await createTopic(uniqueName('ten-groups'), PARTITIONS, {}, kafka);
    const groups = Array.from({ length: 10 }, () => ({
      groupId: uniqueName('ten-groups'),
      seen: [] as string[],
    }));
    const consumers: Consumer[] = [];
    const startAll = async () => {
      for (const group of groups) {
        const consumer = quickConsumer(group.groupId, {}, kafka);
        await consumer.connect();
        await consumer.subscribe({ topic, fromBeginning: true });
        await consumer.run({
          eachMessage: async ({ message }) => {
            group.seen.push(message.value?.toString() ?? '');
          },
        });
        consumers.push(consumer);
      }
    };
    const allCaughtUp = async () => {
      for (const { groupId } of groups) {
        await until(`${groupId} has read all`, async () => caughtUp(groupId, topic));
      }
    };
    const stopAll = async () => {
      await Promise.all(consumers.splice(0).map(async (consumer) => consumer.disconnect()));
    };

    await startAll();
    await produce(topic, 500);
    await allCaughtUp();
    await stopAll();
    await restart();
    await allCaughtUp(); // before anyone has read again: the offsets were kept
    await produce(topic, 500);
    await startAll();
    await allCaughtUp();
    await stopAll();
    for (const { seen } of groups) {
      expect(seen).toHaveLength(1_000);
      expect(new Set(seen).size).toBe(1_000);
    }
  }, 180_000);
});

function startDoomedMember(
  bootstrapServer: string,
  groupId: string,
  topic: string,
  onLine: (line: { value?: string; partitions?: number }) => void,
): ChildProcess {
  const script = join(repository, 'test/compat/clients/kafkajs/doomed-member.cjs');
  const child = spawn(process.execPath, [script, bootstrapServer, groupId, topic], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    onLine(JSON.parse(line) as { value?: string; partitions?: number });
  });
  return child;
}
