import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTopics } from '../../src/protocol/messages/create-topics.ts';
import { describeLogDirs } from '../../src/protocol/messages/describe-log-dirs.ts';
import { errorCodes } from '../../src/protocol/error-codes.ts';
import { startBroker, type RunningBroker } from '../../src/broker/start-broker.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { MemoryDisk } from '../support/memory-disk.ts';
import { RawClient } from '../support/raw-client.ts';
import {
  batchOf,
  createTopic,
  describeTopic,
  fetchOne,
  produceBatch,
  valuesOf,
} from '../support/requests.ts';

const dirs = ['/d1', '/d2', '/d3'];
const topic = 'orders';
const partitions = 9;

let clock: ManualClock;
let disk: MemoryDisk;
let broker: RunningBroker | undefined;
let client: RawClient | undefined;

async function start(dataDir: readonly string[] = dirs): Promise<RawClient> {
  broker = await startBroker({ clock, disk, dataDir });
  client = await RawClient.connect(broker.bootstrapServers);
  await settle(20);
  return client;
}

async function stop(): Promise<void> {
  client?.close();
  await broker?.close();
  client = broker = undefined;
}

beforeEach(() => {
  clock = new ManualClock(Date.now());
  disk = new MemoryDisk();
});

afterEach(async () => {
  disk.heal();
  await stop();
});

const foldersIn = (dir: string): string[] =>
  disk.list(dir).filter((name) => name.startsWith(`${topic}-`));
const partitionsIn = (dir: string): number[] =>
  foldersIn(dir).map((name) => Number(name.split('-')[1]));

const produce = async (to: RawClient, partition: number, value: string): Promise<number> =>
  (await produceBatch(to, batchOf([value]), { topic, partition })).errorCode;

const read = async (from: RawClient, partition: number): Promise<string[]> =>
  valuesOf(await fetchOne(from, { topic, partition })).map(({ value }) => value);

async function filled(): Promise<RawClient> {
  const started = await start();
  await createTopic(started, topic, {}, partitions);
  await settle(20);
  for (let i = 0; i < partitions; i++) expect(await produce(started, i, `a${i}`)).toBe(0);
  return started;
}

async function described(by: RawClient) {
  const { results } = await by.request(describeLogDirs, 4, { topics: null });
  return new Map(
    results.map(({ logDir, errorCode, topics }) => [
      logDir,
      errorCode === 0 ? topics.flatMap((each) => each.partitions).length : errorCode,
    ]),
  );
}

