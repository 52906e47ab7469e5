import { DiskLogStore } from '../../src/storage/disk/disk-log-store.ts';
import type { LogSettings } from '../../src/storage/partition-log.ts';
import { startMs } from './batches.ts';
import { partitionRef } from './log-settings.ts';
import { ManualClock } from './manual-clock.ts';
import type { MemoryDisk } from './memory-disk.ts';
import { SeededRandom } from './seeded-random.ts';

/** How a store ended whose folder is found; true: cleanly, undefined: before its first checkpoint. */
export const endings: readonly [string, boolean | undefined][] = [
  ['after a clean stop', true],
  ['after a kill, with a recovery point', false],
  ['after a kill, without one', undefined],
];

/** Makes what a clean stop left what another ending leaves. */
export function endAs(disk: MemoryDisk, isClean: boolean | undefined): void {
  if (isClean !== true) disk.remove('/data/.kafka_cleanshutdown');
  if (isClean === undefined) disk.remove('/data/recovery-point-offset-checkpoint');
}

/**
 * Opens the log of `orders-0` in /data, an hour after its batches.
 *
 * @param lines  takes what the store says
 */
export async function openFound(disk: MemoryDisk, settings: LogSettings, lines: string[] = []) {
  const clock = new ManualClock(startMs + 3_600_000);
  const say = (text: string, fields?: unknown) => {
    lines.push(`${text} ${JSON.stringify(fields)}`);
  };
  const logger = { debug: say, info: say, warn: say, error: say };
  const random = new SeededRandom(2);
  const store = new DiskLogStore({ clock, random, disk, root: '/data', logger });
  return { store, log: await store.open(partitionRef(), settings) };
}
