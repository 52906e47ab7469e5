import { beforeEach, describe, expect, it } from '@jest/globals';
import { decideBrokersJoin } from '../../../../src/broker/catalog/decide-brokers.ts';
import { guestDirectory } from '../../../../src/broker/catalog/directory-id.ts';
import { FileCatalog } from '../../../../src/broker/catalog/file-catalog.ts';
import type { FileCatalogOptions } from '../../../../src/broker/catalog/file-catalog.ts';
import {
  leaderChangeBatch,
  metadataBatch,
} from '../../../../src/broker/catalog/metadata-batches.ts';
import { configChanged, featureFinalized } from '../../../../src/broker/catalog/metadata-record.ts';
import type { MetadataRecord } from '../../../../src/broker/catalog/metadata-record.ts';
import { decodeSnapshot, encodeSnapshot } from '../../../../src/broker/catalog/snapshot-file.ts';
import { UnusableFolder } from '../../../../src/broker/catalog/unusable-folder.ts';
import { BrokerConfig } from '../../../../src/broker/config/broker-config.ts';
import { openDiskEngine } from '../../../../src/broker/disk-engine.ts';
import { LeveledLogger } from '../../../../src/host/leveled-logger.ts';
import { silentLogger } from '../../../../src/host/logger.ts';
import { encode } from '../../../../src/protocol/codec.ts';
import { buildControlBatch } from '../../../../src/protocol/control-record.ts';
import { leaderChangeMessage } from '../../../../src/protocol/records/control-records.ts';
import type { VotersRecord } from '../../../../src/protocol/records/control-records.ts';
import { buildBatch } from '../../../../src/protocol/record-batch.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { MemoryDisk } from '../../../support/memory-disk.ts';
import { SeededRandom } from '../../../support/seeded-random.ts';
import { createTopic, registration, uuidSource } from '../../../support/test-cluster.ts';

const folder = '/data';
const logFolder = `${folder}/__cluster_metadata-0`;
const firstSegment = `${logFolder}/00000000000000000000.log`;
const quiet = new LeveledLogger(silentLogger, 'info');
let disk = new MemoryDisk();

beforeEach(() => {
  disk = new MemoryDisk();
});

function open(more: Partial<FileCatalogOptions> = {}): Promise<FileCatalog> {
  const [clock, random] = [new ManualClock(), new SeededRandom(1)];
  return FileCatalog.open({ disk, clock, random, folder, nodeId: 1, ...more });
}

async function write(...records: MetadataRecord[]): Promise<void> {
  const catalog = await open();
  await catalog.transact(() => ({ records, result: undefined }));
  await catalog.close();
}

/** Appends a batch to the only segment, as somebody else may have. */
function append(make: (baseOffset: number) => Buffer): void {
  const bytes = disk.readFile(firstSegment);
  let end = 0;
  for (let at = 0; at < bytes.length; at += 12 + bytes.readInt32BE(at + 8)) {
    end = Number(bytes.readBigInt64BE(at)) + bytes.readInt32BE(at + 23) + 1;
  }
  disk.writeFile(firstSegment, Buffer.concat([bytes, make(end)]));
}

const contents = (): Map<string, string> =>
  new Map(
    disk
      .files()
      .filter((path) => path !== `${folder}/.lock`) // a real disk removes it again
      .map((path) => [path, disk.readFile(path).toString('hex')]),
  );

/** Starts a broker's engine on the folder, which must be refused and stay as it is to the byte. */
async function refusal(dataDir: string | string[] = folder): Promise<string> {
  disk.writeFile(`${folder}/.kafka_cleanshutdown`, '{"version":0,"brokerEpoch":3}');
  const before = contents();
  const config = new BrokerConfig({ properties: {}, brokers: 1 });
  const around = { clock: new ManualClock(), random: new SeededRandom(2), logger: quiet };
  const opening = openDiskEngine({ dataDir, disk }, config, around);
  const error: unknown = await opening.then(
    () => 'opened',
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UnusableFolder);
  expect(contents()).toEqual(before);
  return (error as Error).message;
}

const place = (baseOffset: number) => ({ baseOffset, epoch: 1, timestamp: 0 });

