import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { RawClient } from '../../support/raw-client.ts';
import { TransactionalClient, untilComplete } from '../../support/transactional-client.ts';
import { createOnBoth, expectSame, onBoth, runOnBoth, type Side } from '../support/comparison.ts';
import { describeComparison } from '../support/suite.ts';

const topic = 'kafka-transactions';
const other = 'kafka-transactions-2';
const open = 'tools-open';
const done = 'tools-done';

const clients: RawClient[] = [];
const producers = new Map<Side, TransactionalClient>();

/** Ids and times differ from broker to broker. */
const blur = (text: string) =>
  text
    .replace(/\b1\d{12}\b/g, 'TIME')
    .replace(/\b\d+ s ago|\b\d+ms\b/g, 'AGE')
    .replace(/(ProducerId|producerId)(=|: ?)\d+/g, '$1$2N')
    .replace(/[ \t]+/g, ' ');
const columns = (numbers: readonly string[]) => (text: string) =>
  numbers.reduce(
    (line, number) => line.replaceAll(new RegExp(`\\b${number}\\b`, 'g'), 'N'),
    blur(text),
  );

async function transactional(bootstrap: string, transactionalId: string) {
  const client = await RawClient.connect(bootstrap);
  clients.push(client);
  const producer = new TransactionalClient(client, transactionalId, 'v2');
  await producer.findCoordinator();
  expect(await untilComplete(() => producer.init())).toBe('NONE');
  return producer;
}

describeComparison('kafka-transactions', () => {
  beforeAll(async () => {
    await createOnBoth(topic, 2);
    await createOnBoth(other, 1);
    await onBoth(async (bootstrap, side) => {
      const finished = await transactional(bootstrap, done);
      expect(await untilComplete(() => finished.write(topic, ['a'], 1))).toBe('NONE');
      expect(await finished.end(true)).toBe('NONE');
      const left = await transactional(bootstrap, open);
      expect(await untilComplete(() => left.write(topic, ['b']))).toBe('NONE');
      expect(await left.write(other, ['c'])).toBe('NONE');
      producers.set(side, left);
    });
  });

  afterAll(() => {
    for (const client of clients) client.close();
  });

  const producerIds = () => [...producers.values()].map(({ producerId }) => String(producerId));
  const ids = () =>
    producerIds().flatMap((id) => [id, String(Number(id) - 1), String(Number(id) + 1)]);

  // Other tests have transactions on the same brokers.
  const only = /tools-(open|done)|TransactionalId/;

  test('list', async () => {
    await expectSame({
      tool: 'kafka-transactions',
      args: 'list',
      only,
      blur: columns(ids()),
      anyOrder: true,
    });
  });

  test.each([
    '--duration-filter 100000000',
    '--transactional-id-pattern tools-o.*',
    '--transactional-id-pattern tools',
  ])('list %s', async (filter) => {
    await expectSame({
      tool: 'kafka-transactions',
      args: `list ${filter}`,
      only,
      blur: columns(ids()),
      anyOrder: true,
    });
  });

  test('describe: an open transaction, one that is complete, and one that nobody knows', async () => {
    for (const id of [open, done, 'tools-nobody']) {
      await expectSame({
        tool: 'kafka-transactions',
        args: `describe --transactional-id ${id}`,
        blur: (text) => columns(ids())(text).replace(/TIME \d+/, 'TIME AGE'),
      });
    }
  });

  test('describe-producers', async () => {
    for (const partition of [0, 1]) {
      await expectSame({
        tool: 'kafka-transactions',
        args: `describe-producers --topic ${topic} --partition ${partition}`,
        blur: columns(ids()),
      });
    }
  });

  test('find-hanging finds nothing that hangs', async () => {
    const both = await runOnBoth({
      tool: 'kafka-transactions',
      args: `find-hanging --topic ${topic} --max-transaction-timeout 0`,
      blur: columns(ids()),
    });
    expect(both.odradek).toEqual(both.apache);
  });

  test('abort of a transaction in one partition, by its start offset', async () => {
    await expectSame({
      tool: 'kafka-transactions',
      args: `abort --topic ${other} --partition 0 --start-offset 0`,
    });
    await expectSame({
      tool: 'kafka-transactions',
      args: `describe-producers --topic ${other} --partition 0`,
      blur: columns(ids()),
    });
    await expectSame({
      tool: 'kafka-transactions',
      args: `abort --topic ${other} --partition 0 --start-offset 0`,
    });
  });

  test('forceTerminateTransaction', async () => {
    const { exitCode } = await expectSame({
      tool: 'kafka-transactions',
      args: `forceTerminateTransaction --transactionalId ${open}`,
    });
    expect(exitCode).toBe(0);
    const { apache, odradek } = await runOnBoth({
      tool: 'kafka-transactions',
      args: `describe --transactional-id ${open}`,
      blur: columns(ids()),
    });
    expect(odradek.stdout).toContain('Empty');
    expect(odradek).toEqual(apache);
  });
});
