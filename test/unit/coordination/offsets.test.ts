import { describe, expect, it } from '@jest/globals';
import { applyRecord, applyTransactionMarker } from '../../../src/coordination/group-state.ts';
import type { OffsetCommit } from '../../../src/coordination/decide-offsets.ts';
import { GroupPartition } from '../../../src/coordination/group-partition.ts';
import type { TransactionMarker } from '../../../src/coordination/transactions/peer-client.ts';
import { KafkaError } from '../../../src/protocol/kafka-error.ts';
import { zeroUuid } from '../../../src/protocol/uuid.ts';
import { commitOf, Fixture, joinOf, refusalOf, settle, subscription } from './group-fixture.ts';

const dayMs = 24 * 60 * 60 * 1_000;

const topicOf = (name: string, offset = 42, metadata: string | null = 'm') => ({
  name,
  topicId: zeroUuid,
  partitions: [{ partition: 0, offset, leaderEpoch: 5, metadata }],
});

describe('OffsetCommit: who may', () => {
  it('row 114: from outside, to a group that is not there: it becomes a simple group', async () => {
    const fixture = await Fixture.started();
    const [result] = await fixture.commit();
    expect(result?.partitions).toEqual([{ partition: 0, error: 'NONE' }]);
    expect(fixture.coordinator.describe('g')).toMatchObject({ state: 'Empty', protocolType: '' });
    expect(fixture.committed()).toBe(42);
    expect(fixture.log.records.map(({ type }) => type)).toEqual(['offset']);
  });

  it('row 114: from outside, to an empty group', async () => {
    const fixture = await Fixture.started();
    const [memberId = ''] = await fixture.stable(1);
    await fixture.coordinator.leave('g', [{ memberId, groupInstanceId: null }]);
    await fixture.commit();
    expect(fixture.committed()).toBe(42);
  });

  it('row 114: from outside, to a group with members: UNKNOWN_MEMBER_ID', async () => {
    const fixture = await Fixture.started();
    await fixture.stable(1);
    expect(await refusalOf(fixture.commit())).toBe('UNKNOWN_MEMBER_ID');
  });

  it.each([
    [false, 'ILLEGAL_GENERATION'],
    [true, 'GROUP_ID_NOT_FOUND'],
  ])('row 115: a generation of a group that is not there (v9+: %s) is %s', async (isNew, error) => {
    const fixture = await Fixture.started();
    const more = { generationId: 1, memberId: 'm', takesGroupIdNotFound: isNew };
    expect(await refusalOf(fixture.commit(more))).toBe(error);
  });

  it('row 116: a member of the generation may, in Stable and in PreparingRebalance', async () => {
    const fixture = await Fixture.started();
    const [leader = '', follower = ''] = await fixture.stable(2);
    await fixture.commit({ generationId: 1, memberId: follower });
    fixture.join({ memberId: leader });
    await settle();
    expect(fixture.state()).toBe('PreparingRebalance');
    await fixture.commit({ generationId: 1, memberId: follower, topics: [topicOf('t', 43)] });
    expect(fixture.committed()).toBe(43);
  });

  it('row 116: in CompletingRebalance it is REBALANCE_IN_PROGRESS', async () => {
    const fixture = await Fixture.started();
    const join = await fixture.enter();
    await fixture.clock.advance(0);
    const memberId = join.value?.memberId ?? '';
    expect(await refusalOf(fixture.commit({ generationId: 1, memberId }))).toBe(
      'REBALANCE_IN_PROGRESS',
    );
  });

  it.each([
    ['an unknown member', { memberId: 'nobody', generationId: 1 }, 'UNKNOWN_MEMBER_ID'],
    ['an older generation', { generationId: 0 }, 'ILLEGAL_GENERATION'],
    ['a member without its generation', { generationId: -1 }, 'ILLEGAL_GENERATION'],
    ['an unknown static name', { generationId: 1, groupInstanceId: 'i' }, 'UNKNOWN_MEMBER_ID'],
  ])('row 116: %s is refused', async (_, more, error) => {
    const fixture = await Fixture.started();
    const [memberId = ''] = await fixture.stable(1);
    expect(await refusalOf(fixture.commit({ memberId, ...more }))).toBe(error);
    expect(fixture.committed()).toBeUndefined();
  });

  it('row 116: an accepted commit renews the session, as a heartbeat does', async () => {
    const fixture = await Fixture.started();
    const [memberId = ''] = await fixture.stable(1);
    await fixture.clock.advance(9_000);
    await fixture.commit({ generationId: 1, memberId });
    await fixture.clock.advance(9_000);
    expect(await fixture.heartbeat(memberId, 1)).toBe('NONE');
  });

  it('row 97: the empty group id is accepted', async () => {
    const fixture = await Fixture.started();
    await fixture.commit({ groupId: '' });
    expect(fixture.committed('t', 0, '')).toBe(42);
  });
});

