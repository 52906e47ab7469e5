import { describe, expect, it } from '@jest/globals';
import { Fixture, joinOf, refusalOf, settle, syncOf } from './group-fixture.ts';

/** Two members whose JoinGroups are answered and who have not synced yet. */
async function completing(more = {}) {
  const fixture = await Fixture.started();
  const joins = [await fixture.enter(more), await fixture.enter(more)];
  await fixture.clock.advance(0);
  const [leader, follower] = await Promise.all(joins.map(({ promise }) => promise));
  return { fixture, leader: leader?.memberId ?? '', follower: follower?.memberId ?? '' };
}

const leaverOf = (memberId: string, groupInstanceId: string | null = null) => ({
  memberId,
  groupInstanceId,
});

describe('SyncGroup', () => {
  it('row 97: an empty group id is INVALID_GROUP_ID', async () => {
    const { coordinator } = await Fixture.started();
    expect(await refusalOf(coordinator.sync(syncOf({ groupId: '' })))).toBe('INVALID_GROUP_ID');
  });

  it('row 109: followers wait for the leader, then each gets its own', async () => {
    const { fixture, leader, follower } = await completing();
    const waiting = fixture.sync({ memberId: follower });
    await fixture.clock.advance(5_000);
    expect(waiting.isAnswered).toBe(false);
    await fixture.distribute([leader, follower].filter((id) => id === leader));
    await settle();
    expect(waiting.value?.error).toBe('NONE');
    expect(fixture.state()).toBe('Stable');
  });

  it('row 109: members that the leader left out get nothing, and no error', async () => {
    const { fixture, leader, follower } = await completing();
    const waiting = fixture.sync({ memberId: follower });
    const reply = await fixture.coordinator.sync(
      syncOf({
        memberId: leader,
        assignments: [{ memberId: leader, assignment: Buffer.from('all') }],
      }),
    );
    expect(reply).toEqual({
      error: 'NONE',
      protocolType: 'consumer',
      protocolName: 'range',
      assignment: Buffer.from('all'),
    });
    expect(waiting.value).toMatchObject({ error: 'NONE', assignment: Buffer.alloc(0) });
  });

  it('row 109: in a stable group the stored assignment is given again', async () => {
    const fixture = await Fixture.started();
    const [, follower = ''] = await fixture.stable(2);
    const reply = await fixture.coordinator.sync(syncOf({ memberId: follower }));
    expect(reply.assignment.toString()).toBe(follower);
  });

  it('row 109: while members are collected it is REBALANCE_IN_PROGRESS', async () => {
    const fixture = await Fixture.started();
    const [leader = '', follower = ''] = await fixture.stable(2);
    fixture.join({ memberId: leader });
    await settle();
    const refusal = await refusalOf(fixture.coordinator.sync(syncOf({ memberId: follower })));
    expect(refusal).toBe('REBALANCE_IN_PROGRESS');
  });

  it.each([
    ['a group that is not there', { groupId: 'other' }, 'UNKNOWN_MEMBER_ID'],
    ['a member that is not there', { memberId: 'nobody' }, 'UNKNOWN_MEMBER_ID'],
    ['another generation', { generationId: 2 }, 'ILLEGAL_GENERATION'],
    ['another protocol type', { protocolType: 'connect' }, 'INCONSISTENT_GROUP_PROTOCOL'],
    ['another protocol', { protocolName: 'sticky' }, 'INCONSISTENT_GROUP_PROTOCOL'],
  ])('row 109: %s is refused', async (_, more, error) => {
    const { fixture, leader } = await completing();
    const refusal = await refusalOf(
      fixture.coordinator.sync(syncOf({ memberId: leader, ...more })),
    );
    expect(refusal).toBe(error);
  });

  it('row 109: versions that do not name type and protocol are not asked for them', async () => {
    const { fixture, leader } = await completing();
    const reply = await fixture.coordinator.sync(
      syncOf({ memberId: leader, protocolType: null, protocolName: null }),
    );
    expect(reply.error).toBe('NONE');
  });

  it('an empty group knows no member', async () => {
    const fixture = await Fixture.started();
    await fixture.coordinator.join(joinOf());
    expect(await refusalOf(fixture.coordinator.sync(syncOf({ memberId: 'm' })))).toBe(
      'UNKNOWN_MEMBER_ID',
    );
  });

  it('nobody hears of an assignment before it is written', async () => {
    const { fixture, leader, follower } = await completing();
    let open = (): void => undefined;
    fixture.log.gate = new Promise((resolve) => (open = resolve));
    const syncs = [leader, follower].map((memberId) => fixture.sync({ memberId }));
    await settle();
    expect(fixture.lastGroupRecord().generationId).toBe(1);
    expect(fixture.state()).toBe('CompletingRebalance');
    expect(syncs.some(({ isAnswered }) => isAnswered)).toBe(false);
    open();
    await settle();
    expect(syncs.every(({ value }) => value?.error === 'NONE')).toBe(true);
  });

  it('an assignment that cannot be written is heard of by all who wait, and a new round begins', async () => {
    const { fixture, leader, follower } = await completing();
    const waiting = fixture.sync({ memberId: follower });
    await settle();
    fixture.log.failure = 'COORDINATOR_NOT_AVAILABLE';
    const leading = await fixture.coordinator.sync(syncOf({ memberId: leader }));
    expect(leading.error).toBe('COORDINATOR_NOT_AVAILABLE');
    expect(waiting.value?.error).toBe('COORDINATOR_NOT_AVAILABLE');
    expect(fixture.state()).toBe('PreparingRebalance');
  });

  it('row 110: members that do not sync within the rebalance timeout are out, the others rejoin', async () => {
    const { fixture, leader, follower } = await completing({
      rebalanceTimeoutMs: 20_000,
      sessionTimeoutMs: 60_000,
    });
    await fixture.coordinator.sync(syncOf({ memberId: leader }));
    await fixture.clock.advance(19_999);
    expect(fixture.state()).toBe('Stable');
    await fixture.clock.advance(1);
    expect(fixture.state()).toBe('PreparingRebalance');
    expect([...fixture.groupOf('g').members.keys()]).toEqual([leader]);
    expect(await fixture.heartbeat(follower, 1)).toBe('UNKNOWN_MEMBER_ID');
  });

  it('row 110: a leader that does not sync is out, and those who wait for it hear of it', async () => {
    const { fixture, leader, follower } = await completing({
      rebalanceTimeoutMs: 20_000,
      sessionTimeoutMs: 60_000,
    });
    const waiting = fixture.sync({ memberId: follower });
    await fixture.clock.advance(20_000);
    expect(waiting.value?.error).toBe('REBALANCE_IN_PROGRESS');
    expect(fixture.groupOf('g')).toMatchObject({
      state: 'PreparingRebalance',
      leaderId: follower,
    });
    expect(fixture.groupOf('g').members.has(leader)).toBe(false);
  });

  it('row 110: when all have synced in time nothing happens', async () => {
    const fixture = await Fixture.started();
    const [memberId = ''] = await fixture.stable(1, {
      rebalanceTimeoutMs: 5_000,
      sessionTimeoutMs: 60_000,
    });
    await fixture.clock.advance(50_000);
    expect(fixture.state()).toBe('Stable');
    expect(await fixture.heartbeat(memberId, 1)).toBe('NONE');
  });
});

