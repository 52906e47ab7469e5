import { describe, expect, it } from '@jest/globals';
import { Fixture, joinOf, settle, subscription, syncOf } from './group-fixture.ts';

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';

describe('JoinGroup: what is refused', () => {
  it('row 97: an empty group id is INVALID_GROUP_ID', async () => {
    const { coordinator } = await Fixture.started();
    const reply = await coordinator.join(joinOf({ groupId: '' }));
    expect(reply.error).toBe('INVALID_GROUP_ID');
  });

  it.each([
    [5_999, 'INVALID_SESSION_TIMEOUT'],
    [6_000, 'MEMBER_ID_REQUIRED'],
    [1_800_000, 'MEMBER_ID_REQUIRED'],
    [1_800_001, 'INVALID_SESSION_TIMEOUT'],
  ])('row 98: a session timeout of %i ms gives %s', async (sessionTimeoutMs, error) => {
    const { coordinator } = await Fixture.started();
    const reply = await coordinator.join(joinOf({ sessionTimeoutMs }));
    expect(reply.error).toBe(error);
  });

  it('row 99: a member id is unknown where there is no such group, which is not made', async () => {
    const fixture = await Fixture.started();
    const reply = await fixture.coordinator.join(joinOf({ memberId: 'nobody' }));
    expect(reply).toMatchObject({ error: 'UNKNOWN_MEMBER_ID', memberId: 'nobody' });
    expect(fixture.log.written).toHaveLength(0);
  });

  it('row 99: a member id that the group does not know is UNKNOWN_MEMBER_ID', async () => {
    const fixture = await Fixture.started();
    await fixture.stable(1);
    const reply = await fixture.coordinator.join(joinOf({ memberId: 'nobody' }));
    expect(reply.error).toBe('UNKNOWN_MEMBER_ID');
  });

  it.each([
    ['no protocols', { protocols: [] }],
    ['no protocol type', { protocolType: '' }],
  ])('row 104: a first member with %s is INCONSISTENT_GROUP_PROTOCOL', async (_, more) => {
    const { coordinator } = await Fixture.started();
    const reply = await coordinator.join(joinOf(more));
    expect(reply.error).toBe('INCONSISTENT_GROUP_PROTOCOL');
  });

  it.each([
    ['another protocol type', { protocolType: 'connect' }],
    ['no protocol in common', { protocols: [{ name: 'sticky', metadata: Buffer.of(1) }] }],
    ['no protocol at all', { protocols: [] }],
  ])('row 104: a later member with %s is INCONSISTENT_GROUP_PROTOCOL', async (_, more) => {
    const fixture = await Fixture.started();
    await fixture.stable(1);
    const reply = await fixture.coordinator.join(joinOf(more));
    expect(reply.error).toBe('INCONSISTENT_GROUP_PROTOCOL');
    expect(fixture.state()).toBe('Stable');
  });

  it('row 104: an empty group takes any protocol type, whatever it was before', async () => {
    const fixture = await Fixture.started();
    const [memberId = ''] = await fixture.stable(1);
    await fixture.coordinator.leave('g', [{ memberId, groupInstanceId: null }]);
    const join = await fixture.enter({ protocolType: 'connect' });
    await fixture.clock.advance(0);
    expect(join.value).toMatchObject({ error: 'NONE', generationId: 3, protocolType: 'connect' });
  });
});

