import { describe, expect, test } from '@jest/globals';
import { DiskLogStore } from '../../../src/storage/disk/disk-log-store.ts';
import type { LogSettings, PartitionLog } from '../../../src/storage/partition-log.ts';
import { batchOf } from '../../support/batches.ts';
import { logSettings, partitionRef } from '../../support/log-settings.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemoryDisk } from '../../support/memory-disk.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

const recoveryPoints = '/data/recovery-point-offset-checkpoint';
const epochFile = '/data/orders-0/leader-epoch-checkpoint';

async function open(disk: MemoryDisk, changes: Partial<LogSettings> = {}): Promise<PartitionLog> {
  const clock = new ManualClock();
  const store = new DiskLogStore({ clock, random: new SeededRandom(2), disk, root: '/data' });
  return store.open(partitionRef(), logSettings(changes));
}

async function putIn(log: PartitionLog, leaderEpoch: number, values: string[]): Promise<void> {
  if (log.leaderEpoch < leaderEpoch) log.becomeLeader(leaderEpoch);
  for (const value of values) {
    await log.append(batchOf([value]), { leaderEpoch, origin: 'client' }).committed;
  }
}

describe('epochs after a power cut', () => {
  test.each([0, 3, 5])(
    'are known from the first record on when the cut took a deletion back (recovery point %i)',
    async (recoveryPoint) => {
      const disk = new MemoryDisk();
      const log = await open(disk);
      await putIn(log, 0, ['a', 'b']);
      await putIn(log, 1, ['c', 'd', 'e']);
      await log.deleteBefore(3);
      await putIn(log, 2, ['f']);
      expect(disk.readFile(epochFile).toString()).toBe('0\n2\n1 3\n2 5\n');
      const left = disk.copy();
      left.remove('/data/log-start-offset-checkpoint');
      left.writeFile(recoveryPoints, `0\n1\norders 0 ${recoveryPoint}\n`);
      const again = await open(left);
      expect(again.logStartOffset).toBe(0);
      const epochs = [0, 1, 2, 3, 4, 5].map((offset) => again.epochForOffset(offset));
      expect(epochs).toEqual([0, 0, 1, 1, 1, 2]);
      expect(again.endOffsetForEpoch(0)).toEqual({ leaderEpoch: 0, endOffset: 2 });
    },
  );

  test.each([0, 2])(
    'are those of the batches, whatever was begun in their place (recovery point %i)',
    async (recoveryPoint) => {
      const disk = new MemoryDisk();
      await putIn(await open(disk), 0, ['a', 'b', 'c', 'd']);
      const left = disk.copy();
      // The last two were cut off, and a leader began there; the file's end was not durable.
      left.writeFile(epochFile, '0\n2\n0 0\n5 2\n');
      left.writeFile(recoveryPoints, `0\n1\norders 0 ${recoveryPoint}\n`);
      const again = await open(left);
      expect(again.logEndOffset).toBe(4);
      expect([1, 2, 3].map((offset) => again.epochForOffset(offset))).toEqual([0, 0, 0]);
      await putIn(again, 6, ['e']);
      expect(again.endOffsetForEpoch(0)).toEqual({ leaderEpoch: 0, endOffset: 4 });
    },
  );
});
