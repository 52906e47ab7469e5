import { describe, expect, it } from '@jest/globals';
import { heartbeatHandler } from '../../../../src/broker/handlers/heartbeat.ts';
import { javaAddress } from '../../../../src/broker/handlers/java-address.ts';
import { joinGroupHandler } from '../../../../src/broker/handlers/join-group.ts';
import { leaveGroupHandler } from '../../../../src/broker/handlers/leave-group.ts';
import { syncGroupHandler } from '../../../../src/broker/handlers/sync-group.ts';
import { errorCodes } from '../../../../src/protocol/error-codes.ts';
import { heartbeat } from '../../../../src/protocol/messages/heartbeat.ts';
import { joinGroup } from '../../../../src/protocol/messages/join-group.ts';
import { leaveGroup } from '../../../../src/protocol/messages/leave-group.ts';
import { syncGroup } from '../../../../src/protocol/messages/sync-group.ts';
import { Fixture, subscription } from '../../coordination/group-fixture.ts';
import { ask, versionsOf } from './group-handler-fixture.ts';

const join = {
  groupId: 'g',
  memberId: '',
  sessionTimeoutMs: 10_000,
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: subscription('t') }],
};

/** Joins as a client of that version does, and waits for the generation. */
async function joined(fixture: Fixture, version: number) {
  const handler = joinGroupHandler(fixture.coordinator);
  const more = version === 0 ? {} : { rebalanceTimeoutMs: 30_000 };
  let memberId = '';
  if (version >= 4) {
    const first = await ask(handler, version, { ...join, ...more });
    expect(first).toMatchObject({ errorCode: errorCodes.MEMBER_ID_REQUIRED, generationId: -1 });
    ({ memberId } = first);
  }
  const reply = ask(handler, version, { ...join, ...more, memberId });
  await fixture.clock.advance(0);
  return reply;
}

describe('JoinGroup', () => {
  it.each(versionsOf(joinGroup))('v%i: joins, and leads alone', async (version) => {
    const fixture = await Fixture.started();
    const reply = await joined(fixture, version);
    expect(reply).toMatchObject({
      errorCode: 0,
      generationId: 1,
      protocolName: 'range',
      leader: reply.memberId,
      skipAssignment: false,
      members: [{ memberId: reply.memberId, metadata: subscription('t') }],
    });
    expect(reply.protocolType).toBe(version >= 7 ? 'consumer' : null);
    const member = fixture.groupOf('g').members.get(reply.memberId);
    // v0 has no rebalance timeout: the session's is used.
    expect(member?.rebalanceTimeoutMs).toBe(version === 0 ? 10_000 : 30_000);
    expect(member?.clientHost).toBe('/127.0.0.1');
  });

  it.each(versionsOf(joinGroup))('v%i: a refusal has no protocol', async (version) => {
    const fixture = await Fixture.started();
    const handler = joinGroupHandler(fixture.coordinator);
    const reply = await ask(handler, version, { ...join, groupId: '', memberId: 'm' });
    expect(reply).toMatchObject({
      errorCode: errorCodes.INVALID_GROUP_ID,
      generationId: -1,
      protocolName: version >= 7 ? null : '',
      leader: '',
      memberId: 'm',
      members: [],
    });
  });

  it.each(versionsOf(joinGroup))('v%i: a broker that is not in charge says so', async (version) => {
    const handler = joinGroupHandler(new Fixture().coordinator);
    const reply = await ask(handler, version, join);
    expect(reply).toMatchObject({ errorCode: errorCodes.NOT_COORDINATOR, memberId: '' });
  });

  it('row 101: v9 tells a static leader that it must not assign', async () => {
    const fixture = await Fixture.started();
    const handler = joinGroupHandler(fixture.coordinator);
    const mine = { ...join, groupInstanceId: 'i', rebalanceTimeoutMs: 30_000 };
    const first = ask(handler, 9, mine);
    await fixture.clock.advance(0);
    await fixture.distribute([(await first).memberId]);
    expect(await ask(handler, 9, mine)).toMatchObject({ errorCode: 0, skipAssignment: true });
    expect(await ask(handler, 8, mine)).toMatchObject({ errorCode: 0, members: [] });
  });
});