describe('JoinGroup: ids of new members', () => {
  it('row 100: a client that knows it (v4+) is given an id and comes back with it', async () => {
    const fixture = await Fixture.started();
    const first = await fixture.coordinator.join(joinOf());
    expect(first.error).toBe('MEMBER_ID_REQUIRED');
    expect(first.memberId).toMatch(new RegExp(`^client-${uuid}$`));
    const second = fixture.join({ memberId: first.memberId });
    await fixture.clock.advance(0);
    expect(second.value).toMatchObject({ error: 'NONE', memberId: first.memberId });
  });

  it('row 100: a pending id is forgotten after its session timeout', async () => {
    const fixture = await Fixture.started();
    const first = await fixture.coordinator.join(joinOf({ sessionTimeoutMs: 10_000 }));
    await fixture.clock.advance(9_999);
    expect(fixture.groupOf('g').pendingJoins).toEqual(new Set([first.memberId]));
    await fixture.clock.advance(1);
    const second = await fixture.coordinator.join(joinOf({ memberId: first.memberId }));
    expect(second.error).toBe('UNKNOWN_MEMBER_ID');
  });

  it('row 100: a rebalance waits for pending members', async () => {
    const fixture = await Fixture.started();
    const [leader = ''] = await fixture.stable(1);
    const pending = await fixture.coordinator.join(joinOf());
    const rejoin = fixture.join({ memberId: leader });
    await fixture.clock.advance(5_000);
    expect(rejoin.isAnswered).toBe(false);
    const newcomer = fixture.join({ memberId: pending.memberId });
    await settle();
    expect(rejoin.value).toMatchObject({ error: 'NONE', generationId: 2 });
    expect(newcomer.value).toMatchObject({ error: 'NONE', leaderId: leader, members: [] });
  });

  it('row 100: older clients join at once and learn their id from the answer', async () => {
    const fixture = await Fixture.started();
    const join = fixture.join({ takesMemberId: false });
    await fixture.clock.advance(0);
    expect(join.value?.error).toBe('NONE');
    expect(join.value?.memberId).toMatch(new RegExp(`^client-${uuid}$`));
  });

  it('a pending id with a static name is an error, as in Kafka', async () => {
    const fixture = await Fixture.started();
    const { memberId } = await fixture.coordinator.join(joinOf());
    const reply = await fixture.coordinator.join(joinOf({ memberId, groupInstanceId: 'i' }));
    expect(reply).toMatchObject({ error: 'UNKNOWN_SERVER_ERROR', memberId: '' });
  });

  it('a new group is written down as empty before its first member is in', async () => {
    const fixture = await Fixture.started();
    await fixture.coordinator.join(joinOf());
    expect(fixture.log.records).toEqual([
      expect.objectContaining({
        type: 'group',
        groupId: 'g',
        generationId: 0,
        protocolType: '',
        protocolName: null,
        leaderId: null,
        members: [],
      }),
    ]);
    expect(fixture.state()).toBe('Empty');
  });
});