describe('OffsetCommit: what is kept', () => {
  it('row 117: metadata that is too large spoils its own partition only', async () => {
    const fixture = await Fixture.started();
    const topics = [topicOf('a', 1, 'x'.repeat(4_096)), topicOf('b', 2, 'x'.repeat(4_097))];
    const results = await fixture.commit({ topics });
    expect(results.map(({ partitions }) => partitions[0]?.error)).toEqual([
      'NONE',
      'OFFSET_METADATA_TOO_LARGE',
    ]);
    expect(fixture.committed('a')).toBe(1);
    expect(fixture.committed('b')).toBeUndefined();
  });

  it('row 117: no metadata is kept as an empty text', async () => {
    const fixture = await Fixture.started();
    await fixture.commit({ topics: [topicOf('t', 1, null)] });
    expect(fixture.coordinator.fetchOffsets('g').offsets?.get('t')?.get(0)).toMatchObject({
      offset: 1,
      leaderEpoch: 5,
      metadata: '',
    });
  });

  it('row 121: the last one to commit a partition is right', async () => {
    const fixture = await Fixture.started();
    await Promise.all(
      [7, 9, 8].map((offset) => fixture.commit({ topics: [topicOf('t', offset)] })),
    );
    expect(fixture.committed()).toBe(8);
    expect((await fixture.restarted()).committed()).toBe(8);
  });

  it('a commit is visible only when it is written, and then at once', async () => {
    const fixture = await Fixture.started();
    let open = (): void => undefined;
    fixture.log.gate = new Promise((resolve) => (open = resolve));
    const commit = fixture.commit();
    await settle();
    expect(fixture.committed()).toBeUndefined();
    open();
    await commit;
    expect(fixture.committed()).toBe(42);
  });

  it('commits of a group do not wait for each other to be written, but deletions wait for them', async () => {
    const fixture = await Fixture.started();
    let open = (): void => undefined;
    fixture.log.gate = new Promise((resolve) => (open = resolve));
    const commits = [fixture.commit(), fixture.commit({ topics: [topicOf('u')] })];
    const deletion = fixture.coordinator.deleteGroup('g');
    await settle();
    expect(fixture.log.written).toHaveLength(2);
    open();
    await Promise.all([...commits, deletion]);
    expect(fixture.log.records.slice(2).map(({ type }) => type)).toEqual([
      'offset-tombstone',
      'offset-tombstone',
      'group-tombstone',
    ]);
  });

  it('a commit that cannot be written is refused and not seen', async () => {
    const fixture = await Fixture.started();
    fixture.log.failure = 'COORDINATOR_NOT_AVAILABLE';
    expect(await refusalOf(fixture.commit())).toBe('COORDINATOR_NOT_AVAILABLE');
    expect(fixture.committed()).toBeUndefined();
    await fixture.commit();
    expect(fixture.committed()).toBe(42);
  });
});