describe('Heartbeat', () => {
  it('row 97: an empty group id is INVALID_GROUP_ID', async () => {
    const { coordinator } = await Fixture.started();
    const heartbeat = { groupId: '', memberId: 'm', generationId: 1, groupInstanceId: null };
    expect(await refusalOf(coordinator.heartbeat(heartbeat))).toBe('INVALID_GROUP_ID');
  });

  it('row 111: is fine in Stable and CompletingRebalance', async () => {
    const { fixture, leader, follower } = await completing();
    expect(await fixture.heartbeat(follower, 1)).toBe('NONE');
    await fixture.distribute([leader, follower]);
    expect(await fixture.heartbeat(follower, 1)).toBe('NONE');
  });

  it('row 111: in PreparingRebalance the member is told to rejoin, and its session is renewed', async () => {
    const fixture = await Fixture.started();
    const [leader = '', follower = ''] = await fixture.stable(2);
    fixture.join({ memberId: leader });
    await fixture.clock.advance(9_000);
    expect(await fixture.heartbeat(follower, 1)).toBe('REBALANCE_IN_PROGRESS');
    await fixture.clock.advance(9_000);
    expect(await fixture.heartbeat(follower, 1)).toBe('REBALANCE_IN_PROGRESS');
  });

  it.each([
    ['a group that is not there', 'other', 'm', 1],
    ['an unknown member', 'g', 'nobody', 1],
  ])('row 111: %s is UNKNOWN_MEMBER_ID', async (_, groupId, memberId, generationId) => {
    const fixture = await Fixture.started();
    await fixture.stable(1);
    const heartbeat = { groupId, memberId, generationId, groupInstanceId: null };
    expect(await refusalOf(fixture.coordinator.heartbeat(heartbeat))).toBe('UNKNOWN_MEMBER_ID');
  });

  it('row 111: in an empty group it is UNKNOWN_MEMBER_ID', async () => {
    const fixture = await Fixture.started();
    await fixture.commit();
    expect(await fixture.heartbeat('m', 0)).toBe('UNKNOWN_MEMBER_ID');
  });

  it('row 111: another generation is ILLEGAL_GENERATION', async () => {
    const fixture = await Fixture.started();
    const [memberId = ''] = await fixture.stable(1);
    expect(await fixture.heartbeat(memberId, 0)).toBe('ILLEGAL_GENERATION');
    expect(await fixture.heartbeat(memberId, 2)).toBe('ILLEGAL_GENERATION');
  });

  it('row 111: while the groups are being read it is answered without an error', async () => {
    const fixture = new Fixture();
    let open = (): void => undefined;
    fixture.log.gate = new Promise((resolve) => (open = resolve));
    const loaded = fixture.coordinator.lead(0, fixture.log);
    expect(await fixture.heartbeat('anybody', 7)).toBe('NONE');
    expect(await refusalOf(fixture.coordinator.join(joinOf()))).toBe(
      'COORDINATOR_LOAD_IN_PROGRESS',
    );
    open();
    await loaded;
    expect(await fixture.heartbeat('anybody', 7)).toBe('UNKNOWN_MEMBER_ID');
  });

  it('while the log of the groups is being opened they count as being read', async () => {
    const fixture = new Fixture();
    expect(await fixture.heartbeat('anybody', 7)).toBe('NOT_COORDINATOR');
    fixture.opening.add(0);
    expect(await fixture.heartbeat('anybody', 7)).toBe('NONE');
    const refusal = await refusalOf(fixture.coordinator.join(joinOf()));
    expect(refusal).toBe('COORDINATOR_LOAD_IN_PROGRESS');
    expect(() => fixture.coordinator.list({ states: [], types: [] })).toThrow('is being opened');
    fixture.opening.delete(0);
    await fixture.coordinator.lead(0, fixture.log);
    expect(await fixture.heartbeat('anybody', 7)).toBe('UNKNOWN_MEMBER_ID');
    expect(fixture.coordinator.list({ states: [], types: [] })).toEqual([]);
  });

  it('writes nothing', async () => {
    const fixture = await Fixture.started();
    const [memberId = ''] = await fixture.stable(1);
    const before = fixture.log.written.length;
    for (let beat = 0; beat < 10; beat++) await fixture.heartbeat(memberId, 1);
    expect(fixture.log.written).toHaveLength(before);
  });

  it('needs one timer for a group, however many members and heartbeats', async () => {
    const fixture = await Fixture.started();
    const before = fixture.clock.pendingTimers;
    const members = await fixture.stable(5);
    for (let beat = 0; beat < 10; beat++) {
      for (const memberId of members) await fixture.heartbeat(memberId, 1);
      await fixture.clock.advance(1_000);
    }
    expect(fixture.clock.pendingTimers).toBe(before + 1);
    fixture.coordinator.close();
    expect(fixture.clock.pendingTimers).toBe(0);
  });
});

