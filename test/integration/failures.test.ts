import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTopics } from '../../src/protocol/messages/create-topics.ts';
import { deleteRecords } from '../../src/protocol/messages/delete-records.ts';
import { findCoordinator } from '../../src/protocol/messages/find-coordinator.ts';
import { initProducerId } from '../../src/protocol/messages/init-producer-id.ts';
import { metadata } from '../../src/protocol/messages/metadata.ts';
import { errorCodes } from '../../src/protocol/error-codes.ts';
import { zeroUuid } from '../../src/protocol/uuid.ts';
import { startBroker, type RunningBroker } from '../../src/broker/start-broker.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { MemoryDisk, type Operation } from '../support/memory-disk.ts';
import { RawClient } from '../support/raw-client.ts';
import {
  batchOf,
  commitOffset,
  createTopic,
  describeTopic,
  fetchOne,
  produceBatch,
  produceValues,
  valuesOf,
} from '../support/requests.ts';
import { committedOffset } from '../support/transactional-client.ts';

let clock: ManualClock;
let disk: MemoryDisk;
let broker: RunningBroker;
let client: RawClient;

beforeEach(async () => {
  clock = new ManualClock(Date.now());
  disk = new MemoryDisk();
  broker = await startBroker({ clock, disk, dataDir: '/data', topics: ['orders', 'others'] });
  client = await RawClient.connect(broker.bootstrapServers);
});

afterEach(async () => {
  disk.heal();
  client.close();
  await broker.close();
});

const codeOfProduce = async (values: string[], topic = 'orders'): Promise<number> =>
  (await produceBatch(client, batchOf(values), { topic })).errorCode;

const allValues = async (topic = 'orders'): Promise<string[]> =>
  valuesOf(await fetchOne(client, { topic })).map(({ value }) => value);

const epochOf = async (topic: string): Promise<number> =>
  (await describeTopic(client, topic)).partitions[0]!.leaderEpoch;

/** Time goes on, as far as partitions may wait before they are tried again. */
async function afterHealing(): Promise<void> {
  disk.heal();
  await clock.advance(10_000);
  await settle(20);
}

interface Fault {
  readonly operation: Operation;
  readonly code: string;
  readonly config?: Record<string, string>;
}

const faults: Fault[] = [
  { operation: 'write', code: 'ENOSPC' },
  { operation: 'write', code: 'EIO' },
  { operation: 'open', code: 'EMFILE' },
  { operation: 'sync', code: 'EIO', config: { 'flush.messages': '1' } },
  { operation: 'sync', code: 'ENOSPC', config: { 'flush.messages': '1' } },
];

describe.each(faults)('a $operation that fails with $code', ({ operation, code, config }) => {
  it('takes one partition out of service, until the disk does it again', async () => {
    const topic = 'hurt';
    await createTopic(client, topic, config);
    const acknowledged: string[] = [];
    const produce = async (value: string): Promise<number> => {
      const error = await codeOfProduce([value], topic);
      if (error === errorCodes.NONE) acknowledged.push(value);
      return error;
    };
    // A log that was never written to has its files still to be opened.
    if (operation !== 'open') for (const value of ['a', 'b']) await produce(value);
    const epoch = await epochOf(topic);
    disk.failWith(operation, code, { path: /hurt-0/ });
    // With an fsync that fails even the cut that takes the write back is not certain.
    const { REQUEST_TIMED_OUT, KAFKA_STORAGE_ERROR } = errorCodes;
    expect(await produce('c')).toBe(operation === 'sync' ? REQUEST_TIMED_OUT : KAFKA_STORAGE_ERROR);
    for (let second = 0; second < 30; second++) {
      expect(await produce('d')).toBe(errorCodes.KAFKA_STORAGE_ERROR);
      expect(await codeOfProduce([`${second}`], 'others')).toBe(errorCodes.NONE);
      await clock.advance(1_000);
    }
    // Tried at growing distances, not at each of them.
    expect((await epochOf(topic)) - epoch).toBeLessThan(8);
    await afterHealing();
    expect(await epochOf(topic)).toBeGreaterThan(epoch);
    expect(await produce('e')).toBe(errorCodes.NONE);
    expect(await allValues(topic)).toEqual(acknowledged);
    expect(await allValues('others')).toHaveLength(30);
  });
});

it('a partition whose files were removed serves again, behind what it had', async () => {
  await produceValues(client, ['a', 'b']);
  disk.remove('/data/orders-0');
  await clock.advance(60_000); // the next checkpoint misses them
  await afterHealing();
  expect(await produceValues(client, ['c'])).toBe(2);
  expect((await fetchOne(client, { fetchOffset: 0 })).errorCode).toBe(
    errorCodes.OFFSET_OUT_OF_RANGE,
  );
  expect(valuesOf(await fetchOne(client, { fetchOffset: 2 }))).toEqual([{ offset: 2, value: 'c' }]);
});

it('files that were removed are missed by the first reader as well', async () => {
  await produceValues(client, ['a']);
  await broker.close();
  broker = await startBroker({ clock, disk, dataDir: '/data' });
  client.close();
  client = await RawClient.connect(broker.bootstrapServers);
  await settle(20);
  disk.remove('/data/orders-0/00000000000000000000.log');
  expect((await fetchOne(client)).errorCode).toBe(errorCodes.KAFKA_STORAGE_ERROR);
  await afterHealing();
  expect(await produceValues(client, ['b'])).toBeGreaterThanOrEqual(0);
});