describe('retention', () => {
  it('row 118: a retention time (v2-4) is kept as the moment of expiry', async () => {
    const fixture = await Fixture.started();
    await fixture.commit({ retentionTimeMs: 700_000 });
    expect(fixture.log.records[0]).toMatchObject({
      committed: { expireTimestampMs: fixture.clock.wallMs() + 700_000, leaderEpoch: -1 },
    });
    await fixture.clock.advance(600_000);
    expect(fixture.committed()).toBe(42);
    await fixture.clock.advance(600_000);
    expect(fixture.committed()).toBeUndefined();
    expect(() => fixture.state()).toThrow('not found');
  });

  it('row 118: offsets of simple groups go seven days after the commit', async () => {
    const fixture = await Fixture.started();
    await fixture.commit({ topics: [topicOf('old')] });
    await fixture.clock.advance(dayMs);
    await fixture.commit({ topics: [topicOf('new')] });
    await fixture.clock.advance(6 * dayMs);
    expect(fixture.committed('old')).toBeUndefined();
    expect(fixture.committed('new')).toBe(42);
    await fixture.clock.advance(dayMs);
    expect(() => fixture.state()).toThrow('not found');
    expect(fixture.log.records.at(-1)).toEqual({ type: 'group-tombstone', groupId: 'g' });
  });

  it('row 118: offsets of a group age from when it became empty, however old they are', async () => {
    const fixture = await Fixture.started();
    const [memberId = ''] = await fixture.stable(1, { sessionTimeoutMs: 1_800_000 });
    await fixture.commit({ generationId: 1, memberId });
    for (let elapsedMs = 0; elapsedMs < 10 * dayMs; elapsedMs += 1_200_000) {
      await fixture.clock.advance(1_200_000);
      await fixture.heartbeat(memberId, 1);
    }
    expect(fixture.committed()).toBe(42);
    await fixture.coordinator.leave('g', [{ memberId, groupInstanceId: null }]);
    await fixture.clock.advance(7 * dayMs - 600_000);
    expect(fixture.committed()).toBe(42);
    await fixture.clock.advance(1_200_000);
    expect(() => fixture.state()).toThrow('not found');
  });

  it('row 118: a stable consumer group lets go of topics that it reads no more', async () => {
    const fixture = await Fixture.started({ offsetsRetentionMs: 1_000_000 });
    const [memberId = ''] = await fixture.stable(1, { sessionTimeoutMs: 1_800_000 });
    const topics = [topicOf('t'), topicOf('left')];
    await fixture.commit({ generationId: 1, memberId, topics });
    await fixture.clock.advance(1_200_000);
    expect(fixture.committed('t')).toBe(42);
    expect(fixture.committed('left')).toBeUndefined();
  });

  it('row 118: a group of another protocol keeps everything while it has members', async () => {
    const fixture = await Fixture.started({ offsetsRetentionMs: 1_000_000 });
    const more = { sessionTimeoutMs: 1_800_000, protocolType: 'connect' };
    const join = await fixture.enter(more);
    await fixture.clock.advance(0);
    const memberId = join.value?.memberId ?? '';
    const sync = { groupId: 'g', generationId: 1, memberId, groupInstanceId: null };
    await fixture.coordinator.sync({
      ...sync,
      protocolType: null,
      protocolName: null,
      assignments: [],
    });
    await fixture.commit({ generationId: 1, memberId });
    await fixture.clock.advance(1_200_000);
    expect(fixture.committed()).toBe(42);
  });

  it('row 118: is looked at every ten minutes, not more often', async () => {
    const fixture = await Fixture.started({ offsetsRetentionMs: 1 });
    await fixture.commit();
    await fixture.clock.advance(599_999);
    expect(fixture.committed()).toBe(42);
    await fixture.clock.advance(1);
    expect(fixture.committed()).toBeUndefined();
  });
});

