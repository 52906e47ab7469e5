import { afterEach, beforeEach, describe, expect, it, test } from '@jest/globals';
import { crc32c } from '../../../src/protocol/crc32c.ts';
import { putInt32, putInt64 } from '../../../src/protocol/big-endian.ts';
import { buildBatch, readBatchHeader, readRecords } from '../../../src/protocol/record-batch.ts';
import type { LogStore } from '../../../src/storage/log-store.ts';
import type {
  AppendOptions,
  LogSettings,
  PartitionLog,
} from '../../../src/storage/partition-log.ts';
import type { RecordErrors } from '../../../src/storage/record-errors.ts';
import {
  batchOf,
  codeOf,
  idempotentBatch,
  marker,
  put,
  rangeOf,
  startMs,
  valuesFrom,
} from '../../support/batches.ts';
import { logSettings, partitionRef } from '../../support/log-settings.ts';
import type { ManualClock } from '../../support/manual-clock.ts';
import { settle } from '../../support/manual-clock.ts';

/** A store under test, with the means to look behind it. */
export interface StoreUnderTest {
  readonly store: LogStore;
  readonly clock: ManualClock;
}

const asClient: AppendOptions = { leaderEpoch: 0, origin: 'client' };
const asCoordinator: AppendOptions = { leaderEpoch: 0, origin: 'coordinator' };

