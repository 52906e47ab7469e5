import { describe, expect, it } from '@jest/globals';
import { PartitionGroupLog } from '../../../src/coordination/group-log.ts';
import type { GroupRecord } from '../../../src/coordination/group-record.ts';
import {
  readGroupRecord,
  writeGroupRecord,
} from '../../../src/coordination/group-record-format.ts';
import { silentLogger } from '../../../src/host/logger.ts';
import {
  buildControlBatch,
  encodeEndTransactionMarker,
} from '../../../src/protocol/control-record.ts';
import { MalformedMessage } from '../../../src/protocol/malformed-message.ts';
import { buildBatch } from '../../../src/protocol/record-batch.ts';
import { zeroUuid } from '../../../src/protocol/uuid.ts';
import { Commit } from '../../../src/storage/commit.ts';
import { MemoryLogStore } from '../../../src/storage/memory/memory-log-store.ts';
import type { PartitionLog } from '../../../src/storage/partition-log.ts';
import { StorageFailure } from '../../../src/storage/storage-failure.ts';
import { logSettings, partitionRef } from '../../support/log-settings.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { SeededRandom } from '../../support/seeded-random.ts';
import { Fixture, commitOf, refusalOf, syncOf } from './group-fixture.ts';

const offset = (partition: number, more = {}): GroupRecord => ({
  type: 'offset',
  groupId: 'g',
  topic: 't',
  partition,
  committed: {
    offset: 42,
    leaderEpoch: 7,
    metadata: 'm',
    commitTimestampMs: 1_700_000_000_000,
    expireTimestampMs: -1,
    topicId: zeroUuid,
    ...more,
  },
});