describe('several log directories', () => {
  it('share new partitions evenly, before any of them has files', async () => {
    const started = await filled();
    expect(dirs.map((dir) => foldersIn(dir).length)).toEqual([3, 3, 3]);
    await createTopic(started, 'more', {}, 3);
    for (let i = 0; i < 3; i++) {
      await produceBatch(started, batchOf(['x']), { topic: 'more', partition: i });
    }
    const more = dirs.map((dir) => disk.list(dir).filter((name) => name.startsWith('more-')));
    expect(more.map(({ length }) => length)).toEqual([1, 1, 1]);
    expect(await described(started)).toEqual(new Map(dirs.map((dir) => [dir, 4])));
  });

  it('have each an identity of its own, and one catalog', async () => {
    await filled();
    const metas = dirs.map((dir) => disk.readFile(`${dir}/meta.properties`).toString());
    const valuesOfKey = (key: string) =>
      metas.map((text) => new RegExp(`${key}=(.*)`).exec(text)?.[1]);
    expect(new Set(valuesOfKey('cluster.id')).size).toBe(1);
    expect(new Set(valuesOfKey('node.id'))).toEqual(new Set(['1']));
    expect(new Set(valuesOfKey('directory.id')).size).toBe(3);
    expect(dirs.map((dir) => disk.exists(`${dir}/bootstrap.checkpoint`))).toEqual([
      true,
      true,
      true,
    ]);
    expect(dirs.map((dir) => disk.exists(`${dir}/__cluster_metadata-0`))).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('are found again, in any order but for the first', async () => {
    await filled();
    const before = dirs.map(foldersIn);
    await stop();
    expect(dirs.map((dir) => disk.exists(`${dir}/.kafka_cleanshutdown`))).toEqual([
      true,
      true,
      true,
    ]);
    const again = await start(['/d1', '/d3', '/d2']);
    for (let i = 0; i < partitions; i++) {
      expect(await read(again, i)).toEqual([`a${i}`]);
      expect(await produce(again, i, `b${i}`)).toBe(0);
    }
    expect(dirs.map(foldersIn)).toEqual(before);
  });

  it('may lie apart from the catalog', async () => {
    broker = await startBroker({
      clock,
      disk,
      dataDir: '/d1',
      properties: { 'metadata.log.dir': '/meta' },
      topics: [topic],
    });
    client = await RawClient.connect(broker.bootstrapServers);
    expect(await produce(client, 0, 'a')).toBe(0);
    expect(disk.exists('/meta/__cluster_metadata-0')).toBe(true);
    expect(disk.exists('/d1/__cluster_metadata-0')).toBe(false);
    expect(disk.exists('/d1/meta.properties')).toBe(true);
    expect(foldersIn('/d1')).toEqual([`${topic}-0`]);
  });
});

describe('a log directory that fails while the broker runs', () => {
  it('takes its own partitions offline, and no others', async () => {
    const started = await filled();
    const lost = partitionsIn('/d2');
    disk.failWith('write', 'EIO', { path: /^\/d2/ });
    expect(await produce(started, lost[0]!, 'b')).toBe(errorCodes.KAFKA_STORAGE_ERROR);
    await settle(20);
    for (let i = 0; i < partitions; i++) {
      const isLost = lost.includes(i);
      expect(await produce(started, i, 'c')).toBe(isLost ? errorCodes.KAFKA_STORAGE_ERROR : 0);
      const { errorCode } = await fetchOne(started, { topic, partition: i });
      expect(errorCode).toBe(isLost ? errorCodes.KAFKA_STORAGE_ERROR : 0);
    }
    const told = await describeTopic(started, topic);
    const leaderless = told.partitions.filter(({ leaderId }) => leaderId === -1);
    expect(leaderless.map(({ partitionIndex }) => partitionIndex).sort()).toEqual(lost);
    expect(leaderless.every(({ offlineReplicas }) => offlineReplicas[0] === 1)).toBe(true);
    expect(await described(started)).toEqual(
      new Map([
        ['/d1', 3],
        ['/d2', errorCodes.KAFKA_STORAGE_ERROR],
        ['/d3', 3],
      ]),
    );
  });

  it('gets no new partitions', async () => {
    const started = await filled();
    disk.failWith('write', 'EROFS', { path: /^\/d2/ });
    await produce(started, partitionsIn('/d2')[0]!, 'b');
    await settle(20);
    await createTopic(started, 'more', {}, 4);
    for (let i = 0; i < 4; i++) {
      const wish = { topic: 'more', partition: i };
      expect((await produceBatch(started, batchOf(['x']), wish)).errorCode).toBe(0);
    }
    expect(disk.list('/d2').filter((name) => name.startsWith('more-'))).toEqual([]);
  });

  it('comes back with the next start, with all that was acknowledged', async () => {
    const started = await filled();
    const lost = partitionsIn('/d2');
    disk.failWith('write', 'EIO', { path: /^\/d2/ });
    expect(await produce(started, lost[0]!, 'b')).not.toBe(0);
    await settle(20);
    await stop();
    disk.heal();
    const again = await start();
    for (let i = 0; i < partitions; i++) {
      expect(await read(again, i)).toEqual([`a${i}`]);
      expect(await produce(again, i, 'c')).toBe(0);
    }
    expect(await described(again)).toEqual(new Map(dirs.map((dir) => [dir, 3])));
  });

  it('is not taken for failed when it is only full', async () => {
    const started = await filled();
    const [full] = partitionsIn('/d2');
    disk.failWith('write', 'ENOSPC', { path: /^\/d2/ });
    expect(await produce(started, full!, 'b')).toBe(errorCodes.KAFKA_STORAGE_ERROR);
    disk.heal();
    await clock.advance(10_000);
    await settle(20);
    expect(await produce(started, full!, 'c')).toBe(0);
    expect(await read(started, full!)).toEqual([`a${full!}`, 'c']);
  });

  it('that has the catalog: metadata cannot be changed, the other directories serve', async () => {
    const started = await filled();
    const lost = partitionsIn('/d1');
    disk.failWith('write', 'EIO', { path: /^\/d1/ });
    await produce(started, lost[0]!, 'b');
    await settle(20);
    for (let i = 0; i < partitions; i++) {
      const expected = lost.includes(i) ? errorCodes.KAFKA_STORAGE_ERROR : 0;
      expect(await produce(started, i, 'c')).toBe(expected);
    }
    const created = await started.request(createTopics, 7, {
      topics: [
        { name: 'new', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] },
      ],
      timeoutMs: 1_000,
      validateOnly: false,
    });
    expect(created.topics[0]!.errorCode).toBe(errorCodes.KAFKA_STORAGE_ERROR);
    await clock.advance(30_000);
  });

  it('that was removed is missed', async () => {
    const started = await filled();
    const lost = partitionsIn('/d3');
    disk.remove('/d3');
    await clock.advance(60_000);
    await settle(20);
    expect(await produce(started, lost[0]!, 'b')).toBe(errorCodes.KAFKA_STORAGE_ERROR);
    expect((await described(started)).get('/d3')).toBe(errorCodes.KAFKA_STORAGE_ERROR);
    expect(disk.exists('/d3')).toBe(false);
  });
});

describe('a log directory that cannot be used at the start', () => {
  it('is left out, with its partitions', async () => {
    await filled();
    const lost = partitionsIn('/d2');
    await stop();
    disk.failWith('read', 'EIO', { path: /^\/d2/ });
    const again = await start();
    for (let i = 0; i < partitions; i++) {
      const expected = lost.includes(i) ? errorCodes.KAFKA_STORAGE_ERROR : 0;
      expect(await produce(again, i, 'b')).toBe(expected);
    }
    expect((await described(again)).get('/d2')).toBe(errorCodes.KAFKA_STORAGE_ERROR);
    expect(dirs.flatMap(foldersIn)).toHaveLength(partitions); // nothing was made anew elsewhere
    await stop();
    disk.heal();
    const third = await start();
    for (let i = 0; i < partitions; i++) {
      expect(await read(third, i)).toEqual(lost.includes(i) ? [`a${i}`] : [`a${i}`, 'b']);
    }
  });

  it.each([
    ['one of those that are left', ['/d1', '/d3']],
    ['the only one that is left', ['/d1']],
  ])('is missed where nobody names it, with %s', async (_, left) => {
    await filled();
    const there = left.flatMap(partitionsIn);
    await stop();
    const again = await start(left);
    for (let i = 0; i < partitions; i++) {
      const expected = there.includes(i) ? 0 : errorCodes.KAFKA_STORAGE_ERROR;
      expect(await produce(again, i, 'b')).toBe(expected);
    }
    await createTopic(again, 'new', {}, 2);
    expect(await produceBatch(again, batchOf(['x']), { topic: 'new', partition: 1 })).toMatchObject(
      { errorCode: 0 },
    );
    expect(dirs.flatMap(foldersIn)).toHaveLength(partitions); // nothing was made anew elsewhere
    await stop();
    const third = await start();
    for (let i = 0; i < partitions; i++) {
      expect(await read(third, i)).toEqual(there.includes(i) ? [`a${i}`, 'b'] : [`a${i}`]);
    }
  });

  it('must be there when it has the catalog', async () => {
    await filled();
    await stop();
    disk.failWith('read', 'EIO', { path: /^\/d1/ });
    await expect(start()).rejects.toThrow('EIO');
    disk.heal();
    await start(); // and no lock was left behind
  });
});

describe('log directories that do not belong together are refused', () => {
  beforeEach(async () => {
    await filled();
    await stop();
  });

  it('with two copies of a partition', async () => {
    const [name] = foldersIn('/d2');
    disk.makeDirectory(`/d3/${name!}`);
    for (const file of disk.list(`/d2/${name!}`)) {
      disk.writeFile(`/d3/${name!}/${file}`, disk.readFile(`/d2/${name!}/${file}`));
    }
    await expect(start()).rejects.toThrow(
      `the partition ${name!} lies in /d2 and in /d3; remove the copy that is not wanted`,
    );
    expect(disk.exists('/d2/.kafka_cleanshutdown')).toBe(true); // nothing was changed
    disk.remove(`/d3/${name!}`);
    await start();
  });

  it('of another cluster', async () => {
    const path = '/d2/meta.properties';
    const text = disk.readFile(path).toString();
    disk.writeFile(path, text.replace(/cluster.id=.*/, 'cluster.id=another'));
    await expect(start()).rejects.toThrow('/d2 belongs to cluster another, but /d1 to cluster');
  });

  it('without the one that has the catalog', async () => {
    await expect(start(['/d2', '/d3'])).rejects.toThrow(
      /^\/d2 holds orders-\d, and no metadata log/,
    );
    expect(disk.exists('/d2/.kafka_cleanshutdown')).toBe(true); // nothing was changed
  });

  it('with another one first, that has no catalog', async () => {
    await expect(start(['/new', '/d1', '/d2', '/d3'])).rejects.toThrow(
      'was the order of log.dirs changed?',
    );
  });

  it('that is a copy of another', async () => {
    disk.writeFile('/d3/meta.properties', disk.readFile('/d2/meta.properties'));
    await expect(start()).rejects.toThrow('one is a copy');
  });
});

it('a partition that was moved while the broker was stopped is served where it is', async () => {
  await filled();
  const [moved] = foldersIn('/d2');
  await stop();
  disk.rename(`/d2/${moved!}`, `/d3/${moved!}`);
  const again = await start();
  const partition = Number(moved!.split('-')[1]);
  expect(await read(again, partition)).toEqual([`a${partition}`]);
  expect(await produce(again, partition, 'b')).toBe(0);
  expect(await described(again)).toEqual(
    new Map([
      ['/d1', 3],
      ['/d2', 2],
      ['/d3', 4],
    ]),
  );
});

it('several brokers of one process share one directory', async () => {
  await expect(startBroker({ clock, disk, dataDir: dirs, brokers: 2 })).rejects.toThrow(
    'several log directories are for one broker',
  );
});
