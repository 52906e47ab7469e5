import { afterEach, describe, expect, it } from '@jest/globals';
import type { BrokerOptions } from '../../src/broker/broker-options.ts';
import { Cluster } from '../../src/broker/cluster.ts';
import type {
  AddOrVerify,
  PartitionOutcome,
  PeerClient,
  TransactionMarker,
} from '../../src/coordination/transactions/peer-client.ts';
import type { PartitionSet } from '../../src/coordination/transactions/transaction.ts';
import { LeveledLogger } from '../../src/host/leveled-logger.ts';
import { silentLogger } from '../../src/host/logger.ts';
import { SystemClock } from '../../src/host/system-clock.ts';
import { SystemRandom } from '../../src/host/system-random.ts';
import { metadata } from '../../src/protocol/messages/metadata.ts';
import { groupCoordinator } from '../support/group-coordinator.ts';
import { MemoryDisk } from '../support/memory-disk.ts';
import { RawClient } from '../support/raw-client.ts';
import {
  committedOffset,
  committedValues,
  TransactionalClient,
  untilComplete,
} from '../support/transactional-client.ts';

const topic = 'orders';
const running: Cluster[] = [];
const clients: RawClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const cluster of running.splice(0)) await cluster.close();
});

/** What brokers say to each other, with a hand on the line. */
class Line implements PeerClient {
  /** Lost before they arrive. */
  dropMarkers = 0;
  /** Arrive, and the answer is lost. */
  loseAnswers = 0;
  dropAdds = 0;
  /** Set: markers arrive when it resolves. */
  gate: Promise<void> | undefined;
  sent = 0;

  constructor(private readonly peers: PeerClient) {}

  async writeMarker(
    brokerId: number,
    marker: TransactionMarker,
    partitions: PartitionSet,
  ): Promise<readonly PartitionOutcome[]> {
    this.sent++;
    await this.gate;
    if (this.dropMarkers-- > 0) throw new Error('lost');
    const outcomes = await this.peers.writeMarker(brokerId, marker, partitions);
    if (this.loseAnswers-- > 0) throw new Error('the answer is lost');
    return outcomes;
  }

  async addPartitions(brokerId: number, request: AddOrVerify) {
    if (this.dropAdds-- > 0) throw new Error('lost');
    return this.peers.addPartitions(brokerId, request);
  }
}

async function start(options: BrokerOptions): Promise<{ cluster: Cluster; line: Line }> {
  let line: Line | undefined;
  const properties = {
    'transaction.state.log.num.partitions': '4',
    'offsets.topic.num.partitions': '4',
    'auto.leader.rebalance.enable': 'false',
  };
  const cluster = await Cluster.start(
    { properties, topics: [{ name: topic, partitions: 3, replicationFactor: 1 }], ...options },
    {
      clock: new SystemClock(),
      random: new SystemRandom(),
      logger: new LeveledLogger(silentLogger, 'info'),
      between: (peers) => (line = new Line(peers)),
    },
  );
  running.push(cluster);
  return { cluster, line: line! };
}

async function connect(cluster: Cluster, brokerId = cluster.brokerIds[0]!): Promise<RawClient> {
  const first = await RawClient.connect(cluster.bootstrapServers);
  clients.push(first);
  const { brokers } = await first.request(metadata, 12, { topics: [] });
  const { host, port } = brokers.find(({ nodeId }) => nodeId === brokerId)!;
  const client = await RawClient.connect(`${host}:${port}`);
  clients.push(client);
  return client;
}

/** A producer that talks to its coordinator, and a client of the broker that leads a partition. */
async function roles(cluster: Cluster, partition = 0, style: 'v1' | 'v2' = 'v2') {
  const any = await connect(cluster);
  const coordinator = await new TransactionalClient(any, 'tx', style).findCoordinator();
  const { topics } = await any.request(metadata, 12, { topics: [{ name: topic }] });
  const leader = topics[0]!.partitions.find((one) => one.partitionIndex === partition)!.leaderId;
  const producer = new TransactionalClient(await connect(cluster, coordinator), 'tx', style);
  return { coordinator, leader, producer, atLeader: await connect(cluster, leader) };
}

/** The same producer, at another broker. */
function at(
  client: RawClient,
  { transactionalId, producerId, producerEpoch }: TransactionalClient,
) {
  const there = new TransactionalClient(client, transactionalId, 'v2');
  there.producerId = producerId;
  there.producerEpoch = producerEpoch;
  return there;
}

