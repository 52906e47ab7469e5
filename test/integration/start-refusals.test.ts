import { expect, it } from '@jest/globals';
import { startBroker } from '../../src/broker/start-broker.ts';
import { MemoryDisk } from '../support/memory-disk.ts';

const logPath = '/data/__cluster_metadata-0/00000000000000000000.log';

it('an option that does not exist is refused, with those that do', async () => {
  await expect(startBroker({ data: './x' } as object)).rejects.toThrow(
    'startBroker has no option data; there are port, host, dataDir,',
  );
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
