import { beforeEach, describe, expect, it } from '@jest/globals';
import { decideBrokersJoin } from '../../../../src/broker/catalog/decide-brokers.ts';
import { FileCatalog } from '../../../../src/broker/catalog/file-catalog.ts';
import type { FileCatalogOptions } from '../../../../src/broker/catalog/file-catalog.ts';
import type { MetadataImage } from '../../../../src/broker/catalog/image.ts';
import { readMetadataBatches } from '../../../../src/broker/catalog/metadata-batches.ts';
import type { MetadataBatch } from '../../../../src/broker/catalog/metadata-batches.ts';
import { decodeSnapshot } from '../../../../src/broker/catalog/snapshot-file.ts';
import { configChanged } from '../../../../src/broker/catalog/metadata-record.ts';
import type { MetadataRecord } from '../../../../src/broker/catalog/metadata-record.ts';
import { UnusableFolder } from '../../../../src/broker/catalog/unusable-folder.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { MemoryDisk } from '../../../support/memory-disk.ts';
import { SeededRandom } from '../../../support/seeded-random.ts';
import { createTopic, registration } from '../../../support/test-cluster.ts';
import { metadataBatch } from '../../../../src/broker/catalog/metadata-batches.ts';

const folder = '/data';
const logFolder = `${folder}/__cluster_metadata-0`;
const firstSegment = `${logFolder}/00000000000000000000.log`;
let disk = new MemoryDisk();

beforeEach(() => {
  disk = new MemoryDisk();
});

function open(more: Partial<FileCatalogOptions> = {}): Promise<FileCatalog> {
  const [clock, random] = [new ManualClock(), new SeededRandom(1)];
  return FileCatalog.open({ disk, clock, random, folder, nodeId: 1, ...more });
}

const set = (value: string): MetadataRecord => configChanged('TOPIC', 't', 'k', value);
const put = (catalog: FileCatalog, value: string): Promise<void> =>
  catalog.transact(() => ({ records: [set(value)], result: undefined }));
const valueIn = ({ image }: FileCatalog): string | undefined =>
  image.configs.get('TOPIC:t')?.get('k');
const text = (path: string): string => disk.readFile(path).toString();
const batchesOf = (path: string): MetadataBatch[] => [...readMetadataBatches(disk.readFile(path))];
const withoutPosition = (image: MetadataImage): object => ({ ...image, offset: 0, epoch: 0 });

async function filled(more: Partial<FileCatalogOptions> = {}): Promise<FileCatalog> {
  const catalog = await open(more);
  const joining = [registration(1, { directories: [catalog.directoryId] })];
  await catalog.transact((image) => decideBrokersJoin(image, joining));
  await createTopic(catalog, 'a', { numPartitions: 3, configs: [{ name: 'x', value: 'y' }] });
  return catalog;
}

describe('an empty folder', () => {
  it('is formatted as kafka-storage would', async () => {
    const catalog = await open({ clusterId: 'Fgl5Me8RTTCqMd1b25jsDQ' });
    expect(text(`${folder}/meta.properties`).split('\n').slice(2)).toEqual([
      'cluster.id=Fgl5Me8RTTCqMd1b25jsDQ',
      `directory.id=${catalog.directoryId}`,
      'node.id=1',
      'version=1',
      '',
    ]);
    const bootstrap = decodeSnapshot(disk.readFile(`${folder}/bootstrap.checkpoint`), 'b');
    expect(bootstrap.records.map(({ data }) => data)).toEqual([
      { name: 'metadata.version', featureLevel: 30 },
      { name: 'eligible.leader.replicas.version', featureLevel: 1 },
      { name: 'group.version', featureLevel: 1 },
      { name: 'share.version', featureLevel: 1 },
      { name: 'streams.version', featureLevel: 1 },
      { name: 'transaction.version', featureLevel: 2 },
    ]);
    expect(text(`${logFolder}/partition.metadata`)).toBe(
      'version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ',
    );
  });

  it('begins a log in epoch 1 with what it was formatted with', async () => {
    const catalog = await open({ minInsyncReplicas: 2 });
    expect(catalog.image).toMatchObject({ offset: 7, epoch: 1 });
    expect(catalog.image.configs.get('BROKER:')).toEqual(new Map([['min.insync.replicas', '2']]));
    const [leaderChange, first] = batchesOf(firstSegment);
    expect(leaderChange?.controls).toEqual([{ type: 'LEADER_CHANGE', voters: [1] }]);
    expect(first?.records.map(({ type }) => type)).toEqual([
      ...Array<string>(6).fill('FeatureLevelRecord'),
      'ConfigRecord',
    ]);
  });
});

