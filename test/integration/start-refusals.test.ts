import { expect, it, test } from '@jest/globals';
import { startBroker } from '../../src/broker/start-broker.ts';
import { MemoryDisk } from '../support/memory-disk.ts';
import { RawClient } from '../support/raw-client.ts';
import { describeTopic } from '../support/requests.ts';

const logPath = '/data/__cluster_metadata-0/00000000000000000000.log';

it('an option that does not exist is refused, with those that do', async () => {
  await expect(startBroker({ data: './x' } as object)).rejects.toThrow(
    'startBroker has no option data; there are port, host, dataDir,',
  );
});

test.each<[options: object, message: string]>([
  [{ port: '9095' }, "startBroker: port has to be a whole number from 0 to 65535, not '9095'"],
  [{ port: 65_536 }, 'port has to be a whole number from 0 to 65535, not 65536'],
  [{ host: null }, 'host has to be a text, not null'],
  [{ brokers: 0 }, 'brokers has to be a whole number from 1 to 100, not 0'],
  [{ dataDir: 5 }, 'dataDir has to be the name of a folder, or a list of such names, not 5'],
  [{ dataDir: '' }, "dataDir has to be the name of a folder, or a list of such names, not ''"],
  [{ topics: 'orders' }, "topics has to be a list of names and objects, not 'orders'"],
  [
    { topics: [{ name: 'q', partition: 3 }] },
    'topic q of startBroker has no option partition; there are name, partitions, replicationFactor, config',
  ],
  [
    { topics: [{ name: 'q', partitions: '3' }] },
    "topic q of startBroker: partitions has to be a whole number, not '3'",
  ],
  [
    { topics: [{ name: 'q', config: { 'retention.ms': 5 } }] },
    'configuration of topic q, retention.ms has to be a text, as in server.properties, not 5',
  ],
  [
    { properties: { 'num.partitions': 3 } },
    'property num.partitions has to be a text, as in server.properties, not 3',
  ],
])('%j is refused in words', async (options, message) => {
  const refusal = startBroker(options);
  await expect(refusal).rejects.toThrow(TypeError);
  await expect(refusal).rejects.toThrow(message);
});

it('a property that Kafka does not know is told to the logger, and ignored', async () => {
  const told: string[] = [];
  const nothing = () => undefined;
  const logger = {
    debug: nothing,
    info: nothing,
    error: nothing,
    warn: (m: string) => told.push(m),
  };
  await (await startBroker({ logger, properties: { 'no.such': '1' } })).close();
  expect(told).toContain('unknown configuration, ignored: no.such');
});

it('a topic that is there keeps its partitions', async () => {
  const disk = new MemoryDisk();
  const start = (partitions: number) =>
    startBroker({ disk, dataDir: '/data', topics: [{ name: 'orders', partitions }] });
  await (await start(2)).close();
  const broker = await start(5);
  const client = await RawClient.connect(broker.bootstrapServers);
  expect((await describeTopic(client, 'orders')).partitions).toHaveLength(2);
  client.close();
  await broker.close();
});

it('a topic without a name is refused', async () => {
  await expect(startBroker({ topics: [{} as { name: string }] })).rejects.toThrow('needs a name');
});

it('a cluster id that is given is the cluster id, and the only one its folder opens with', async () => {
  const disk = new MemoryDisk();
  const clusterId = '4L6g3nShT-eMCtK--X86sw';
  const broker = await startBroker({ disk, dataDir: '/data', clusterId });
  expect(broker.clusterId).toBe(clusterId);
  await broker.close();
  const other = { disk, dataDir: '/data', clusterId: 'Fgl5Me8RTTCqMd1b25jsDQ' };
  await expect(startBroker(other)).rejects.toThrow(clusterId);
});

it('metadata that is damaged before its end is refused, and stays as it is', async () => {
  const disk = new MemoryDisk();
  const topics = ['ta', 'tb', 'tc'];
  await (await startBroker({ disk, dataDir: '/data', topics })).close();
  const bytes = disk.readFile(logPath);
  bytes.fill(0x55, 300, 303);
  disk.writeFile(logPath, bytes);
  await expect(startBroker({ disk, dataDir: '/data' })).rejects.toThrow('is damaged at byte');
  expect(disk.readFile(logPath).equals(bytes)).toBe(true);
});

it('a folder that is none of ours is left as it was, but for the lock that was taken', async () => {
  const disk = new MemoryDisk();
  disk.makeDirectory('/data/orders-0');
  disk.writeFile('/data/orders-0/notes.txt', 'mine');
  await expect(startBroker({ disk, dataDir: '/data' })).rejects.toThrow('meta.properties');
  expect(disk.list('/data').filter((name) => name !== '.lock')).toEqual(['orders-0']);
});
