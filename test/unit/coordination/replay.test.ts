import { describe, expect, it } from '@jest/globals';
import type { Group } from '../../../src/coordination/group.ts';
import { applyRecord, newGroupsState } from '../../../src/coordination/group-state.ts';
import { Fixture, joinOf, settle, subscription, syncOf } from './group-fixture.ts';

/** What a group must be wherever the log was cut. */
function expectValid(group: Group): void {
  expect(group.state).toBe(group.members.size > 0 ? 'Stable' : 'Empty');
  expect(group.pendingJoins.size + group.pendingSyncs.size).toBe(0);
  if (group.members.size > 0) {
    expect(group.members.has(group.leaderId ?? '')).toBe(true);
    expect(group.generationId).toBeGreaterThan(0);
    expect(group.protocolName).not.toBeNull();
  }
  for (const member of group.members.values()) {
    expect(member.awaitsJoin || member.awaitsSync || member.isNew).toBe(false);
    expect(member.protocols.map(({ name }) => name)).toEqual([group.protocolName]);
  }
}

describe('a restart', () => {
  it('keeps generation, members, assignments and offsets of a stable group', async () => {
    const fixture = await Fixture.started();
    const members = await fixture.stable(3);
    await fixture.commit({ generationId: 1, memberId: members[0] ?? '' });
    const before = fixture.groupOf('g');
    const next = await fixture.restarted();
    expect(next.groupOf('g')).toEqual({ ...before, pendingSyncs: new Set() });
    expect(next.committed()).toBe(42);
    for (const memberId of members) {
      expect(await next.heartbeat(memberId, 1)).toBe('NONE');
      const { assignment } = await next.coordinator.sync(syncOf({ memberId }));
      expect(assignment.toString()).toBe(memberId);
    }
  });

  it('gives every member a whole session from then on', async () => {
    const fixture = await Fixture.started();
    const [alive = '', lost = ''] = await fixture.stable(2);
    await fixture.clock.advance(9_000);
    const next = await fixture.restarted();
    await next.clock.advance(9_999);
    expect(await next.heartbeat(alive, 1)).toBe('NONE');
    await next.clock.advance(1);
    expect(next.groupOf('g').members.has(lost)).toBe(false);
    expect(next.state()).toBe('PreparingRebalance');
  });

  it('lets members go on by a rejoin: the leader rebalances, the generation grows', async () => {
    const fixture = await Fixture.started();
    const [leader = '', follower = ''] = await fixture.stable(2);
    const next = await fixture.restarted();
    const joins = [leader, follower].map((memberId) => next.join({ memberId }));
    await settle();
    expect(joins.map(({ value }) => value?.generationId)).toEqual([2, 2]);
    expect(joins[0]?.value?.leaderId).toBe(leader);
  });

  it('knows members as the last record tells them, whatever older records said', async () => {
    const fixture = await Fixture.started();
    const [leader = '', follower = ''] = await fixture.stable(2);
    const more = {
      protocols: [{ name: 'sticky', metadata: subscription('other') }],
      sessionTimeoutMs: 20_000,
      rebalanceTimeoutMs: 30_000,
    };
    // Both come with both protocols first: at no time may there be none in common.
    const both = [...more.protocols, ...joinOf().protocols];
    for (const protocols of [both, more.protocols]) {
      const joins = [leader, follower].map((memberId) =>
        fixture.join({ ...more, memberId, protocols }),
      );
      await settle();
      const generationId = joins[0]?.value?.generationId ?? -1;
      const assignments = [leader, follower].map((memberId) => ({
        memberId,
        assignment: Buffer.from(`${memberId} ${generationId}`),
      }));
      for (const memberId of [follower, leader]) {
        fixture.sync({ memberId, generationId, protocolName: 'sticky', assignments });
      }
      await settle();
    }
    const before = fixture.groupOf('g');
    expect(before).toMatchObject({ state: 'Stable', generationId: 3, protocolName: 'sticky' });
    const next = await fixture.restarted();
    expect(next.groupOf('g')).toEqual(before);
    expect([...(next.groupOf('g').subscribedTopics ?? [])]).toEqual(['other']);
  });

  it('in Empty: the group is empty again, its offsets age from when it became so', async () => {
    const fixture = await Fixture.started();
    const [memberId = ''] = await fixture.stable(1);
    await fixture.commit({ generationId: 1, memberId });
    await fixture.coordinator.leave('g', [{ memberId, groupInstanceId: null }]);
    const before = fixture.groupOf('g');
    const next = await fixture.restarted();
    expect(next.groupOf('g')).toEqual(before);
    const join = await next.enter();
    await next.clock.advance(0);
    expect(join.value?.generationId).toBe(3);
  });

  it.each(['PreparingRebalance', 'CompletingRebalance'])(
    'in %s: the generation before is there, its members find out and rejoin',
    async (state) => {
      const fixture = await Fixture.started();
      const [leader = '', follower = ''] = await fixture.stable(2);
      fixture.join({ memberId: leader });
      if (state === 'CompletingRebalance') fixture.join({ memberId: follower });
      await settle();
      expect(fixture.state()).toBe(state);
      const next = await fixture.restarted();
      expect(next.groupOf('g')).toMatchObject({ state: 'Stable', generationId: 1 });
      const stale = state === 'CompletingRebalance' ? 'ILLEGAL_GENERATION' : 'UNKNOWN_MEMBER_ID';
      const asked = state === 'CompletingRebalance' ? follower : 'nobody';
      expect(await next.heartbeat(asked, 2)).toBe(stale);
      const joins = [leader, follower].map((memberId) => next.join({ memberId }));
      await settle();
      expect(joins.map(({ value }) => value?.generationId)).toEqual([2, 2]);
    },
  );

  it('in PreparingRebalance of a new group: it is empty, pending ids are forgotten', async () => {
    const fixture = await Fixture.started({ initialRebalanceDelayMs: 3_000 });
    await fixture.enter();
    const { memberId } = await fixture.coordinator.join(joinOf());
    const next = await fixture.restarted();
    expect(next.groupOf('g')).toMatchObject({ state: 'Empty', generationId: 0 });
    expect((await next.coordinator.join(joinOf({ memberId }))).error).toBe('UNKNOWN_MEMBER_ID');
  });

  it('of a broker that took over twice: only the last one is listened to', async () => {
    const fixture = await Fixture.started();
    await fixture.stable(1);
    await fixture.coordinator.lead(0, fixture.log);
    expect(fixture.state()).toBe('Stable');
    await fixture.clock.advance(10_000);
    expect(fixture.state()).toBe('Empty');
    expect(fixture.log.records.filter(({ type }) => type === 'group')).toHaveLength(3);
  });
});