describe('a restart', () => {
  it('finds everything again', async () => {
    const before = await filled();
    await before.close();
    const after = await open();
    expect(withoutPosition(after.image)).toEqual(withoutPosition(before.image));
    expect(after.directoryId).toBe(before.directoryId);
  });

  it('begins a higher epoch, which files and batches show', async () => {
    await (await filled()).close();
    const catalog = await open();
    const { offset } = catalog.image;
    expect(catalog.image.epoch).toBe(2);
    expect(JSON.parse(text(`${logFolder}/quorum-state`))).toEqual({
      clusterId: '',
      leaderId: 1,
      leaderEpoch: 2,
      votedId: -1,
      appliedOffset: 0,
      currentVoters: [{ voterId: 1 }],
      data_version: 0,
    });
    expect(text(`${logFolder}/leader-epoch-checkpoint`)).toBe(`0\n2\n1 0\n2 ${offset}\n`);
    expect(batchesOf(firstSegment).at(-1)).toMatchObject({ epoch: 2, baseOffset: offset });
  });

  it('goes on behind what is there', async () => {
    const first = await open();
    await put(first, '1');
    await first.close();
    const second = await open();
    await put(second, '2');
    await second.close();
    expect(valueIn(await open())).toBe('2');
    const offsets = batchesOf(firstSegment).flatMap(({ baseOffset, lastOffset }) => [
      baseOffset,
      lastOffset,
    ]);
    expect([...offsets].sort((a, b) => a - b)).toEqual(offsets);
  });

  it('makes what a change wrote durable before it resolves', async () => {
    const catalog = await open();
    const syncs = disk.calls.sync;
    await put(catalog, '1');
    expect(disk.calls.sync).toBeGreaterThan(syncs);
    disk = disk.copy(); // the process dies here
    expect(valueIn(await open())).toBe('1');
  });

  it('cuts off a change at any byte, and keeps all changes before it', async () => {
    const catalog = await open();
    await put(catalog, '1');
    const whole = disk.readFile(firstSegment).length;
    await put(catalog, '2');
    const more = disk.readFile(firstSegment).length;
    const written = disk;
    for (let length = whole; length < more; length++) {
      disk = written.copy();
      disk.truncate(firstSegment, length);
      const reopened = await open();
      expect(valueIn(reopened)).toBe('1');
      await put(reopened, '3');
      await reopened.close();
      expect(valueIn(await open())).toBe('3');
    }
  });

  it('counts a transaction over several batches only when it ended', async () => {
    await (await open()).close();
    const begin: MetadataRecord = {
      type: 'BeginTransactionRecord',
      version: 0,
      data: { name: null },
    };
    const bytes = disk.readFile(firstSegment);
    const unfinished = metadataBatch([begin, set('x')], { baseOffset: 8, epoch: 1, timestamp: 0 });
    disk.writeFile(firstSegment, Buffer.concat([bytes, unfinished]));
    const catalog = await open();
    expect(valueIn(catalog)).toBeUndefined();
    await put(catalog, '1'); // must not be taken for a part of the transaction
    await catalog.close();
    expect(valueIn(await open())).toBe('1');
  });
});