/** What every engine must do. */
export function logStoreContract(name: string, make: () => StoreUnderTest): void {
  describe(name, () => {
    let store: LogStore;
    let clock: ManualClock;
    let log: PartitionLog;

    const reopened = async (changes: Partial<LogSettings>): Promise<PartitionLog> => {
      await store.close();
      ({ store, clock } = make());
      log = await store.open(partitionRef(), logSettings(changes));
      log.becomeLeader(0);
      return log;
    };

    beforeEach(async () => {
      ({ store, clock } = make());
      log = await store.open(partitionRef(), logSettings());
      log.becomeLeader(0);
    });

    afterEach(async () => {
      await store.close();
      expect(clock.pendingTimers).toBe(0);
    });

    describe('append and commit', () => {
      test('an append gives offsets at once, visibility follows the commit', async () => {
        const ticket = log.append(batchOf(['a', 'b']), asClient);
        expect(ticket).toMatchObject({ baseOffset: 0, lastOffset: 1, isDuplicate: false });
        expect([log.logEndOffset, log.highWatermark]).toEqual([2, 0]);
        expect(await valuesFrom(log, 0, 'logEndOffset')).toEqual([]);
        await ticket.commit.done;
        expect([log.logEndOffset, log.highWatermark]).toEqual([2, 2]);
        expect(await valuesFrom(log, 0)).toEqual(['a', 'b']);
      });

      test('all appends of a turn share one commit and one wake-up', async () => {
        let wakeUps = 0;
        const stop = log.onAdvance(() => wakeUps++);
        const tickets = ['a', 'b', 'c'].map((value) => log.append(batchOf([value]), asClient));
        expect(new Set(tickets.map(({ commit }) => commit)).size).toBe(1);
        await tickets[0]!.commit.done;
        expect(wakeUps).toBe(1);
        stop();
        await put(log, ['d']);
        expect(wakeUps).toBe(1);
      });

      test('base offset and leader epoch are stamped outside of the checksum (58)', async () => {
        await put(log, ['a', 'b']);
        log.becomeLeader(7);
        const ticket = log.append(batchOf(['c']), { leaderEpoch: 7, origin: 'client' });
        await ticket.commit.done;
        const result = await log.read({
          fromOffset: 2,
          maxBytes: 1000,
          minOneBatch: true,
          limit: 'highWatermark',
        });
        const { buffer, start, end } = result.records[0]!;
        const header = readBatchHeader(buffer, start);
        expect(header).toMatchObject({ baseOffset: 2, partitionLeaderEpoch: 7 });
        expect(header.crc).toBe(crc32c(buffer, start + 21, end));
        result.release();
      });

      test('an append of an older epoch is refused and leaves no trace', async () => {
        log.becomeLeader(3);
        expect(await codeOf(() => log.append(batchOf(['a']), asClient))).toBe(
          'NOT_LEADER_OR_FOLLOWER',
        );
        expect(log.logEndOffset).toBe(0);
        expect(await codeOf(() => log.becomeLeader(2))).toBe('FENCED_LEADER_EPOCH');
      });

      test('a large turn is committed like a small one', async () => {
        const value = 'x'.repeat(300_000);
        const tickets = Array.from({ length: 8 }, () => log.append(batchOf([value]), asClient));
        const late = batchOf(['late']);
        await settle(1);
        log.append(late, asClient);
        await tickets[0]!.commit.done;
        await settle();
        expect(log.highWatermark).toBe(9);
        expect((await valuesFrom(log, 7)).map((each) => each.length)).toEqual([300_000, 4]);
      });

      test('flush.messages=1 commits after the flush, one for all that wait', async () => {
        await reopened({ flushMessages: 1 });
        const tickets = ['a', 'b'].map((each) => log.append(batchOf([each]), asClient));
        await Promise.all(tickets.map(({ commit }) => commit.done));
        expect(await valuesFrom(log, 0)).toEqual(['a', 'b']);
      });

      test('a closed store takes no more', async () => {
        await store.close();
        expect(await codeOf(() => log.append(batchOf(['a']), asClient))).toBe(
          'NOT_LEADER_OR_FOLLOWER',
        );
        expect(await codeOf(() => store.open(partitionRef(), logSettings()))).toBe(
          'NOT_LEADER_OR_FOLLOWER',
        );
      });
    });

    describe('what clients send', () => {
      const refused = async (bytes: Parameters<PartitionLog['append']>[0]) =>
        codeOf(() => log.append(bytes, asClient));

      test('exactly one batch of version 2 (48)', async () => {
        const one = batchOf(['a']).buffer;
        expect(await refused(rangeOf(Buffer.alloc(0)))).toBe('INVALID_RECORD');
        expect(await refused(rangeOf(Buffer.concat([one, one])))).toBe('INVALID_RECORD');
        const old = Buffer.from(one);
        old[16] = 1;
        expect(await refused(rangeOf(old))).toBe('INVALID_RECORD');
        expect(await refused({ buffer: one, start: 0, end: one.length - 1 })).toBe(
          'INVALID_RECORD',
        );
        expect(log.logEndOffset).toBe(0);
      });

      test('a few bytes behind the batch are cut away', async () => {
        const bytes = Buffer.concat([batchOf(['a']).buffer, Buffer.from([1, 2, 3])]);
        await log.append(rangeOf(bytes), asClient).commit.done;
        await put(log, ['b']);
        expect(await valuesFrom(log, 0)).toEqual(['a', 'b']);
      });

      test('a wrong checksum is CORRUPT_MESSAGE (49)', async () => {
        const batch = batchOf(['a']);
        batch.buffer[69]! ^= 1;
        expect(await refused(batch)).toBe('CORRUPT_MESSAGE');
      });

      const rewritten = (change: (buffer: Buffer) => void) => {
        const { buffer } = batchOf(['a', 'b']);
        change(buffer);
        putInt32(buffer, 17, crc32c(buffer, 21, buffer.length));
        return rangeOf(buffer);
      };

      test.each([
        ['a base offset other than 0', (buffer: Buffer) => putInt64(buffer, 0, 5)],
        ['fewer records than offsets', (buffer: Buffer) => putInt32(buffer, 23, 2)],
        ['no records', (buffer: Buffer) => putInt32(buffer, 57, 0)],
        ['a negative last offset delta', (buffer: Buffer) => putInt32(buffer, 23, -1)],
        ['the control bit', (buffer: Buffer) => (buffer[22]! |= 0x20)],
        ['a producer id without a sequence', (buffer: Buffer) => putInt64(buffer, 43, 9)],
        ['an unknown codec', (buffer: Buffer) => (buffer[22]! |= 7)],
        ['a record that is too long', (buffer: Buffer) => (buffer[61] = 126)],
      ])('%s is INVALID_RECORD (49)', async (_, change) => {
        expect(await refused(rewritten(change))).toBe('INVALID_RECORD');
        expect(log.logEndOffset).toBe(0);
      });

      test('offsets that are not consecutive are INVALID_RECORD (49)', async () => {
        const records = [{ offset: 0 }, { offset: 2 }, { offset: 1 }].map((each) => ({
          ...each,
          timestamp: startMs,
          value: Buffer.from('v'),
        }));
        const bytes = buildBatch({ records, lastOffset: 2 });
        expect(await refused(rangeOf(bytes))).toBe('INVALID_RECORD');
      });

      test('larger than max.message.bytes is MESSAGE_TOO_LARGE, to the byte (50)', async () => {
        const size = batchOf(['abc']).end;
        await reopened({ maxMessageBytes: size });
        await put(log, ['abc']);
        expect(await refused(batchOf(['abcd']))).toBe('MESSAGE_TOO_LARGE');
      });

      test('larger than segment.bytes is RECORD_LIST_TOO_LARGE (50)', async () => {
        await reopened({ segmentBytes: 1000 });
        expect(await refused(batchOf(['x'.repeat(1000)]))).toBe('RECORD_LIST_TOO_LARGE');
      });

      test('records without key on a compacted topic are named one by one (54)', async () => {
        await reopened({ cleanupCompact: true });
        const records = ['k', null, 'k', null].map((key) => ({
          timestamp: startMs,
          key: key === null ? null : Buffer.from(key),
          value: Buffer.from('v'),
        }));
        let caught: RecordErrors | undefined;
        try {
          log.append(rangeOf(buildBatch({ records })), asClient);
        } catch (error) {
          caught = error as RecordErrors;
        }
        expect(caught?.code).toBe('INVALID_RECORD');
        expect(caught?.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([1, 3]);
        expect(log.logEndOffset).toBe(0);
      });

      test('timestamps out of bounds are INVALID_TIMESTAMP for the batch (55)', async () => {
        await reopened({ timestampBeforeMaxMs: 1000, timestampAfterMaxMs: 500 });
        const now = clock.wallMs();
        expect(await refused(batchOf(['a'], { timestamp: now - 1001 }))).toBe('INVALID_TIMESTAMP');
        expect(await refused(batchOf(['a'], { timestamp: now + 501 }))).toBe('INVALID_TIMESTAMP');
        await put(log, ['a'], now - 1000);
        await put(log, ['a'], now + 500);
        await put(log, ['a'], -1);
        expect(log.logEndOffset).toBe(3);
      });

      test('LogAppendTime rewrites the timestamp and the checksum (56)', async () => {
        await reopened({ timestampType: 'LogAppendTime' });
        const ticket = log.append(batchOf(['a'], { timestamp: 5 }), asClient);
        expect(ticket.logAppendTimeMs).toBe(clock.wallMs());
        await ticket.commit.done;
        const found = await log.offsetForTimestamp(clock.wallMs());
        expect(found).toEqual({ offset: 0, timestamp: clock.wallMs(), leaderEpoch: 0 });
        const result = await log.read({
          fromOffset: 0,
          maxBytes: 1000,
          minOneBatch: true,
          limit: 'highWatermark',
        });
        const header = readBatchHeader(result.records[0]!.buffer, result.records[0]!.start);
        expect(header.timestampType).toBe('LogAppendTime');
        const { buffer, start, end } = result.records[0]!;
        expect(header.crc).toBe(crc32c(buffer, start + 21, end));
        result.release();
      });

      test('a client that says LogAppendTime on such a topic is refused (56)', async () => {
        await reopened({ timestampType: 'LogAppendTime' });
        expect(await refused(batchOf(['a'], { logAppendTime: startMs }))).toBe('INVALID_TIMESTAMP');
      });

      test('with CreateTime the ticket has no append time', async () => {
        expect(log.append(batchOf(['a']), asClient).logAppendTimeMs).toBe(-1);
      });

      test('a wrong largest timestamp in the header is put right', async () => {
        const { buffer } = batchOf(['a'], { timestamp: startMs, maxTimestamp: startMs + 99 });
        await log.append(rangeOf(buffer), asClient).commit.done;
        expect(await log.offsetOfMaxTimestamp()).toMatchObject({ timestamp: startMs });
      });

      test.each(['gzip', 'uncompressed'] as const)(
        'compression.type=%s: what differs is compressed anew (57)',
        async (compression) => {
          await reopened({ compression });
          const sent = compression === 'gzip' ? 'none' : 'gzip';
          const batch = batchOf(['a', 'b'], {
            compression: sent,
            producerId: 5,
            producerEpoch: 1,
            baseSequence: 0,
          });
          await log.append(batch, asClient).commit.done;
          const result = await log.read({
            fromOffset: 0,
            maxBytes: 1000,
            minOneBatch: true,
            limit: 'highWatermark',
          });
          const range = result.records[0]!;
          expect(readBatchHeader(range.buffer, range.start)).toMatchObject({
            compression: compression === 'gzip' ? 'gzip' : 'none',
            producerId: 5,
            producerEpoch: 1,
            baseSequence: 0,
            lastOffsetDelta: 1,
          });
          expect(readRecords(range).map(({ value }) => value?.toString())).toEqual(['a', 'b']);
          result.release();
        },
      );

      test('compressed batches are looked into', async () => {
        await reopened({ cleanupCompact: true });
        expect(await refused(batchOf(['a'], { key: null, compression: 'gzip' }))).toBe(
          'INVALID_RECORD',
        );
        await log.append(batchOf(['a', 'b'], { compression: 'gzip' }), asClient).commit.done;
        expect(await valuesFrom(log, 0)).toEqual(['a', 'b']);
      });
    });

    describe('idempotent producers', () => {
      const send = (...batch: Parameters<typeof idempotentBatch>) =>
        log.append(idempotentBatch(...batch), asClient);

      test('each of the last five batches is recognized, with its first offset and time (63)', async () => {
        for (let i = 0; i < 6; i++) {
          send(9, 0, i * 2, 2, { timestamp: startMs + i });
        }
        for (let i = 1; i < 6; i++) {
          const again = send(9, 0, i * 2, 2);
          expect(again).toMatchObject({
            isDuplicate: true,
            baseOffset: i * 2,
            lastOffset: i * 2 + 1,
            logAppendTimeMs: startMs + i,
          });
        }
        expect(await codeOf(() => send(9, 0, 0, 2))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
        expect(log.logEndOffset).toBe(12);
      });

      test('a repeated batch is acknowledged with the first one, not before', async () => {
        const first = send(9, 0, 0);
        const again = send(9, 0, 0);
        expect(again.commit.done).toBe(first.commit.done);
        await first.commit.done;
        expect(log.highWatermark).toBe(1);
        await send(9, 0, 0).commit.done;
      });

      test('the next sequence follows the last one (64)', async () => {
        send(9, 0, 0, 3);
        expect(await codeOf(() => send(9, 0, 4))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
        expect(await codeOf(() => send(9, 0, 2))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
        expect(send(9, 0, 3)).toMatchObject({ baseOffset: 3 });
      });

      test('0 follows 2147483647, also within a batch (64)', async () => {
        send(9, 0, 2_147_483_646, 1);
        send(9, 0, 2_147_483_647, 3);
        expect(log.activeProducers()[0]?.lastSequence).toBe(1);
        expect(send(9, 0, 2_147_483_647, 3).isDuplicate).toBe(true);
        send(9, 0, 2, 1);
        send(10, 0, 2_147_483_647, 1);
        expect(send(10, 0, 0, 1).isDuplicate).toBe(false);
      });

      test('a new epoch begins at 0, an old one is fenced (65)', async () => {
        send(9, 1, 0);
        expect(await codeOf(() => send(9, 2, 1))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
        send(9, 2, 0);
        expect(await codeOf(() => send(9, 1, 1))).toBe('INVALID_PRODUCER_EPOCH');
        expect(send(9, 2, 0).isDuplicate).toBe(true);
      });

      test('an unknown producer may begin anywhere (66)', () => {
        expect(send(9, 3, 77)).toMatchObject({ baseOffset: 0 });
      });

      test('a producer is forgotten after producer.id.expiration.ms, checked every ten minutes (67)', async () => {
        await reopened({ producerIdExpirationMs: 700_000 });
        send(9, 0, 0);
        await clock.advance(600_000);
        expect(log.activeProducers()).toHaveLength(1);
        await clock.advance(600_000);
        expect(log.activeProducers()).toHaveLength(0);
        expect(send(9, 0, 50).isDuplicate).toBe(false);
      });

      test('a refused batch leaves no trace', async () => {
        send(9, 0, 0);
        expect(await codeOf(() => send(9, 0, 7))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
        expect(log.activeProducers()).toEqual([
          {
            producerId: 9,
            producerEpoch: 0,
            lastSequence: 0,
            lastTimestamp: startMs,
            coordinatorEpoch: -1,
            currentTransactionStartOffset: -1,
          },
        ]);
      });
    });

    describe('transactions', () => {
      const begin = (producerId: number, baseSequence = 0, count = 2) =>
        log.append(idempotentBatch(producerId, 0, baseSequence, count, { isTransactional: true }), {
          ...asClient,
          verification: 'off',
        });
      const end = async (type: 'ABORT' | 'COMMIT', producerId: number, coordinatorEpoch = 0) =>
        log.append(marker(type, producerId, 0, coordinatorEpoch), asCoordinator).commit.done;

      test('nothing from an open transaction on is stable (82)', async () => {
        await put(log, ['plain']);
        begin(9);
        await put(log, ['behind']);
        expect([log.lastStableOffset, log.highWatermark]).toEqual([1, 4]);
        expect(await valuesFrom(log, 0, 'lastStableOffset')).toEqual(['plain']);
        await end('COMMIT', 9);
        expect(log.lastStableOffset).toBe(5);
      });

      test('a marker that is not committed yet does not count', async () => {
        await begin(9).commit.done;
        const ended = end('COMMIT', 9);
        expect(log.lastStableOffset).toBe(0);
        await ended;
        expect(log.lastStableOffset).toBe(3);
      });

      test('aborted transactions are told by first offset, where they overlap (80)', async () => {
        begin(1); // 0-1
        begin(2); // 2-3
        await put(log, ['plain']); // 4
        await end('ABORT', 2); // 5
        await end('ABORT', 1); // 6
        begin(3); // 7-8
        await end('COMMIT', 3); // 9
        const read = async (fromOffset: number, maxBytes = 100_000) => {
          const result = await log.read({
            fromOffset,
            maxBytes,
            minOneBatch: true,
            limit: 'lastStableOffset',
          });
          result.release();
          return result.abortedTransactions;
        };
        expect(await read(0)).toEqual([
          { producerId: 1, firstOffset: 0 },
          { producerId: 2, firstOffset: 2 },
        ]);
        expect(await read(6)).toEqual([{ producerId: 1, firstOffset: 0 }]);
        expect(await read(7)).toEqual([]);
        expect(await read(0, 1)).toEqual([{ producerId: 1, firstOffset: 0 }]);
        expect(await read(10)).toEqual([]);
      });

      test('without read_committed the list is null (80)', async () => {
        const result = await log.read({
          fromOffset: 0,
          maxBytes: 10,
          minOneBatch: true,
          limit: 'highWatermark',
        });
        expect(result.abortedTransactions).toBeNull();
      });

      test('a plain batch of a producer in a transaction is INVALID_TXN_STATE (69)', async () => {
        begin(9);
        const plain = idempotentBatch(9, 0, 2);
        expect(await codeOf(() => log.append(plain, asClient))).toBe('INVALID_TXN_STATE');
      });

      test('a marker of an older coordinator is refused', async () => {
        begin(9);
        await end('COMMIT', 9, 5);
        begin(9, 2);
        expect(await codeOf(() => end('ABORT', 9, 4))).toBe('TRANSACTION_COORDINATOR_FENCED');
      });

      describe('that have to be verified (KIP-890)', () => {
        const batch = (baseSequence: number, producerEpoch = 0) =>
          idempotentBatch(9, producerEpoch, baseSequence, 1, { isTransactional: true });
        const guardFor = (baseSequence = 0, addsPartition = false, producerEpoch = 0) =>
          log.beginVerification({ producerId: 9, producerEpoch, baseSequence, addsPartition });

        test('without a guard the first batch is INVALID_TXN_STATE (145)', async () => {
          expect(await codeOf(() => log.append(batch(0), asClient))).toBe('INVALID_TXN_STATE');
          const asOurs = { ...asCoordinator, verification: undefined };
          expect(await codeOf(() => log.append(batch(0), asOurs))).toBe('INVALID_TXN_STATE');
        });

        test('with its guard it is taken, and what follows needs none', async () => {
          const verification = guardFor();
          log.append(batch(0), { ...asClient, verification });
          expect(guardFor(1)).toBeUndefined();
          await log.append(batch(1), asClient).commit.done;
          expect(log.logEndOffset).toBe(2);
        });

        test('a guard of a transaction that ended meanwhile is worth nothing', async () => {
          const verification = guardFor();
          await end('ABORT', 9);
          guardFor(0); // the next transaction asks, too
          const late = { ...asClient, verification };
          expect(await codeOf(() => log.append(batch(0), late))).toBe('INVALID_TXN_STATE');
        });

        test('a marker leaves the guard of the next transaction alone, which has its epoch (149)', async () => {
          const verification = guardFor(0, true, 1);
          await log.append(marker('COMMIT', 9, 1), { ...asCoordinator, transactionVersion: 2 })
            .commit.done;
          log.append(batch(0, 1), { ...asClient, verification });
          expect(log.logEndOffset).toBe(2);
        });

        test('an older epoch is INVALID_PRODUCER_EPOCH before anybody is asked (65)', async () => {
          await end('COMMIT', 9);
          await log.append(marker('COMMIT', 9, 3), asCoordinator).commit.done;
          expect(await codeOf(() => guardFor(0, false, 2))).toBe('INVALID_PRODUCER_EPOCH');
        });

        test('a producer that nobody knows begins at sequence 0, if it adds partitions itself (66)', async () => {
          const adding = { ...asClient, verification: guardFor(4, true) };
          expect(await codeOf(() => log.append(batch(4), adding))).toBe(
            'OUT_OF_ORDER_SEQUENCE_NUMBER',
          );
        });

        test('a producer that nobody knows begins anywhere, if it added them before (66)', async () => {
          await log.append(batch(4), { ...asClient, verification: guardFor(4) }).commit.done;
          expect(log.logEndOffset).toBe(1);
        });

        test('a batch does not overtake an earlier one that was refused', async () => {
          guardFor(0);
          const later = { ...asClient, verification: guardFor(1) };
          expect(await codeOf(() => log.append(batch(1), later))).toBe(
            'OUT_OF_ORDER_SEQUENCE_NUMBER',
          );
        });
      });

      test('a marker of KIP-890 has a larger epoch, or is a repeated one (149)', async () => {
        const asOfVersion2 = { ...asCoordinator, transactionVersion: 2 };
        begin(9);
        expect(await codeOf(() => log.append(marker('COMMIT', 9, 0), asOfVersion2))).toBe(
          'INVALID_PRODUCER_EPOCH',
        );
        log.append(marker('COMMIT', 9, 1), asOfVersion2);
        await log.append(marker('COMMIT', 9, 1), asOfVersion2).commit.done;
        expect([log.logEndOffset, log.lastStableOffset]).toEqual([4, 4]);
      });

      test('an open transaction keeps its producer from being forgotten', async () => {
        await reopened({ producerIdExpirationMs: 1 });
        begin(9);
        await clock.advance(1_200_000);
        expect(log.activeProducers()).toHaveLength(1);
      });
    });

    describe('reading', () => {
      const read = (fromOffset: number, maxBytes: number, minOneBatch = true) =>
        Promise.resolve(log.read({ fromOffset, maxBytes, minOneBatch, limit: 'highWatermark' }));

      test('begins with the batch that holds the offset (77)', async () => {
        await put(log, ['a', 'b', 'c']);
        const result = await read(1, 1000);
        expect(readRecords(result.records[0]!)[0]?.offset).toBe(0);
        result.release();
      });

      test('at the end there is nothing, outside of the log is an error (78)', async () => {
        await put(log, ['a']);
        expect(await read(1, 1000)).toMatchObject({ records: [], highWatermark: 1 });
        expect(await codeOf(() => read(2, 1000))).toBe('OFFSET_OUT_OF_RANGE');
        await log.deleteBefore(1);
        expect(await codeOf(() => read(0, 1000))).toBe('OFFSET_OUT_OF_RANGE');
      });

      test('one batch is given even if it is too large, if asked for (75)', async () => {
        await put(log, ['x'.repeat(50_000)]);
        await put(log, ['y']);
        const one = await read(0, 10);
        expect(one.sizeInBytes).toBeGreaterThan(50_000);
        one.release();
        expect((await read(0, 10, false)).sizeInBytes).toBe(0);
      });

      test('whole batches only, as many as fit', async () => {
        const size = batchOf(['a']).end;
        for (const value of ['a', 'b', 'c']) await put(log, [value]);
        const two = await read(0, size * 3 - 1);
        expect(two.sizeInBytes).toBe(size * 2);
        two.release();
      });

      test('every offset of a long log is found, in segments of any size', async () => {
        await reopened({ segmentBytes: 20_000, indexIntervalBytes: 500 });
        const tickets = Array.from({ length: 300 }, (_, i) =>
          log.append(batchOf([`a${i}`, 'x'.repeat((i * 37) % 900)]), asClient),
        );
        await tickets.at(-1)?.commit.done;
        for (let offset = 0; offset < 600; offset += 7) {
          const result = await read(offset, 1);
          const offsets = readRecords(result.records[0]!).map((record) => record.offset);
          expect(offsets).toContain(offset);
          result.release();
        }
        expect(await valuesFrom(log, 0, 'highWatermark', 3000)).toHaveLength(600);
      });

      test('a read can be called off', async () => {
        await put(log, ['a']);
        const caller = { isGone: true, waitsFor: undefined };
        const request = { fromOffset: 0, maxBytes: 9, minOneBatch: true, limit: 'highWatermark' };
        expect(() => log.read(request as Parameters<PartitionLog['read']>[0], caller)).toThrow(
          'gone',
        );
      });
    });

    describe('look-ups', () => {
      test('by time: the first record at or past it, inside its batch (90)', async () => {
        const records = [10, 30, 20, 40].map((time) => ({
          timestamp: startMs + time,
          value: Buffer.from('v'),
        }));
        await log.append(rangeOf(buildBatch({ records })), asClient).commit.done;
        const find = async (time: number) => {
          const found = await log.offsetForTimestamp(startMs + time);
          return found === undefined ? undefined : [found.offset, found.timestamp - startMs];
        };
        expect(await find(0)).toEqual([0, 10]);
        expect(await find(11)).toEqual([1, 30]);
        expect(await find(31)).toEqual([3, 40]);
        expect(await find(41)).toBeUndefined();
      });

      test('the first record with the largest time, not the last record (91)', async () => {
        expect(await log.offsetOfMaxTimestamp()).toBeUndefined();
        for (const time of [5, 9, 9, 7]) await put(log, ['v', 'w'], startMs + time);
        expect(await log.offsetOfMaxTimestamp()).toMatchObject({
          offset: 2,
          timestamp: startMs + 9,
        });
      });

      test('by time across segments and index rows', async () => {
        await reopened({ segmentBytes: 3000, indexIntervalBytes: 100 });
        const tickets = Array.from({ length: 200 }, (_, i) =>
          log.append(batchOf([`v${i}`], { timestamp: startMs + i * 10 }), asClient),
        );
        await tickets.at(-1)?.commit.done;
        for (let i = 0; i < 200; i += 9) {
          const found = await log.offsetForTimestamp(startMs + i * 10 - 5);
          expect(found?.offset).toBe(i);
        }
        expect((await log.offsetOfMaxTimestamp())?.offset).toBe(199);
      });

      test('where each leader epoch ends (93)', async () => {
        await put(log, ['a', 'b']);
        log.becomeLeader(4);
        await log.append(batchOf(['c']), { leaderEpoch: 4, origin: 'client' }).commit.done;
        expect(log.latestEpoch).toBe(4);
        expect(log.endOffsetForEpoch(0)).toEqual({ leaderEpoch: 0, endOffset: 2 });
        expect(log.endOffsetForEpoch(2)).toEqual({ leaderEpoch: 0, endOffset: 2 });
        expect(log.endOffsetForEpoch(4)).toEqual({ leaderEpoch: 4, endOffset: 3 });
        expect(log.endOffsetForEpoch(5)).toBeUndefined();
        expect(log.endOffsetForEpoch(-1)).toBeUndefined();
        expect([0, 1, 2, 9].map((offset) => log.epochForOffset(offset))).toEqual([0, 0, 4, 4]);
      });
    });

    describe('deleting', () => {
      const fill = async (changes: Partial<LogSettings>, count = 10) => {
        await reopened({ segmentBytes: 150, ...changes });
        for (let i = 0; i < count; i++) await put(log, [`v${i}`], clock.wallMs());
      };

      test('deleteBefore moves the start and removes whole segments (94)', async () => {
        await fill({ retentionMs: -1 });
        const before = log.sizeInBytes;
        expect(await log.deleteBefore(5)).toBe(5);
        expect(log.logStartOffset).toBe(5);
        expect(log.sizeInBytes).toBeLessThan(before);
        expect(await valuesFrom(log, 5)).toEqual(['v5', 'v6', 'v7', 'v8', 'v9']);
        expect(await log.deleteBefore(3)).toBe(5);
        expect(await codeOf(() => log.deleteBefore(11))).toBe('OFFSET_OUT_OF_RANGE');
      });

      test('everything can be deleted, and the log goes on', async () => {
        await fill({ retentionMs: -1 });
        await log.deleteBefore(10);
        expect([log.logStartOffset, log.highWatermark]).toEqual([10, 10]);
        await put(log, ['next']);
        expect(await valuesFrom(log, 10)).toEqual(['next']);
      });

      test('retention by size keeps the newest segments (95)', async () => {
        await fill({ retentionBytes: 300, retentionMs: -1 });
        await log.applyRetention();
        expect(log.sizeInBytes).toBeLessThanOrEqual(300 + 150);
        expect(log.sizeInBytes).toBeGreaterThanOrEqual(300);
        expect(log.logStartOffset).toBeGreaterThan(0);
      });

      test('retention by time takes the active segment too (95)', async () => {
        await fill({ retentionMs: 1000 });
        await clock.advance(1001);
        await log.applyRetention();
        expect([log.logStartOffset, log.logEndOffset, log.sizeInBytes]).toEqual([10, 10, 0]);
        await put(log, ['next'], clock.wallMs());
        expect(await valuesFrom(log, 10)).toEqual(['next']);
      });

      test('without cleanup.policy=delete only what is below the start goes', async () => {
        await fill({ retentionMs: 1, retentionBytes: 1, cleanupDelete: false });
        await clock.advance(10_000);
        await log.applyRetention();
        expect(log.logStartOffset).toBe(0);
      });

      test('retention runs by itself', async () => {
        await fill({ retentionMs: 1000 });
        const isOver = new Promise<void>((resolve) => {
          log.onAdvance(() => {
            if (log.logStartOffset === 10) resolve();
          });
        });
        await clock.advance(600_000);
        await isOver; // on a real disk it takes its time
        expect(log.logStartOffset).toBe(10);
      });

      test('the segment rolls by the time that records say', async () => {
        await reopened({ segmentMs: 1000, retentionMs: -1, retentionBytes: 0 });
        await put(log, ['a'], startMs);
        await put(log, ['b'], startMs + 1000);
        await log.applyRetention();
        expect(log.logStartOffset).toBe(2); // one segment: all of it goes
        await put(log, ['c'], startMs + 5000);
        await put(log, ['d'], startMs + 6001);
        await log.deleteBefore(3);
        expect(log.sizeInBytes).toBe(batchOf(['d']).end);
      });

      test('a deleted partition is gone, and its readers hear of it', async () => {
        await put(log, ['a']);
        let wakeUps = 0;
        log.onAdvance(() => wakeUps++);
        await store.delete(partitionRef());
        expect(wakeUps).toBe(1);
        expect(store.get(partitionRef())).toBeUndefined();
        expect(await codeOf(() => valuesFrom(log, 0))).toBe('NOT_LEADER_OR_FOLLOWER');
        const fresh = await store.open(partitionRef(), logSettings());
        expect(fresh.logEndOffset).toBe(0);
      });
    });

    it('opens a log once, however many ask for it', async () => {
      const ref = partitionRef('orders', 5);
      const [one, two] = await Promise.all([
        store.open(ref, logSettings()),
        store.open(ref, logSettings()),
      ]);
      expect(one).toBe(two);
      expect(store.get(ref)).toBe(one);
    });

    it('tells how large each log is', async () => {
      await put(log, ['a']);
      const [directory] = store.describe();
      expect(directory?.logs).toEqual([{ ref: log.ref, sizeInBytes: batchOf(['a']).end }]);
    });
  });
}