it('a disk that cannot be read is no corrupt partition', async () => {
  await produceValues(client, ['a']);
  disk.failWith('read', 'EIO');
  expect((await fetchOne(client)).errorCode).toBe(errorCodes.KAFKA_STORAGE_ERROR);
  disk.heal();
  expect(await allValues()).toEqual(['a']);
});

describe('a disk that is full altogether', () => {
  const full = (): void => disk.failWith('write', 'ENOSPC');

  it('lets everything be read, and refuses each change in its way', async () => {
    await produceValues(client, ['a']);
    full();
    expect(await codeOfProduce(['b'])).toBe(errorCodes.KAFKA_STORAGE_ERROR);
    expect(await allValues()).toEqual(['a']);
    const created = await client.request(createTopics, 7, {
      topics: [
        { name: 'new', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] },
      ],
      timeoutMs: 1_000,
      validateOnly: false,
    });
    expect(created.topics[0]).toMatchObject({
      errorCode: errorCodes.KAFKA_STORAGE_ERROR,
      errorMessage: expect.stringContaining('ENOSPC'),
    });
    const id = await client.request(initProducerId, 4, {
      transactionalId: null,
      transactionTimeoutMs: 0,
      producerId: -1,
      producerEpoch: -1,
    });
    expect(id.errorCode).toBe(errorCodes.KAFKA_STORAGE_ERROR);
    const sought = { keyType: 0, coordinatorKeys: ['g'] };
    const coordinator = await client.request(findCoordinator, 4, sought);
    expect(coordinator.coordinators[0]!.errorCode).toBe(errorCodes.COORDINATOR_NOT_AVAILABLE);
    const unknown = await client.request(metadata, 12, {
      topics: [{ name: 'another', topicId: zeroUuid }],
      allowAutoTopicCreation: true,
    });
    expect(unknown.topics[0]!.errorCode).toBe(errorCodes.UNKNOWN_TOPIC_OR_PARTITION);
    expect(unknown.brokers).toHaveLength(1);
    const deletion = await client.request(deleteRecords, 2, {
      topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, offset: 1 }] }],
      timeoutMs: 1_000,
    });
    expect(deletion.topics[0]!.partitions[0]!.errorCode).toBe(errorCodes.KAFKA_STORAGE_ERROR);
  });

  it('is forgotten once it has room, by all of them, without a restart', async () => {
    await produceValues(client, ['a']);
    await produceValues(client, ['x'], { topic: 'others' });
    full();
    await codeOfProduce(['b']);
    await codeOfProduce(['y'], 'others');
    // The new leader epoch cannot be written either: that is tried again, too.
    await clock.advance(60_000);
    await afterHealing();
    await createTopic(client, 'new');
    expect(await produceValues(client, ['c'])).toBe(1);
    expect(await produceValues(client, ['z'], { topic: 'others' })).toBe(1);
    expect(await produceValues(client, ['n'], { topic: 'new' })).toBe(0);
    expect(await allValues()).toEqual(['a', 'c']);
  });

  it('takes the memory of no request: what is refused is gone', async () => {
    full();
    const value = ['x'.repeat(900_000)];
    await codeOfProduce(value);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 300; i++) {
      expect(await codeOfProduce(value)).toBe(errorCodes.KAFKA_STORAGE_ERROR);
    }
    // 270 MB were sent; buffers that wait for the garbage collector are not all of them.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(150_000_000);
  });
});

describe('a group whose log fails', () => {
  const commit = (offset: number): Promise<number> => commitOffset(client, offset);
  const committed = () => committedOffset(client, 'g', 'orders');

  beforeEach(async () => {
    await client.request(findCoordinator, 4, { keyType: 0, coordinatorKeys: ['g'] });
    await settle(20);
  });

  it('refuses commits with an error that clients retry, and goes on where it was', async () => {
    expect(await commit(5)).toBe(errorCodes.NONE);
    disk.failWith('write', 'ENOSPC', { path: /__consumer_offsets/ });
    expect(await commit(7)).toBe(errorCodes.NOT_COORDINATOR);
    expect(await commit(7)).toBe(errorCodes.NOT_COORDINATOR);
    expect(await committed()).toBe(5);
    await afterHealing();
    expect(await committed()).toBe(5);
    expect(await commit(8)).toBe(errorCodes.NONE);
    expect(await committed()).toBe(8);
  });

  it('is read again when its log could not be read after it was opened again', async () => {
    expect(await commit(5)).toBe(errorCodes.NONE);
    disk.failWith('write', 'ENOSPC', { path: /__consumer_offsets/ });
    await commit(7);
    disk.heal();
    disk.failWith('read', 'EIO', { path: /__consumer_offsets.*\.log$/ });
    await clock.advance(10_000);
    expect(await commit(8)).toBe(errorCodes.NOT_COORDINATOR);
    await afterHealing();
    await clock.advance(10_000);
    expect(await committed()).toBe(5);
    expect(await commit(9)).toBe(errorCodes.NONE);
  });
});
