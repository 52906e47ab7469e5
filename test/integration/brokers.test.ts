import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { errorCodes } from '../../src/protocol/error-codes.ts';
import { createTopics } from '../../src/protocol/messages/create-topics.ts';
import { fetch } from '../../src/protocol/messages/fetch.ts';
import { findCoordinator } from '../../src/protocol/messages/find-coordinator.ts';
import { joinGroup } from '../../src/protocol/messages/join-group.ts';
import { metadata } from '../../src/protocol/messages/metadata.ts';
import { offsetForLeaderEpoch } from '../../src/protocol/messages/offset-for-leader-epoch.ts';
import { produce } from '../../src/protocol/messages/produce.ts';
import { startBroker, type RunningBroker } from '../../src/broker/start-broker.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { RawClient } from '../support/raw-client.ts';
import {
  batchOf,
  describeTopic,
  fetchAll,
  fetchOne,
  fetchRequest,
  produceBatch,
  produceRequest,
  produceValues,
  valuesOf,
} from '../support/requests.ts';

let cluster: RunningBroker;
const clients: RawClient[] = [];

const orders = { name: 'orders', partitions: 6, replicationFactor: 3 };

beforeEach(async () => {
  cluster = await startBroker({ brokers: 3, topics: [orders] });
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await cluster.close();
});

/** A client of one broker; ids count from 1. */
async function clientOf(id: number): Promise<RawClient> {
  const anyone = await RawClient.connect(cluster.bootstrapServers);
  const { brokers } = await anyone.request(metadata, 12, { topics: [] });
  anyone.close();
  const { host, port } = brokers.find(({ nodeId }) => nodeId === id)!;
  const client = await RawClient.connect(`${host}:${port}`);
  clients.push(client);
  return client;
}

const partitionOf = async (client: RawClient, index: number) => {
  const { partitions } = await describeTopic(client, 'orders');
  return partitions.find(({ partitionIndex }) => partitionIndex === index)!;
};

describe('three brokers in one process', () => {
  it('are three addresses, with leaders spread over them', async () => {
    expect(cluster.bootstrapServers.split(',')).toHaveLength(3);
    const client = await clientOf(1);
    const { partitions } = await describeTopic(client, 'orders');
    const leaders = partitions.map(({ leaderId }) => leaderId);
    expect([1, 2, 3].map((id) => leaders.filter((leader) => leader === id).length)).toEqual([
      2, 2, 2,
    ]);
    for (const { replicaNodes, isrNodes } of partitions) {
      expect([...replicaNodes].sort()).toEqual([1, 2, 3]);
      expect([...isrNodes].sort()).toEqual([1, 2, 3]);
    }
  });

  it('serve every partition of a topic as soon as it is acknowledged, whoever made it', async () => {
    const maker = await clientOf(2);
    const topic = { name: 'fresh', numPartitions: 12, replicationFactor: 3 };
    const { topics } = await maker.request(createTopics, 7, {
      topics: [{ ...topic, assignments: [], configs: [] }],
      timeoutMs: 1_000,
      validateOnly: false,
    });
    expect(topics[0]).toMatchObject({ errorCode: 0, numPartitions: 12 });
    const byId = new Map([1, 2, 3].map((id) => [id, clientOf(id)]));
    const { partitions } = await describeTopic(await byId.get(3)!, 'fresh');
    expect(partitions).toHaveLength(12);
    for (const { partitionIndex: partition, leaderId } of partitions) {
      const leader = await byId.get(leaderId)!;
      expect(await produceValues(leader, ['first'], { topic: 'fresh', partition })).toBe(0);
      const found = await fetchOne(leader, { topic: 'fresh', partition });
      expect(valuesOf(found)).toEqual([{ offset: 0, value: 'first' }]);
    }
  });

  it('row 60: a wrong broker refuses batches, and names the leader', async () => {
    const { leaderId, leaderEpoch } = await partitionOf(await clientOf(1), 0);
    const wrong = await clientOf((leaderId % 3) + 1);
    const response = await wrong.request(produce, 11, produceRequest(batchOf(['x'])));
    const answer = response.responses[0]!.partitionResponses[0]!;
    expect(answer.errorCode).toBe(errorCodes.NOT_LEADER_OR_FOLLOWER);
    expect(answer.currentLeader).toEqual({ leaderId, leaderEpoch });
    expect(response.nodeEndpoints.map(({ nodeId }) => nodeId)).toEqual([leaderId]);
  });

  it('a wrong broker refuses to read, and names the leader', async () => {
    const { leaderId, leaderEpoch } = await partitionOf(await clientOf(1), 0);
    const wrong = await clientOf((leaderId % 3) + 1);
    const { topicId } = await describeTopic(wrong, 'orders');
    const response = await fetchAll(wrong, [{ topic: '', topicId }], { version: 16 });
    const answer = response.responses[0]!.partitions[0]!;
    expect(answer.errorCode).toBe(errorCodes.NOT_LEADER_OR_FOLLOWER);
    expect(answer.currentLeader).toEqual({ leaderId, leaderEpoch });
    expect(response.nodeEndpoints.map(({ nodeId }) => nodeId)).toEqual([leaderId]);
  });

  it('a wrong broker is no coordinator', async () => {
    const client = await clientOf(1);
    const asked = { keyType: 0, coordinatorKeys: ['shop'] };
    const { coordinators } = await client.request(findCoordinator, 4, asked);
    const coordinator = coordinators[0]!.nodeId;
    const join = {
      groupId: 'shop',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId: '',
      groupInstanceId: null,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
    };
    const wrong = await clientOf((coordinator % 3) + 1);
    expect((await wrong.request(joinGroup, 5, join)).errorCode).toBe(errorCodes.NOT_COORDINATOR);
    const right = await clientOf(coordinator);
    expect((await right.request(joinGroup, 5, join)).errorCode).toBe(errorCodes.MEMBER_ID_REQUIRED);
  });
});