describe('a folder that cannot be carried on is refused before anything in it changes:', () => {
  it('one with several controllers', async () => {
    await write();
    const voters = [{ voterId: 1 }, { voterId: 2 }, { voterId: 3 }];
    const message = { version: 0, leaderId: 2, voters, grantingVoters: voters };
    const value = encode(leaderChangeMessage, 0, message);
    append((baseOffset) =>
      buildControlBatch({ type: 'LEADER_CHANGE', value, timestamp: 0, baseOffset }),
    );
    expect(await refusal()).toBe(
      'the data folder /data is of node 1 together with the controllers 2, 3; ' +
        'only the folder of a single node that is broker and controller can be taken over',
    );
  });

  it('one of a node that is only a broker', async () => {
    await write();
    append((baseOffset) => leaderChangeBatch(100, place(baseOffset)));
    expect(await refusal()).toContain('is of node 1 without a vote among the controllers 100');
  });

  it('one whose quorum-state names other voters, in an otherwise empty log', async () => {
    await write();
    disk.remove(firstSegment);
    const state = { leaderId: -1, leaderEpoch: 3, votedId: 2, currentVoters: [{ voterId: 2 }] };
    disk.writeFile(`${logFolder}/quorum-state`, JSON.stringify({ ...state, data_version: 0 }));
    expect(await refusal()).toContain('without a vote among the controllers 2');
  });

  it('one whose replicas other brokers hold', async () => {
    const catalog = await open();
    const joining = [registration(1, { directories: [catalog.directoryId] }), registration(2)];
    await catalog.transact((image) => decideBrokersJoin(image, joining));
    await createTopic(catalog, 'a', { replicationFactor: 2 });
    await catalog.close();
    expect(await refusal()).toBe(
      'the data folder /data is one of several: the brokers 2 hold replicas too (a-0, for one); ' +
        'only the folder of a single node can be taken over',
    );
  });

  it.each([
    ['metadata.version', 31, 'has metadata.version 31; up to 30 is supported'],
    ['metadata.version', 6, 'has metadata.version 6; from 7 on is supported'],
    ['transaction.version', 3, 'has transaction.version 3; up to 2 is supported'],
    ['magic.version', 1, 'has the feature magic.version, which is not known'],
  ])('one with %s %d', async (name, level, words) => {
    await write(featureFinalized(name, level));
    expect(await refusal()).toContain(words);
  });

  it('one of a cluster between ZooKeeper and KRaft', async () => {
    await write({ type: 'ZkMigrationStateRecord', version: 0, data: { zkMigrationState: 2 } });
    expect(await refusal()).toContain('migration from ZooKeeper is under way');
  });

  it('one with tiered topics', async () => {
    const catalog = await open();
    await createTopicOn(catalog, 'cold');
    await catalog.close();
    await write(configChanged('TOPIC', 'cold', 'remote.storage.enable', 'true'));
    expect(await refusal()).toContain('tiered topics, whose older segments are not in it: cold');
  });

  it('one in the middle of a move between directories', async () => {
    await write();
    disk.makeDirectory(`${folder}/a-0.0123456789abcdef0123456789abcdef-future`);
    expect(await refusal()).toContain('holds the unfinished move of a-0 to it from another log');
  });

  it('several directories, one of them in the middle of such a move', async () => {
    await write();
    disk.makeDirectory(`/other/a-0.0123456789abcdef0123456789abcdef-future`);
    expect(await refusal([folder, '/other'])).toContain(
      'the data folder /other holds the unfinished move of a-0',
    );
  });

  it('one of the time of ZooKeeper', async () => {
    disk.makeDirectory(folder);
    disk.writeFile(`${folder}/meta.properties`, 'version=0\nbroker.id=1\ncluster.id=x\n');
    expect(await refusal()).toBe(
      '/data/meta.properties has version 0; only version 1 is supported',
    );
  });

  it('one with records of an unknown kind', async () => {
    await write();
    append((baseOffset) =>
      buildBatch({ baseOffset, records: [{ value: Uint8Array.of(1, 99, 0), timestamp: 0 }] }),
    );
    expect(await refusal()).toMatch(
      /00000\.log cannot be read behind offset \d+: .* unknown type 99/,
    );
  });

  it('one that speaks of what never was', async () => {
    await write();
    const change = configChanged('TOPIC', 'a', 'x', 'y');
    append((baseOffset) =>
      metadataBatch(
        [change, { type: 'RemoveTopicRecord', version: 0, data: { topicId: uuidSource(5)() } }],
        place(baseOffset),
      ),
    );
    expect(await refusal()).toContain('contradicts itself: the catalog speaks of the topic');
  });

  it('one whose voter has another directory', async () => {
    await dynamic(uuidSource(3)());
    expect(await refusal()).toContain('it may have been put together from two folders');
  });

  it('one of a quorum of two voters that are records', async () => {
    await dynamic(uuidSource(3)(), uuidSource(4)());
    expect(await refusal()).toContain('together with the controllers 2');
  });
});

