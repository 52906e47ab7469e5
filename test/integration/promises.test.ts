import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deleteRecords } from '../../src/protocol/messages/delete-records.ts';
import { describeConfigs } from '../../src/protocol/messages/describe-configs.ts';
import { findCoordinator } from '../../src/protocol/messages/find-coordinator.ts';
import { initProducerId } from '../../src/protocol/messages/init-producer-id.ts';
import { startBroker, type RunningBroker } from '../../src/broker/start-broker.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { MemoryDisk } from '../support/memory-disk.ts';
import { RawClient } from '../support/raw-client.ts';
import {
  batchOf,
  commitOffset,
  createTopic,
  describeTopic,
  fetchOne,
  produceBatch,
  produceValues,
  readAll,
} from '../support/requests.ts';
import { committedOffset } from '../support/transactional-client.ts';

/*
 * What an acknowledgement is worth: the rows of docs/durability.md.
 */

let clock: ManualClock;
let disk: MemoryDisk;
const running: { broker: RunningBroker; client: RawClient }[] = [];

async function start(properties: Record<string, string> = {}): Promise<RawClient> {
  const broker = await startBroker({ clock, disk, dataDir: '/data', properties });
  const client = await RawClient.connect(broker.bootstrapServers);
  running.push({ broker, client });
  await settle(20);
  return client;
}

/** The machine loses its power now, and starts again: nothing is left that was not synced. */
async function afterPowerCut(): Promise<RawClient> {
  disk = disk.afterPowerCut();
  return start();
}

beforeEach(() => {
  clock = new ManualClock(Date.now());
  disk = new MemoryDisk();
});

afterEach(async () => {
  for (const { broker, client } of running.splice(0)) {
    client.close();
    await broker.close();
  }
});

const values = async (client: RawClient, topic: string): Promise<string[]> =>
  (await readAll(client, topic)).map(({ value }) => value);

const committed = async (client: RawClient) => {
  await client.request(findCoordinator, 4, { keyType: 0, coordinatorKeys: ['g'] });
  await settle(20);
  return committedOffset(client, 'g', 'orders');
};

describe('metadata that was acknowledged', () => {
  it('survives a power cut under any setting: topics, their ids and their settings', async () => {
    const before = await start();
    await createTopic(before, 'orders', { 'retention.ms': '12345' }, 3);
    const { topicId } = await describeTopic(before, 'orders');
    const after = await afterPowerCut();
    const found = await describeTopic(after, 'orders');
    expect([found.topicId, found.partitions.length]).toEqual([topicId, 3]);
    const { results } = await after.request(describeConfigs, 4, {
      resources: [{ resourceType: 2, resourceName: 'orders', configurationKeys: ['retention.ms'] }],
      includeSynonyms: false,
      includeDocumentation: false,
    });
    expect(results[0]!.configs[0]!.value).toBe('12345');
  });

  it('includes producer ids: none is given out twice', async () => {
    const ask = {
      transactionalId: null,
      transactionTimeoutMs: 0,
      producerId: -1,
      producerEpoch: -1,
    };
    const first = await (await start()).request(initProducerId, 4, ask);
    const second = await (await afterPowerCut()).request(initProducerId, 4, ask);
    expect(second.producerId).toBeGreaterThan(first.producerId);
  });
});