describe('when a broker stops', () => {
  it('its leaderships move without a wait, at a higher epoch, and nothing is lost', async () => {
    await cluster.close();
    // A clock that stands still: whatever waits for a time would wait for ever.
    cluster = await startBroker({
      brokers: 3,
      topics: [orders],
      clock: new ManualClock(Date.now()),
    });
    const before = await partitionOf(await clientOf(1), 0);
    const old = await clientOf(before.leaderId);
    await produceValues(old, ['kept']);
    await cluster.stopBroker(before.leaderId);
    const other = await clientOf((before.leaderId % 3) + 1);
    const after = await partitionOf(other, 0);
    expect(after.leaderId).not.toBe(before.leaderId);
    expect(after.leaderEpoch).toBeGreaterThan(before.leaderEpoch);
    expect(after.isrNodes).not.toContain(before.leaderId);
    const leader = await clientOf(after.leaderId);
    expect(valuesOf(await fetchOne(leader))).toEqual([{ offset: 0, value: 'kept' }]);
    expect(await produceValues(leader, ['more'])).toBe(1);
    await old.closed;
  });

  it('its parked fetches hear who leads now', async () => {
    const { leaderId } = await partitionOf(await clientOf(1), 0);
    const client = await clientOf(leaderId);
    const id = client.send(fetch, 11, fetchRequest([{}], { maxWaitMs: 30_000 }));
    await settle(20);
    await cluster.stopBroker(leaderId);
    const { responses } = await client.response(fetch, 11, id);
    const { errorCode } = responses[0]!.partitions[0]!;
    expect(errorCode).toBe(errorCodes.NOT_LEADER_OR_FOLLOWER);
  });

  it('row 52: acks=all is refused where too few replicas are left', async () => {
    await cluster.close();
    const config = { 'min.insync.replicas': '3' };
    cluster = await startBroker({
      brokers: 3,
      topics: [{ name: 'orders', partitions: 1, replicationFactor: 3, config }],
    });
    const { leaderId } = await partitionOf(await clientOf(1), 0);
    const leader = await clientOf(leaderId);
    await produceValues(leader, ['a']);
    await cluster.stopBroker((leaderId % 3) + 1);
    const all = await produceBatch(leader, batchOf(['b']));
    expect(all.errorCode).toBe(errorCodes.NOT_ENOUGH_REPLICAS);
    const one = await produceBatch(leader, batchOf(['c']), { acks: 1 });
    expect(one).toMatchObject({ errorCode: 0, baseOffset: 1 });
  });

  it('and starts again it has its address back, and follows', async () => {
    const before = cluster.bootstrapServers.split(',').sort();
    const { leaderId } = await partitionOf(await clientOf(1), 0);
    await cluster.stopBroker(leaderId);
    expect(cluster.bootstrapServers.split(',')).toHaveLength(2);
    await cluster.startBroker(leaderId);
    expect(cluster.bootstrapServers.split(',').sort()).toEqual(before);
    const client = await clientOf(leaderId);
    const { isrNodes } = await partitionOf(client, 0);
    expect(isrNodes).toContain(leaderId);
  });

  it('row 83: readers of the old epoch are fenced, row 93: and find out where it ended', async () => {
    const before = await partitionOf(await clientOf(1), 0);
    await produceValues(await clientOf(before.leaderId), ['a', 'b']);
    await cluster.stopBroker(before.leaderId);
    const after = await partitionOf(await clientOf((before.leaderId % 3) + 1), 0);
    const leader = await clientOf(after.leaderId);
    await produceValues(leader, ['c']);
    const stale = await fetchOne(leader, { currentLeaderEpoch: before.leaderEpoch });
    expect(stale.errorCode).toBe(errorCodes.FENCED_LEADER_EPOCH);
    const { leaderEpoch } = before;
    const response = await leader.request(offsetForLeaderEpoch, 4, {
      replicaId: -1,
      topics: [
        {
          topic: 'orders',
          partitions: [{ partition: 0, currentLeaderEpoch: -1, leaderEpoch }],
        },
      ],
    });
    expect(response.topics[0]!.partitions[0]).toMatchObject({ leaderEpoch, endOffset: 2 });
    // Row 84: whoever read further than that epoch went has diverged.
    const wish = { fetchOffset: 3, lastFetchedEpoch: leaderEpoch };
    const diverged = await fetchOne(leader, wish, { version: 12 });
    expect(diverged.divergingEpoch).toEqual({ epoch: leaderEpoch, endOffset: 2 });
  });
});

