import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildBatch } from '../../../src/protocol/record-batch.ts';
import { RawClient } from '../../support/raw-client.ts';
import { produceBatch } from '../../support/requests.ts';
import { TransactionalClient, untilComplete } from '../../support/transactional-client.ts';
import { createOnBoth, expectSame, onBoth, startPair, type Pair } from '../support/comparison.ts';
import { describeComparison } from '../support/suite.ts';

const topic = 'kafka-transactions';
const other = 'kafka-transactions-2';
const [open, done, empty] = ['tools-open', 'tools-done', 'tools-empty'];
/** Of an id whose coordinator knows nothing of what its producer has written. */
const forgotten = 'tools-forgotten';
/** A producer of which no coordinator has ever heard. */
const stranger = 424_242;

const minuteMs = 60_000;
/** When the hanging transactions began: the same on both brokers, and long ago. */
const longAgoMs = Date.now() - 90 * minuteMs;

/**
 * Only times differ, how often it was tried, and what the tool was about when its time was over: both brokers are new
 * and give out the same producer ids.
 */
const blur = (text: string) =>
  text
    .replaceAll(String(longAgoMs), 'LONG-AGO')
    .replace(/\b1\d{12}\b/g, 'TIME')
    .replace(/(TIME|LONG-AGO)(\s+)\d+\b/g, '$1$2AGE')
    .replace(/tries=\d+|after \d+ attempt/g, (tries) => tries.replace(/\d+/, 'N'))
    .replace(/Timed out waiting for a node assignment\. Call: (\w+\(\S+\))/g, '$1 timed out')
    .replace(
      /Call\(callName=(\w+\(\S+\)), .*\) timed out at TIME after N attempt\(s\)/g,
      '$1 timed out',
    )
    .replace(/[ \t]+/g, ' ');

const clients: RawClient[] = [];
let pair: Pair;
let close: (() => Promise<void>) | undefined;
let folder: string;

async function transactional(client: RawClient, transactionalId: string) {
  const producer = new TransactionalClient(client, transactionalId, 'v2');
  await producer.findCoordinator();
  expect(await untilComplete(() => producer.init())).toBe('NONE');
  return producer;
}

/** Writes a transactional record of which no coordinator hears. */
async function hang(client: RawClient, producerId: number, partition: number): Promise<void> {
  const batch = buildBatch({
    ...{ producerId, producerEpoch: 0, baseSequence: 0, isTransactional: true },
    records: [{ timestamp: longAgoMs, value: Buffer.from('hanging') }],
  });
  const wish = { topic: other, partition, transactionalId: forgotten, version: 11 };
  expect(await produceBatch(client, batch, wish)).toMatchObject({ errorCode: 0 });
}