describe('OffsetFetch', () => {
  it('row 119: an unknown group has committed nothing, and that is no error', async () => {
    const fixture = await Fixture.started();
    expect(fixture.coordinator.fetchOffsets('nobody').offsets).toBeUndefined();
  });

  it('row 120: offsets of an open transaction are unstable until its marker comes', () => {
    const { state } = new GroupPartition(undefined as never, undefined as never);
    const record = {
      type: 'offset',
      groupId: 'g',
      topic: 't',
      partition: 0,
      committed: {
        offset: 1,
        leaderEpoch: -1,
        metadata: '',
        commitTimestampMs: 0,
        expireTimestampMs: -1,
        topicId: zeroUuid,
      },
    } as const;
    const other = { ...record, committed: { ...record.committed, offset: 2 } };
    applyRecord(state, record, { recordOffset: 0, producerId: 7 });
    applyRecord(state, other, { recordOffset: 1, producerId: 8 });
    expect(state.offsets.size).toBe(0);
    applyTransactionMarker(state, 8, false);
    expect(state.offsets.size).toBe(0);
    applyTransactionMarker(state, 7, true);
    expect(state.offsets.get('g')?.get('t')?.get(0)?.offset).toBe(1);
    expect(state.pendingOffsets.size).toBe(0);
  });

  it('row 121: a plain commit behind that of a transaction counts more', () => {
    const { state } = new GroupPartition(undefined as never, undefined as never);
    const record = (offset: number) =>
      ({
        type: 'offset',
        groupId: 'g',
        topic: 't',
        partition: 0,
        committed: {
          offset,
          leaderEpoch: -1,
          metadata: '',
          commitTimestampMs: 0,
          expireTimestampMs: -1,
          topicId: zeroUuid,
        },
      }) as const;
    applyRecord(state, record(1), { recordOffset: 0, producerId: 7 });
    applyRecord(state, record(2), { recordOffset: 1, producerId: -1 });
    applyTransactionMarker(state, 7, true);
    expect(state.offsets.get('g')?.get('t')?.get(0)?.offset).toBe(2);
  });
});

const transaction = { producerId: 7, producerEpoch: 0, verification: undefined };

/** The end of a transaction. */
const markerOf = (isCommit: boolean, producerId = 7): TransactionMarker => ({
  producerId,
  producerEpoch: 0,
  coordinatorEpoch: 0,
  isCommit,
  transactionVersion: 0,
});

/** A coordinator whose log ends in a transaction with an offset for u-0 of group g. */
async function withPendingOffset() {
  const fixture = await Fixture.started();
  await fixture.commit();
  await commitPending(fixture);
  return { fixture, state: fixture.partition().state };
}

function commitPending(fixture: Fixture, more: Partial<OffsetCommit> = {}) {
  const commit = commitOf({ isTransactional: true, topics: [topicOf('u')], ...more });
  return fixture.coordinator.commitInTransaction(commit, transaction);
}

const isUnstable = (fixture: Fixture, topic = 'u') =>
  fixture.coordinator.fetchOffsets('g').isUnstable(topic, 0);

