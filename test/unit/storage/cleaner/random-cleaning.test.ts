import { describe, expect, test } from '@jest/globals';
import { startMs } from '../../../support/batches.ts';
import { settle } from '../../../support/manual-clock.ts';
import { SeededRandom } from '../../../support/seeded-random.ts';
import type { Entry } from './cleaning-fixture.ts';
import { CleaningFixture, inTransaction } from './cleaning-fixture.ts';
import { latestValues, readCommitted } from './read-committed.ts';
import type { CommittedRecord } from './read-committed.ts';

interface Written extends CommittedRecord {
  /** Undefined: it is not part of one. */
  readonly transaction: Transaction | undefined;
}

interface Transaction {
  readonly producerId: number;
  firstOffset: number;
  state: 'open' | 'committed' | 'aborted';
}

const codecs = ['none', 'none', 'gzip', 'snappy'] as const;

/**
 * Random work on a compacted log beside a list of all that was ever written. Whatever the cleaner
 * does, a reader must find the latest value of each key, at its offset, and nothing that was never
 * written or was aborted.
 */
class Model {
  private readonly random: SeededRandom;
  private readonly fixture: CleaningFixture;
  private readonly written: Written[] = [];
  private readonly sequences = new Map<number, number>();
  private readonly open = new Map<number, Transaction>();
  private start = 0;

  constructor(
    seed: number,
    private readonly engine: 'memory' | 'disk',
  ) {
    this.random = new SeededRandom(seed);
    this.fixture = new CleaningFixture(engine);
  }

  async run(steps: number): Promise<void> {
    await this.fixture.open(this.settings());
    for (let i = 0; i < steps; i++) await this.step();
    await this.check();
    await this.fixture.close();
  }

  private settings() {
    return { segmentBytes: 1500, deleteRetentionMs: 5000, minCompactionLagMs: 0 };
  }

  private async step(): Promise<void> {
    const choice = this.random.below(24);
    if (choice < 8) await this.put();
    else if (choice < 13) await this.putInTransaction();
    else if (choice < 17) await this.endTransaction();
    else if (choice < 20) await this.clean();
    else if (choice === 20) await this.fixture.clock.advance(1500);
    else if (choice === 21) await this.deleteRecords();
    else if (choice === 22) await this.restart();
    else await this.fixture.log.flush();
  }

  private entries(): Entry[] {
    return Array.from({ length: 1 + this.random.below(4) }, () => {
      const key = `k${this.random.below(12)}`;
      const value = 'x'.repeat(this.random.below(60));
      return [key, this.random.below(5) === 0 ? null : `${this.written.length}-${value}`];
    });
  }

  private async put(): Promise<void> {
    const entries = this.entries();
    const compression = this.random.pick(codecs);
    const isIdempotent = this.random.below(2) === 0;
    const producer = isIdempotent
      ? { producerId: 9, producerEpoch: 0, baseSequence: this.nextSequence(9, entries.length) }
      : {};
    const timestamp = startMs + this.random.below(100);
    const offset = await this.fixture.put(entries, { compression, timestamp, ...producer });
    this.note(offset, entries, undefined);
  }

  private async putInTransaction(): Promise<void> {
    const producerId = 1 + this.random.below(3);
    const entries = this.entries();
    const sequence = this.nextSequence(producerId, entries.length);
    const compression = this.random.pick(codecs);
    const changes = { compression, ...inTransaction(producerId, sequence) };
    const offset = await this.fixture.put(entries, changes);
    let transaction = this.open.get(producerId);
    if (transaction === undefined) {
      transaction = { producerId, firstOffset: offset, state: 'open' };
      this.open.set(producerId, transaction);
    }
    this.note(offset, entries, transaction);
  }

  private async endTransaction(): Promise<void> {
    const [transaction] = [...this.open.values()];
    if (transaction === undefined) return;
    const isAbort = this.random.below(2) === 0;
    await this.fixture.end(isAbort ? 'ABORT' : 'COMMIT', transaction.producerId);
    transaction.state = isAbort ? 'aborted' : 'committed';
    this.open.delete(transaction.producerId);
  }

  private nextSequence(producerId: number, count: number): number {
    const next = this.sequences.get(producerId) ?? 0;
    this.sequences.set(producerId, next + count);
    return next;
  }

  private note(
    baseOffset: number,
    entries: readonly Entry[],
    transaction: Transaction | undefined,
  ): void {
    for (const [i, [key, value]] of entries.entries()) {
      this.written.push({ offset: baseOffset + i, key: String(key), value, transaction });
    }
  }

  private async clean(): Promise<void> {
    const { fixture, random } = this;
    // Sometimes with room for a few keys only.
    const dedupeBufferSize = random.below(3) === 0 ? 24 * 20 : 1_000_000;
    const ioBufferSize = random.below(2) === 0 ? 0 : 524_288;
    fixture.settings = { ...fixture.settings, dedupeBufferSize, ioBufferSize };
    await fixture.cleaner.run();
    expect(fixture.logged.filter((words) => words !== 'a log was cleaned')).toEqual([]);
    await this.check();
    await this.checkThatCleaned();
  }

  private async deleteRecords(): Promise<void> {
    const { log } = this.fixture;
    const offset = this.start + this.random.below((log.lastStableOffset - this.start) / 4 + 1);
    this.start = Math.max(this.start, await log.deleteBefore(offset));
  }

  private async restart(): Promise<void> {
    if (this.engine === 'memory') return;
    const { fixture } = this;
    const cleaned = fixture.checkpoint.get(fixture.log);
    if (this.random.below(2) === 0) {
      await settle(10);
      fixture.disk = fixture.disk.copy(); // killed
      fixture.store = fixture.newStore();
      await fixture.open(this.settings());
    } else {
      await fixture.restart(this.settings());
    }
    if (cleaned !== undefined) fixture.checkpoint.set(fixture.log, cleaned);
    await this.check();
  }

  private async check(): Promise<void> {
    const { log } = this.fixture;
    const read = await readCommitted(log);
    const offsets = read.map(({ offset }) => offset);
    expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
    const visible = this.written.filter(
      ({ offset, transaction }) =>
        offset >= log.logStartOffset &&
        offset < log.lastStableOffset &&
        (transaction === undefined || transaction.state === 'committed'),
    );
    const plain = visible.map(({ offset, key, value }) => ({ offset, key, value }));
    const known = new Map(plain.map((record) => [record.offset, record]));
    for (const record of read) expect(record).toEqual(known.get(record.offset));
    expect(latestValues(read)).toEqual(latestValues(plain));
    for (const [key, offset] of latestOffsets(plain.filter(({ value }) => value !== null))) {
      if (latestValues(plain).has(key)) expect(offsets).toContain(offset);
    }
  }

  /** Each key has at most one record in the part that is clean. */
  private async checkThatCleaned(): Promise<void> {
    const { log, checkpoint } = this.fixture;
    const read = await readCommitted(log);
    const clean = read.filter(({ offset }) => offset < (checkpoint.get(log) ?? 0));
    expect(new Set(clean.map(({ key }) => key)).size).toBe(clean.length);
  }
}

function latestOffsets(records: readonly CommittedRecord[]): Map<string, number> {
  return new Map(records.map(({ key, offset }) => [key, offset]));
}

describe.each(['memory', 'disk'] as const)('a reader of a log in %s finds the latest', (engine) => {
  test.each(Array.from({ length: 20 }, (_, i) => i + 1))('seed %i', async (seed) => {
    await new Model(seed, engine).run(150);
  });
});