const group: GroupRecord = {
  type: 'group',
  groupId: 'g',
  protocolType: 'consumer',
  generationId: 3,
  protocolName: 'range',
  leaderId: 'm',
  currentStateTimestampMs: 5,
  members: [
    {
      memberId: 'm',
      groupInstanceId: 'i',
      clientId: 'c',
      clientHost: '/127.0.0.1',
      rebalanceTimeoutMs: 60_000,
      sessionTimeoutMs: 10_000,
      subscription: Buffer.of(1, 2),
      assignment: Buffer.of(3),
    },
  ],
};

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('records of __consumer_offsets', () => {
  it('an offset is written as OffsetCommit v3', () => {
    const { key, value } = writeGroupRecord(offset(2));
    expect(key).toEqual(hex('0001 000167 000174 00000002'));
    expect(value).toEqual(hex('0003 000000000000002a 00000007 00016d 0000018bcfe56800'));
  });

  it('row 118: with a moment of expiry it is written as v1, which has room for it', () => {
    const { value } = writeGroupRecord(offset(0, { expireTimestampMs: 1 }));
    expect(value).toEqual(hex('0001 000000000000002a 00016d 0000018bcfe56800 0000000000000001'));
  });

  it('a group is written as GroupMetadata v3', () => {
    const { key, value } = writeGroupRecord(group);
    expect(key).toEqual(hex('0002 000167'));
    expect(value?.readInt16BE(0)).toBe(3);
  });

  it.each([
    group,
    offset(1),
    { type: 'group-tombstone', groupId: 'g' },
    { type: 'offset-tombstone', groupId: 'g', topic: 't', partition: 9 },
  ] satisfies GroupRecord[])('reads back what it wrote: $type', (record) => {
    const { key, value } = writeGroupRecord(record);
    expect(readGroupRecord(key, value)).toEqual(record);
  });

  it('reads offsets of every version that Kafka had, with the topic id of v4', () => {
    const key = hex('0001 000167 000174 00000000');
    const read = (value: string) => readGroupRecord(key, hex(value));
    const committed = (more: object) =>
      expect.objectContaining({ committed: expect.objectContaining(more) });
    expect(read('0000 000000000000002a 00016d 0000000000000005')).toEqual(
      committed({ offset: 42, leaderEpoch: -1, expireTimestampMs: -1 }),
    );
    expect(read('0001 000000000000002a 00016d 0000000000000005 0000000000000006')).toEqual(
      committed({ expireTimestampMs: 6 }),
    );
    expect(read('0002 000000000000002a 00016d 0000000000000005')).toEqual(
      committed({ offset: 42 }),
    );
    expect(
      read(
        '0004 000000000000002a 00000007 026d 0000000000000005 01 00 10 00000000000000000000000000000001',
      ),
    ).toEqual(committed({ leaderEpoch: 7, topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' }));
  });

  it('a key of the oldest type is an offset too', () => {
    const record = readGroupRecord(hex('0000 000167 000174 00000000'), null);
    expect(record).toMatchObject({ type: 'offset-tombstone', groupId: 'g' });
  });

  it.each(['0003 000167', '0008 000167 00016d', '0017 000167', '7fff'])(
    'a record of another kind of group is passed over: %s',
    (key) => {
      expect(readGroupRecord(hex(key), hex('0000'))).toBeUndefined();
    },
  );

  it('a value of a newer version is passed over', () => {
    expect(readGroupRecord(hex('0002 000167'), hex('0005 00'))).toBeUndefined();
    expect(readGroupRecord(hex('0001 000167 000174 00000000'), hex('0005 00'))).toBeUndefined();
  });

  it('a record that is cut off is malformed', () => {
    expect(() => readGroupRecord(hex('0002 0001'), null)).toThrow(MalformedMessage);
    expect(() => readGroupRecord(hex('00'), null)).toThrow(MalformedMessage);
  });
});

describe('a log of the storage', () => {
  const clock = new ManualClock();

  async function openLog(store = new MemoryLogStore({ clock, random: new SeededRandom(1) })) {
    const ref = partitionRef('__consumer_offsets');
    const log = await store.open(ref, logSettings({ cleanupCompact: true, cleanupDelete: false }));
    log.becomeLeader(1);
    return { store, log };
  }

  const over = (log: PartitionLog, leaderEpoch = 1) =>
    new PartitionGroupLog(log, leaderEpoch, clock, silentLogger);

  async function replayed(log: PartitionLog) {
    const seen: unknown[] = [];
    await over(log).replay({
      record: (record, { recordOffset, producerId }) =>
        seen.push([record.type, recordOffset, producerId]),
      transactionMarker: (producerId, isCommit) => seen.push([isCommit, producerId]),
    });
    return seen;
  }

  it('a record that no log can hold is refused, and takes nobody down with it', async () => {
    const { store, log } = await openLog();
    const fixture = new Fixture();
    await fixture.coordinator.onLeadership(0, log, 1);
    // A member id has its client's in front, and may be too long for a record then.
    const join = fixture.join({ clientId: 'c'.repeat(32_767), takesMemberId: false });
    await fixture.clock.advance(0);
    const { memberId } = await join.promise;
    expect(await refusalOf(fixture.coordinator.sync(syncOf({ memberId })))).toMatchObject({
      error: 'UNKNOWN_SERVER_ERROR',
    });
    // The round that failed began anew; without its member the group is empty, as ever.
    expect(fixture.state()).toBe('PreparingRebalance');
    await fixture.coordinator.leave('g', [{ memberId, groupInstanceId: null }]);
    expect(fixture.state()).toBe('Empty');
    fixture.coordinator.close();
    await store.close();
  });

  it('a group larger than max.message.bytes is refused like that, too', async () => {
    const { store, log } = await openLog();
    log.updateSettings(logSettings({ maxMessageBytes: 500 }));
    const fixture = new Fixture();
    await fixture.coordinator.onLeadership(0, log, 1);
    const join = await fixture.enter();
    await fixture.clock.advance(0);
    const { memberId } = await join.promise;
    const assignments = [{ memberId, assignment: Buffer.alloc(500) }];
    const { error } = await fixture.coordinator.sync(syncOf({ memberId, assignments }));
    expect(error).toBe('UNKNOWN_SERVER_ERROR');
    expect(fixture.state()).toBe('PreparingRebalance');
    expect(await refusalOf(fixture.heartbeat(memberId, 1))).toBe('REBALANCE_IN_PROGRESS');
    fixture.coordinator.close();
    await store.close();
  });

  it('keeps groups and offsets for the next leader, over storage and all', async () => {
    const { store, log } = await openLog();
    const fixture = new Fixture();
    await fixture.coordinator.onLeadership(0, log, 1);
    const members = await fixture.stable(2);
    await fixture.coordinator.commit(commitOf({ generationId: 1, memberId: members[0] ?? '' }));
    fixture.coordinator.close();

    const next = new Fixture();
    log.becomeLeader(2);
    await next.coordinator.onLeadership(0, log, 2);
    expect(next.groupOf('g')).toMatchObject({ state: 'Stable', generationId: 1 });
    expect([...next.groupOf('g').members.keys()]).toEqual(members);
    expect(next.committed()).toBe(42);
    await store.close();
  });

  it('a deletion of very many offsets is one append of several batches', async () => {
    const { store, log } = await openLog();
    const records = Array.from({ length: 2_500 }, (_, partition) => offset(partition));
    expect(await over(log).append(records)).toBe(0);
    expect(log.logEndOffset).toBe(2_500);
    expect(await replayed(log)).toHaveLength(2_500);
    await store.close();
  });

  it('what another kind of batch holds is passed on as what it is', async () => {
    const { store, log } = await openLog();
    const append = (batch: Buffer) =>
      log.append(
        { buffer: batch, start: 0, end: batch.length },
        { leaderEpoch: 1, origin: 'coordinator', verification: 'off' },
      );
    const written = [offset(0), offset(1)].map(writeGroupRecord);
    append(buildBatch({ records: written.slice(0, 1), compression: 'gzip' }));
    append(buildBatch({ records: [{ key: hex('0003 000167'), value: hex('0000') }] }));
    append(buildBatch({ records: [{ key: hex('0002'), value: null }] })); // cannot be read
    append(buildBatch({ records: [{ key: null, value: hex('00') }] }));
    const transaction = { producerId: 9, producerEpoch: 0, timestamp: 1 };
    append(
      buildBatch({
        ...transaction,
        records: written.slice(1),
        baseSequence: 0,
        isTransactional: true,
      }),
    );
    const value = encodeEndTransactionMarker(0);
    append(buildControlBatch({ ...transaction, type: 'COMMIT', value }));
    append(buildControlBatch({ ...transaction, type: 'ABORT', value }));
    expect(await replayed(log)).toEqual([
      ['offset', 0, -1],
      ['offset', 4, 9],
      [true, 9],
      [false, 9],
    ]);
    await store.close();
  });

  it('row 151: offsets of a transaction and its marker are read back as such', async () => {
    const { store, log } = await openLog();
    const producer = { producerId: 9, producerEpoch: 3 };
    const verification = log.beginVerification({
      ...producer,
      baseSequence: -1,
      addsPartition: false,
    });
    await over(log).append([offset(0)], { ...producer, verification });
    expect(log.lastStableOffset).toBe(0);
    const marker = { ...producer, coordinatorEpoch: 0, isCommit: true } as const;
    await over(log).appendMarker({ ...marker, transactionVersion: 0 });
    expect(log.lastStableOffset).toBe(2);
    expect(await replayed(log)).toEqual([
      ['offset', 0, 9],
      [true, 9],
    ]);
    const old = over(log).appendMarker({ ...marker, producerEpoch: 2, transactionVersion: 0 });
    expect(await refusalOf(old)).toBe('INVALID_PRODUCER_EPOCH');
    await store.close();
  });

  it('row 145: offsets of a transaction that does not know of the partition are refused', async () => {
    const { store, log } = await openLog();
    const transaction = { producerId: 9, producerEpoch: 3, verification: undefined };
    expect(await refusalOf(over(log).append([offset(0)], transaction))).toBe('INVALID_TXN_STATE');
    await store.close();
  });

  it('a leader of an older epoch hears NOT_COORDINATOR', async () => {
    const { store, log } = await openLog();
    log.becomeLeader(5);
    expect(await refusalOf(over(log, 1).append([group]))).toBe('NOT_COORDINATOR');
    await store.close();
  });

  it.each([
    ['Fenced', 'NOT_COORDINATOR'],
    ['NotCommitted', 'NOT_COORDINATOR'],
    ['OutcomeUnknown', 'COORDINATOR_NOT_AVAILABLE'],
  ] as const)('a write that ends as %s is %s for the client', async (kind, error) => {
    const commit = new Commit();
    commit.settle(new StorageFailure(kind, 'test'));
    const log = {
      ref: partitionRef('__consumer_offsets'),
      append: () => ({ baseOffset: 0, commit }),
    };
    expect(await refusalOf(over(log as unknown as PartitionLog).append([group]))).toBe(error);
  });
});