describe('by default', () => {
  it('an acknowledged record is in the page cache: a power cut may take it, and no more', async () => {
    const before = await start();
    await createTopic(before, 'orders');
    for (let i = 0; i < 5; i++) await produceValues(before, [`a${i}`]);
    const after = await afterPowerCut();
    expect(await values(after, 'orders')).toEqual([]);
    expect(await produceValues(after, ['b'])).toBe(0);
  });

  it('all of it survives a power cut after a clean stop', async () => {
    const before = await start();
    await createTopic(before, 'orders');
    for (let i = 0; i < 5; i++) await produceValues(before, [`a${i}`]);
    await running.at(-1)!.broker.close();
    const after = await afterPowerCut();
    expect(await values(after, 'orders')).toEqual(['a0', 'a1', 'a2', 'a3', 'a4']);
  });

  it('complete segments survive a power cut: they are synced when the next one begins', async () => {
    const before = await start();
    await createTopic(before, 'orders', { 'segment.bytes': '1048576' });
    const value = 'x'.repeat(200_000);
    for (let i = 0; i < 8; i++) await produceValues(before, [`${i}${value}`]);
    await settle(20);
    const after = await afterPowerCut();
    const found = (await values(after, 'orders')).map(([first]) => first);
    expect(found.slice(0, 5)).toEqual(['0', '1', '2', '3', '4']);
  });
});

describe('with log.flush.interval.messages=1', () => {
  const properties = { 'log.flush.interval.messages': '1' };

  it('an acknowledged record survives a power cut, in new topics and new segments as well', async () => {
    const before = await start(properties);
    await createTopic(before, 'orders', { 'segment.bytes': '1048576' });
    const value = 'x'.repeat(200_000);
    const sent: string[] = [];
    for (let i = 0; i < 12; i++) {
      sent.push(`${i} ${value}`);
      await produceValues(before, sent.slice(-1));
    }
    const after = await afterPowerCut();
    expect((await values(after, 'orders')).map(({ length }) => length)).toEqual(
      sent.map(({ length }) => length),
    );
    expect(await produceValues(after, ['b'])).toBe(12);
  });

  it('a producer that did not hear the acknowledgement may send again', async () => {
    const before = await start(properties);
    await createTopic(before, 'orders');
    const batch = (baseSequence: number) =>
      batchOf([`s${baseSequence}`], { producerId: 5, producerEpoch: 0, baseSequence });
    await produceBatch(before, batch(0));
    await produceBatch(before, batch(1));
    const after = await afterPowerCut();
    expect(await produceBatch(after, batch(1))).toMatchObject({ errorCode: 0, baseOffset: 1 });
    expect(await produceBatch(after, batch(2))).toMatchObject({ errorCode: 0, baseOffset: 2 });
    expect(await values(after, 'orders')).toEqual(['s0', 's1', 's2']);
  });

  it('a committed offset survives a power cut', async () => {
    const before = await start(properties);
    await createTopic(before, 'orders');
    await committed(before);
    expect(await commitOffset(before, 7)).toBe(0);
    expect(await committed(await afterPowerCut())).toBe(7);
  });
});

it('flush.ms bounds the time in which a power cut may take an acknowledged record', async () => {
  const before = await start();
  await createTopic(before, 'orders', { 'flush.ms': '1000' });
  await produceValues(before, ['a']);
  await clock.advance(1_000);
  await produceValues(before, ['b']);
  const after = await afterPowerCut();
  expect(await values(after, 'orders')).toEqual(['a']);
});

it('flush.messages bounds the records that a power cut may take', async () => {
  const before = await start();
  await createTopic(before, 'orders', { 'flush.messages': '3' });
  for (const value of ['a', 'b', 'c', 'd', 'e']) await produceValues(before, [value]);
  const after = await afterPowerCut();
  expect(await values(after, 'orders')).toEqual(['a', 'b', 'c']);
});

it('a start of the log that was acknowledged survives a kill', async () => {
  const before = await start();
  await createTopic(before, 'orders');
  for (const value of ['a', 'b', 'c']) await produceValues(before, [value]);
  const deleted = await before.request(deleteRecords, 2, {
    topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, offset: 2 }] }],
    timeoutMs: 1_000,
  });
  expect(deleted.topics[0]!.partitions[0]!.errorCode).toBe(0);
  disk = disk.copy();
  const { logStartOffset } = await fetchOne(await start(), { topic: 'orders', fetchOffset: 2 });
  expect(logStartOffset).toBe(2);
});
