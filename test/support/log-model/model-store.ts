import type { CleanableLog } from '../../../src/storage/cleaner/cleanable-log.ts';
import { DiskLogStore } from '../../../src/storage/disk/disk-log-store.ts';
import { logSettings } from '../log-settings.ts';
import type { Faults } from '../memory-disk.ts';
import type { SeededRandom } from '../seeded-random.ts';

const never = 2 ** 53;

/** With a cleaner that works when it is told to. */
export class ModelStore extends DiskLogStore {
  async clean(): Promise<void> {
    await this.cleaner?.run();
  }

  override cleanedUntil(log: CleanableLog): number | undefined {
    return super.cleanedUntil(log);
  }
}

export function isOfSystem(error: unknown, faults: Faults | undefined): error is Error {
  const { code } = error as { code?: string };
  return code !== undefined && faults?.codes.includes(code) === true;
}

export function someSettings(random: SeededRandom) {
  const policy = random.pick(['delete', 'delete', 'compact', 'compact,delete'] as const);
  return logSettings({
    cleanupDelete: policy !== 'compact',
    cleanupCompact: policy !== 'delete',
    minCleanableDirtyRatio: random.pick([0, 0, 0.5]),
    minCompactionLagMs: random.pick([0, 0, 30_000]),
    deleteRetentionMs: random.pick([0, 5000, 100_000]),
    segmentBytes: random.pick([1500, 3000, 6000]),
    segmentMs: random.pick([never, 60_000]),
    indexIntervalBytes: random.pick([1, 300, 1000, 4096]),
    retentionMs: random.pick([-1, 120_000]),
    retentionBytes: random.pick([-1, -1, 5000]),
    timestampType: random.pick(['CreateTime', 'CreateTime', 'LogAppendTime']),
    fileDeleteDelayMs: random.pick([0, 1000, 60_000]),
    flushMessages: random.pick([1, 1, 7, never]),
    flushMs: random.pick([never, 5000]),
    producerIdExpirationMs: never,
  });
}
