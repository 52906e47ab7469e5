import { describe, expect, test } from '@jest/globals';
import { DiskLogStore } from '../../../src/storage/disk/disk-log-store.ts';
import type { LogStore } from '../../../src/storage/log-store.ts';
import { MemoryLogStore } from '../../../src/storage/memory/memory-log-store.ts';
import type { PartitionLog } from '../../../src/storage/partition-log.ts';
import { batchOf, startMs, valuesFrom } from '../../support/batches.ts';
import { logSettings, partitionRef } from '../../support/log-settings.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { MemoryDisk } from '../../support/memory-disk.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

/**
 * Random work on a log beside an array that holds what the log must hold. On disk the process stops
 * cleanly or dies now and then.
 */
class Model {
  private readonly clock = new ManualClock();
  private readonly random: SeededRandom;
  private readonly values: { value: string; timestamp: number }[] = [];
  private disk = new MemoryDisk();
  private store!: LogStore;
  private log!: PartitionLog;
  private start = 0;
  private epoch = 0;

  constructor(
    seed: number,
    private readonly onDisk: boolean,
  ) {
    this.random = new SeededRandom(seed);
  }

  async run(steps: number): Promise<void> {
    await this.open();
    for (let i = 0; i < steps; i++) await this.step();
    await this.check();
    await this.store.close();
  }

  private async open(): Promise<void> {
    const { clock, random, disk } = this;
    this.store = this.onDisk
      ? new DiskLogStore({ clock, random, disk, root: '/data', mostOpenFiles: 3 })
      : new MemoryLogStore({ clock, random });
    const settings = { segmentBytes: 2000, indexIntervalBytes: 300, retentionMs: -1 };
    this.log = await this.store.open(partitionRef(), logSettings(settings));
    this.log.becomeLeader(++this.epoch);
  }

  private async step(): Promise<void> {
    const choice = this.random.below(20);
    if (choice < 9) await this.append();
    else if (choice < 14) await this.read();
    else if (choice < 16) await this.lookUp();
    else if (choice === 16) await this.deleteBefore();
    else if (choice === 17) await this.log.flush();
    else if (choice === 18) await this.clock.advance(30_000);
    else if (this.onDisk) await this.restart();
  }

  private async append(): Promise<void> {
    const tickets = [];
    for (let i = this.random.below(5); i >= 0; i--) {
      const count = 1 + this.random.below(3);
      const timestamp = startMs + this.random.below(500);
      const values = Array.from(
        { length: count },
        (_, n) => `${this.values.length + n}-${'x'.repeat(this.random.below(150))}`,
      );
      const compression = this.random.pick(['none', 'none', 'gzip'] as const);
      const batch = batchOf(values, { timestamp, compression });
      const ticket = this.log.append(batch, { leaderEpoch: this.epoch, origin: 'client' });
      expect(ticket.baseOffset).toBe(this.values.length);
      for (const value of values) this.values.push({ value, timestamp });
      tickets.push(ticket.commit.done);
    }
    await Promise.all(tickets);
    expect(this.log.highWatermark).toBe(this.values.length);
  }

  private async read(): Promise<void> {
    const from = this.start + this.random.below(this.values.length - this.start + 1);
    const maxBytes = 1 + this.random.below(3000);
    const read = await valuesFrom(this.log, from, 'highWatermark', maxBytes);
    expect(read).toEqual(this.values.slice(from).map(({ value }) => value));
  }

  private async lookUp(): Promise<void> {
    const target = startMs + this.random.below(520);
    const expected = this.values.findIndex(
      ({ timestamp }, offset) => offset >= this.start && timestamp >= target,
    );
    const found = await this.log.offsetForTimestamp(target);
    expect(found?.offset ?? -1).toBe(expected);
  }

  private async deleteBefore(): Promise<void> {
    const offset = this.start + this.random.below((this.values.length - this.start) / 3 + 1);
    this.start = Math.max(this.start, offset);
    expect(await this.log.deleteBefore(offset)).toBe(this.start);
  }

  private async restart(): Promise<void> {
    if (this.random.below(2) === 0) await this.store.close();
    await settle();
    this.disk = this.disk.copy();
    await this.open();
    await this.check();
  }

  private async check(): Promise<void> {
    expect([this.log.logStartOffset, this.log.logEndOffset]).toEqual([
      this.start,
      this.values.length,
    ]);
    const read = await valuesFrom(this.log, this.start);
    expect(read).toEqual(this.values.slice(this.start).map(({ value }) => value));
  }
}

describe.each([
  ['memory', false],
  ['disk', true],
])('a log in %s behaves like an array', (_, onDisk) => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('seed %i', async (seed) => {
    await new Model(seed, onDisk).run(120);
  });
});