describe('an unmodified kafkajs application', () => {
  it('rides through brokers that stop and start, each record once', async () => {
    const kafka = new Kafka({
      brokers: cluster.bootstrapServers.split(','),
      logLevel: logLevel.NOTHING,
      retry: { initialRetryTime: 20, maxRetryTime: 1_000, retries: 60 },
    });
    const producer = kafka.producer({ idempotent: true });
    const consumer = kafka.consumer({ groupId: 'shop' });
    await producer.connect();
    await consumer.connect();
    await consumer.subscribe({ topic: 'orders', fromBeginning: true });
    const seen = new Map<string, number>();
    await consumer.run({
      eachMessage: async ({ message }) => {
        const value = String(message.value);
        seen.set(value, (seen.get(value) ?? 0) + 1);
      },
    });
    const total = 60;
    for (let i = 0; i < total; i++) {
      await producer.send({ topic: 'orders', messages: [{ key: `k${i}`, value: `v${i}` }] });
      if (i === 15) await cluster.stopBroker(2);
      if (i === 30) await cluster.startBroker(2);
      if (i === 40) await cluster.stopBroker(1);
    }
    const deadline = performance.now() + 60_000;
    while (seen.size < total && performance.now() < deadline) await settle(20);
    await consumer.disconnect();
    await producer.disconnect();
    expect(seen.size).toBe(total);
    // What was written is there once; a group may read again what it had not committed.
    let stored = 0;
    for (let partition = 0; partition < 6; partition++) {
      const { leaderId } = await partitionOf(await clientOf(2), partition);
      stored += valuesOf(await fetchOne(await clientOf(leaderId), { partition })).length;
    }
    expect(stored).toBe(total);
  }, 120_000);
});
