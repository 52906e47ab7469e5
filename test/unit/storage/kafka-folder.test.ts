import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { DiskLogStore } from '../../../src/storage/disk/disk-log-store.ts';
import { decodeSnapshot, encodeSnapshot } from '../../../src/storage/producer-snapshot.ts';
import { batchOf, valuesFrom } from '../../support/batches.ts';
import { logSettings } from '../../support/log-settings.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemoryDisk } from '../../support/memory-disk.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

const source = join(__dirname, '../../data/kafka-log-dir');
const partition = '/data/small-0';

/** A disk with the log directory that Apache Kafka 4.3.1 wrote (see its README). */
function kafkaDisk(): MemoryDisk {
  const disk = new MemoryDisk();
  disk.makeDirectory(partition);
  for (const name of readdirSync(source)) {
    if (name === 'small-0' || name === 'README.md') continue;
    disk.writeFile(`/data/${name}`, readFileSync(join(source, name)));
  }
  for (const name of readdirSync(join(source, 'small-0'))) {
    disk.writeFile(`${partition}/${name}`, readFileSync(join(source, 'small-0', name)));
  }
  return disk;
}

async function open(disk: MemoryDisk) {
  // The producers' last batches are a second old.
  const clock = new ManualClock(1_795_621_600_000);
  const store = new DiskLogStore({ clock, random: new SeededRandom(1), disk, root: '/data' });
  const ref = store.existing()[0]!;
  return { store, ref, log: await store.open(ref, logSettings()) };
}

describe('a folder that Apache Kafka wrote', () => {
  let disk: MemoryDisk;
  beforeEach(() => {
    disk = kafkaDisk();
  });

  test('is opened with its offsets, epochs and producers', async () => {
    const { store, ref, log } = await open(disk);
    expect(store.wasStoppedCleanly).toBe(true);
    expect(ref).toMatchObject({ topicName: 'small', partition: 0 });
    const { logStartOffset, lastStableOffset, highWatermark, logEndOffset, latestEpoch } = log;
    expect([logStartOffset, lastStableOffset, highWatermark, logEndOffset]).toEqual([
      0, 508, 508, 508,
    ]);
    expect(latestEpoch).toBe(0);
    expect(log.activeProducers().map(({ lastSequence }) => lastSequence)).toContain(299);
    // 500 records and the markers of 8 transactions.
    expect(await valuesFrom(log, 0, 'lastStableOffset')).toHaveLength(508);
    await store.close();
  });

  test('opened and closed again it is the same to the byte', async () => {
    const { store } = await open(disk);
    await store.close();
    for (const path of kafkaDisk().files()) {
      if (path.endsWith('.kafka_cleanshutdown')) continue; // it names the broker's epoch
      expect([path, disk.readFile(path)]).toEqual([path, kafkaDisk().readFile(path)]);
    }
  });

  test('recovered without indexes and snapshot, the same come back', async () => {
    for (const path of disk.files()) {
      if (/index$|snapshot$|leader-epoch|cleanshutdown|recovery-point/.test(path)) {
        disk.remove(path);
      }
    }
    const { store } = await open(disk);
    await store.close();
    for (const path of kafkaDisk()
      .files()
      .filter((each) => /index$|leader-epoch/.test(each))) {
      expect([path, disk.readFile(path)]).toEqual([path, kafkaDisk().readFile(path)]);
    }
    const snapshot = `${partition}/00000000000000000508.snapshot`;
    const byId = (bytes: Buffer) =>
      decodeSnapshot(bytes).sort((a, b) => a.producerId - b.producerId);
    const [ours, kafkas] = [disk, kafkaDisk()].map((each) => byId(each.readFile(snapshot)));
    // The order of rows is that of a hash map, the remembered batches are more than a file holds.
    expect(encodeSnapshot(ours!, ours!.length)).toEqual(encodeSnapshot(kafkas!, kafkas!.length));
  });

  test('takes appends', async () => {
    const { store, log } = await open(disk);
    log.becomeLeader(1);
    await log.append(batchOf(['ours']), { leaderEpoch: 1, origin: 'client' }).commit.done;
    await store.close();
    const again = await open(disk);
    expect((await valuesFrom(again.log, 500)).at(-1)).toBe('ours');
    expect(again.log.endOffsetForEpoch(0)).toEqual({ leaderEpoch: 0, endOffset: 508 });
    await again.store.close();
  });
});
