import { afterEach, expect, it } from '@jest/globals';
import { startBroker, type RunningBroker } from '../../src/broker/start-broker.ts';
import { errorCodes } from '../../src/protocol/error-codes.ts';
import { MemoryDisk } from '../support/memory-disk.ts';
import { RawClient } from '../support/raw-client.ts';
import { fetchAll, produceBatch, batchOf, valuesOf } from '../support/requests.ts';

const running: RunningBroker[] = [];
const clients: RawClient[] = [];

async function start(disk: MemoryDisk, error: (text: string) => void = () => undefined) {
  const nothing = (): void => undefined;
  const broker = await startBroker({
    disk,
    dataDir: '/data',
    topics: [{ name: 'orders', partitions: 2 }],
    logger: { debug: nothing, info: nothing, warn: nothing, error },
  });
  running.push(broker);
  const client = await RawClient.connect(broker.bootstrapServers);
  clients.push(client);
  return client;
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const broker of running.splice(0)) await broker.close();
});

it('a damaged batch is CORRUPT_MESSAGE for its partition; other partitions are answered', async () => {
  const disk = new MemoryDisk();
  const before = await start(disk);
  for (const partition of [0, 1]) {
    for (const value of ['a', 'b', 'c']) {
      await produceBatch(before, batchOf([value]), { partition });
    }
  }
  await running[0]!.close();
  const path = '/data/orders-0/00000000000000000000.log';
  const bytes = disk.readFile(path);
  bytes[Math.floor(bytes.length / 3) + 65]! ^= 1; // in the second batch
  disk.writeFile(path, bytes);
  const errors: string[] = [];
  const client = await start(disk, (text) => errors.push(text));
  const read = async (fetchOffset: number) => {
    const wishes = [
      { topic: 'orders', partition: 0, fetchOffset },
      { topic: 'orders', partition: 1, fetchOffset: 0 },
    ];
    const { responses } = await fetchAll(client, wishes);
    return responses.flatMap(({ partitions }) => partitions);
  };
  const [damaged, good] = await read(0);
  expect(valuesOf(damaged!).map(({ value }) => value)).toEqual(['a']);
  expect(valuesOf(good!).map(({ value }) => value)).toEqual(['a', 'b', 'c']);
  for (let i = 0; i < 3; i++) {
    const [refused, other] = await read(1);
    expect(refused?.errorCode).toBe(errorCodes.CORRUPT_MESSAGE);
    expect(valuesOf(other!)).toHaveLength(3);
  }
  expect(errors).toEqual([
    expect.stringMatching(
      /^a stored batch is damaged and is not served: segment 0{20} at position/,
    ),
  ]);
});