describe('LeaveGroup', () => {
  it('row 97: an empty group id is INVALID_GROUP_ID', async () => {
    const { coordinator } = await Fixture.started();
    expect(await refusalOf(coordinator.leave('', [leaverOf('m')]))).toBe('INVALID_GROUP_ID');
  });

  it('row 112: each member has a result of its own', async () => {
    const fixture = await Fixture.started();
    const [first = '', second = ''] = await fixture.stable(3);
    const results = await fixture.coordinator.leave('g', [
      leaverOf(first),
      leaverOf('nobody'),
      leaverOf(second),
      leaverOf('', 'no such name'),
      leaverOf(''),
    ]);
    expect(results.map(({ error }) => error)).toEqual([
      'NONE',
      'UNKNOWN_MEMBER_ID',
      'NONE',
      'UNKNOWN_MEMBER_ID',
      'UNKNOWN_MEMBER_ID',
    ]);
    expect(fixture.groupOf('g').members.size).toBe(1);
    expect(fixture.state()).toBe('PreparingRebalance');
  });

  it('row 112: in a group that is not there every member is unknown', async () => {
    const { coordinator } = await Fixture.started();
    expect(await coordinator.leave('g', [leaverOf('m', 'i')])).toEqual([
      { memberId: 'm', groupInstanceId: 'i', error: 'UNKNOWN_MEMBER_ID' },
    ]);
  });

  it('row 112: a static member is removed by its name alone', async () => {
    const fixture = await Fixture.started();
    const join = fixture.join({ groupInstanceId: 'i' });
    await fixture.clock.advance(0);
    await fixture.distribute([join.value?.memberId ?? '']);
    const results = await fixture.coordinator.leave('g', [leaverOf('', 'i')]);
    expect(results).toEqual([{ memberId: '', groupInstanceId: 'i', error: 'NONE' }]);
    expect(fixture.state()).toBe('Empty');
  });

  it('row 112: with a member id that lost the name it is FENCED_INSTANCE_ID', async () => {
    const fixture = await Fixture.started();
    fixture.join({ groupInstanceId: 'i' });
    await fixture.clock.advance(0);
    const results = await fixture.coordinator.leave('g', [leaverOf('older', 'i')]);
    expect(results[0]?.error).toBe('FENCED_INSTANCE_ID');
  });

  it('row 112: a pending member may leave', async () => {
    const fixture = await Fixture.started();
    const { memberId } = await fixture.coordinator.join(joinOf());
    expect((await fixture.coordinator.leave('g', [leaverOf(memberId)]))[0]?.error).toBe('NONE');
    const reply = await fixture.coordinator.join(joinOf({ memberId }));
    expect(reply.error).toBe('UNKNOWN_MEMBER_ID');
  });

  it('answers what the leaving member has parked', async () => {
    const { fixture, leader, follower } = await completing();
    const sync = fixture.sync({ memberId: follower });
    await settle();
    await fixture.coordinator.leave('g', [leaverOf(follower)]);
    expect(sync.value?.error).toBe('UNKNOWN_MEMBER_ID');
    const join = fixture.join({ memberId: leader });
    await settle();
    expect(join.value?.generationId).toBe(2);
  });

  it('ends a join phase that waited for nobody else', async () => {
    const fixture = await Fixture.started();
    const [leader = '', follower = ''] = await fixture.stable(2);
    const rejoin = fixture.join({ memberId: leader });
    await settle();
    await fixture.coordinator.leave('g', [leaverOf(follower)]);
    expect(rejoin.value).toMatchObject({ error: 'NONE', generationId: 2 });
  });

  it('row 113: when the last member is gone the group is empty, which is written, generation +1', async () => {
    const fixture = await Fixture.started();
    const [memberId = ''] = await fixture.stable(1);
    await fixture.clock.advance(5_000);
    await fixture.coordinator.leave('g', [leaverOf(memberId)]);
    expect(fixture.state()).toBe('Empty');
    expect(fixture.lastGroupRecord()).toEqual({
      type: 'group',
      groupId: 'g',
      protocolType: 'consumer',
      generationId: 2,
      protocolName: null,
      leaderId: null,
      currentStateTimestampMs: fixture.clock.wallMs(),
      members: [],
    });
  });

  it('row 113: that it could not be written changes nothing', async () => {
    const fixture = await Fixture.started();
    const [memberId = ''] = await fixture.stable(1);
    fixture.log.failure = 'COORDINATOR_NOT_AVAILABLE';
    const results = await fixture.coordinator.leave('g', [leaverOf(memberId)]);
    expect(results[0]?.error).toBe('NONE');
    expect(fixture.groupOf('g')).toMatchObject({ state: 'Empty', generationId: 2 });
  });

  it('row 113: an empty group without offsets goes at the next check, and is written so', async () => {
    const fixture = await Fixture.started();
    const [memberId = ''] = await fixture.stable(1);
    await fixture.coordinator.leave('g', [leaverOf(memberId)]);
    await fixture.clock.advance(600_000);
    expect(() => fixture.state()).toThrow('not found');
    expect(fixture.log.records.at(-1)).toEqual({ type: 'group-tombstone', groupId: 'g' });
  });
});