describe('JoinGroup: static members', () => {
  const me = { groupInstanceId: 'i', takesMemberId: true };

  async function stableStatics(fixture: Fixture, names: string[]): Promise<string[]> {
    const joins = names.map((groupInstanceId) => fixture.join({ ...me, groupInstanceId }));
    await fixture.clock.advance(0);
    const replies = await Promise.all(joins.map(({ promise }) => promise));
    return fixture.distribute(replies.map(({ memberId }) => memberId));
  }

  it('row 101: a static member joins at once, its id begins with its name', async () => {
    const fixture = await Fixture.started();
    const join = fixture.join(me);
    await fixture.clock.advance(0);
    expect(join.value?.error).toBe('NONE');
    expect(join.value?.memberId).toMatch(new RegExp(`^i-${uuid}$`));
  });

  it('row 101: coming back to a stable group it takes its place without a rebalance', async () => {
    const fixture = await Fixture.started();
    const [leader = '', old = ''] = await stableStatics(fixture, ['a', 'b']);
    const reply = await fixture.coordinator.join(joinOf({ ...me, groupInstanceId: 'b' }));
    expect(reply).toMatchObject({
      error: 'NONE',
      generationId: 1,
      leaderId: leader,
      skipAssignment: false,
      members: [],
    });
    expect(reply.memberId).not.toBe(old);
    expect(fixture.state()).toBe('Stable');
    const sync = await fixture.coordinator.sync(
      syncOf({ memberId: reply.memberId, groupInstanceId: 'b' }),
    );
    expect(sync.assignment.toString()).toBe(old); // what was given to its former self
  });

  it('row 101: the old id is fenced from then on', async () => {
    const fixture = await Fixture.started();
    const [, old = ''] = await stableStatics(fixture, ['a', 'b']);
    await fixture.coordinator.join(joinOf({ ...me, groupInstanceId: 'b' }));
    expect(await fixture.heartbeat(old, 1, 'b')).toBe('FENCED_INSTANCE_ID');
    expect(await fixture.heartbeat(old, 1)).toBe('UNKNOWN_MEMBER_ID');
    await expect(
      fixture.coordinator.sync(syncOf({ memberId: old, groupInstanceId: 'b' })),
    ).rejects.toMatchObject({ code: 'FENCED_INSTANCE_ID' });
    await expect(
      fixture.commit({ memberId: old, groupInstanceId: 'b', generationId: 1 }),
    ).rejects.toMatchObject({ code: 'FENCED_INSTANCE_ID' });
    const rejoin = await fixture.coordinator.join(joinOf({ memberId: old, groupInstanceId: 'b' }));
    expect(rejoin.error).toBe('FENCED_INSTANCE_ID');
  });

  it('row 101: a leader that comes back must not assign: skipAssignment with the members', async () => {
    const fixture = await Fixture.started();
    await stableStatics(fixture, ['a', 'b']);
    const reply = await fixture.coordinator.join(joinOf({ ...me, groupInstanceId: 'a' }));
    expect(reply).toMatchObject({ leaderId: reply.memberId, skipAssignment: true });
    expect(reply.members.map(({ groupInstanceId }) => groupInstanceId)).toEqual(['a', 'b']);
  });

  it('row 101: before v9 such a leader is told that its former self leads', async () => {
    const fixture = await Fixture.started();
    const [old = ''] = await stableStatics(fixture, ['a', 'b']);
    const reply = await fixture.coordinator.join(
      joinOf({ ...me, groupInstanceId: 'a', takesSkipAssignment: false }),
    );
    expect(reply).toMatchObject({ leaderId: old, skipAssignment: false, members: [] });
    expect(reply.memberId).not.toBe(old);
  });

  it('row 101: the new id is written, and survives a restart', async () => {
    const fixture = await Fixture.started();
    await stableStatics(fixture, ['a', 'b']);
    const { memberId } = await fixture.coordinator.join(joinOf({ ...me, groupInstanceId: 'b' }));
    const next = await fixture.restarted();
    expect(await next.heartbeat(memberId, 1, 'b')).toBe('NONE');
    expect(next.groupOf('g').members.get(memberId)?.groupInstanceId).toBe('b');
  });

  it('row 101: when it cannot be written, the old id stays what it was', async () => {
    const fixture = await Fixture.started();
    const [, old = ''] = await stableStatics(fixture, ['a', 'b']);
    fixture.log.failure = 'NOT_COORDINATOR';
    await expect(
      fixture.coordinator.join(joinOf({ ...me, groupInstanceId: 'b' })),
    ).rejects.toMatchObject({ code: 'NOT_COORDINATOR' });
    expect(await fixture.heartbeat(old, 1, 'b')).toBe('NONE');
  });

  it('row 101: a rebalance follows when the protocol would change', async () => {
    const fixture = await Fixture.started();
    const both = ['range', 'sticky'].map((name) => ({ name, metadata: subscription('t') }));
    const joins = ['a', 'b'].map((groupInstanceId) =>
      fixture.join({ ...me, groupInstanceId, protocols: both }),
    );
    await fixture.clock.advance(0);
    const replies = await Promise.all(joins.map(({ promise }) => promise));
    await fixture.distribute(replies.map(({ memberId }) => memberId));
    const join = fixture.join({ ...me, groupInstanceId: 'b', protocols: both.slice(1) });
    await settle();
    expect(join.isAnswered).toBe(false);
    expect(fixture.state()).toBe('PreparingRebalance');
  });

  it('row 101: in CompletingRebalance a rebalance follows, the old join is not answered again', async () => {
    const fixture = await Fixture.started();
    const joins = ['a', 'b'].map((groupInstanceId) => fixture.join({ ...me, groupInstanceId }));
    await fixture.clock.advance(0);
    const [, b] = await Promise.all(joins.map(({ promise }) => promise));
    const sync = fixture.sync({ memberId: b?.memberId ?? '', groupInstanceId: 'b' });
    await settle();
    const again = fixture.join({ ...me, groupInstanceId: 'b' });
    await settle();
    expect(sync.value?.error).toBe('FENCED_INSTANCE_ID');
    expect(again.isAnswered).toBe(false);
    expect(fixture.state()).toBe('PreparingRebalance');
  });

  it('row 101: whoever waits under the old id in a join phase is told that it is fenced', async () => {
    const fixture = await Fixture.started({ initialRebalanceDelayMs: 3_000 });
    const first = fixture.join(me);
    const second = fixture.join(me);
    await settle();
    expect(first.value?.error).toBe('FENCED_INSTANCE_ID');
    await fixture.clock.advance(3_000);
    expect(second.value?.error).toBe('NONE');
    expect(second.value?.members).toHaveLength(1);
  });

  it('an unknown static name is UNKNOWN_MEMBER_ID for a member that has an id', async () => {
    const fixture = await Fixture.started();
    const [memberId = ''] = await stableStatics(fixture, ['a']);
    const reply = await fixture.coordinator.join(joinOf({ memberId, groupInstanceId: 'z' }));
    expect(reply.error).toBe('UNKNOWN_MEMBER_ID');
  });
});