describe('a snapshot', () => {
  const small = { snapshotAfterBytes: 2000 };

  async function grown(): Promise<FileCatalog> {
    const catalog = await filled(small);
    for (let n = 0; n < 60; n++) await put(catalog, String(n));
    return catalog;
  }

  it('replaces the log before it', async () => {
    await grown();
    const names = disk.list(logFolder);
    const snapshots = names.filter((name) => name.endsWith('.checkpoint'));
    const segments = names.filter((name) => name.endsWith('.log'));
    expect(snapshots).toHaveLength(1);
    expect(segments).toHaveLength(1);
    expect(snapshots[0]).toMatch(/^\d{20}-0000000001\.checkpoint$/);
    expect(segments[0]!.slice(0, 20)).toBe(snapshots[0]!.slice(0, 20));
    expect(Number(segments[0]!.slice(0, 20))).toBeGreaterThan(0);
  });

  it('and what follows it make the same image again', async () => {
    const before = await grown();
    await before.close();
    const after = await open(small);
    expect(withoutPosition(after.image)).toEqual(withoutPosition(before.image));
    expect(after.image).toMatchObject({ offset: before.image.offset + 1, epoch: 2 });
    const endOffset = Number(disk.list(logFolder)[0]!.slice(0, 20));
    expect(text(`${logFolder}/leader-epoch-checkpoint`)).toBe(
      `0\n2\n1 ${endOffset}\n2 ${after.image.offset}\n`,
    );
  });

  it('that was not finished is removed, and the log still has everything', async () => {
    const before = await filled();
    await before.close();
    disk.writeFile(`${logFolder}/00000000000000000005-0000000001.checkpoint.part`, 'half');
    const after = await open();
    expect(withoutPosition(after.image)).toEqual(withoutPosition(before.image));
    expect(disk.list(logFolder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('without a log behind it is where the log goes on', async () => {
    const before = await grown();
    await before.close();
    const [segment] = disk.list(logFolder).filter((name) => name.endsWith('.log'));
    disk.remove(`${logFolder}/${segment!}`);
    const after = await open(small);
    expect(after.image.topics.size).toBe(1);
    expect(after.image.epoch).toBe(2);
  });

  it('that is damaged is not believed', async () => {
    await (await grown()).close();
    const [name] = disk.list(logFolder).filter((file) => file.endsWith('.checkpoint'));
    const bytes = disk.readFile(`${logFolder}/${name!}`);
    bytes[bytes.length >> 1]! ^= 1;
    disk.writeFile(`${logFolder}/${name!}`, bytes);
    await expect(open()).rejects.toThrow(/\.checkpoint cannot be read/);
  });
});

describe('a folder is refused', () => {
  it('of another node', async () => {
    await (await open()).close();
    await expect(open({ nodeId: 2 })).rejects.toThrow(
      'the data folder /data belongs to node 1, but node.id is 2; use its node.id, or another folder',
    );
  });

  it('of another cluster', async () => {
    await (await open({ clusterId: 'one' })).close();
    await expect(open({ clusterId: 'two' })).rejects.toThrow(
      'belongs to cluster one, but cluster.id is two',
    );
  });

  it('with data of nobody known', async () => {
    disk.makeDirectory(`${folder}/topic-0`);
    await expect(open()).rejects.toThrow('holds topic-0 but no meta.properties');
  });

  it('that is the folder of a partition', async () => {
    const segment = '00000000000000000000.log';
    disk.makeDirectory(folder);
    disk.writeFile(`${folder}/${segment}`, Buffer.alloc(0));
    await expect(open()).rejects.toThrow(`holds ${segment} but no meta.properties`);
    expect(disk.files()).toEqual([`${folder}/${segment}`]);
  });

  const change = (path: string, from: string | RegExp, to: string): void => {
    disk.writeFile(path, text(path).replace(from, to));
  };

  it('with meta.properties of another version', async () => {
    await (await open()).close();
    change(`${folder}/meta.properties`, 'version=1', 'version=2');
    await expect(open()).rejects.toThrow('has version 2; only version 1 is supported');
  });

  it('with a quorum-state of another version, or none', async () => {
    await (await open()).close();
    const path = `${logFolder}/quorum-state`;
    change(path, '"data_version":0', '"data_version":2');
    await expect(open()).rejects.toThrow('has data_version 2');
    disk.writeFile(path, '');
    await expect(open()).rejects.toThrow('is not JSON');
  });

  it('with a metadata version that is not known', async () => {
    const catalog = await open();
    const newer: MetadataRecord = {
      type: 'FeatureLevelRecord',
      version: 0,
      data: { name: 'metadata.version', featureLevel: 31 },
    };
    await catalog.transact(() => ({ records: [newer], result: undefined }));
    await catalog.close();
    await expect(open()).rejects.toThrow('has metadata.version 31; up to 30 is supported');
  });

  it('with records of an unknown type or version', async () => {
    const catalog = await open();
    await put(catalog, '1');
    await catalog.close();
    const { buildBatch } = await import('../../../../src/protocol/record-batch.ts');
    const bytes = disk.readFile(firstSegment);
    const alien = (value: number[]): Buffer =>
      buildBatch({ baseOffset: 9, records: [{ value: Uint8Array.from(value), timestamp: 0 }] });
    for (const [value, message] of [
      [[2, 4, 0], 'framed in version 2'],
      [[1, 99, 0], 'the unknown type 99'],
      [[1, 4, 9], 'a ConfigRecord has the unknown version 9'],
    ] as const) {
      disk.writeFile(firstSegment, Buffer.concat([bytes, alien([...value])]));
      const opening = open();
      await expect(opening).rejects.toThrow(message);
      await expect(opening).rejects.toBeInstanceOf(UnusableFolder);
    }
  });

  it('whose log lacks its beginning', async () => {
    await (await open()).close();
    disk.rename(firstSegment, `${logFolder}/00000000000000000007.log`);
    await expect(open()).rejects.toBeInstanceOf(UnusableFolder);
  });
});

describe('a disk that fails', () => {
  it.each([
    ['write', 'ENOSPC'],
    ['sync', 'EIO'],
  ] as const)(
    'refuses changes in words while a %s fails with %s, no longer',
    async (call, code) => {
      disk.makeDirectory(folder);
      disk.syncDirectory('/');
      const catalog = await open();
      await put(catalog, '1');
      disk.failWith(call, code, { writesBytes: 1000 });
      for (const value of ['2', '3']) {
        await expect(put(catalog, value)).rejects.toMatchObject({
          code: 'KAFKA_STORAGE_ERROR',
          message: expect.stringMatching(`the metadata log cannot be written: ${code}`),
        });
      }
      expect(valueIn(catalog)).toBe('1');
      disk.heal();
      await put(catalog, '4');
      expect(valueIn(catalog)).toBe('4');
      disk = disk.afterPowerCut();
      expect(valueIn(await open())).toBe('4');
    },
  );

  it('does not bring back at the next start what was refused', async () => {
    const catalog = await open();
    await put(catalog, '1');
    disk.failWith('sync', 'EIO', { times: 1 });
    await expect(put(catalog, '2')).rejects.toThrow('EIO');
    disk = disk.copy(); // the batch was whole, but it was taken back
    expect(valueIn(await open())).toBe('1');
  });

  it('may lose the folder: it is written anew from memory', async () => {
    const before = await filled();
    disk.remove(logFolder);
    disk.failWith('write', 'EIO', { times: 1 });
    await expect(put(before, '1')).rejects.toThrow('EIO');
    await put(before, '2');
    await before.close();
    const after = await open();
    expect(valueIn(after)).toBe('2');
    expect(after.image.topics.get('a')?.partitions).toHaveLength(3);
    expect(after.image.epoch).toBeGreaterThan(before.image.epoch);
  });

  it('costs only a snapshot when the log can still be written', async () => {
    const catalog = await open({ snapshotAfterBytes: 1 });
    disk.failWith('rename', 'EIO');
    await put(catalog, '1');
    disk.heal();
    await catalog.close();
    expect(valueIn(await open())).toBe('1');
  });
});
