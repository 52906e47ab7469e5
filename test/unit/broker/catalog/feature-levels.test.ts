import { expect, it } from '@jest/globals';
import {
  decideBrokersJoin,
  decideBrokerStopped,
} from '../../../../src/broker/catalog/decide-brokers.ts';
import { FileCatalog } from '../../../../src/broker/catalog/file-catalog.ts';
import { readMetadataBatches } from '../../../../src/broker/catalog/metadata-batches.ts';
import { featureFinalized } from '../../../../src/broker/catalog/metadata-record.ts';
import { decodeSnapshot, encodeSnapshot } from '../../../../src/broker/catalog/snapshot-file.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { MemoryDisk } from '../../../support/memory-disk.ts';
import { SeededRandom } from '../../../support/seeded-random.ts';
import { createTopic, registration } from '../../../support/test-cluster.ts';

const folder = '/data';
const logFolder = `${folder}/__cluster_metadata-0`;

it.each([
  ['4.3', 30, { RegisterBrokerRecord: 4, PartitionRecord: 2, PartitionChangeRecord: 2 }],
  ['4.0', 25, { RegisterBrokerRecord: 3, PartitionRecord: 2, PartitionChangeRecord: 2 }],
  ['3.9', 21, { RegisterBrokerRecord: 3, PartitionRecord: 1, PartitionChangeRecord: 1 }],
  ['3.6', 14, { RegisterBrokerRecord: 2, PartitionRecord: 0, PartitionChangeRecord: 0 }],
  ['3.3', 7, { RegisterBrokerRecord: 1, PartitionRecord: 0, PartitionChangeRecord: 0 }],
])('a folder of release %s gets records that it reads', async (_release, level, versions) => {
  const disk = new MemoryDisk();
  const open = () => {
    const [clock, random] = [new ManualClock(), new SeededRandom(1)];
    return FileCatalog.open({ disk, clock, random, folder, nodeId: 1, snapshotAfterBytes: 3_000 });
  };
  await (await open()).close();
  for (const path of disk.files()) if (path.startsWith(logFolder)) disk.remove(path);
  const formatted = [featureFinalized('metadata.version', level)];
  const times = { epoch: 0, lastContained: 0, now: 0 };
  disk.writeFile(`${folder}/bootstrap.checkpoint`, encodeSnapshot(formatted, times));

  const catalog = await open();
  expect(catalog.image.configs.size).toBe(0); // no default min.insync.replicas without KIP-966
  const joining = [registration(1, { directories: [catalog.directoryId] })];
  await catalog.transact((image) => decideBrokersJoin(image, joining));
  await createTopic(catalog, 'a', { numPartitions: 3 });
  await catalog.transact((image) => decideBrokerStopped(image, 1));
  await catalog.transact((image) => decideBrokersJoin(image, joining));

  const written = versionsOf([...records(disk, '.log')]);
  expect(written).toEqual(versions);
  for (let n = 0; !disk.list(logFolder).some((name) => name.endsWith('.checkpoint')); n++) {
    await createTopic(catalog, `b${n}`, { numPartitions: 3 });
  }
  await catalog.close();
  const { RegisterBrokerRecord, PartitionRecord } = versions;
  expect(versionsOf([...records(disk, '.checkpoint')])).toEqual({
    RegisterBrokerRecord,
    PartitionRecord,
  });
  const image = (await open()).image;
  expect(image.topics.get('a')?.partitions).toHaveLength(3);
});

function* records(disk: MemoryDisk, suffix: string) {
  for (const name of disk.list(logFolder).filter((file) => file.endsWith(suffix))) {
    const bytes = disk.readFile(`${logFolder}/${name}`);
    if (suffix === '.checkpoint') yield* decodeSnapshot(bytes, name).records;
    else for (const batch of readMetadataBatches(bytes)) yield* batch.records;
  }
}

const asked = ['RegisterBrokerRecord', 'PartitionRecord', 'PartitionChangeRecord'];

function versionsOf(all: readonly { readonly type: string; readonly version: number }[]) {
  return Object.fromEntries(
    all.filter(({ type }) => asked.includes(type)).map(({ type, version }) => [type, version]),
  );
}