describe('offsets of a transaction', () => {
  it('row 151: are not seen, and make the partition unstable, until it commits', async () => {
    const { fixture } = await withPendingOffset();
    expect([fixture.committed('u'), isUnstable(fixture)]).toEqual([undefined, true]);
    expect(isUnstable(fixture, 't')).toBe(false);
    await fixture.coordinator.completeTransaction(0, markerOf(true));
    expect([fixture.committed('u'), isUnstable(fixture)]).toEqual([42, false]);
    expect((await fixture.restarted()).committed('u')).toBe(42);
  });

  it('row 151: are forgotten when it aborts', async () => {
    const { fixture } = await withPendingOffset();
    await fixture.coordinator.completeTransaction(0, markerOf(false));
    expect([fixture.committed('u'), isUnstable(fixture)]).toEqual([undefined, false]);
    expect((await fixture.restarted()).committed('u')).toBeUndefined();
  });

  it('row 151: are still pending after a restart', async () => {
    const { fixture } = await withPendingOffset();
    const next = await fixture.restarted();
    expect([next.committed('u'), isUnstable(next)]).toEqual([undefined, true]);
    await next.coordinator.completeTransaction(0, markerOf(true));
    expect(next.committed('u')).toBe(42);
  });

  it('row 152: a marker comes to whoever is in charge', async () => {
    const { fixture } = await withPendingOffset();
    const elsewhere = fixture.coordinator.completeTransaction(1, markerOf(true));
    expect(await refusalOf(elsewhere)).toBe('NOT_COORDINATOR');
    fixture.log.failure = 'NOT_COORDINATOR';
    const refused = fixture.coordinator.completeTransaction(0, markerOf(true));
    expect(await refusalOf(refused)).toBe('NOT_COORDINATOR');
    expect(isUnstable(fixture)).toBe(true);
  });

  it('a marker is applied behind the commits that stand before it in the log', async () => {
    const fixture = await Fixture.started();
    let open = (): void => undefined;
    fixture.log.gate = new Promise((resolve) => (open = resolve));
    const committed = commitPending(fixture);
    fixture.log.gate = undefined;
    await settle(1);
    const completed = fixture.coordinator.completeTransaction(0, markerOf(true));
    await settle(1);
    open();
    await Promise.all([committed, completed]);
    expect([fixture.committed('u'), isUnstable(fixture)]).toEqual([42, false]);
  });

  it('row 121: a plain commit behind that of a transaction counts more', async () => {
    const { fixture } = await withPendingOffset();
    await fixture.commit({ topics: [topicOf('u', 43)] });
    await fixture.coordinator.completeTransaction(0, markerOf(true));
    expect(fixture.committed('u')).toBe(43);
    expect((await fixture.restarted()).committed('u')).toBe(43);
  });

  it.each([
    ['ILLEGAL_GENERATION', { groupId: 'unknown', generationId: 1, memberId: 'm' }],
    ['ILLEGAL_GENERATION', { generationId: 2 }],
    ['UNKNOWN_MEMBER_ID', { memberId: 'nobody' }],
    ['UNKNOWN_MEMBER_ID', { groupInstanceId: 'nobody' }],
    ['INVALID_GROUP_ID', { groupId: '' }],
    ['NONE', {}],
    ['NONE', { generationId: -1, memberId: '' }], // clients before TxnOffsetCommit v3
  ])('row 151: %s is what a member of a group hears: %j', async (error, more) => {
    const fixture = await Fixture.started();
    const [memberId = ''] = await fixture.stable(1);
    const member = { generationId: 1, memberId, takesGroupIdNotFound: false };
    const committed = commitPending(fixture, { ...member, ...more }).then(() => 'NONE');
    expect(await refusalOf(committed)).toBe(error);
  });

  it('a rebalance that is under way does not matter', async () => {
    const fixture = await Fixture.started();
    const join = await fixture.enter();
    await fixture.clock.advance(0);
    const memberId = join.value?.memberId ?? '';
    expect(fixture.state()).toBe('CompletingRebalance');
    await commitPending(fixture, { generationId: 1, memberId });
    expect(isUnstable(fixture)).toBe(true);
  });
});

describe('offsets of a transaction that is still open', () => {
  it('are deleted with their group', async () => {
    const { fixture, state } = await withPendingOffset();
    await fixture.coordinator.deleteGroup('g');
    expect(fixture.log.records.slice(2)).toEqual([
      { type: 'offset-tombstone', groupId: 'g', topic: 't', partition: 0 },
      { type: 'offset-tombstone', groupId: 'g', topic: 'u', partition: 0 },
      { type: 'group-tombstone', groupId: 'g' },
    ]);
    applyTransactionMarker(state, 7, true);
    expect(state.offsets.get('g')).toBeUndefined();
  });

  it('are deleted with their topic', async () => {
    const { fixture, state } = await withPendingOffset();
    await fixture.coordinator.onTopicsDeleted(new Map([['u', zeroUuid]]));
    applyTransactionMarker(state, 7, true);
    expect(fixture.committed('u')).toBeUndefined();
    expect(fixture.committed('t')).toBe(42);
  });

  it('keep their group alive, and nothing else', async () => {
    const { fixture, state } = await withPendingOffset();
    await fixture.clock.advance(8 * dayMs);
    expect(fixture.committed('t')).toBeUndefined();
    applyTransactionMarker(state, 7, true);
    expect(fixture.committed('u')).toBe(42);
  });
});