describeComparison('kafka-transactions', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'compat-transactions-'));
    // Without verification a leader takes what it cannot know to hang.
    const started = await startPair({ 'transaction.partition.verification.enable': 'false' });
    ({ pair, close } = started);
    await createOnBoth(topic, 2, pair);
    await createOnBoth(other, 3, pair);
    await onBoth(async (bootstrap) => {
      const client = await RawClient.connect(bootstrap);
      clients.push(client);
      const finished = await transactional(client, done);
      expect(await untilComplete(() => finished.write(topic, ['a'], 1))).toBe('NONE');
      expect(await finished.end(true)).toBe('NONE');
      const left = await transactional(client, open);
      expect(await untilComplete(() => left.write(topic, ['b']))).toBe('NONE');
      expect(await left.write(other, ['c'])).toBe('NONE');
      await transactional(client, empty);
      const lost = await transactional(client, forgotten);
      await hang(client, lost.producerId, 1);
      await hang(client, stranger, 1);
      await hang(client, stranger, 2);
    }, pair);
  });

  afterAll(async () => {
    for (const client of clients) client.close();
    await close?.();
    await rm(folder, { recursive: true });
  });

  /** Runs the tool on both brokers, and expects the same. @returns what it printed */
  async function same(args: string, anyOrder = false) {
    return expectSame({ tool: 'kafka-transactions', args, blur, anyOrder, pair });
  }

  test.each([
    'list',
    'list --duration-filter -1',
    'list --duration-filter 0',
    'list --duration-filter 100000000',
    'list --transactional-id-pattern tools-[od].*',
    'list --transactional-id-pattern tools',
    'list --transactional-id-pattern tools-(',
    'list --duration-filter soon',
  ])('%s', async (args) => {
    await same(args, true);
  });

  test.each([open, done, empty, forgotten, 'tools-nobody'])(
    'describe --transactional-id %s',
    async (id) => {
      await same(`describe --transactional-id ${id}`);
    },
  );

  test.each([
    ...[`--topic ${topic} --partition 0`, `--topic ${topic} --partition 1`],
    ...[`--topic ${other} --partition 1`, `--topic ${other} --partition 1 --broker-id 1`],
    ...[`--topic ${topic}`, `--partition 0`],
  ])('describe-producers %s', async (args) => {
    await same(`describe-producers ${args}`, true);
  });

  test('what is not there is looked for, and said to be missing', async () => {
    const impatient = join(folder, 'impatient.properties');
    await writeFile(impatient, 'default.api.timeout.ms=1500\nrequest.timeout.ms=1000\n');
    const config = `--command-config ${impatient}`;
    for (const args of [
      `describe-producers --topic ${topic} --partition 9`,
      'describe-producers --topic no-such-topic --partition 0',
      `describe-producers --topic ${topic} --partition 0 --broker-id 7`,
      'find-hanging --topic no-such-topic',
      'find-hanging --topic no-such-topic --partition 0',
      'abort --topic no-such-topic --partition 0 --start-offset 0',
      'abort --topic no-such-topic --partition 0 --producer-id 1 --producer-epoch 0 --coordinator-epoch 0',
    ]) {
      const { exitCode } = await same(`${config} ${args}`);
      expect({ args, exitCode }).toEqual({ args, exitCode: 1 });
    }
  });

  test.each([
    ['find-hanging', 1],
    ['find-hanging --partition 0', 1],
    ['find-hanging --broker-id 1', 0],
    ['find-hanging --broker-id 7', 0],
    [`find-hanging --topic ${other}`, 0],
    [`find-hanging --topic ${other} --broker-id 1 --max-transaction-timeout 60`, 0],
    [`find-hanging --topic ${other} --max-transaction-timeout 120`, 0],
    [`find-hanging --topic ${other} --partition 2`, 0],
    [`find-hanging --topic ${topic} --max-transaction-timeout 0`, 0],
  ])('%s', async (args, code) => {
    const { exitCode } = await same(args, true);
    expect(exitCode).toBe(code);
  });

  test('find-hanging finds what hangs, and not what is open', async () => {
    const { stdout } = await same('find-hanging --broker-id 1 --max-transaction-timeout 0', true);
    const found = stdout.split('\n').filter((line) => line.includes('LONG-AGO'));
    expect(found.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      `${other} 1`,
      `${other} 1`,
      `${other} 2`,
    ]);
  });

  test('abort: what is incomplete or wrong', async () => {
    const place = `abort --topic ${other} --partition 1`;
    for (const args of [
      place,
      `${place} --start-offset 77`,
      `${place} --producer-id ${stranger}`,
      `${place} --producer-id ${stranger} --producer-epoch 0`,
      `abort --topic ${other}`,
      `abort --topic ${topic} --partition 1 --start-offset 0`,
    ]) {
      const { exitCode } = await same(args);
      expect(exitCode).toBe(1);
    }
  });

  test('abort: a transaction that hangs, by its start offset; then there is nothing to abort', async () => {
    const abort = `abort --topic ${other} --partition 1 --start-offset 0`;
    expect(await same(abort)).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect((await same(abort)).exitCode).toBe(1);
    await same(`describe-producers --topic ${other} --partition 1`, true);
    await same(`find-hanging --topic ${other}`, true);
  });

  test('abort: by producer, epoch and coordinator epoch, which may be too old', async () => {
    const place = `abort --topic ${other} --partition 2 --producer-id ${stranger}`;
    for (const [epochs, code] of [
      ['--producer-epoch 0 --coordinator-epoch 3', 0],
      ['--producer-epoch 0 --coordinator-epoch 2', 1],
      ['--producer-epoch 0 --coordinator-epoch 3', 0],
      ['--producer-epoch 1 --coordinator-epoch -1', 1],
      ['--producer-epoch 1 --coordinator-epoch 3', 0],
      ['--producer-epoch 0 --coordinator-epoch 3', 1],
    ] as const) {
      const { exitCode } = await same(`${place} ${epochs}`);
      expect({ epochs, exitCode }).toEqual({ epochs, exitCode: code });
    }
    await same(`describe-producers --topic ${other} --partition 2`);
    await same(`find-hanging --topic ${other}`, true);
  });

  test('abort of a transaction in one of its partitions, while it is open', async () => {
    const place = `--topic ${other} --partition 0`;
    expect((await same(`abort ${place} --start-offset 0`)).exitCode).toBe(0);
    await same(`describe-producers ${place}`);
    expect((await same(`abort ${place} --start-offset 0`)).exitCode).toBe(1);
    await same(`describe --transactional-id ${open}`);
  });

  test('forceTerminateTransaction: one that is open, one that is over, an id that nobody has', async () => {
    for (const id of [open, open, done, empty, 'tools-new']) {
      const terminate = `forceTerminateTransaction --transactionalId ${id}`;
      expect((await same(terminate)).exitCode).toBe(0);
      await same(`describe --transactional-id ${id}`);
    }
    await same('forceTerminateTransaction');
    await same(`describe-producers --topic ${topic} --partition 0`);
    await same('list', true);
  });

  test('kafka-features: transaction.version goes down and up; what is impossible is refused', async () => {
    const features = async (args: string) => {
      const { exitCode } = await expectSame({ tool: 'kafka-features', args, pair });
      await expectSame({
        ...{ tool: 'kafka-features', args: 'describe', pair, only: /transaction\.version/ },
        blur: (text) => text.replace(/Epoch: \d+/g, 'Epoch: N'),
      });
      return exitCode;
    };
    for (const [args, code] of [
      ['downgrade --feature transaction.version=1 --dry-run', 0],
      ['upgrade --feature transaction.version=2', 0],
      ['upgrade --feature transaction.version=3', 1],
      ['downgrade --feature transaction.version=3', 1],
      ['upgrade --feature transaction.version=1', 1],
      ['downgrade --feature transaction.version=-1', 1],
      ['downgrade --feature transaction.version=one', 1],
      ['downgrade --feature transaction.version', 1],
      ['downgrade --feature transactions=1', 1],
      ['downgrade --feature transaction.version=1 --feature transactions=1', 1],
      ['downgrade --feature transaction.version=1 --feature transaction.version=0', 1],
      ['downgrade --feature transaction.version=1', 0],
      ['downgrade --feature transaction.version=1', 0],
      ['downgrade --feature transaction.version=0 --unsafe', 0],
      ['downgrade --feature transaction.version=2', 1],
    ] as const) {
      expect({ args, exitCode: await features(args) }).toEqual({ args, exitCode: code });
    }
    await same('list', true);
    await onBoth(async (bootstrap, side) => {
      const client = await RawClient.connect(bootstrap);
      clients.push(client);
      const old = new TransactionalClient(client, 'tools-old', 'v1');
      expect({ side, error: await untilComplete(() => old.init()) }).toEqual({
        side,
        error: 'NONE',
      });
      expect(await untilComplete(() => old.write(topic, ['old'], 1))).toBe('NONE');
    }, pair);
    await same('describe --transactional-id tools-old');
    await same('forceTerminateTransaction --transactionalId tools-old');
    await same('describe --transactional-id tools-old');
    await same(`describe-producers --topic ${topic} --partition 1`, true);
    for (const level of [1, 2]) {
      expect(await features(`upgrade --feature transaction.version=${level}`)).toBe(0);
    }
    expect(await features('disable --feature transaction.version')).toBe(0);
  });
});