describe('SyncGroup', () => {
  const named = { protocolType: 'consumer', protocolName: 'range' };

  it.each(versionsOf(syncGroup))('v%i: hands the assignment out', async (version) => {
    const fixture = await Fixture.started();
    const { memberId } = await joined(fixture, 5);
    const reply = await ask(syncGroupHandler(fixture.coordinator), version, {
      groupId: 'g',
      generationId: 1,
      memberId,
      ...(version >= 5 ? named : {}),
      assignments: [{ memberId, assignment: Buffer.from('mine') }],
    });
    expect(reply).toMatchObject({ errorCode: 0, assignment: Buffer.from('mine') });
    expect(reply.protocolName).toBe(version >= 5 ? 'range' : null);
    expect(fixture.groupOf('g').members.get(memberId)?.assignment.toString()).toBe('mine');
  });

  it('row 109: v5 must name type and protocol', async () => {
    const fixture = await Fixture.started();
    const { memberId } = await joined(fixture, 5);
    const reply = await ask(syncGroupHandler(fixture.coordinator), 5, {
      groupId: 'g',
      generationId: 1,
      memberId,
      protocolType: 'consumer',
      protocolName: null,
      assignments: [],
    });
    expect(reply).toMatchObject({
      errorCode: errorCodes.INCONSISTENT_GROUP_PROTOCOL,
      assignment: Buffer.alloc(0),
    });
  });
});

describe('Heartbeat', () => {
  it.each(versionsOf(heartbeat))('v%i: row 111', async (version) => {
    const fixture = await Fixture.started();
    const [memberId = ''] = await fixture.stable(1);
    const beat = (generationId: number) =>
      ask(heartbeatHandler(fixture.coordinator), version, { groupId: 'g', generationId, memberId });
    expect((await beat(1)).errorCode).toBe(0);
    expect((await beat(2)).errorCode).toBe(errorCodes.ILLEGAL_GENERATION);
  });
});

describe('LeaveGroup', () => {
  it.each(versionsOf(leaveGroup))('v%i: row 112', async (version) => {
    const fixture = await Fixture.started();
    const [memberId = ''] = await fixture.stable(1);
    const leave = (id: string) =>
      ask(
        leaveGroupHandler(fixture.coordinator),
        version,
        version < 3
          ? { groupId: 'g', memberId: id }
          : { groupId: 'g', members: [{ memberId: id, groupInstanceId: null }] },
      );
    const refused = await leave('nobody');
    const left = await leave(memberId);
    if (version < 3) {
      expect([refused.errorCode, left.errorCode]).toEqual([errorCodes.UNKNOWN_MEMBER_ID, 0]);
    } else {
      expect([refused.errorCode, left.errorCode]).toEqual([0, 0]);
      expect(refused.members[0]).toMatchObject({
        memberId: 'nobody',
        errorCode: errorCodes.UNKNOWN_MEMBER_ID,
      });
      expect(left.members[0]).toMatchObject({ memberId, errorCode: 0 });
    }
    expect(fixture.state()).toBe('Empty');
  });
});

describe('the address of a member', () => {
  it.each([
    ['127.0.0.1', '/127.0.0.1'],
    ['::ffff:10.1.2.3', '/10.1.2.3'],
    ['::1', '/0:0:0:0:0:0:0:1'],
    ['fe80::1:2%eth0', '/fe80:0:0:0:0:0:1:2'],
    ['2001:DB8:0:0:8:800:200C:417A', '/2001:db8:0:0:8:800:200c:417a'],
    ['::', '/0:0:0:0:0:0:0:0'],
  ])('%s is printed as Java does: %s', (address, printed) => {
    expect(javaAddress(address)).toBe(printed);
  });
});