describe('deleting topics', () => {
  it('row 121: spares what was committed for a new topic of the same name', async () => {
    const fixture = await Fixture.started();
    const [old, young] = ['AAAAAAAAAAAAAAAAAAAAAQ', 'AAAAAAAAAAAAAAAAAAAAAg'];
    await fixture.commit({ topics: [{ ...topicOf('t'), topicId: young }] });
    await fixture.commit({ groupId: 'h', topics: [{ ...topicOf('t'), topicId: old }] });
    await fixture.coordinator.onTopicsDeleted(new Map([['t', old]]));
    expect(fixture.committed('t')).toBe(42);
    expect(fixture.committed('t', 0, 'h')).toBeUndefined();
  });

  it('row 121: their offsets go, in every group', async () => {
    const fixture = await Fixture.started();
    await fixture.commit({ topics: [topicOf('t'), topicOf('u')] });
    await fixture.commit({ groupId: 'h' });
    await fixture.coordinator.onTopicsDeleted(new Map([['t', zeroUuid]]));
    expect(fixture.committed('t')).toBeUndefined();
    expect(fixture.committed('u')).toBe(42);
    expect(fixture.committed('t', 0, 'h')).toBeUndefined();
    expect((await fixture.restarted()).committed('t')).toBeUndefined();
  });
});

describe('what is kept in memory', () => {
  it('is nothing of a group that commits offsets and has no members', async () => {
    const fixture = await Fixture.started();
    await fixture.commit();
    await fixture.commit({ groupId: 'h', topics: [topicOf('t', 1, 'x'.repeat(4_097))] });
    await settle();
    expect(fixture.partition()['running'].size).toBe(0);
    expect(fixture.partition().state.groups.size).toBe(1);
  });
});

describe('OffsetDelete', () => {
  const request = { groupId: 'g', topics: [{ name: 't', partitions: [0, 1] }] };

  it('row 97: an empty group id is INVALID_GROUP_ID', async () => {
    const { coordinator } = await Fixture.started();
    expect(await refusalOf(coordinator.deleteOffsets({ ...request, groupId: '' }))).toBe(
      'INVALID_GROUP_ID',
    );
  });

  it('row 126: a group that is not there is GROUP_ID_NOT_FOUND', async () => {
    const { coordinator } = await Fixture.started();
    expect(await refusalOf(coordinator.deleteOffsets(request))).toBe('GROUP_ID_NOT_FOUND');
  });

  it('row 126: a topic that members read is GROUP_SUBSCRIBED_TO_TOPIC, another one is not', async () => {
    const fixture = await Fixture.started();
    const [memberId = ''] = await fixture.stable(1);
    const topics = [topicOf('t'), topicOf('left')];
    await fixture.commit({ generationId: 1, memberId, topics });
    const results = await fixture.coordinator.deleteOffsets({
      groupId: 'g',
      topics: [
        { name: 't', partitions: [0] },
        { name: 'left', partitions: [0] },
      ],
    });
    expect(results.map(({ partitions }) => partitions[0]?.error)).toEqual([
      'GROUP_SUBSCRIBED_TO_TOPIC',
      'NONE',
    ]);
    expect(fixture.committed('t')).toBe(42);
    expect(fixture.committed('left')).toBeUndefined();
  });

  it('row 126: a group of another protocol with members is NON_EMPTY_GROUP', async () => {
    const fixture = await Fixture.started();
    fixture.join({ protocolType: 'connect', takesMemberId: false });
    await fixture.clock.advance(0);
    expect(await refusalOf(fixture.coordinator.deleteOffsets(request))).toBe('NON_EMPTY_GROUP');
  });

  it('row 126: what was not committed is deleted without a word, and nothing is written for it', async () => {
    const fixture = await Fixture.started();
    await fixture.commit();
    const results = await fixture.coordinator.deleteOffsets(request);
    expect(results[0]?.partitions).toEqual([
      { partition: 0, error: 'NONE' },
      { partition: 1, error: 'NONE' },
    ]);
    expect(fixture.log.records.slice(1)).toEqual([
      { type: 'offset-tombstone', groupId: 'g', topic: 't', partition: 0 },
    ]);
  });

  it('row 126: when it cannot be told what members read, a consumer group reads everything', async () => {
    const fixture = await Fixture.started();
    const protocols = [
      { name: 'range', metadata: subscription('t') },
      { name: 'mine', metadata: Buffer.of(1, 2, 3) },
    ];
    await fixture.enter({ protocols: protocols.slice(1) });
    await fixture.clock.advance(0);
    const results = await fixture.coordinator.deleteOffsets(request);
    expect(results[0]?.partitions[0]?.error).toBe('GROUP_SUBSCRIBED_TO_TOPIC');
  });
});

