import { describe, expect, it } from '@jest/globals';
import { selectProtocol } from '../../../src/coordination/group.ts';
import { Fixture, joinOf, settle, subscription, syncOf } from './group-fixture.ts';

const changed = [{ name: 'range', metadata: subscription('other') }];

describe('the first rebalance of a group', () => {
  it('row 102: waits for the initial delay', async () => {
    const fixture = await Fixture.started({ initialRebalanceDelayMs: 3_000 });
    const join = await fixture.enter();
    await fixture.clock.advance(2_999);
    expect(join.isAnswered).toBe(false);
    await fixture.clock.advance(1);
    expect(join.value?.error).toBe('NONE');
  });

  it('row 102: is put off as long as members keep coming, up to the rebalance timeout', async () => {
    const fixture = await Fixture.started({ initialRebalanceDelayMs: 3_000 });
    const joins = [await fixture.enter({ rebalanceTimeoutMs: 7_000 })];
    for (let elapsedMs = 0; elapsedMs < 6_000; elapsedMs += 2_000) {
      await fixture.clock.advance(2_000);
      joins.push(await fixture.enter({ rebalanceTimeoutMs: 7_000 }));
    }
    expect(joins.filter(({ isAnswered }) => isAnswered)).toHaveLength(0);
    await fixture.clock.advance(1_000); // 3 000 + 3 000 + what is left of 7 000
    expect(joins.map(({ value }) => value?.generationId)).toEqual([1, 1, 1, 1]);
  });

  it('row 102: is not put off when nobody else came', async () => {
    const fixture = await Fixture.started({ initialRebalanceDelayMs: 3_000 });
    const join = await fixture.enter();
    await fixture.clock.advance(3_000);
    expect(join.isAnswered).toBe(true);
  });

  it('row 102: without a delay it ends in the same moment', async () => {
    const fixture = await Fixture.started();
    const join = await fixture.enter();
    await fixture.clock.advance(0);
    expect(join.value).toMatchObject({ error: 'NONE', generationId: 1 });
  });

  it('row 102: a later rebalance waits for the slowest member, no longer', async () => {
    const fixture = await Fixture.started();
    const [leader = '', slow = ''] = await fixture.stable(2, { rebalanceTimeoutMs: 20_000 });
    const rejoin = fixture.join({ memberId: leader, rebalanceTimeoutMs: 20_000 });
    for (let elapsedMs = 0; elapsedMs < 20_000; elapsedMs += 5_000) {
      expect(rejoin.isAnswered).toBe(false);
      expect(await fixture.heartbeat(slow, 1)).toBe('REBALANCE_IN_PROGRESS');
      await fixture.clock.advance(5_000);
    }
    expect(rejoin.value).toMatchObject({ error: 'NONE', generationId: 2 });
    expect(await fixture.heartbeat(slow, 2)).toBe('UNKNOWN_MEMBER_ID');
  });
});

describe('a rebalance that nobody comes to', () => {
  it('goes on until the sessions of static members end, and does not spin meanwhile', async () => {
    const fixture = await Fixture.started();
    const named = { groupInstanceId: 'i', takesMemberId: false };
    const join = fixture.join(named);
    await fixture.clock.advance(0);
    await fixture.distribute([(await join.promise).memberId]);
    // It restarts with another timeout, and says no more.
    await fixture.coordinator.join(joinOf({ ...named, rebalanceTimeoutMs: 0 }));
    const newcomer = await fixture.enter({ rebalanceTimeoutMs: 0 });
    const memberId = [...fixture.groupOf('g').members.keys()][1] ?? '';
    await fixture.coordinator.leave('g', [{ memberId, groupInstanceId: null }]);
    expect(newcomer.value?.error).toBe('UNKNOWN_MEMBER_ID');
    expect(fixture.state()).toBe('PreparingRebalance');
    await fixture.clock.advance(9_000);
    expect(fixture.state()).toBe('PreparingRebalance');
    await fixture.clock.advance(1_000);
    expect(fixture.state()).toBe('Empty');
  });
});