async function createTopicOn(catalog: FileCatalog, name: string): Promise<void> {
  const joining = [registration(1, { directories: [catalog.directoryId] })];
  await catalog.transact((image) => decideBrokersJoin(image, joining));
  await createTopic(catalog, name);
}

/** A folder as `kafka-storage format --standalone` leaves it; the voters are 1, 2 and so on. */
async function dynamic(...directories: string[]): Promise<VotersRecord> {
  await (await open()).close();
  const own = disk.readFile(`${folder}/meta.properties`).toString();
  const directoryId = /directory\.id=(.*)/.exec(own)?.[1] ?? '';
  for (const path of disk.files()) if (path.startsWith(logFolder)) disk.remove(path);
  const votersRecord: VotersRecord = {
    version: 0,
    voters: (directories.length > 0 ? directories : [directoryId]).map((id, index) => ({
      voterId: index + 1,
      voterDirectoryId: id,
      endpoints: [{ name: 'CONTROLLER', host: 'localhost', port: 9093 }],
      kRaftVersionFeature: { minSupportedVersion: 0, maxSupportedVersion: 1 },
    })),
  };
  const quorum = { kraftVersion: 1, voterIds: undefined, votersRecord };
  const snapshot = encodeSnapshot([], { epoch: 0, lastContained: 0, now: 0 }, quorum);
  disk.writeFile(`${logFolder}/00000000000000000000-0000000000.checkpoint`, snapshot);
  return votersRecord;
}

describe('a folder whose voter is a record', () => {
  it('stays one over restarts and snapshots', async () => {
    const votersRecord = await dynamic();
    for (let round = 0; round < 3; round++) {
      const catalog = await open({ snapshotAfterBytes: 500 });
      for (let n = 0; n < 10; n++) {
        const records = [configChanged('TOPIC', 't', 'k', String(n))];
        await catalog.transact(() => ({ records, result: undefined }));
      }
      await catalog.close();
    }
    const state = JSON.parse(disk.readFile(`${logFolder}/quorum-state`).toString()) as object;
    expect(state).toMatchObject({ leaderId: 1, leaderEpoch: 3, data_version: 1 });
    const [name = ''] = disk.list(logFolder).filter((file) => file.endsWith('.checkpoint'));
    expect(Number(name.slice(0, 20))).toBeGreaterThan(20);
    const { controls } = decodeSnapshot(disk.readFile(`${logFolder}/${name}`), name);
    expect(controls).toEqual([
      { type: 'SNAPSHOT_HEADER' },
      { type: 'KRAFT_VERSION', level: 1 },
      { type: 'KRAFT_VOTERS', record: votersRecord },
      { type: 'SNAPSHOT_FOOTER' },
    ]);
  });
});

describe('brokers that share the folder', () => {
  it('are told from others by their directories, also when they do not run', async () => {
    const catalog = await open();
    const { directoryId } = catalog;
    const joining = [0, 1, 2].map((index) =>
      registration(1 + index, {
        directories: [index === 0 ? directoryId : guestDirectory(directoryId, index)],
      }),
    );
    await catalog.transact((image) => decideBrokersJoin(image, joining));
    await createTopic(catalog, 'a', { replicationFactor: 3 });
    await catalog.close();
    expect((await open()).image.topics.get('a')?.partitions[0]?.replicas).toHaveLength(3);
  });
});
