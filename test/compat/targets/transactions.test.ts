import { afterAll, expect, test } from '@jest/globals';
import { RawClient } from '../../support/raw-client.ts';
import { TransactionalClient, untilComplete } from '../../support/transactional-client.ts';
import {
  consume,
  createTopic,
  kafkaClient,
  quickConsumer,
  until,
} from '../support/kafkajs-client.ts';
import {
  bootstrapServers,
  describeTarget,
  describeTools,
  runTool,
  uniqueName,
} from '../support/suite.ts';

const clients: RawClient[] = [];
afterAll(() => {
  for (const client of clients) client.close();
});

const valuesIn = async (topic: string, count: number) => {
  const received = await consume(topic, count, uniqueName('reader'));
  return received.map(({ message }) => String(message.value));
};

describeTarget('transactions of kafkajs 2.2.4', () => {
  const producerOf = (transactionalId: string) =>
    kafkaClient().producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 });

  test('commit and abort', async () => {
    const topic = await createTopic(uniqueName('tx'));
    const producer = producerOf(uniqueName('tx'));
    await producer.connect();
    for (const [value, commit] of [
      ['a', true],
      ['b', false],
      ['c', true],
    ] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ value }] });
      await (commit ? transaction.commit() : transaction.abort());
    }
    await producer.disconnect();
    expect(await valuesIn(topic, 2)).toEqual(['a', 'c']);
  });

  test('consume, transform, produce: aborted attempts leave no trace', async () => {
    const input = await createTopic(uniqueName('tx-in'));
    const output = await createTopic(uniqueName('tx-out'));
    const groupId = uniqueName('copier');
    const plain = kafkaClient().producer();
    await plain.connect();
    const values = Array.from({ length: 12 }, (_, i) => `v${i}`);
    await plain.send({ topic: input, messages: values.map((value) => ({ value })) });
    await plain.disconnect();
    const producer = producerOf(uniqueName('copier'));
    await producer.connect();
    const copied: string[] = [];
    for (let attempt = 0; copied.length < values.length; attempt++) {
      const consumer = quickConsumer(groupId);
      await consumer.connect();
      await consumer.subscribe({ topic: input, fromBeginning: true });
      await new Promise<void>((resolve) => {
        void consumer.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          eachBatch: async ({ batch }) => {
            const some = batch.messages.slice(0, 4);
            const last = some.at(-1);
            if (!last) return;
            const transaction = await producer.transaction();
            await transaction.send({
              topic: output,
              messages: some.map(({ value }) => ({ value })),
            });
            const offset = String(Number(last.offset) + 1);
            await transaction.sendOffsets({
              consumerGroupId: groupId,
              topics: [{ topic: input, partitions: [{ partition: 0, offset }] }],
            });
            if (attempt % 2 === 0) await transaction.abort();
            else {
              await transaction.commit();
              copied.push(...some.map(({ value }) => String(value)));
            }
            resolve();
          },
        });
      });
      await consumer.disconnect();
    }
    await producer.disconnect();
    expect(await valuesIn(output, values.length)).toEqual(values);
  });
});

describeTarget('transactions, request by request', () => {
  const connect = async () => {
    const client = await RawClient.connect(bootstrapServers());
    clients.push(client);
    return client;
  };

  test.each(['v1', 'v2'] as const)('%s: what a zombie and a stranger hear', async (style) => {
    const topic = await createTopic(uniqueName('tx-raw'), 2);
    const other = await createTopic(uniqueName('tx-raw'));
    const first = new TransactionalClient(await connect(), uniqueName('raw'), style);
    await first.findCoordinator();
    expect(await untilComplete(() => first.init())).toBe('NONE');
    const epoch = first.producerEpoch;
    expect(await untilComplete(() => first.write(topic, ['a']))).toBe('NONE');
    const second = first.again();
    expect(await second.init()).toBe('CONCURRENT_TRANSACTIONS');
    expect(await second.initWhenReady()).toBe('NONE');
    expect(second.producerEpoch).toBe(epoch + 2);
    expect(await first.produce(topic, ['late'])).toBe('INVALID_PRODUCER_EPOCH');
    expect(await first.produce(other, ['late'])).toBe('INVALID_PRODUCER_EPOCH');
    expect(await first.end(true)).toBe('PRODUCER_FENCED');
    expect(await first.end(true, 1)).toBe('INVALID_PRODUCER_EPOCH');
    expect(await first.add(topic)).toEqual(['PRODUCER_FENCED']);
    // Apache's answers are in no order.
    expect((await first.add(topic, [0, 9])).sort()).toEqual([
      'OPERATION_NOT_ATTEMPTED',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ]);
    expect(await second.produce(topic, ['not added'], 1, 10)).toBe('INVALID_TXN_STATE');
    expect(await second.produce(topic, ['not added'], 1, 11)).toBe('TRANSACTION_ABORTABLE');
    expect(await second.end(true)).toBe('INVALID_TXN_STATE');
    expect(await second.end(false)).toBe(style === 'v2' ? 'NONE' : 'INVALID_TXN_STATE');
  });
});

describeTools('transactions of Java', () => {
  test('TransactionalMessageCopier with random aborts: the output is the input', async () => {
    const input = await createTopic(uniqueName('copier-in'));
    const output = await createTopic(uniqueName('copier-out'));
    const count = 200;
    const plain = kafkaClient().producer();
    await plain.connect();
    const values = Array.from({ length: count }, (_, i) => `${i}`);
    await plain.send({ topic: input, messages: values.map((value) => ({ value })) });
    await plain.disconnect();
    const { exitCode, stdout } = await runTool('kafka-transactional-message-copier', [
      ...['--broker-list', bootstrapServers(), '--input-topic', input, '--input-partition', '0'],
      ...['--output-topic', output, '--max-messages', `${count}`, '--transaction-size', '17'],
      ...['--consumer-group', uniqueName('copier'), '--transactional-id', uniqueName('copier')],
      '--enable-random-aborts',
      '--use-group-metadata',
    ]);
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
    expect(stdout).toContain('ShutdownComplete');
    expect(await valuesIn(output, count)).toEqual(values);
  });

  test('the console consumer reads committed records when it is told to', async () => {
    const topic = await createTopic(uniqueName('tx-console'));
    const producer = kafkaClient().producer({
      transactionalId: uniqueName('console'),
      maxInFlightRequests: 1,
    });
    await producer.connect();
    for (const [value, commit] of [
      ['no', false],
      ['yes', true],
    ] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ value }] });
      await (commit ? transaction.commit() : transaction.abort());
    }
    await producer.disconnect();
    const read = async (isolation: string, count: number) => {
      const { stdout } = await runTool('kafka-console-consumer', [
        ...['--bootstrap-server', bootstrapServers(), '--topic', topic, '--from-beginning'],
        ...['--isolation-level', isolation, '--max-messages', `${count}`],
      ]);
      return stdout.trim().split('\n');
    };
    await until('the marker is written', async () => (await valuesIn(topic, 1)).length === 1);
    expect(await read('read_committed', 1)).toEqual(['yes']);
    expect(await read('read_uncommitted', 2)).toEqual(['no', 'yes']);
  });
});
