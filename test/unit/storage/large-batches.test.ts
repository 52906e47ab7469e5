import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startThread, type Thread } from '../../../src/host/thread.ts';
import { buildBatch, readRecords } from '../../../src/protocol/record-batch.ts';
import type { ClientLog } from '../../../src/storage/client-batch.ts';
import {
  answerLargeBatch,
  LargeBatches,
  type LargeBatch,
} from '../../../src/storage/large-batches.ts';
import type { LogSettings } from '../../../src/storage/partition-log.ts';
import { RecordErrors } from '../../../src/storage/record-errors.ts';
import { batchOf, rangeOf, startMs } from '../../support/batches.ts';
import { logSettings, partitionRef } from '../../support/log-settings.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';

const to = (settings: Partial<LogSettings> = {}): ClientLog => ({
  ref: partitionRef(),
  settings: logSettings(settings),
});

let clock: ManualClock;

beforeEach(() => {
  clock = new ManualClock(startMs);
});

/** Answers when the test says so. */
class HeldThread implements Thread {
  readonly asked: LargeBatch[] = [];
  hasEnded = false;
  private waiting: ((error?: Error) => void) | undefined;

  ask(question: unknown): Promise<unknown> {
    const batch = question as LargeBatch;
    this.asked.push(batch);
    return new Promise((resolve, reject) => {
      this.waiting = (error) => (error ? reject(error) : resolve(answerLargeBatch(batch)));
    });
  }

  answer(error?: Error): void {
    this.waiting?.(error);
  }

  end(): void {
    this.hasEnded = true;
    this.answer(new Error('ended'));
  }
}

describe('large batches', () => {
  let threads: HeldThread[];
  let batches: LargeBatches;

  beforeEach(() => {
    threads = [];
    batches = new LargeBatches(clock, () => {
      const thread = new HeldThread();
      threads.push(thread);
      return thread;
    });
  });

  const accept = (value: string) => batches.accept(batchOf([value]), to());

  it('are looked at one after the other, by one thread', async () => {
    const accepted = [accept('a'), accept('b')];
    await settle();
    expect(threads).toHaveLength(1);
    const [thread] = threads;
    expect(thread!.asked).toHaveLength(1);
    thread!.answer();
    expect(readRecords(await accepted[0]!)[0]!.value!.toString()).toBe('a');
    await settle();
    expect(thread!.asked).toHaveLength(2);
    thread!.answer();
    expect(readRecords(await accepted[1]!)[0]!.value!.toString()).toBe('b');
  });

  it('have a thread as long as they come', async () => {
    for (const [waitMs, count] of [
      [0, 1],
      [9_000, 1],
      [11_000, 2],
    ] as const) {
      await clock.advance(waitMs);
      const accepted = accept('a');
      await settle();
      expect(threads).toHaveLength(count);
      threads.at(-1)!.answer();
      await accepted;
    }
    expect(threads.map(({ hasEnded }) => hasEnded)).toEqual([true, false]);
  });

  it('get another thread when one fails', async () => {
    const first = accept('a');
    await settle();
    threads[0]!.answer(new Error('out of memory'));
    await expect(first).rejects.toThrow('out of memory');
    const second = accept('b');
    await settle();
    threads[1]!.answer();
    await expect(second).resolves.toMatchObject({ start: 0 });
  });

  it('are given up when the broker stops', async () => {
    const accepted = Promise.allSettled([accept('a'), accept('b')]);
    await settle();
    batches.close();
    expect(await accepted).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe.each([
  ['a thread', true, () => startThread('#large-batches-thread')],
  ['the loop, where there is no thread', false, () => undefined],
])('a large batch in %s', (_where, isThread, start) => {
  const threads: (Thread | undefined)[] = [];
  let batches: LargeBatches;

  beforeEach(() => {
    batches = new LargeBatches(clock, () => {
      threads.push(start());
      return threads.at(-1);
    });
  });

  afterEach(() => {
    batches.close();
    expect(threads).toHaveLength(1);
    expect(threads[0] !== undefined).toBe(isThread);
    threads.length = 0;
  });

  const records = ['a', 'b'].map((key) => ({
    key: Buffer.from(key),
    value: Buffer.alloc(2_000_000, key),
    timestamp: startMs,
  }));

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'is accepted as it is (%s)',
    async (codec) => {
      const sent = buildBatch({ records, compression: codec });
      const { buffer, start: at, end } = await batches.accept(rangeOf(sent), to());
      expect(buffer.subarray(at, end)).toEqual(sent);
    },
  );

  it('is built anew for a topic of another codec', async () => {
    const sent = buildBatch({ records, compression: 'gzip' });
    const accepted = await batches.accept(rangeOf(sent), to({ compression: 'lz4' }));
    expect(readRecords(accepted).map(({ value }) => value!.toString('latin1', 0, 1))).toEqual([
      'a',
      'b',
    ]);
  });

  it('is refused with the records that are to blame', async () => {
    const keyless = records.map((record, index) =>
      index === 1 ? { ...record, key: null } : record,
    );
    const sent = buildBatch({ records: keyless, compression: 'gzip' });
    const refused = batches.accept(rangeOf(sent), to({ cleanupCompact: true }));
    const error = await refused.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RecordErrors);
    expect(error).toMatchObject({ code: 'INVALID_RECORD', recordErrors: [{ batchIndex: 1 }] });
  });
});
