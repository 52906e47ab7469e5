import { DiskLogStore } from '../../../src/storage/disk/disk-log-store.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemoryDisk } from '../../support/memory-disk.ts';
import { SeededRandom } from '../../support/seeded-random.ts';
import { logStoreContract } from './log-store-contract.ts';

logStoreContract('DiskLogStore', () => {
  const clock = new ManualClock();
  const disk = new MemoryDisk(() => clock.wallMs());
  const random = new SeededRandom(1);
  return { clock, store: new DiskLogStore({ clock, random, disk, root: '/data' }) };
});
