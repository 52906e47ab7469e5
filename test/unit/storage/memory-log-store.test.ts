import { MemoryLogStore } from '../../../src/storage/memory/memory-log-store.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { SeededRandom } from '../../support/seeded-random.ts';
import { logStoreContract } from './log-store-contract.ts';

logStoreContract('MemoryLogStore', () => {
  const clock = new ManualClock();
  return { clock, store: new MemoryLogStore({ clock, random: new SeededRandom(1) }) };
});
