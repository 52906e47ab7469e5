import { afterEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { apiVersions } from '../../src/protocol/messages/api-versions.ts';
import { fetch } from '../../src/protocol/messages/fetch.ts';
import { joinGroup } from '../../src/protocol/messages/join-group.ts';
import { findCoordinator } from '../../src/protocol/messages/find-coordinator.ts';
import { metadata } from '../../src/protocol/messages/metadata.ts';
import { startBroker, type RunningBroker } from '../../src/broker/start-broker.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { RawClient } from '../support/raw-client.ts';
import {
  describeTopic,
  fetchRequest,
  produceValues,
  fetchOne,
  valuesOf,
} from '../support/requests.ts';

const running: RunningBroker[] = [];
const folders: string[] = [];

async function start(...options: Parameters<typeof startBroker>): Promise<RunningBroker> {
  const broker = await startBroker(...options);
  running.push(broker);
  return broker;
}

/** A client of the broker that leads a partition of the topic `orders`. */
async function leaderOf(client: RawClient, partition: number): Promise<RawClient> {
  const { brokers, topics } = await client.request(metadata, 12, { topics: [{ name: 'orders' }] });
  const led = topics[0]!.partitions.find(({ partitionIndex }) => partitionIndex === partition)!;
  const { host, port } = brokers.find(({ nodeId }) => nodeId === led.leaderId)!;
  return RawClient.connect(`${host}:${port}`);
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'odradek-'));
  folders.push(folder);
  return folder;
}

afterEach(async () => {
  for (const broker of running.splice(0)) await broker.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe('startBroker', () => {
  it('without options is ready on a free port of this machine', async () => {
    const broker = await start();
    expect(broker.bootstrapServers).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(broker.port).toBeGreaterThan(0);
    const client = await RawClient.connect(broker.bootstrapServers);
    const { clusterId, brokers } = await client.request(metadata, 12, { topics: [] });
    expect(clusterId).toBe(broker.clusterId);
    expect(brokers.map(({ nodeId }) => nodeId)).toEqual([1]);
    client.close();
  });

  it('makes topics with their configuration', async () => {
    const broker = await start({
      properties: { 'num.partitions': '2' },
      topics: ['plain', { name: 'small', partitions: 4, config: { 'max.message.bytes': '100' } }],
    });
    const client = await RawClient.connect(broker.bootstrapServers);
    expect((await describeTopic(client, 'plain')).partitions).toHaveLength(2);
    expect((await describeTopic(client, 'small')).partitions).toHaveLength(4);
    await expect(produceValues(client, ['x'.repeat(200)], { topic: 'small' })).rejects.toThrow(
      '10',
    );
    client.close();
  });

  it('runs any number of brokers side by side', async () => {
    const [first, second] = [await start({ topics: ['a'] }), await start({ topics: ['b'] })];
    expect(first.clusterId).not.toBe(second.clusterId);
    const client = await RawClient.connect(second.bootstrapServers);
    expect((await describeTopic(client, 'a')).errorCode).not.toBe(0);
    client.close();
  });

  it.each([
    ['a bad value', { properties: { 'num.partitions': 'many' } }, /num\.partitions/],
    ['a bad topic name', { topics: ['no good'] }, /no good/],
    [
      'a bad topic setting',
      { topics: [{ name: 't', config: { 'retention.ms': 'x' } }] },
      /retention/,
    ],
  ])('refuses %s, and leaves nothing open', async (_what, options, message) => {
    const clock = new ManualClock();
    await expect(startBroker({ clock, ...options })).rejects.toThrow(message);
    expect(clock.pendingTimers).toBe(0);
  });

  const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
    all?.some(({ address }) => address === '::1'),
  );
  (hasIpv6 ? it : it.skip)('has an address of IPv6 in brackets, but not on the wire', async () => {
    const broker = await start({ host: '::1' });
    expect(broker.bootstrapServers).toBe(`[::1]:${broker.port}`);
    const client = await RawClient.connect(broker.bootstrapServers);
    const { brokers } = await client.request(metadata, 12, { topics: [] });
    expect(brokers).toMatchObject([{ host: '::1', port: broker.port }]);
    client.close();
  });

  it('refuses a port that is taken, and lets go of its folder', async () => {
    const first = await start();
    const dataDir = temporaryFolder();
    await expect(startBroker({ port: first.port, dataDir })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: `127.0.0.1:${first.port} is in use, perhaps by another broker; take another port, or 0 for any free one`,
    });
    const again = await start({ dataDir });
    expect(again.port).not.toBe(first.port);
  });
});