describe('every prefix of a log', () => {
  it('gives valid groups, and what comes after it leads to the same end', async () => {
    const fixture = await Fixture.started();
    const [leader = '', follower = ''] = await fixture.stable(2);
    await fixture.commit({ generationId: 1, memberId: leader });
    await fixture.coordinator.leave('g', [{ memberId: follower, groupInstanceId: null }]);
    const rejoin = fixture.join({ memberId: leader });
    await settle();
    expect(rejoin.value?.generationId).toBe(2);
    await fixture.distribute([leader]);
    await fixture.commit({ groupId: 'simple', retentionTimeMs: 1 });
    fixture.join({ groupId: 'static', groupInstanceId: 'i', sessionTimeoutMs: 6_000 });
    await fixture.clock.advance(6_000);
    await fixture.clock.advance(60_000);
    await fixture.coordinator.deleteOffsets({
      groupId: 'g',
      topics: [{ name: 't', partitions: [0] }],
    });
    await fixture.clock.advance(600_000);

    const { records } = fixture.log;
    expect(records.length).toBeGreaterThan(8);
    for (let length = 0; length <= records.length; length++) {
      const cut = await Fixture.started({}, fixture.log.prefix(length));
      const partition = cut.coordinator['partitions'].get(0);
      for (const group of partition?.state.groups.values() ?? []) expectValid(group);
      cut.coordinator.close();
      expect(cut.clock.pendingTimers).toBe(0);

      const state = newGroupsState();
      for (const record of records) applyRecord(state, record);
      for (const record of records.slice(length)) applyRecord(state, record);
      const whole = newGroupsState();
      for (const record of records) applyRecord(whole, record);
      expect(state.groups).toEqual(whole.groups);
      expect(state.offsets).toEqual(whole.offsets);
    }
  });
});