describe('group.max.size', () => {
  it('row 103: one member too many is GROUP_MAX_SIZE_REACHED', async () => {
    const fixture = await Fixture.started({ maxGroupSize: 2 });
    await fixture.stable(2);
    const reply = await fixture.coordinator.join(joinOf());
    expect(reply).toMatchObject({ error: 'GROUP_MAX_SIZE_REACHED', memberId: '' });
    expect(fixture.state()).toBe('Stable');
  });

  it('row 103: a pending id that finds the group full is forgotten', async () => {
    const fixture = await Fixture.started({ maxGroupSize: 1 });
    const [first, second] = [
      await fixture.coordinator.join(joinOf()),
      await fixture.coordinator.join(joinOf()),
    ];
    fixture.join({ memberId: first.memberId });
    await settle();
    const reply = await fixture.coordinator.join(joinOf({ memberId: second.memberId }));
    expect(reply.error).toBe('GROUP_MAX_SIZE_REACHED');
    expect(fixture.groupOf('g').pendingJoins.size).toBe(0);
  });

  it('row 103: members that are in may rejoin a full group', async () => {
    const fixture = await Fixture.started({ maxGroupSize: 2 });
    const [leader = '', follower = ''] = await fixture.stable(2);
    const joins = [leader, follower].map((memberId) => fixture.join({ memberId }));
    await settle();
    expect(joins.map(({ value }) => value?.error)).toEqual(['NONE', 'NONE']);
  });

  it('row 103: after a restart with a smaller maximum the last to rejoin are left out', async () => {
    const fixture = await Fixture.started();
    const members = await fixture.stable(3);
    fixture.settings = { ...fixture.settings, maxGroupSize: 2 };
    const next = await fixture.restarted();
    expect(next.state()).toBe('PreparingRebalance');
    const joins = members.map((memberId) => next.join({ memberId }));
    await settle();
    expect(joins.map(({ value }) => value?.error)).toEqual([
      'NONE',
      'NONE',
      'GROUP_MAX_SIZE_REACHED',
    ]);
  });
});

describe('rejoining', () => {
  it('row 105: a follower with the same metadata stays in its generation', async () => {
    const fixture = await Fixture.started();
    const [leader = '', follower = ''] = await fixture.stable(2);
    const reply = await fixture.coordinator.join(joinOf({ memberId: follower }));
    expect(reply).toMatchObject({
      error: 'NONE',
      generationId: 1,
      leaderId: leader,
      memberId: follower,
      members: [],
    });
    expect(fixture.state()).toBe('Stable');
  });

  it.each([
    ['a follower with changed metadata', 1, { protocols: changed }],
    ['the leader, with the same metadata', 0, {}],
  ])('row 105: %s begins a rebalance', async (_, index, more) => {
    const fixture = await Fixture.started();
    const members = await fixture.stable(2);
    const join = fixture.join({ memberId: members[index] ?? '', ...more });
    await settle();
    expect(join.isAnswered).toBe(false);
    expect(fixture.state()).toBe('PreparingRebalance');
  });

  it('row 106: the same again in CompletingRebalance is given the generation again', async () => {
    const fixture = await Fixture.started();
    const joins = [await fixture.enter(), await fixture.enter()];
    await fixture.clock.advance(0);
    const [leader, follower] = await Promise.all(joins.map(({ promise }) => promise));
    const again = await fixture.coordinator.join(joinOf({ memberId: leader?.memberId ?? '' }));
    expect(again).toMatchObject({ generationId: 1, members: leader?.members });
    const other = await fixture.coordinator.join(joinOf({ memberId: follower?.memberId ?? '' }));
    expect(other).toMatchObject({ generationId: 1, members: [] });
    expect(fixture.state()).toBe('CompletingRebalance');
  });

  it('row 106: changed metadata in CompletingRebalance begins a rebalance', async () => {
    const fixture = await Fixture.started();
    const joins = [await fixture.enter(), await fixture.enter()];
    await fixture.clock.advance(0);
    const [, follower] = await Promise.all(joins.map(({ promise }) => promise));
    const join = fixture.join({ memberId: follower?.memberId ?? '', protocols: changed });
    await settle();
    expect(join.isAnswered).toBe(false);
    expect(fixture.state()).toBe('PreparingRebalance');
  });

  it('a member that asks twice in one join phase is answered twice', async () => {
    const fixture = await Fixture.started({ initialRebalanceDelayMs: 100 });
    const first = await fixture.enter();
    await settle();
    const memberId = [...fixture.groupOf('g').members.keys()][0] ?? '';
    const second = fixture.join({ memberId });
    await fixture.clock.advance(100);
    expect(first.value?.generationId).toBe(1);
    expect(second.value?.generationId).toBe(1);
  });
});

