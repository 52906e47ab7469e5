import { beforeAll, describe, expect, test } from '@jest/globals';
import { DiskLogStore } from '../../../../src/storage/disk/disk-log-store.ts';
import type { LogSettings, PartitionRef } from '../../../../src/storage/partition-log.ts';
import { batchesIn, errorsOf, flip, readAll } from '../../../support/bit-rot.ts';
import { startMs } from '../../../support/batches.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import type { MemoryDisk } from '../../../support/memory-disk.ts';
import { SeededRandom } from '../../../support/seeded-random.ts';
import { CleaningFixture } from './cleaning-fixture.ts';

const folder = '/data/orders-0';

/** A log that was compacted, cleanly closed. */
interface Compacted {
  readonly disk: MemoryDisk;
  readonly ref: PartitionRef;
  readonly settings: LogSettings;
  /** All batches that a consumer gets. */
  readonly bytes: Buffer;
  /** Its files of records, but for the one that was open. */
  readonly closed: readonly string[];
}

async function compact(indexIntervalBytes: number): Promise<Compacted> {
  const fixture = new CleaningFixture('disk');
  const log = await fixture.open({ segmentBytes: 6000, indexIntervalBytes });
  const random = new SeededRandom(5);
  for (let i = 0; i < 900; i++) {
    if (i === 500) log.becomeLeader(3);
    const key = random.below(3) === 0 ? `once${i}` : `often${random.below(20)}`;
    await fixture.put([[key, `${i}`.repeat(1 + (i % 20))]], { timestamp: startMs + i });
  }
  await fixture.clean();
  const { ref, settings } = log;
  await fixture.close();
  const { disk } = fixture;
  const files = disk.files().filter((path) => path.endsWith('.log'));
  const { bytes } = await consume(disk, ref, settings);
  return { disk, ref, settings, bytes, closed: files.slice(0, -1) };
}

async function consume(disk: MemoryDisk, ref: PartitionRef, settings: LogSettings) {
  const clock = new ManualClock(startMs);
  const store = new DiskLogStore({ clock, random: new SeededRandom(1), disk, root: '/data' });
  return readAll(await store.open(ref, settings), 0, 30_000);
}

/** Whether the bit makes a batch claim other offsets of the gap that lies around it. */
function movesWithinGap(disk: MemoryDisk, path: string, bit: number): boolean {
  const batches = batchesIn(disk.readFile(path));
  const i = batches.findLastIndex(({ position }) => position <= bit >> 3);
  const { position, baseOffset, endOffset } = batches[i]!;
  const bitOfOffset = 63 - ((bit >> 3) - position) * 8 - (7 - (bit & 7));
  if (bitOfOffset < 0) return false;
  const moved = baseOffset ^ (2 ** bitOfOffset);
  const before = batches[i - 1]?.endOffset ?? 0;
  const next = batches[i + 1]?.baseOffset ?? Infinity;
  return moved >= before && moved + endOffset - baseOffset <= next;
}

/** Whether the index has a row for the batch that holds the bit. */
function isIndexed(disk: MemoryDisk, path: string, bit: number): boolean {
  const { position } = batchesIn(disk.readFile(path)).findLast(
    (each) => each.position <= bit >> 3,
  )!;
  const rows = disk.readFile(path.replace('.log', '.index'));
  for (let at = 4; at < rows.length; at += 8) if (rows.readInt32BE(at) === position) return true;
  return false;
}

describe.each([300, 1])(
  'one bit of a compacted log turns over, index.interval.bytes=%i',
  (interval) => {
    let log: Compacted;

    beforeAll(async () => {
      log = await compact(interval);
    });

    test('five hundred times: found by a read, or by a check wherever an index knows the batch', async () => {
      const { disk: whole, ref, settings, bytes, closed } = log;
      expect(await errorsOf(whole, folder, true)).toEqual([]);
      const random = new SeededRandom(78);
      let [byRead, byCheckOnly, unseen] = [0, 0, 0];
      for (let round = 0; round < 500; round++) {
        const disk = whole.copy();
        const path = random.pick(closed);
        // Half of them in low bytes of the offset, which no checksum covers.
        const batch = random.pick(batchesIn(disk.readFile(path)));
        const bit =
          round % 2 === 0
            ? random.below(disk.stat(path)!.size * 8)
            : (batch.position + 6) * 8 + random.below(16);
        flip(disk, path, bit);
        const found = await errorsOf(disk, folder, true);
        const read = await consume(disk, ref, settings);
        const context = `round ${round}: bit ${bit} of ${path}`;
        if (read.code !== undefined) {
          expect([context, read.code]).toEqual([context, 'CORRUPT_MESSAGE']);
          byRead++;
        } else if (found.length > 0) byCheckOnly++;
        else if (!read.bytes.equals(bytes)) {
          // Kafka's formats do not say a second time where such a batch begins.
          unseen++;
          const why = [movesWithinGap(whole, path, bit), isIndexed(whole, path, bit)];
          expect([context, ...why]).toEqual([context, true, false]);
        }
      }
      expect(byRead).toBeGreaterThan(450);
      expect(byCheckOnly).toBeGreaterThan(5);
      expect(unseen).toBeLessThan(interval === 1 ? 3 : 25);
    });
  },
);