describe('close', () => {
  it('leaves no timer, no connection and no port behind', async () => {
    const clock = new ManualClock();
    const broker = await start({ clock, topics: ['orders'] });
    const client = await RawClient.connect(broker.bootstrapServers);
    await client.request(findCoordinator, 4, { keyType: 0, coordinatorKeys: ['g'] });
    client.send(fetch, 11, fetchRequest([{}], { maxWaitMs: 60_000 }));
    await settle(10);
    await broker.close();
    await client.closed;
    expect(clock.pendingTimers).toBe(0);
    await expect(
      new Promise((resolve, reject) => {
        connect(broker.port, '127.0.0.1').once('connect', resolve).once('error', reject);
      }),
    ).rejects.toThrow('ECONNREFUSED');
  });

  it('answers what is under way', async () => {
    const broker = await start({ topics: ['orders'] });
    const client = await RawClient.connect(broker.bootstrapServers);
    const id = client.send(fetch, 11, fetchRequest([{}], { maxWaitMs: 60_000 }));
    await settle(20);
    const closed = broker.close();
    expect((await client.response(fetch, 11, id)).errorCode).toBe(0);
    await closed;
  });

  it('does not wait for members that wait for others', async () => {
    // A clock that stands still: the rebalance and the grace for connections never end by themselves.
    const clock = new ManualClock();
    const properties = { 'group.initial.rebalance.delay.ms': '0' };
    const broker = await start({ clock, properties });
    const client = await RawClient.connect(broker.bootstrapServers);
    const other = await RawClient.connect(broker.bootstrapServers);
    await client.request(findCoordinator, 4, { keyType: 0, coordinatorKeys: ['g'] });
    const member = (memberId: string) => ({
      groupId: 'g',
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 60_000,
      memberId,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
    });
    let leads = false; // and will not join again
    void client.request(joinGroup, 3, member('')).then(() => (leads = true));
    while (!leads) await clock.advance(0);
    other.send(joinGroup, 3, member(''));
    await settle(20);
    await broker.close();
    expect(clock.pendingTimers).toBe(0);
    client.close();
    other.close();
  });

  it('may be called twice, and disposes', async () => {
    const broker = await start();
    await Promise.all([broker.close(), broker.close()]);
    await broker[Symbol.asyncDispose]();
  });

  it('does not wait for clients that hang', async () => {
    const broker = await start();
    const client = await RawClient.connect(broker.bootstrapServers);
    await client.request(apiVersions, 3, {
      clientSoftwareName: 'raw',
      clientSoftwareVersion: '1',
    });
    client.pause();
    await broker.close();
    client.close();
  });
});

describe('a data folder', () => {
  it('holds what was written when the broker starts again', async () => {
    const dataDir = temporaryFolder();
    const first = await start({ dataDir, topics: ['orders'] });
    const client = await RawClient.connect(first.bootstrapServers);
    await produceValues(client, ['a', 'b']);
    const before = await describeTopic(client, 'orders');
    await first.close();
    const second = await start({ dataDir });
    expect(second.clusterId).toBe(first.clusterId);
    const again = await RawClient.connect(second.bootstrapServers);
    const after = await describeTopic(again, 'orders');
    expect(after.topicId).toBe(before.topicId);
    expect(after.partitions[0]!.leaderEpoch).toBeGreaterThan(before.partitions[0]!.leaderEpoch);
    expect(valuesOf(await fetchOne(again)).map(({ value }) => value)).toEqual(['a', 'b']);
    expect(await produceValues(again, ['c'])).toBe(2);
    again.close();
  });

  it('is for one process at a time', async () => {
    const dataDir = temporaryFolder();
    await start({ dataDir });
    await expect(startBroker({ dataDir })).rejects.toThrow();
  });

  it('has nothing for a topic nobody has written to', async () => {
    const dataDir = temporaryFolder();
    await start({ dataDir, topics: [{ name: 'orders', partitions: 50 }] });
    expect(readdirSync(dataDir).filter((name) => name.startsWith('orders'))).toEqual([]);
  });

  it('is not made in memory', async () => {
    const folder = join(tmpdir(), 'odradek-none');
    await start({ properties: { 'log.dirs': folder } });
    expect(existsSync(folder)).toBe(false);
  });

  it('gives three brokers all they had', async () => {
    const dataDir = temporaryFolder();
    const topics = [{ name: 'orders', partitions: 3, replicationFactor: 3 }];
    const first = await start({ dataDir, brokers: 3, topics });
    const client = await RawClient.connect(first.bootstrapServers);
    const { partitions } = await describeTopic(client, 'orders');
    expect(new Set(partitions.map(({ leaderId }) => leaderId)).size).toBe(3);
    for (const { partitionIndex: partition } of partitions) {
      const leader = await leaderOf(client, partition);
      await produceValues(leader, [`in ${partition}`], { partition });
      leader.close();
    }
    client.close();
    await first.close();
    const second = await start({ dataDir, brokers: 3 });
    const again = await RawClient.connect(second.bootstrapServers);
    for (const { partitionIndex: partition } of partitions) {
      const leader = await leaderOf(again, partition);
      const values = valuesOf(await fetchOne(leader, { partition }));
      expect(values).toEqual([{ offset: 0, value: `in ${partition}` }]);
      leader.close();
    }
    again.close();
  });
});