describe('a generation', () => {
  it('row 107: only the leader learns who the members are, and the first to join leads', async () => {
    const fixture = await Fixture.started();
    const joins = [await fixture.enter(), await fixture.enter(), await fixture.enter()];
    await fixture.clock.advance(0);
    const replies = await Promise.all(joins.map(({ promise }) => promise));
    expect(new Set(replies.map(({ leaderId }) => leaderId))).toEqual(
      new Set([replies[0]?.memberId]),
    );
    expect(replies.map(({ members }) => members.length)).toEqual([3, 0, 0]);
    expect(replies[0]?.members[0]?.metadata).toEqual(subscription('t'));
  });

  it('row 107: the number grows by one with each completed join phase', async () => {
    const fixture = await Fixture.started();
    const [memberId = ''] = await fixture.stable(1);
    for (const generationId of [2, 3, 4]) {
      const reply = await fixture.coordinator.join(joinOf({ memberId }));
      expect(reply.generationId).toBe(generationId);
      await fixture.distribute([memberId]);
    }
  });

  it('row 107: the leader is kept while it is there, else the oldest member follows', async () => {
    const fixture = await Fixture.started();
    const [leader = '', second = '', third = ''] = await fixture.stable(3);
    await fixture.coordinator.leave('g', [{ memberId: leader, groupInstanceId: null }]);
    const joins = [third, second].map((memberId) => fixture.join({ memberId }));
    await settle();
    expect(joins.map(({ value }) => value?.leaderId)).toEqual([second, second]);
  });

  it('row 107: a leader that does not rejoin in time is replaced by one that did', async () => {
    const fixture = await Fixture.started();
    const join = (groupInstanceId: string) => fixture.join({ groupInstanceId });
    const joins = [join('a'), join('b')];
    await fixture.clock.advance(0);
    const [a, b] = await Promise.all(joins.map(({ promise }) => promise));
    await fixture.distribute([a?.memberId ?? '', b?.memberId ?? '']);
    const rejoin = fixture.join({
      memberId: b?.memberId ?? '',
      groupInstanceId: 'b',
      protocols: changed,
    });
    for (let elapsedMs = 0; elapsedMs < 60_000; elapsedMs += 5_000) {
      await fixture.heartbeat(a?.memberId ?? '', 1, 'a');
      await fixture.clock.advance(5_000);
    }
    expect(rejoin.value).toMatchObject({ generationId: 2, leaderId: b?.memberId });
  });

  it('row 107: the protocol is voted for among those that all members have', async () => {
    const fixture = await Fixture.started();
    const offers = [
      ['a', 'b', 'c'],
      ['c', 'b'],
      ['b', 'c'],
    ];
    const joins = [];
    for (const names of offers) {
      const protocols = names.map((name) => ({ name, metadata: subscription(name) }));
      joins.push(await fixture.enter({ protocols }));
    }
    await fixture.clock.advance(0);
    const replies = await Promise.all(joins.map(({ promise }) => promise));
    // b is the first choice (of b and c) of the first and the third member.
    expect(replies.map(({ protocolName }) => protocolName)).toEqual(['b', 'b', 'b']);
    expect(selectProtocol(fixture.groupOf('g'))).toBe('b');
    expect(replies[0]?.members.map(({ metadata }) => metadata)).toEqual(
      offers.map(() => subscription('b')),
    );
  });

  it('any protocol type is taken, Connect for one', async () => {
    const fixture = await Fixture.started();
    const more = {
      protocolType: 'connect',
      protocols: [{ name: 'sessioned', metadata: Buffer.of(0, 3, 9) }],
    };
    const join = await fixture.enter(more);
    await fixture.clock.advance(0);
    expect(join.value).toMatchObject({ protocolType: 'connect', protocolName: 'sessioned' });
    const memberId = join.value?.memberId ?? '';
    await fixture.coordinator.sync(
      syncOf({ memberId, protocolType: 'connect', protocolName: 'sessioned' }),
    );
    expect(fixture.state()).toBe('Stable');
  });
});