describe('DeleteGroups', () => {
  it('row 125: a group with members is NON_EMPTY_GROUP', async () => {
    const fixture = await Fixture.started();
    await fixture.stable(1);
    expect(await refusalOf(fixture.coordinator.deleteGroup('g'))).toBe('NON_EMPTY_GROUP');
  });

  it('row 125: a group that is not there is GROUP_ID_NOT_FOUND', async () => {
    const { coordinator } = await Fixture.started();
    expect(await refusalOf(coordinator.deleteGroup('g'))).toBe('GROUP_ID_NOT_FOUND');
    expect(await refusalOf(coordinator.deleteGroup(''))).toBe('GROUP_ID_NOT_FOUND');
  });

  it('row 125: everything it committed is deleted with it, and stays so after a restart', async () => {
    const fixture = await Fixture.started();
    await fixture.commit({ topics: [topicOf('t'), topicOf('u')] });
    await fixture.coordinator.deleteGroup('g');
    expect(fixture.log.records.slice(2)).toEqual([
      { type: 'offset-tombstone', groupId: 'g', topic: 't', partition: 0 },
      { type: 'offset-tombstone', groupId: 'g', topic: 'u', partition: 0 },
      { type: 'group-tombstone', groupId: 'g' },
    ]);
    const next = await fixture.restarted();
    expect(() => next.state()).toThrow('not found');
    expect(next.coordinator.fetchOffsets('g').offsets).toBeUndefined();
  });

  it('leaves no timer of the group behind', async () => {
    const fixture = await Fixture.started();
    const before = fixture.clock.pendingTimers;
    await fixture.coordinator.join(joinOf()); // a pending member
    expect(fixture.clock.pendingTimers).toBe(before + 1);
    await fixture.coordinator.deleteGroup('g');
    expect(fixture.clock.pendingTimers).toBe(before);
  });
});

describe('DescribeGroups and ListGroups', () => {
  it('row 122: metadata and assignment are shown in Stable', async () => {
    const fixture = await Fixture.started();
    const [leader = ''] = await fixture.stable(1);
    expect(fixture.coordinator.describe('g')).toEqual({
      groupId: 'g',
      state: 'Stable',
      protocolType: 'consumer',
      protocolName: 'range',
      members: [
        {
          memberId: leader,
          groupInstanceId: null,
          clientId: 'client',
          clientHost: '/127.0.0.1',
          metadata: subscription('t'),
          assignment: Buffer.from(leader),
        },
      ],
    });
  });

  it('row 122: in other states members are named without what they told', async () => {
    const fixture = await Fixture.started();
    await fixture.enter();
    await fixture.clock.advance(0);
    const described = fixture.coordinator.describe('g');
    expect(described).toMatchObject({ state: 'CompletingRebalance', protocolName: '' });
    expect(described.members[0]).toMatchObject({ metadata: Buffer.alloc(0) });
  });

  it.each([
    [['STABLE'], [], ['g']],
    [[' stable '], [], ['g']],
    [['empty', 'Stable'], ['Classic'], ['g', 'simple']],
    [['Nonsense'], [], []],
    [[], ['consumer'], []],
    [[], ['nonsense'], []],
    [[], ['CLASSIC', 'share'], ['g', 'simple']],
    [[], [], ['g', 'simple']],
  ])('row 124: states %j and types %j list %j', async (states, types, groupIds) => {
    const fixture = await Fixture.started();
    await fixture.stable(1);
    await fixture.commit({ groupId: 'simple' });
    const listings = fixture.coordinator.list({ states, types });
    expect(listings.map(({ groupId }) => groupId)).toEqual(groupIds);
  });

  it('row 124: simple groups are listed without a protocol type', async () => {
    const fixture = await Fixture.started();
    await fixture.commit();
    expect(fixture.coordinator.list({ states: [], types: [] })).toEqual([
      { groupId: 'g', protocolType: '', state: 'Empty', type: 'classic' },
    ]);
  });
});

