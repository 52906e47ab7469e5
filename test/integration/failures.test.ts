import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { errorCodes } from '../../src/protocol/error-codes.ts';
import { startBroker, type RunningBroker } from '../../src/broker/start-broker.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { MemoryDisk } from '../support/memory-disk.ts';
import { RawClient } from '../support/raw-client.ts';
import {
  batchOf,
  describeTopic,
  fetchOne,
  produceBatch,
  produceValues,
  valuesOf,
} from '../support/requests.ts';

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

describe('a disk that takes no more', () => {
  it('is told to producers, and spares readers', async () => {
    await produceValues(client, ['before']);
    disk.failWith('write', 'ENOSPC');
    const { errorCode } = await produceBatch(client, batchOf(['lost']));
    expect([errorCodes.KAFKA_STORAGE_ERROR, errorCodes.REQUEST_TIMED_OUT]).toContain(errorCode);
    const refused = await produceBatch(client, batchOf(['refused']));
    expect(refused.errorCode).toBe(errorCodes.KAFKA_STORAGE_ERROR);
    expect(valuesOf(await fetchOne(client))[0]).toEqual({ offset: 0, value: 'before' });
  });

  it('is forgotten once it has room: the partition is led at a higher epoch', async () => {
    await produceValues(client, ['before']);
    const before = (await describeTopic(client, 'orders')).partitions[0]!;
    disk.failWith('write', 'ENOSPC');
    await produceBatch(client, batchOf(['lost']));
    disk.heal();
    await clock.advance(1_000);
    await settle(20);
    const after = (await describeTopic(client, 'orders')).partitions[0]!;
    expect(after.leaderEpoch).toBeGreaterThan(before.leaderEpoch);
    await produceValues(client, ['after']);
    const values = valuesOf(await fetchOne(client)).map(({ value }) => value);
    expect(values[0]).toBe('before');
    expect(values.at(-1)).toBe('after');
  });
});