describe('members that do not come', () => {
  it('row 108: a new member may wait five minutes for its first answer, whatever its session', async () => {
    const fixture = await Fixture.started({ initialRebalanceDelayMs: 299_999 });
    const join = await fixture.enter({ sessionTimeoutMs: 6_000, rebalanceTimeoutMs: 600_000 });
    await fixture.clock.advance(299_998);
    expect(join.isAnswered).toBe(false);
    await fixture.clock.advance(1);
    expect(join.value?.error).toBe('NONE');
  });

  it('row 108: after five minutes a new member is let go, and hears it', async () => {
    const fixture = await Fixture.started({ initialRebalanceDelayMs: 400_000 });
    const join = await fixture.enter({ rebalanceTimeoutMs: 600_000 });
    await fixture.clock.advance(300_000);
    expect(join.value?.error).toBe('UNKNOWN_MEMBER_ID');
  });

  it('row 108: dynamic members that did not rejoin are out when the join phase ends', async () => {
    const fixture = await Fixture.started();
    const more = { rebalanceTimeoutMs: 8_000 };
    const [leader = '', lost = ''] = await fixture.stable(2, more);
    const rejoin = fixture.join({ memberId: leader, ...more });
    await fixture.clock.advance(8_000);
    expect(rejoin.value?.members.map(({ memberId }) => memberId)).toEqual([leader]);
    expect(await fixture.heartbeat(lost, 2)).toBe('UNKNOWN_MEMBER_ID');
  });

  it('row 108: static members that did not rejoin stay until their session ends', async () => {
    const fixture = await Fixture.started();
    const more = { rebalanceTimeoutMs: 8_000, sessionTimeoutMs: 10_000 };
    const joins = ['a', 'b'].map((groupInstanceId) => fixture.join({ ...more, groupInstanceId }));
    await fixture.clock.advance(0);
    const [a, b] = await Promise.all(joins.map(({ promise }) => promise));
    await fixture.distribute([a?.memberId ?? '', b?.memberId ?? '']);
    const rejoin = fixture.join({ ...more, memberId: a?.memberId ?? '', groupInstanceId: 'a' });
    await fixture.clock.advance(8_000);
    expect(rejoin.value?.members.map(({ groupInstanceId }) => groupInstanceId)).toEqual(['a', 'b']);
  });

  it('row 108: with only silent static members left the join phase goes on until they time out', async () => {
    const fixture = await Fixture.started();
    const more = { rebalanceTimeoutMs: 8_000, sessionTimeoutMs: 30_000, groupInstanceId: 'a' };
    const join = fixture.join(more);
    await fixture.clock.advance(0);
    const dynamic = await fixture.enter({ rebalanceTimeoutMs: 8_000 });
    await fixture.clock.advance(8_000); // the static one is kept though it did not rejoin
    await fixture.coordinator.leave('g', [
      { memberId: dynamic.value?.memberId ?? '', groupInstanceId: null },
    ]);
    expect(join.value?.error).toBe('NONE');
    expect(fixture.state()).toBe('PreparingRebalance');
    await fixture.clock.advance(60_000);
    expect(fixture.state()).toBe('Empty');
  });

  it('a member whose session ends in a stable group makes the others rejoin', async () => {
    const fixture = await Fixture.started();
    const [leader = '', lost = ''] = await fixture.stable(2);
    await fixture.clock.advance(9_999);
    expect(await fixture.heartbeat(leader, 1)).toBe('NONE');
    await fixture.clock.advance(1);
    expect(fixture.state()).toBe('PreparingRebalance');
    expect(fixture.groupOf('g').members.has(lost)).toBe(false);
    const reply = await fixture.coordinator.join(joinOf({ memberId: leader }));
    expect(reply).toMatchObject({ generationId: 2, members: [{ memberId: leader }] });
  });

  it('a member whose JoinGroup is parked has not lost its session', async () => {
    const fixture = await Fixture.started();
    const more = { rebalanceTimeoutMs: 100_000, sessionTimeoutMs: 6_000 };
    const [leader = '', other = ''] = await fixture.stable(2, more);
    const rejoin = fixture.join({ memberId: leader, ...more });
    for (let elapsedMs = 0; elapsedMs < 60_000; elapsedMs += 5_000) {
      await fixture.heartbeat(other, 1);
      await fixture.clock.advance(5_000);
    }
    expect(rejoin.isAnswered).toBe(false);
    expect(fixture.groupOf('g').members.has(leader)).toBe(true);
  });
});
