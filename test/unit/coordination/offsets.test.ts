import { describe, expect, it } from '@jest/globals';
import { applyRecord, applyTransactionMarker } from '../../../src/coordination/group-state.ts';
import { GroupPartition } from '../../../src/coordination/group-partition.ts';
import { zeroUuid } from '../../../src/protocol/uuid.ts';
import { Fixture, refusalOf, settle, topicOf } from './group-fixture.ts';

const dayMs = 24 * 60 * 60 * 1_000;

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