describe('leadership', () => {
  it('a broker that does not lead is NOT_COORDINATOR', async () => {
    const { coordinator } = new Fixture();
    expect(await refusalOf(coordinator.join(joinOf()))).toBe('NOT_COORDINATOR');
    expect(await refusalOf(coordinator.commit(commitOf()))).toBe('NOT_COORDINATOR');
    expect(() => coordinator.fetchOffsets('g')).toThrow('not in charge');
    expect(coordinator.list({ states: [], types: [] })).toEqual([]);
  });

  it('a partition that cannot be read is NOT_COORDINATOR, and spoils no list of the others', async () => {
    const fixture = new Fixture({ offsetsTopicPartitions: 2 });
    const { coordinator } = fixture;
    const unreadable = {
      append: () => Promise.reject(new Error('not reached')),
      appendMarker: () => Promise.reject(new Error('not reached')),
      replay: () => Promise.reject(new KafkaError('CORRUPT_MESSAGE')),
    };
    const bad = coordinator.partitionFor('g');
    await expect(coordinator.lead(bad, unreadable)).rejects.toThrow();
    await coordinator.lead(1 - bad, fixture.log);
    await fixture.commit({ groupId: 'f' });
    expect(await refusalOf(coordinator.join(joinOf()))).toBe('NOT_COORDINATOR');
    expect(await fixture.heartbeat('m', 1)).toBe('NOT_COORDINATOR');
    const listed = coordinator.list({ states: [], types: [] });
    expect(listed.map(({ groupId }) => groupId)).toEqual(['f']);
    coordinator.close();
    expect(fixture.clock.pendingTimers).toBe(0);
  });

  it('resigning answers what is parked with NOT_COORDINATOR, and leaves no timer', async () => {
    const fixture = await Fixture.started({ initialRebalanceDelayMs: 1_000 });
    const join = await fixture.enter();
    await settle();
    fixture.coordinator.onResignation(0);
    await settle();
    expect(join.value?.error).toBe('NOT_COORDINATOR');
    fixture.coordinator.close();
    expect(fixture.clock.pendingTimers).toBe(0);
  });

  it('resigning answers those who wait for an assignment', async () => {
    const fixture = await Fixture.started();
    const joins = [await fixture.enter(), await fixture.enter()];
    await fixture.clock.advance(0);
    const [, follower] = await Promise.all(joins.map(({ promise }) => promise));
    const sync = fixture.sync({ memberId: follower?.memberId ?? '' });
    await settle();
    fixture.coordinator.onResignation(0);
    await settle();
    expect(sync.value?.error).toBe('NOT_COORDINATOR');
  });

  it('a client that goes away is not waited for', async () => {
    const fixture = await Fixture.started({ initialRebalanceDelayMs: 1_000 });
    const { memberId } = await fixture.coordinator.join(joinOf());
    const gone = new AbortController();
    const join = fixture.coordinator.join(joinOf({ memberId }), gone.signal);
    await settle();
    gone.abort();
    expect((await join).error).toBe('COORDINATOR_NOT_AVAILABLE');
    expect(fixture.groupOf('g').members.has(memberId)).toBe(true);
  });
});
