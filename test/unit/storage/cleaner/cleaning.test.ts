import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { batches } from '../../../../src/protocol/record-batch.ts';
import { codeOf, startMs, valuesFrom } from '../../../support/batches.ts';
import { batchOfEntries, CleaningFixture, inTransaction, type Entry } from './cleaning-fixture.ts';

const day = 86_400_000;

describe.each(['memory', 'disk'] as const)('cleaning in %s', (engine) => {
  let fixture: CleaningFixture;

  beforeEach(async () => {
    fixture = new CleaningFixture(engine);
    await fixture.open();
  });

  afterEach(() => fixture.close());

  describe('keys', () => {
    test('row 156: the highest offset of each key stays, with its offset', async () => {
      await fixture.put([
        ['a', '1'],
        ['b', '1'],
      ]);
      await fixture.put([['a', '2']]);
      await fixture.roll();
      await fixture.put([
        ['c', '1'],
        ['a', '3'],
      ]);
      await fixture.clean();
      expect(await fixture.records()).toEqual([
        [1, 'b', '1'],
        [4, 'c', '1'],
        [5, 'a', '3'],
      ]);
    });

    test('row 156: a gap is stepped over by a reader', async () => {
      for (let i = 0; i < 20; i++) await fixture.put([['a', String(i)]]);
      await fixture.clean();
      expect(await valuesFrom(fixture.log, 3, 'highWatermark')).toEqual(['19', 'r']);
      expect(fixture.log.logStartOffset).toBe(0);
    });

    test('row 156: header fields, timestamps, headers and the codec are kept', async () => {
      await fixture.put(
        [
          ['a', '1'],
          ['b', '1'.repeat(500)],
        ],
        { compression: 'gzip', timestamp: startMs - 5 },
      );
      await fixture.put([['a', '2']]);
      const [before] = await fixture.batches();
      await fixture.clean();
      const [after] = await fixture.batches();
      const { baseOffset, lastOffset, compression, partitionLeaderEpoch } = before!;
      expect(after).toMatchObject({ baseOffset, lastOffset, compression, partitionLeaderEpoch });
      expect(after).toMatchObject({ compression: 'gzip', maxTimestamp: startMs - 5 });
      expect(after?.records).toEqual([{ offset: 1, entry: ['b', '1'.repeat(500)] }]);
    });

    describe.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
      'a large batch of %s',
      (compression) => {
        const large = 'v'.repeat(3_000_000);
        const many = Array.from({ length: 5_000 }, (_, i): Entry => [`k${i}`, '1']);

        test('loses the records that others replace', async () => {
          const decompress = jest.spyOn(fixture.largeBatches, 'decompress');
          const change = jest.spyOn(fixture.largeBatches, 'change');
          await fixture.open({ segmentBytes: 10_000_000 });
          const entries: Entry[] = [['a', '1'], ['b', large], ...many];
          await fixture.append(batchOfEntries(entries, { compression }), 'coordinator');
          await fixture.put([
            ['a', '2'],
            ['k4999', '2'],
          ]);
          const [before] = await fixture.batches();
          await fixture.clean();
          const [after] = await fixture.batches();
          const { baseOffset, lastOffset, maxTimestamp } = before!;
          expect(after).toMatchObject({ baseOffset, lastOffset, maxTimestamp, compression });
          expect(after!.records).toEqual(before!.records.slice(1, -1));
          expect(decompress).toHaveBeenCalledTimes(2); // for its keys, and to be filtered
          expect(change).toHaveBeenCalledTimes(1);
        });

        test('is copied untouched, or goes, as any other', async () => {
          await fixture.open({ segmentBytes: 10_000_000 });
          await fixture.append(batchOfEntries([['a', large]], { compression }), 'coordinator');
          const [before] = await fixture.batches();
          await fixture.clean();
          expect((await fixture.batches())[0]).toEqual(before);
          await fixture.put([['a', '2']]);
          await fixture.clean();
          expect(await fixture.records()).toMatchObject([[expect.any(Number), 'a', '2']]);
        });

        test('gets a delete horizon where it has tombstones', async () => {
          await fixture.open({ segmentBytes: 10_000_000 });
          const entries: Entry[] = [
            ['a', large],
            ['b', null],
          ];
          await fixture.append(batchOfEntries(entries, { compression }), 'coordinator');
          await fixture.clean();
          const [after] = await fixture.batches();
          expect(after).toMatchObject({ compression, deleteHorizonMs: startMs + day });
          expect(after!.records.map(({ entry }) => entry)).toEqual(entries);
        });
      },
    );

    test('a batch of which all records stay is copied untouched', async () => {
      await fixture.put([['a', '1'.repeat(500)]], { compression: 'gzip', compressionLevel: 1 });
      await fixture.put([['b', '1']]);
      const before = await fixture.batches();
      await fixture.clean();
      const after = await fixture.batches();
      expect(after.slice(0, 2)).toEqual(
        before.map((each, i) => ({ ...each, position: after[i]!.position })),
      );
    });

    test('the time of the broker stays the time of all records', async () => {
      await fixture.open({ timestampType: 'LogAppendTime' });
      await fixture.clock.advance(50);
      await fixture.put([
        ['a', '1'],
        ['b', '1'],
      ]);
      await fixture.put([['a', '2']]);
      await fixture.clean();
      const [first] = await fixture.batches();
      expect(first).toMatchObject({ timestampType: 'LogAppendTime', maxTimestamp: startMs + 50 });
    });

    test('a batch larger than the buffers is cleaned, too', async () => {
      fixture.settings = { ...fixture.settings, ioBufferSize: 0 };
      const long = 'x'.repeat(50_000);
      await fixture.put([['a', '1']]);
      await fixture.put([
        ['a', long],
        ['b', '1'],
      ]);
      await fixture.put([['b', '2']]);
      await fixture.clean();
      expect(await fixture.records()).toEqual([
        [1, 'a', long],
        [3, 'b', '2'],
      ]);
    });

    test('records without a key go, as in Kafka', async () => {
      const { settings } = fixture.log;
      fixture.log.updateSettings({ ...settings, cleanupCompact: false });
      await fixture.put([
        [null, 'nobody replaces me'],
        ['a', '1'],
      ]);
      fixture.log.updateSettings(settings);
      await fixture.clean();
      expect(await fixture.records()).toEqual([[1, 'a', '1']]);
    });

    test('a record without a key is refused on a compacted topic', async () => {
      expect(await codeOf(() => fixture.put([[null, 'x']]))).toBe('INVALID_RECORD');
    });

    test('a full map cleans as far as it reaches, the next round goes on there', async () => {
      for (let i = 0; i < 10; i++) await fixture.put([[`k${i % 5}`, `${i}`]]);
      await fixture.roll();
      // Room for four keys.
      fixture.settings = { ...fixture.settings, dedupeBufferSize: 24 * 8, loadFactor: 0.5 };
      let rounds = 0;
      const untilNow: number[] = [];
      const { log, checkpoint } = fixture;
      const set = checkpoint.set.bind(checkpoint);
      checkpoint.set = (key, offset) => {
        untilNow.push(offset);
        rounds++;
        return set(key, offset);
      };
      await fixture.cleaner.run();
      expect(untilNow).toEqual([4, 8, 10]);
      expect(rounds).toBe(3);
      expect(checkpoint.get(log)).toBe(10);
      const values = (await fixture.records()).map(([, , value]) => value);
      expect(values).toEqual(['5', '6', '7', '8', '9']);
    });

    test('a map that has no room for one batch is said, and the log is left as it is', async () => {
      await fixture.put([
        ['a', '1'],
        ['b', '1'],
      ]);
      fixture.settings = { ...fixture.settings, dedupeBufferSize: 24, loadFactor: 1 };
      await fixture.clean();
      expect(fixture.logged).toContain('a log cannot be cleaned and is left as it is');
      expect(await fixture.records()).toHaveLength(2);
    });
  });

  describe('tombstones', () => {
    test('row 157: a tombstone gets a delete horizon and is seen until then', async () => {
      await fixture.put([['a', '1']]);
      await fixture.put([['a', null]], { timestamp: startMs - 77 });
      await fixture.clean();
      const tombstone = (await fixture.batches()).find(({ baseOffset }) => baseOffset === 1);
      expect(tombstone?.deleteHorizonMs).toBe(startMs + day);
      expect(tombstone?.maxTimestamp).toBe(startMs - 77);
      expect(await fixture.records()).toEqual([[1, 'a', null]]);

      await fixture.clock.advance(day - 1);
      await fixture.clean();
      expect(await fixture.records()).toEqual([[1, 'a', null]]);

      await fixture.clock.advance(1);
      await fixture.clean();
      expect(await fixture.records()).toEqual([]);
    });

    test('row 157: the horizon stays what it was, whatever delete.retention.ms becomes', async () => {
      await fixture.put([['a', null]]);
      await fixture.clean();
      fixture.log.updateSettings({ ...fixture.log.settings, deleteRetentionMs: 5 });
      await fixture.clock.advance(1000);
      await fixture.clean();
      expect((await fixture.batches())[0]?.deleteHorizonMs).toBe(startMs + day);
    });

    test('row 157: beside a tombstone other records keep their timestamps', async () => {
      await fixture.put([
        ['a', null],
        ['b', '1'],
      ]);
      await fixture.clean();
      const found = await fixture.log.offsetForTimestamp(startMs - 1);
      expect(found).toMatchObject({ offset: 0, timestamp: startMs });
    });
  });

  describe('what may be cleaned', () => {
    test('row 158: the active segment is never cleaned', async () => {
      await fixture.put([['a', '1']]);
      await fixture.put([['a', '2']]);
      await fixture.cleaner.run();
      expect(await fixture.records()).toHaveLength(2);
    });

    test('row 158: min.compaction.lag.ms holds back a segment by its largest timestamp', async () => {
      fixture.log.updateSettings({ ...fixture.log.settings, minCompactionLagMs: 1000 });
      await fixture.put([['a', '1']], { timestamp: startMs - 2000 });
      await fixture.put([['a', '2']], { timestamp: startMs - 2000 });
      await fixture.roll(); // its record is of startMs
      await fixture.put([['a', '3']]);
      await fixture.put([['a', '4']]);
      await fixture.clean();
      expect((await fixture.records()).map(([offset]) => offset)).toEqual([1, 3, 4]);
      await fixture.clock.advance(1001);
      await fixture.clean();
      expect((await fixture.records()).map(([offset]) => offset)).toEqual([4]);
    });

    test('row 158: below min.cleanable.dirty.ratio nothing happens, past it all', async () => {
      fixture.log.updateSettings({ ...fixture.log.settings, minCleanableDirtyRatio: 0.5 });
      for (let i = 0; i < 10; i++) await fixture.put([[`k${i}`, 'v']]);
      await fixture.clean();
      const cleaned = fixture.checkpoint.get(fixture.log);
      expect(cleaned).toBe(10);
      for (let i = 0; i < 5; i++) await fixture.put([[`k${i}`, 'w']]);
      await fixture.clean();
      expect(fixture.checkpoint.get(fixture.log)).toBe(cleaned);
      for (let i = 0; i < 10; i++) await fixture.put([[`k${i}`, 'x']]);
      await fixture.clean();
      expect((await fixture.records()).map(([, , value]) => value)).toEqual(Array(10).fill('x'));
    });

    test('row 158: max.compaction.lag.ms overrules the ratio', async () => {
      fixture.log.updateSettings({
        ...fixture.log.settings,
        minCleanableDirtyRatio: 1,
        maxCompactionLagMs: 5000,
      });
      await fixture.put([['a', '1']]);
      await fixture.put([['a', '2']]);
      await fixture.clean();
      expect(await fixture.records()).toHaveLength(2);
      await fixture.clock.advance(5001);
      await fixture.cleaner.run();
      expect(await fixture.records()).toEqual([[1, 'a', '2']]);
    });

    test('the dirtiest log is cleaned first', async () => {
      const clean = fixture.log;
      for (let i = 0; i < 5; i++) await fixture.put([[`k${i}`, 'v']]);
      await fixture.clean();
      await fixture.put([['k1', 'w']]);
      await fixture.roll();
      const dirty = await fixture.open({}, 'dirtier');
      await fixture.put([['a', '1']]);
      await fixture.roll();
      const order: string[] = [];
      fixture.checkpoint.set = function (log, offset) {
        order.push(log.ref.topicName);
        return Map.prototype.set.call(this, log, offset) as typeof this;
      };
      await fixture.newCleaner(() => [clean, dirty]).run();
      expect(order).toEqual(['dirtier', 'orders']);
    });
  });

  describe('transactions', () => {
    test('row 158: nothing at or past the last stable offset is cleaned', async () => {
      await fixture.put([['a', '1']]);
      await fixture.put([['a', '2']], inTransaction(1, 0));
      await fixture.roll();
      await fixture.put([['a', '3']]);
      await fixture.clean();
      expect((await fixture.records()).map(([offset]) => offset)).toEqual([0, 1, 3]);
      await fixture.end('COMMIT', 1);
      await fixture.clean();
      expect((await fixture.records()).map(([offset]) => offset)).toEqual([3]);
    });

    test('row 158: aborted data go, and replace nothing', async () => {
      await fixture.put([['a', '1']]);
      await fixture.put([['a', 'aborted']], inTransaction(1, 0));
      await fixture.end('ABORT', 1);
      await fixture.put([['b', '1']], inTransaction(1, 1));
      await fixture.end('COMMIT', 1);
      await fixture.clean();
      expect(await fixture.records()).toEqual([
        [0, 'a', '1'],
        [3, 'b', '1'],
      ]);
    });

    test('row 158: a marker stays until no data and then its horizon; so does the abort list', async () => {
      await fixture.put([['a', 'aborted']], inTransaction(1, 0));
      await fixture.end('ABORT', 1);
      await fixture.put([['b', '1']], inTransaction(1, 1));
      await fixture.end('COMMIT', 1);
      const offsetsOfMarkers = async () =>
        (await fixture.batches())
          .filter(({ isControl }) => isControl)
          .map((each) => each.baseOffset);
      await fixture.clean();
      // The abort took its data in this round.
      expect(await offsetsOfMarkers()).toEqual([1, 3]);
      expect(fixture.log.abortedOverlapping(0, 9)).toHaveLength(1);
      await fixture.clean();
      // Without data it is given its horizon.
      const [abort] = (await fixture.batches()).filter(({ isControl }) => isControl);
      expect(abort?.deleteHorizonMs).toBe(startMs + day);
      expect(fixture.log.abortedOverlapping(0, 9)).toEqual([]);
      await fixture.clock.advance(day);
      await fixture.clean();
      // The committed one still has data.
      expect(await offsetsOfMarkers()).toEqual([3]);
      await fixture.put([['b', '2']]);
      await fixture.clean();
      await fixture.clean();
      await fixture.clock.advance(day);
      await fixture.clean();
      expect((await fixture.records()).map(([, , value]) => value)).toEqual(['2']);
    });

    test('row 156: the last batch of a producer is kept, emptied, with its sequence', async () => {
      await fixture.put([['a', '1']], { producerId: 5, producerEpoch: 0, baseSequence: 0 });
      await fixture.put(
        [
          ['a', '2'],
          ['a', '3'],
        ],
        { producerId: 5, producerEpoch: 0, baseSequence: 1 },
      );
      await fixture.put([['a', '4']]);
      await fixture.clean();
      const [kept] = await fixture.batches();
      expect(kept).toMatchObject({ baseOffset: 1, lastOffset: 2, recordsCount: 0 });
      expect(kept).toMatchObject({ producerId: 5, baseSequence: 1, lastSequence: 2 });
      if (engine === 'disk') {
        fixture.disk.remove('/data/orders-0/00000000000000000003.snapshot');
        await fixture.restart();
      }
      const again = { producerId: 5, producerEpoch: 0, baseSequence: 7 };
      expect(await codeOf(() => fixture.put([['a', '5']], again))).toBe(
        'OUT_OF_ORDER_SEQUENCE_NUMBER',
      );
      await fixture.put([['a', '5']], { ...again, baseSequence: 3 });
    });

    test('a reader gets batches without records only where nothing follows them', async () => {
      const by = (producerId: number) => ({ producerId, producerEpoch: 0, baseSequence: 0 });
      const read = async (fromOffset: number) => {
        const limit = 'highWatermark';
        const result = await fixture.log.read({
          fromOffset,
          maxBytes: 9e5,
          minOneBatch: true,
          limit,
        });
        const found = result.records.flatMap((range) => [...batches(range)]);
        result.release();
        return found.map(({ baseOffset, recordsCount }) => [baseOffset, recordsCount]);
      };
      await fixture.put([['a', '1']], by(5));
      await fixture.put([['a', '2']], by(6));
      await fixture.put([['a', '3']]);
      await fixture.clean();
      expect((await fixture.batches()).map(({ recordsCount }) => recordsCount)).toEqual([
        0, 0, 1, 1,
      ]);
      expect(await read(0)).toEqual([[2, 1]]);
      expect(await read(1)).toEqual([[2, 1]]);
      await fixture.append(batchOfEntries([], { lastOffset: 0, ...by(7) }), 'coordinator');
      expect(await read(fixture.log.logEndOffset - 1)).toEqual([[4, 0]]);
    });

    test('an emptied batch goes once the producer has another one', async () => {
      const by = (baseSequence: number) => ({ producerId: 5, producerEpoch: 0, baseSequence });
      await fixture.put([['a', '1']], by(0));
      await fixture.put([['a', '2']]);
      await fixture.clean();
      expect((await fixture.batches())[0]).toMatchObject({ baseOffset: 0, recordsCount: 0 });
      await fixture.put([['b', '1']], by(1));
      await fixture.clean();
      expect((await fixture.batches())[0]).toMatchObject({ baseOffset: 1 });
    });
  });

  test('row 159: compact alone deletes nothing by age or size', async () => {
    fixture.log.updateSettings({ ...fixture.log.settings, retentionMs: 1, retentionBytes: 1 });
    await fixture.put([['a', '1']], { timestamp: startMs - day });
    await fixture.roll();
    await fixture.clock.advance(1000);
    await fixture.log.applyRetention();
    expect(await fixture.records()).toHaveLength(1);
  });

  test('row 159: compact and delete do both', async () => {
    const settings = { ...fixture.log.settings, cleanupDelete: true };
    fixture.log.updateSettings({ ...settings, retentionMs: 2_000 });
    await fixture.put([['a', '1']], { timestamp: startMs - 1000 });
    await fixture.put([['a', '2']], { timestamp: startMs - 1000 });
    await fixture.clean();
    expect(await fixture.records()).toEqual([[1, 'a', '2']]);
    fixture.log.updateSettings({ ...settings, retentionMs: 500 });
    await fixture.cleaner.run();
    expect(await fixture.records()).toEqual([]);
    expect(fixture.log.logStartOffset).toBe(2);
  });

  test('small segments become one, no larger than segment.bytes', async () => {
    for (let i = 0; i < 8; i++) {
      await fixture.put([[`k${i}`, 'x'.repeat(100)]]);
      await fixture.roll();
    }
    const { size } = fixture.segments[1]!;
    fixture.log.updateSettings({ ...fixture.log.settings, segmentBytes: size * 3 });
    await fixture.cleaner.run();
    expect(fixture.segments.slice(0, -1).map((each) => each.size <= size * 3)).not.toContain(false);
    expect(fixture.segments.length).toBeLessThan(6);
    expect((await fixture.records()).length).toBe(8);
  });
});
