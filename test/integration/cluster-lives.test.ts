import { afterEach, describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../src/host/logger.ts';
import { SystemRandom } from '../../src/host/system-random.ts';
import { metadata } from '../../src/protocol/messages/metadata.ts';
import { startBroker, type RunningBroker } from '../../src/broker/start-broker.ts';
import { FileCatalog } from '../../src/broker/catalog/file-catalog.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { MemoryDisk } from '../support/memory-disk.ts';
import { RawClient } from '../support/raw-client.ts';
import { describeTopic } from '../support/requests.ts';

const running: RunningBroker[] = [];

afterEach(async () => {
  for (const cluster of running.splice(0)) await cluster.close();
});

async function startThree(more: Parameters<typeof startBroker>[0] = {}): Promise<RunningBroker> {
  const topics = [{ name: 'orders', partitions: 6, replicationFactor: 3 }];
  const cluster = await startBroker({ brokers: 3, topics, ...more });
  running.push(cluster);
  return cluster;
}

async function partitionsOf(cluster: RunningBroker) {
  const client = await RawClient.connect(cluster.bootstrapServers.split(',')[0]!);
  const { partitions } = await describeTopic(client, 'orders');
  client.close();
  return partitions;
}

async function catalogOf(disk: MemoryDisk): Promise<FileCatalog> {
  const clock = new ManualClock();
  const random = new SystemRandom();
  return FileCatalog.open({ disk, clock, random, folder: '/data', nodeId: 1 });
}

describe('brokers over a restart of their process', () => {
  it('keep the ids of their directories, so that no replica is offline', async () => {
    const disk = new MemoryDisk();
    await (await startThree({ disk, dataDir: '/data' })).close();
    const partitions = await partitionsOf(await startThree({ disk, dataDir: '/data' }));
    expect(partitions).toHaveLength(6);
    for (const { isrNodes, offlineReplicas } of partitions) {
      expect([...isrNodes].sort()).toEqual([1, 2, 3]);
      expect(offlineReplicas).toEqual([]);
    }
  });

  it('that are no longer there do not take the topics with them', async () => {
    const disk = new MemoryDisk();
    await (await startThree({ disk, dataDir: '/data' })).close();
    for (let life = 0; life < 3; life++) {
      const alone = await startBroker({ disk, dataDir: '/data' });
      running.push(alone);
      for (const { leaderId, isrNodes } of await partitionsOf(alone)) {
        expect({ leaderId, isrNodes }).toEqual({ leaderId: 1, isrNodes: [1] });
      }
      await alone.close();
    }
    const partitions = await partitionsOf(await startThree({ disk, dataDir: '/data' }));
    for (const { isrNodes } of partitions) expect([...isrNodes].sort()).toEqual([1, 2, 3]);
  });

  it('are missed aloud where nobody else can lead', async () => {
    const disk = new MemoryDisk();
    const topics = [{ name: 'single', partitions: 3, replicationFactor: 1 }];
    await (await startThree({ disk, dataDir: '/data', topics })).close();
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (text: string) => warnings.push(text) };
    running.push(await startBroker({ disk, dataDir: '/data', logger }));
    expect(warnings).toEqual([
      '2 partitions have no leader: their replicas are on brokers that do not run ' +
        '(this folder was used with 3 brokers)',
    ]);
  });

  it('say when they stop that nobody serves any more', async () => {
    const disk = new MemoryDisk();
    await (await startThree({ disk, dataDir: '/data' })).close();
    const catalog = await catalogOf(disk);
    expect([...catalog.image.brokers.values()].map(({ fenced }) => fenced)).toEqual([
      true,
      true,
      true,
    ]);
    expect(catalog.image.topics.get('orders')?.partitions.map(({ leader }) => leader)).toEqual(
      Array.from({ length: 6 }, () => -1),
    );
    await catalog.close();
  });
});

describe('leaderships', () => {
  const checkMs = 300_000;

  it('return to a broker that came back, at the next check', async () => {
    const clock = new ManualClock();
    const cluster = await startThree({ clock });
    const preferred = (await partitionsOf(cluster)).map(({ leaderId }) => leaderId);
    await cluster.stopBroker(2);
    await cluster.startBroker(2);
    expect((await partitionsOf(cluster)).some(({ leaderId }) => leaderId === 2)).toBe(false);
    await clock.advance(checkMs);
    expect((await partitionsOf(cluster)).map(({ leaderId }) => leaderId)).toEqual(preferred);
  });

  it('stay where they are when auto.leader.rebalance.enable is off', async () => {
    const clock = new ManualClock();
    const properties = { 'auto.leader.rebalance.enable': 'false' };
    const cluster = await startThree({ clock, properties });
    await cluster.stopBroker(2);
    await cluster.startBroker(2);
    await clock.advance(checkMs);
    expect((await partitionsOf(cluster)).some(({ leaderId }) => leaderId === 2)).toBe(false);
  });
});

it('the metadata of a stopped broker is gone until it returns', async () => {
  const cluster = await startThree();
  await cluster.stopBroker(3);
  const client = await RawClient.connect(cluster.bootstrapServers.split(',')[0]!);
  const { brokers } = await client.request(metadata, 12, { topics: [] });
  expect(brokers.map(({ nodeId }) => nodeId).sort()).toEqual([1, 2]);
  client.close();
});
