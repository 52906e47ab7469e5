import { expect, test } from '@jest/globals';
import { AssignerProtocol, type Consumer } from 'kafkajs';
import {
  consume,
  createTopic,
  kafkaClient,
  quickConsumer,
  until,
} from '../support/kafkajs-client.ts';
import { describeTarget, uniqueName } from '../support/suite.ts';

/** A topic with numbered records in its partitions: `p:i`. */
async function filledTopic(partitions: number, perPartition: number): Promise<string> {
  const topic = await createTopic(uniqueName('consumer'), partitions);
  const producer = kafkaClient().producer();
  await producer.connect();
  const messages = Array.from({ length: partitions * perPartition }, (_, n) => {
    const partition = n % partitions;
    return { partition, value: `${partition}:${Math.floor(n / partitions)}` };
  });
  await producer.send({ topic, messages });
  await producer.disconnect();
  return topic;
}

async function running(
  topic: string,
  groupId: string,
  onRecord: (value: string, consumer: Consumer) => void | Promise<void>,
  config = {},
): Promise<Consumer> {
  const consumer = quickConsumer(groupId, config);
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => onRecord(message.value?.toString() ?? '', consumer),
  });
  return consumer;
}

describeTarget('kafkajs 2.2.4 consumer', () => {
  test('reads every partition from the beginning, each in order', async () => {
    const topic = await filledTopic(3, 50);
    const received = await consume(topic, 150, uniqueName('group'));
    for (const partition of [0, 1, 2]) {
      const records = received.filter((record) => record.partition === partition);
      expect(records.map(({ message }) => message.offset)).toEqual(
        Array.from({ length: 50 }, (_, i) => String(i)),
      );
    }
  });

  test('a group goes on where its last consumer stopped', async () => {
    const topic = await filledTopic(1, 10);
    const groupId = uniqueName('resume');
    const first = await consume(topic, 10, groupId);
    expect(first).toHaveLength(10);
    const producer = kafkaClient().producer();
    await producer.connect();
    await producer.send({ topic, messages: [{ value: 'new' }] });
    await producer.disconnect();
    const [next] = await consume(topic, 1, groupId);
    expect(next?.message).toMatchObject({ offset: '10', value: Buffer.from('new') });
  });

  test('seek moves the position, and pause and resume stop and go on', async () => {
    const topic = await filledTopic(1, 20);
    const values: string[] = [];
    const consumer = await running(topic, uniqueName('seek'), (value) => {
      values.push(value);
    });
    await until('all are read', () => values.length === 20);
    consumer.pause([{ topic }]);
    consumer.seek({ topic, partition: 0, offset: '15' });
    expect(consumer.paused()).toEqual([{ topic, partitions: [0] }]);
    consumer.resume([{ topic }]);
    await until('the last five are read again', () => values.length === 25);
    expect(values.slice(20)).toEqual(['0:15', '0:16', '0:17', '0:18', '0:19']);
    await consumer.disconnect();
  });

  test('offsets committed by hand with metadata are what the admin client reads', async () => {
    const topic = await filledTopic(2, 5);
    const groupId = uniqueName('manual');
    let count = 0;
    const consumer = quickConsumer(groupId);
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async () => {
        count += 1;
      },
    });
    await until('all are read', () => count === 10);
    await consumer.commitOffsets([
      { topic, partition: 0, offset: '3', metadata: 'by hand' },
      { topic, partition: 1, offset: '4' },
    ]);
    await consumer.disconnect();
    const admin = kafkaClient().admin();
    await admin.connect();
    const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] });
    await admin.disconnect();
    expect(offsets?.partitions.sort((a, b) => a.partition - b.partition)).toEqual([
      { partition: 0, offset: '3', metadata: 'by hand' },
      { partition: 1, offset: '4', metadata: null },
    ]);
  });

  test('a second member takes over half of the partitions, and gives them back on leaving', async () => {
    const topic = await createTopic(uniqueName('rebalance'), 4);
    const groupId = uniqueName('rebalance');
    const assigned = new Map<string, number[]>();
    const member = async (name: string) => {
      const consumer = quickConsumer(groupId);
      consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
        assigned.set(name, payload.memberAssignment[topic] ?? []);
      });
      await consumer.connect();
      await consumer.subscribe({ topic });
      await consumer.run({ eachMessage: async () => undefined });
      return consumer;
    };
    const first = await member('first');
    await until('the first has all', () => assigned.get('first')?.length === 4);
    const second = await member('second');
    await until(
      'each has two',
      () => assigned.get('first')?.length === 2 && assigned.get('second')?.length === 2,
    );
    expect([...assigned.values()].flat().sort()).toEqual([0, 1, 2, 3]);
    await second.disconnect();
    await until('the first has all again', () => assigned.get('first')?.length === 4);
    await first.disconnect();
  });

  test('a member that stops its heartbeats is dropped after its session timeout', async () => {
    const topic = await createTopic(uniqueName('silent'), 2);
    const groupId = uniqueName('silent');
    let generations = 0;
    const consumer = quickConsumer(groupId);
    consumer.on(consumer.events.GROUP_JOIN, () => (generations += 1));
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    let stuck: (() => void) | null = null;
    await consumer.run({
      eachMessage: async () => {
        if (stuck === null) await new Promise<void>((resolve) => (stuck = resolve));
      },
    });
    await until('it has joined', () => generations === 1);
    const producer = kafkaClient().producer();
    await producer.connect();
    await producer.send({ topic, messages: [{ value: 'stop here' }] });
    await producer.disconnect();
    const admin = kafkaClient().admin();
    await admin.connect();
    const state = async () => (await admin.describeGroups([groupId])).groups[0]?.state;
    expect(await state()).toBe('Stable');
    await until('the group is empty', async () => (await state()) === 'Empty');
    (stuck as (() => void) | null)?.();
    await until('it has joined again', () => generations === 2);
    await consumer.disconnect();
    await admin.disconnect();
  });

  test('a consumer sees records produced while it waits', async () => {
    const topic = await createTopic(uniqueName('waiting'));
    const consumer = quickConsumer(uniqueName('waiting'), { maxWaitTimeInMs: 10_000 });
    let fetches = 0;
    consumer.on(consumer.events.FETCH_START, () => (fetches += 1));
    /** Which fetch brought a record, counted from 1. */
    const broughtBy = new Map<string, number>();
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        broughtBy.set(String(message.value), fetches);
      },
    });
    await until('a fetch waits', () => fetches > 0);
    const producer = kafkaClient().producer();
    await producer.connect();
    const waiting = fetches;
    await producer.send({ topic, messages: [{ value: 'now' }] });
    await until('the record came', () => broughtBy.size === 1);
    expect(broughtBy.get('now')).toBe(waiting); // woken, not sent again when its time was over
    const left = consumer.disconnect();
    await producer.send({ topic, messages: [{ value: 'wakes the last fetch' }] });
    await left;
    await producer.disconnect();
  });

  test('a subscription by pattern finds the topics that match', async () => {
    const prefix = uniqueName('pattern');
    await createTopic(`${prefix}-a`);
    await createTopic(`${prefix}-b`);
    const producer = kafkaClient().producer();
    await producer.connect();
    await producer.send({ topic: `${prefix}-a`, messages: [{ value: 'a' }] });
    await producer.send({ topic: `${prefix}-b`, messages: [{ value: 'b' }] });
    await producer.disconnect();
    const values: string[] = [];
    const consumer = quickConsumer(uniqueName('pattern'));
    await consumer.connect();
    await consumer.subscribe({ topic: new RegExp(`^${prefix}-.$`), fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        values.push(message.value?.toString() ?? '');
      },
    });
    await until('both came', () => values.length === 2);
    expect(values.sort()).toEqual(['a', 'b']);
    await consumer.disconnect();
  });

  test('eachBatch tells the high watermark, and a batch resolved in part is read again', async () => {
    const topic = await filledTopic(1, 10);
    const groupId = uniqueName('batches');
    const offsets: string[] = [];
    let watermark = '';
    const read = async (stopAt: string | null) => {
      const consumer = quickConsumer(groupId);
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      let finished = false;
      await consumer.run({
        eachBatchAutoResolve: false,
        eachBatch: async (payload) => {
          watermark = payload.batch.highWatermark;
          for (const { offset } of payload.batch.messages) {
            if (finished) return;
            offsets.push(offset);
            payload.resolveOffset(offset);
            finished = offset === (stopAt ?? '9');
          }
          await payload.commitOffsetsIfNecessary({
            topics: [
              { topic, partitions: [{ partition: 0, offset: String(Number(stopAt ?? 9) + 1) }] },
            ],
          });
        },
      });
      await until('read far enough', () => finished);
      await consumer.disconnect();
    };
    await read('4');
    await read(null);
    expect(watermark).toBe('10');
    expect(offsets).toEqual(Array.from({ length: 10 }, (_, i) => String(i)));
  });

  test('the leader is given what each member said in its subscription', async () => {
    const topic = await createTopic(uniqueName('user-data'), 2);
    const seen = new Set<string>();
    const assigner = (name: string) => () => ({
      name: 'compat',
      version: 1,
      protocol: ({ topics }: { topics: string[] }) => ({
        name: 'compat',
        metadata: AssignerProtocol.MemberMetadata.encode({
          version: 1,
          topics,
          userData: Buffer.from(name),
        }),
      }),
      assign: async ({ members }: { members: { memberId: string; memberMetadata: Buffer }[] }) => {
        for (const { memberMetadata } of members) {
          seen.add(
            AssignerProtocol.MemberMetadata.decode(memberMetadata)?.userData.toString() ?? '',
          );
        }
        return members.map(({ memberId }, index) => ({
          memberId,
          memberAssignment: AssignerProtocol.MemberAssignment.encode({
            version: 1,
            assignment: { [topic]: [index] },
            userData: Buffer.alloc(0),
          }),
        }));
      },
    });
    const groupId = uniqueName('user-data');
    const members = await Promise.all(
      ['red', 'blue'].map((name) =>
        running(topic, groupId, () => undefined, { partitionAssigners: [assigner(name)] }),
      ),
    );
    await until('the leader has heard of both', () => seen.size === 2);
    expect([...seen].sort()).toEqual(['blue', 'red']);
    await Promise.all(members.map(async (member) => member.disconnect()));
  });
});
