import type { Logger } from '../../../../src/host/logger.ts';
import type { ByteRange } from '../../../../src/protocol/byte-range.ts';
import type { BatchHeader, BatchInput } from '../../../../src/protocol/record-batch.ts';
import { buildBatch, readBatchHeader, readRecords } from '../../../../src/protocol/record-batch.ts';
import type { CleanableLog } from '../../../../src/storage/cleaner/cleanable-log.ts';
import type { CleanerSettings } from '../../../../src/storage/cleaner/cleaner-settings.ts';
import { defaultCleanerSettings } from '../../../../src/storage/cleaner/cleaner-settings.ts';
import { LogCleaner } from '../../../../src/storage/cleaner/log-cleaner.ts';
import { LargeBatches } from '../../../../src/storage/large-batches.ts';
import { DiskLogStore } from '../../../../src/storage/disk/disk-log-store.ts';
import type { LogStore } from '../../../../src/storage/log-store.ts';
import { MemoryLogStore } from '../../../../src/storage/memory/memory-log-store.ts';
import type { LogSettings, PartitionLog } from '../../../../src/storage/partition-log.ts';
import type { Segment } from '../../../../src/storage/segment.ts';
import { marker, rangeOf, startMs } from '../../../support/batches.ts';
import { logSettings, partitionRef } from '../../../support/log-settings.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { MemoryDisk } from '../../../support/memory-disk.ts';
import { SeededRandom } from '../../../support/seeded-random.ts';

/** Key and value; a null value is a tombstone. */
export type Entry = readonly [key: string | null, value: string | null];

export interface StoredBatch extends BatchHeader {
  readonly records: readonly { readonly offset: number; readonly entry: Entry }[];
}

export type TestLog = PartitionLog & CleanableLog;

/** A compacted log and a cleaner that works when a test says so. */
export class CleaningFixture {
  readonly clock = new ManualClock(startMs);
  readonly random = new SeededRandom(7);
  readonly checkpoint = new Map<CleanableLog, number>();
  readonly logged: string[] = [];
  readonly largeBatches = new LargeBatches(this.clock, () => undefined);
  settings: CleanerSettings = defaultCleanerSettings;
  cleaner: LogCleaner;
  store: LogStore;
  log!: TestLog;

  constructor(
    readonly engine: 'memory' | 'disk',
    public disk = new MemoryDisk(),
  ) {
    this.store = this.newStore();
    this.cleaner = this.newCleaner();
  }

  async open(changes: Partial<LogSettings> = {}, topicName = 'orders'): Promise<TestLog> {
    const settings = logSettings({ ...compacted, ...changes });
    const ref = { ...partitionRef(topicName), topicId: topicName.padEnd(22, 'A') };
    this.log = (await this.store.open(ref, settings)) as TestLog;
    this.log.becomeLeader(Math.max(0, this.log.latestEpoch ?? 0));
    return this.log;
  }

  newStore(): LogStore {
    const { clock, random, disk } = this;
    return this.engine === 'disk'
      ? new DiskLogStore({ clock, random, disk, root: '/data' })
      : new MemoryLogStore({ clock, random });
  }

  /** Ends the process cleanly and begins another one. */
  async restart(changes: Partial<LogSettings> = {}): Promise<TestLog> {
    await this.store.close();
    this.store = this.newStore();
    return this.open(changes);
  }

  newCleaner(logs: () => Iterable<CleanableLog> = () => [this.log]): LogCleaner {
    const { clock, random, checkpoint } = this;
    const note = (words: string): void => void this.logged.push(words);
    const logger: Logger = { debug: note, info: note, warn: note, error: note };
    return new LogCleaner({
      clock,
      random,
      logger,
      settings: () => this.settings,
      logs,
      largeBatches: this.largeBatches,
      checkpoint: {
        cleanedUntil: (log) => this.checkpoint.get(log),
        onCleaned: (log, offset) => checkpoint.set(log, offset),
      },
    });
  }

  /** Appends a batch of entries as a client. */
  async put(entries: readonly Entry[], changes: BatchChanges = {}): Promise<number> {
    return this.append(batchOfEntries(entries, changes));
  }

  async append(batch: ByteRange, origin: 'client' | 'coordinator' = 'client'): Promise<number> {
    const leaderEpoch = this.log.leaderEpoch;
    const ticket = this.log.append(batch, { leaderEpoch, origin, verification: 'off' });
    await ticket.commit.done;
    return ticket.baseOffset;
  }

  async end(type: 'ABORT' | 'COMMIT', producerId: number): Promise<number> {
    return this.append(marker(type, producerId, 0), 'coordinator');
  }

  /** The next batch begins a new segment; this one is that batch, with a key of its own. */
  async roll(): Promise<void> {
    const { settings } = this.log;
    const batch = batchOfEntries([[`roll${this.log.logEndOffset}`, 'r']]);
    this.log.updateSettings({ ...settings, segmentBytes: batch.end });
    await this.append(batch);
    this.log.updateSettings(settings);
  }

  /** Closes the active segment and cleans all that is due. */
  async clean(): Promise<void> {
    await this.roll();
    await this.cleaner.run();
  }

  get segments(): readonly Segment[] {
    return this.log.allSegments;
  }

  /** All batches of the log as they are stored, those without records too. */
  async batches(): Promise<StoredBatch[]> {
    const found: StoredBatch[] = [];
    for (const segment of this.segments) {
      if (segment.readableSize === 0) continue;
      const region = await segment.medium.read(0, segment.readableSize, false);
      for (const { buffer, start, end } of region.ranges) {
        for (let at = start; at < end;) {
          const header = readBatchHeader(buffer, at);
          const range = { buffer, start: at, end: at + header.sizeInBytes };
          const records = readRecords(range).map(({ offset, key, value }) => {
            const entry: Entry = [key?.toString() ?? null, value?.toString() ?? null];
            return { offset, entry };
          });
          found.push({ ...header, records });
          at += header.sizeInBytes;
        }
      }
      region.release();
    }
    return found;
  }

  /** Offset, key and value of all records of data, but for those that `roll` made. */
  async records(): Promise<[number, string | null, string | null][]> {
    const records: [number, string | null, string | null][] = [];
    for (const batch of await this.batches()) {
      if (batch.isControl) continue;
      for (const { offset, entry } of batch.records) {
        if (entry[0]?.startsWith('roll') !== true) records.push([offset, ...entry]);
      }
    }
    return records;
  }

  async close(): Promise<void> {
    await this.cleaner.stop();
    await this.store.close();
  }
}

const compacted: Partial<LogSettings> = {
  cleanupCompact: true,
  cleanupDelete: false,
  minCleanableDirtyRatio: 0,
  segmentBytes: 100_000,
  indexIntervalBytes: 200,
};

export type BatchChanges = Partial<BatchInput> & { readonly timestamp?: number };

export function batchOfEntries(entries: readonly Entry[], changes: BatchChanges = {}): ByteRange {
  const { timestamp = startMs, ...rest } = changes;
  return rangeOf(
    buildBatch({
      records: entries.map(([key, value]) => ({
        timestamp,
        key: key === null ? null : Buffer.from(key),
        value: value === null ? null : Buffer.from(value),
      })),
      ...rest,
    }),
  );
}

/** What makes a batch one of a transaction. */
export const inTransaction = (producerId: number, baseSequence: number): BatchChanges => ({
  producerId,
  producerEpoch: 0,
  baseSequence,
  isTransactional: true,
});
