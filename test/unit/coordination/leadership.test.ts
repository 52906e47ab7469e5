import { describe, expect, it } from '@jest/globals';
import type { Caller } from '../../../src/host/caller.ts';
import { KafkaError } from '../../../src/protocol/kafka-error.ts';
import { commitOf, Fixture, joinOf, refusalOf, settle } from './group-fixture.ts';

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
    const caller: Caller = { isGone: false, waitsFor: undefined };
    const join = fixture.coordinator.join(joinOf({ memberId }), caller);
    await settle();
    caller.waitsFor?.giveUp();
    expect(caller.waitsFor).toBeUndefined();
    expect((await join).error).toBe('COORDINATOR_NOT_AVAILABLE');
    expect(fixture.groupOf('g').members.has(memberId)).toBe(true);
  });
});
