import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from './kafkajs-client.ts';
import type { DrivenClient } from './transaction-driver.ts';
import type { Scenario } from './transaction-play.ts';
import { said, untilCoordinating } from './transaction-stage.ts';

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `v${i}`);
const manyPartitions = 40;
/** Their consumers wait while an offset of their group is pending. */
const asksForStableOffsets: readonly DrivenClient[] = ['java', 'librdkafka'];
const writtenByHeir = [['first of the heir', 'second of the heir']];

export const scenarios: readonly Scenario[] = [
  {
    title: 'commits: all of a transaction is read, in the order it was written',
    run: async (stage) => {
      const topic = await stage.topic();
      const producer = await stage.producer();
      await producer.write(topic, ['a', 'b']);
      await producer.write(topic, ['c']);
      await producer.close();
      return stage.read(topic, 'read_committed');
    },
    expected: [['a', 'b', 'c']],
  },
  {
    title: 'aborts: nothing of a transaction is read, unless uncommitted records are',
    run: async (stage) => {
      const topic = await stage.topic();
      const producer = await stage.producer();
      await producer.write(topic, ['no', 'nor'], 'abort');
      await producer.write(topic, ['yes']);
      await producer.write(topic, ['neither'], 'abort');
      await producer.close();
      return {
        committed: await stage.read(topic, 'read_committed'),
        all: await stage.read(topic, 'read_uncommitted'),
      };
    },
    expected: { committed: [['yes']], all: [['no', 'nor', 'yes', 'neither']] },
    but: {
      // It keeps one aborted transaction of a producer for each answer, and delivers the others.
      platformatic: { committed: [['no', 'nor', 'yes']], all: [['no', 'nor', 'yes', 'neither']] },
    },
  },
  {
    title: 'consumes, transforms, produces: the offset goes with the records, or stays with them',
    run: async (stage) => {
      const [input, output] = [await stage.topic(), await stage.topic()];
      await stage.plain(input, numbered(6));
      const groupId = stage.name('group');
      const producer = await stage.producer();
      const wish = { groupId, input, output, count: 3 };
      const read: string[][] = [];
      for (const outcome of ['abort', 'commit', 'abort', 'commit'] as const) {
        read.push(await producer.transform({ ...wish, outcome }));
        const committed = [null, 3, 3, 6][read.length - 1]!;
        await stage.untilCommitted(groupId, input, committed);
      }
      await producer.close();
      return { read, written: await stage.read(output, 'read_committed') };
    },
    expected: {
      read: [numbered(3), numbered(3), ['v3', 'v4', 'v5'], ['v3', 'v4', 'v5']],
      written: [numbered(6)],
    },
    but: {
      // As above: the first of two aborted transactions is delivered.
      platformatic: {
        read: [numbered(3), numbered(3), ['v3', 'v4', 'v5'], ['v3', 'v4', 'v5']],
        written: [[...numbered(3), ...numbered(6)]],
      },
    },
  },
  {
    title: 'a zombie is fenced by a newer producer of its id',
    run: async (stage) => {
      const topic = await stage.topic();
      const zombie = await stage.producer();
      await zombie.begin();
      await zombie.send(topic, ['left open']);
      const { transactionalId } = zombie;
      const heir = await stage.producer({ transactionalId });
      await heir.write(topic, ['first of the heir']);
      const late = await said(zombie.send(topic, ['late']));
      const commit = await said(zombie.commit());
      await heir.write(topic, ['second of the heir']);
      await heir.close();
      await said(zombie.close());
      return { late, commit, written: await stage.read(topic, 'read_committed') };
    },
    expected: {
      ...{ late: 'INVALID_PRODUCER_EPOCH', commit: 'INVALID_PRODUCER_EPOCH' },
      written: writtenByHeir,
    },
    but: {
      librdkafka: {
        ...{ late: 'ERR_INVALID_PRODUCER_EPOCH', commit: 'ERR__FENCED' },
        written: writtenByHeir,
      },
      java: {
        ...{ late: 'InvalidProducerEpochException', commit: 'InvalidProducerEpochException' },
        written: writtenByHeir,
      },
      // Its EndTxn is of a version that knows the name.
      platformatic: {
        ...{ late: 'INVALID_PRODUCER_EPOCH', commit: 'PRODUCER_FENCED' },
        written: writtenByHeir,
      },
    },
  },
  {
    title: 'a transaction that takes too long is aborted, and its producer told so',
    run: async (stage) => {
      const topic = await stage.topic();
      const late = await stage.producer({ timeoutMs: 3_000 });
      await late.begin();
      await late.send(topic, ['too late']);
      await until(`the transaction of ${stage.client} is aborted`, async () => {
        return (await stage.end(topic, 'read_committed')) === 2;
      });
      const answers = {
        commit: await said(late.commit()),
        abort: await said(late.abort()),
        next: await said(late.write(topic, ['next'])),
      };
      await said(late.close());
      const again = await stage.producer({ transactionalId: late.transactionalId });
      await again.write(topic, ['again']);
      await again.close();
      return { ...answers, written: await stage.read(topic, 'read_committed') };
    },
    expected: {
      commit: 'INVALID_PRODUCER_EPOCH',
      // Its state machine knows no way out of a commit that failed: the producer is of no use any more.
      ...{ abort: 'KafkaJSNonRetriableError', next: 'KafkaJSNonRetriableError' },
      written: [['again']],
    },
    but: {
      librdkafka: {
        ...{ commit: 'ERR__FENCED', abort: 'ERR__FENCED', next: 'ERR__STATE' },
        written: [['again']],
      },
      // It takes the commit of the epoch before for a repeated one, of a transaction that was aborted.
      java: {
        ...{ commit: 'InvalidTxnStateException', abort: 'InvalidTxnStateException' },
        ...{ next: 'InvalidTxnStateException', written: [['again']] },
      },
      platformatic: {
        ...{ commit: 'PRODUCER_FENCED', abort: 'PRODUCER_FENCED' },
        ...{ next: 'There is already an active transaction.', written: [['again']] },
      },
    },
  },
  {
    title: 'what is open is seen by those alone who read uncommitted records',
    run: async (stage) => {
      const topic = await stage.topic();
      await stage.plain(topic, ['before']);
      const producer = await stage.producer();
      await producer.begin();
      await producer.send(topic, ['inside']);
      await stage.plain(topic, ['behind']);
      const ends = async () => ({
        committed: await stage.end(topic, 'read_committed'),
        all: await stage.end(topic, 'read_uncommitted'),
      });
      return stage.following(topic, 'read_committed', 1, async (seen) => {
        const all = await stage.following(topic, 'read_uncommitted', 1, async (seenOfAll) => {
          await until('all is read', async () => (await seenOfAll())[0]?.length === 3);
          return (await seenOfAll())[0];
        });
        await until('what is committed is read', async () => (await seen())[0]?.length === 1);
        const open = { ends: await ends(), committed: (await seen())[0], all };
        await producer.commit();
        await until('all is read', async () => (await seen())[0]?.length === 3);
        await until('the marker is there', async () => (await ends()).committed === 4);
        await producer.close();
        return { open, over: { ends: await ends(), committed: (await seen())[0] } };
      });
    },
    expected: {
      open: {
        ends: { committed: 1, all: 3 },
        committed: ['before'],
        all: ['before', 'inside', 'behind'],
      },
      over: { ends: { committed: 4, all: 4 }, committed: ['before', 'inside', 'behind'] },
    },
    but: {
      // Nothing in it asks for the end of uncommitted records.
      kafkajs: {
        open: {
          ends: { committed: 1, all: 'cannot' },
          committed: ['before'],
          all: ['before', 'inside', 'behind'],
        },
        over: { ends: { committed: 4, all: 'cannot' }, committed: ['before', 'inside', 'behind'] },
      },
    },
  },
  {
    title: 'two producers write into one partition by turns, and one of them aborts',
    run: async (stage) => {
      const topic = await stage.topic();
      const [one, other] = [await stage.producer(), await stage.producer()];
      for (const outcome of ['abort', 'commit'] as const) {
        await one.begin();
        await one.send(topic, [`${outcome} a`]);
        await other.begin();
        await other.send(topic, [`${outcome} b`]);
        await one.send(topic, [`${outcome} c`]);
        await other[outcome]();
        await stage.plain(topic, [`${outcome} plain`]);
        await one.send(topic, [`${outcome} d`]);
        await one[outcome === 'abort' ? 'commit' : 'abort']();
      }
      await one.close();
      await other.close();
      return stage.read(topic, 'read_committed');
    },
    expected: [['abort a', 'abort c', 'abort plain', 'abort d', 'commit b', 'commit plain']],
  },
  {
    title: `a transaction in ${manyPartitions} partitions is a whole in all of them`,
    run: async (stage) => {
      const topic = await stage.topic(manyPartitions);
      const partitions = Array.from({ length: manyPartitions }, (_, partition) => partition);
      const producer = await stage.producer();
      for (const [value, outcome] of [
        ['a', 'commit'],
        ['b', 'abort'],
        ['c', 'commit'],
      ] as const) {
        await producer.begin();
        await producer.send(topic, [value], partitions);
        await producer[outcome]();
      }
      await producer.close();
      const read = await stage.read(topic, 'read_committed', manyPartitions);
      return [...new Set(read.map((values) => values.join()))];
    },
    expected: ['a,c'],
  },
  {
    title: 'a group whose offset is pending: who goes on waits for the outcome',
    run: async (stage) => {
      const [input, output] = [await stage.topic(), await stage.topic()];
      await stage.plain(input, numbered(6));
      const groupId = stage.name('group');
      const wish = { groupId, input, output, count: 3 };
      const [first, second] = [await stage.producer(), await stage.producer()];
      await first.transform({ ...wish, outcome: 'open' });
      const pending = await stage.committed(groupId, input, 1_500);
      const secondReads = second.transform({ ...wish, outcome: 'commit' });
      if (asksForStableOffsets.includes(stage.client)) await stage.untilJoined(groupId);
      else await secondReads;
      await first.commit();
      const read = await secondReads;
      await first.close();
      await second.close();
      return { pending, read, written: await stage.read(output, 'read_committed') };
    },
    expected: { pending: 'TimeoutException', read: ['v3', 'v4', 'v5'], written: [numbered(6)] },
    but: {
      librdkafka: { pending: 'ERR__TIMED_OUT', read: ['v3', 'v4', 'v5'], written: [numbered(6)] },
      // Its OffsetFetch is too old to ask for what is stable: a second member does all once more.
      kafkajs: { pending: null, read: numbered(3), written: [[...numbered(3), ...numbered(3)]] },
      // Its admin asks for what is stable, its consumer does not.
      platformatic: {
        ...{ pending: 'UNSTABLE_OFFSET_COMMIT', read: numbered(3) },
        written: [[...numbered(3), ...numbered(3)]],
      },
    },
  },
  {
    title: 'the broker restarts in the middle of a transaction',
    run: async (stage) => {
      const topic = await stage.topic();
      const [producer, other] = [await stage.producer(), await stage.producer()];
      await other.begin();
      await other.send(topic, ['aborted, before']);
      await producer.begin();
      await producer.send(topic, ['before']);
      await stage.place.interrupt();
      // It gives up when its coordinator is not ready yet.
      if (stage.client === 'kafkajs') await untilCoordinating(stage.place.bootstrapServers);
      await producer.send(topic, ['after']);
      const open = await stage.end(topic, 'read_committed');
      await producer.commit();
      await other.abort();
      await untilCoordinating(stage.place.bootstrapServers); // those of other ids and groups, too
      await producer.write(topic, ['next']);
      await producer.close();
      await other.close();
      return { open, written: await stage.read(topic, 'read_committed') };
    },
    expected: { open: 0, written: [['before', 'after', 'next']] },
  },
  {
    title: 'transactions without a record are ended either way',
    run: async (stage) => {
      const topic = await stage.topic();
      const answers: string[] = [];
      for (const outcome of ['commit', 'abort'] as const) {
        const producer = await stage.producer();
        await producer.begin();
        answers.push(await said(producer[outcome]()));
        answers.push(await said(producer.write(topic, [`after ${outcome}`])));
        await producer.close();
      }
      return { answers, written: await stage.read(topic, 'read_committed') };
    },
    expected: {
      answers: ['ok', 'ok', 'ok', 'ok'],
      written: [['after commit', 'after abort']],
    },
    but: {
      // It always sends EndTxn, which is refused, and has no way out but a new producer.
      platformatic: {
        answers: [
          ...['INVALID_TXN_STATE', 'There is already an active transaction.'],
          ...['INVALID_TXN_STATE', 'There is already an active transaction.'],
        ],
        written: [[]],
      },
    },
  },
  {
    title: 'compressed transactions, in every codec',
    run: async (stage) => {
      const topic = await stage.topic();
      const long = (value: string) => `${value} ${'x'.repeat(500)}`;
      for (const compression of ['gzip', 'snappy', 'lz4', 'zstd']) {
        const producer = await stage.producer({ compression });
        await producer.write(topic, [`${compression}-a`, `${compression}-b`].map(long));
        await producer.write(topic, [`${compression}-no`].map(long), 'abort');
        await producer.close();
      }
      const [read] = await stage.read(topic, 'read_committed');
      return read;
    },
    expected: [
      ...['gzip-a~507', 'gzip-b~507', 'snappy-a~509', 'snappy-b~509'],
      ...['lz4-a~506', 'lz4-b~506', 'zstd-a~507', 'zstd-b~507'],
    ],
  },
  {
    title: 'transactions that are larger than a segment',
    run: async (stage) => {
      const topic = await stage.topic(1, { 'segment.bytes': String(1 << 20) });
      const producer = await stage.producer();
      const long = (value: string) => `${value} ${'x'.repeat(100_000)}`;
      for (const outcome of ['abort', 'commit'] as const) {
        await producer.begin();
        for (let round = 0; round < 4; round += 1) {
          const values = numbered(8).map((value) => long(`${outcome}-${round}-${value}`));
          await producer.send(topic, values);
        }
        await producer[outcome]();
      }
      await producer.close();
      const [read] = await stage.read(topic, 'read_committed');
      const segments = await segmentsOf(stage.place.dataFolders, topic);
      return { count: read?.length, ends: [read?.[0], read?.at(-1)], several: segments !== 1 };
    },
    expected: { count: 32, ends: ['commit-0-v0~100012', 'commit-3-v7~100012'], several: true },
    but: {
      // It drops what is aborted only when the marker comes in the same answer.
      platformatic: {
        ...{ count: 56, ends: ['abort-0-v0~100011', 'commit-3-v7~100012'], several: true },
      },
    },
  },
];

/** How many segments a topic has; -1 where its folder is hidden in a container. */
async function segmentsOf(dataFolders: readonly string[], topic: string): Promise<number> {
  const [folder] = dataFolders;
  if (folder === undefined) return -1;
  const files = await readdir(join(folder, `${topic}-0`));
  return files.filter((file) => file.endsWith('.log')).length;
}