describe('three brokers of a process', () => {
  it('have markers written by whoever leads, however often they are lost', async () => {
    const { cluster, line } = await start({ brokers: 3 });
    const { producer } = await roles(cluster);
    expect(await producer.init()).toBe('NONE');
    const views: [RawClient, number][] = [];
    for (const partition of [0, 1, 2]) {
      const { atLeader } = await roles(cluster, partition);
      views.push([atLeader, partition]);
      expect(await at(atLeader, producer).produce(topic, [`p${partition}`], partition)).toBe(
        'NONE',
      );
    }
    line.dropMarkers = 4;
    line.loseAnswers = 8;
    expect(await producer.end(true)).toBe('NONE');
    expect(await producer.init()).toBe('CONCURRENT_TRANSACTIONS');
    expect(await producer.initWhenReady()).toBe('NONE');
    for (const [client, partition] of views) {
      expect(await committedValues(client, topic, partition)).toEqual([`p${partition}`]);
    }
    expect(line.sent).toBeGreaterThan(6);
  });

  it('an append whose coordinator does not answer is tried again by the client', async () => {
    const { cluster, line } = await start({ brokers: 3 });
    const { producer, atLeader } = await roles(cluster);
    await producer.init();
    line.dropAdds = 1;
    const there = at(atLeader, producer);
    expect(await there.produce(topic, ['a'])).toBe('NOT_ENOUGH_REPLICAS');
    expect(await there.produce(topic, ['a'])).toBe('NONE');
  });

  it('a coordinator that stops in the middle is followed by one that completes', async () => {
    const { cluster, line } = await start({ brokers: 3 });
    const { coordinator, producer, leader } = await roles(cluster, 0);
    expect(await producer.init()).toBe('NONE');
    const other = cluster.brokerIds.find((id) => id !== coordinator)!;
    // A partition that stays where it is.
    const partition = leader === coordinator ? 1 : 0;
    const { atLeader } = await roles(cluster, partition);
    await at(atLeader, producer).produce(topic, ['a'], partition);
    let open = (): void => undefined;
    line.gate = new Promise((resolve) => (open = resolve));
    expect(await producer.end(true)).toBe('NONE');
    expect(await committedValues(atLeader, topic, partition)).toEqual([]);
    await cluster.stopBroker(coordinator);
    open();
    line.gate = undefined;
    const next = new TransactionalClient(await connect(cluster, other), 'tx', 'v2');
    const nextCoordinator = await next.findCoordinator();
    expect(nextCoordinator).not.toBe(coordinator);
    const owner = at(await connect(cluster, nextCoordinator), producer);
    expect(await owner.initWhenReady()).toBe('NONE');
    expect(await committedValues(atLeader, topic, partition)).toEqual(['a']);
  });

  it('offsets of a group go to its coordinator, wherever that is', async () => {
    const { cluster } = await start({ brokers: 3 });
    const { producer } = await roles(cluster);
    await producer.init();
    for (const group of ['a', 'b', 'c', 'd']) {
      const any = await connect(cluster);
      const client = await connect(cluster, await groupCoordinator(any, group));
      expect(await at(client, producer).sendOffset(group, topic, 7)).toBe('NONE');
      expect(await committedOffset(client, group, topic, true)).toBe('UNSTABLE_OFFSET_COMMIT');
    }
    expect(await producer.end(true)).toBe('NONE');
    await untilComplete(() => producer.init());
    for (const group of ['a', 'b', 'c', 'd']) {
      const any = await connect(cluster);
      const client = await connect(cluster, await groupCoordinator(any, group));
      expect(await committedOffset(client, group, topic, true)).toBe(7);
    }
  });
});

describe.each([
  ['a crash', true],
  ['a clean stop', false],
])('%s between the decision and its markers', (_what, isCrash) => {
  it.each([true, false])('is made good at the next start (commit %s)', async (isCommit) => {
    const disk = new MemoryDisk();
    const before = await start({ dataDir: '/data', disk });
    const { producer, atLeader } = await roles(before.cluster, 0, 'v2');
    await groupCoordinator(atLeader, 'group');
    await producer.init();
    await producer.produce(topic, ['a'], 0);
    await producer.produce(topic, ['b'], 1);
    await producer.sendOffset('group', topic, 3);
    before.line.gate = new Promise(() => undefined);
    expect(await producer.end(isCommit)).toBe('NONE');
    expect(await committedValues(atLeader, topic)).toEqual([]);
    const found = isCrash ? disk.copy() : disk;
    if (!isCrash) await before.cluster.close();
    const after = await start({ dataDir: '/data', disk: found });
    const client = await connect(after.cluster);
    const owner = at(client, producer);
    expect(await owner.initWhenReady()).toBe('NONE');
    expect(owner.producerEpoch).toBe(2);
    expect(await committedValues(client, topic, 0)).toEqual(isCommit ? ['a'] : []);
    expect(await committedValues(client, topic, 1)).toEqual(isCommit ? ['b'] : []);
    expect(await committedOffset(client, 'group', topic, true)).toBe(isCommit ? 3 : -1);
  });

  it('an open transaction stays open, and its producer goes on', async () => {
    const disk = new MemoryDisk();
    const before = await start({ dataDir: '/data', disk });
    const { producer } = await roles(before.cluster);
    await producer.init();
    await producer.produce(topic, ['a']);
    const found = isCrash ? disk.copy() : disk;
    if (!isCrash) await before.cluster.close();
    const after = await start({ dataDir: '/data', disk: found });
    const client = await connect(after.cluster);
    const owner = at(client, producer);
    expect(await committedValues(client, topic)).toEqual([]);
    expect(await owner.end(true)).toBe('NONE');
    await untilComplete(() => owner.init());
    expect(await committedValues(client, topic)).toEqual(['a']);
  });
});
