import { afterEach, describe, expect, it } from '@jest/globals';
import { deleteTopics } from '../../src/protocol/messages/delete-topics.ts';
import { findCoordinator } from '../../src/protocol/messages/find-coordinator.ts';
import { heartbeat } from '../../src/protocol/messages/heartbeat.ts';
import { incrementalAlterConfigs } from '../../src/protocol/messages/incremental-alter-configs.ts';
import { initProducerId } from '../../src/protocol/messages/init-producer-id.ts';
import { joinGroup } from '../../src/protocol/messages/join-group.ts';
import { listOffsets } from '../../src/protocol/messages/list-offsets.ts';
import { offsetCommit } from '../../src/protocol/messages/offset-commit.ts';
import { offsetFetch } from '../../src/protocol/messages/offset-fetch.ts';
import { syncGroup } from '../../src/protocol/messages/sync-group.ts';
import { startBroker, type RunningBroker } from '../../src/broker/start-broker.ts';
import { MemoryDisk } from '../support/memory-disk.ts';
import { RawClient } from '../support/raw-client.ts';
import {
  batchOf,
  createTopic,
  fetchOne,
  produceBatch,
  produceValues,
  valuesOf,
} from '../support/requests.ts';

const running: RunningBroker[] = [];
const clients: RawClient[] = [];

async function start(disk: MemoryDisk): Promise<RawClient> {
  const broker = await startBroker({ disk, dataDir: '/data', topics: ['orders'] });
  running.push(broker);
  const client = await RawClient.connect(broker.bootstrapServers);
  clients.push(client);
  return client;
}

/** A clean stop, or the sudden end of a process: what it had written is there, and nothing else. */
const endings: [string, (disk: MemoryDisk) => Promise<MemoryDisk>][] = [
  [
    'a clean stop',
    async (disk) => {
      await running.at(-1)!.close();
      return disk;
    },
  ],
  ['a crash', async (disk) => disk.copy()],
];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const broker of running.splice(0)) await broker.close();
});

describe.each(endings)('after %s', (_what, end) => {
  it('acknowledged records and their offsets are there', async () => {
    const disk = new MemoryDisk();
    const before = await start(disk);
    for (let i = 0; i < 50; i++) await produceValues(before, [`a${i}`, `b${i}`]);
    const after = await start(await end(disk));
    const found = valuesOf(await fetchOne(after));
    expect(found).toHaveLength(100);
    expect(found.at(-1)).toEqual({ offset: 99, value: 'b49' });
    const list = await after.request(listOffsets, 5, {
      replicaId: -1,
      topics: [
        {
          name: 'orders',
          partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1 }],
        },
      ],
    });
    expect(list.topics[0]!.partitions[0]!.offset).toBe(100);
    expect(await produceValues(after, ['c'])).toBe(100);
  });

  it('row 67: idempotent producers go on where they were', async () => {
    const disk = new MemoryDisk();
    const before = await start(disk);
    const batch = (baseSequence: number) =>
      batchOf(['a'], { producerId: 5, producerEpoch: 0, baseSequence });
    await produceBatch(before, batch(0));
    await produceBatch(before, batch(1));
    const after = await start(await end(disk));
    expect(await produceBatch(after, batch(1))).toMatchObject({ errorCode: 0, baseOffset: 1 });
    expect(await produceBatch(after, batch(2))).toMatchObject({ errorCode: 0, baseOffset: 2 });
    expect((await produceBatch(after, batch(9))).errorCode).not.toBe(0);
  });

  it('row 71: producer ids are new ones', async () => {
    const disk = new MemoryDisk();
    const ask = {
      transactionalId: null,
      transactionTimeoutMs: 1000,
      producerId: -1,
      producerEpoch: -1,
    };
    const first = await (await start(disk)).request(initProducerId, 4, ask);
    const second = await (await start(await end(disk))).request(initProducerId, 4, ask);
    expect(second.producerId).toBeGreaterThan(first.producerId);
  });

  it('settings of topics are in force', async () => {
    const disk = new MemoryDisk();
    const before = await start(disk);
    await before.request(incrementalAlterConfigs, 1, {
      resources: [
        {
          resourceType: 2,
          resourceName: 'orders',
          configs: [{ name: 'max.message.bytes', configOperation: 0, value: '100' }],
        },
      ],
      validateOnly: false,
    });
    const after = await start(await end(disk));
    await expect(produceValues(after, ['x'.repeat(200)])).rejects.toThrow('error 10');
  });

  it('a group has its members, its generation and its offsets', async () => {
    const disk = new MemoryDisk();
    const before = await start(disk);
    await before.request(findCoordinator, 4, { keyType: 0, coordinatorKeys: ['g'] });
    const joined = await before.request(joinGroup, 3, {
      groupId: 'g',
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 30_000,
      memberId: '',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.from('m') }],
    });
    const { memberId, generationId } = joined;
    const assignments = [{ memberId, assignment: Buffer.from('all') }];
    await before.request(syncGroup, 3, { groupId: 'g', generationId, memberId, assignments });
    const partitions = [{ partitionIndex: 0, committedOffset: 7, committedMetadata: 'note' }];
    const commit = await before.request(offsetCommit, 8, {
      groupId: 'g',
      generationIdOrMemberEpoch: generationId,
      memberId,
      topics: [{ name: 'orders', partitions }],
    });
    expect(commit.topics[0]!.partitions[0]!.errorCode).toBe(0);

    const after = await start(await end(disk));
    const beat = await after.request(heartbeat, 3, { groupId: 'g', generationId, memberId });
    expect(beat.errorCode).toBe(0);
    const again = await after.request(syncGroup, 3, {
      groupId: 'g',
      generationId,
      memberId,
      assignments: [],
    });
    expect(String(again.assignment)).toBe('all');
    const offsets = await after.request(offsetFetch, 7, {
      groupId: 'g',
      topics: [{ name: 'orders', partitionIndexes: [0] }],
      requireStable: false,
    });
    expect(offsets.topics[0]!.partitions[0]).toMatchObject({
      committedOffset: 7,
      metadata: 'note',
    });
  });
});

describe('a kill between the deletion of a topic and that of its folders', () => {
  it('leaves a folder that is set aside by the next start, which can end cleanly again', async () => {
    const disk = new MemoryDisk();
    const before = await start(disk);
    await createTopic(before, 'gone');
    await produceValues(before, ['a'], { topic: 'gone' });
    let killed: MemoryDisk | undefined;
    const rename = disk.rename.bind(disk);
    disk.rename = (from, to) => {
      if (from.endsWith('/gone-0')) killed ??= disk.copy();
      rename(from, to);
    };
    await before.request(deleteTopics, 4, { topicNames: ['gone'], timeoutMs: 5_000 });
    expect(killed?.exists('/data/gone-0')).toBe(true);

    const after = await start(killed!);
    expect(await produceValues(after, ['b'])).toBe(0);
    await running.at(-1)!.close();
    const folders = killed!.list('/data').filter((name) => name.startsWith('gone'));
    expect(folders).toEqual([expect.stringMatching(/^gone-0\.[0-9a-f]{32}-stray$/)]);
    expect(killed!.exists('/data/.kafka_cleanshutdown')).toBe(true);
  });
});
