import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { createTopics } from '../../../src/protocol/messages/create-topics.ts';
import { deleteGroups } from '../../../src/protocol/messages/delete-groups.ts';
import { describeGroups } from '../../../src/protocol/messages/describe-groups.ts';
import { errorCodes, type ErrorName } from '../../../src/protocol/error-codes.ts';
import { joinGroup, type JoinGroupRequest } from '../../../src/protocol/messages/join-group.ts';
import { leaveGroup } from '../../../src/protocol/messages/leave-group.ts';
import { listGroups } from '../../../src/protocol/messages/list-groups.ts';
import { offsetCommit } from '../../../src/protocol/messages/offset-commit.ts';
import { offsetDelete } from '../../../src/protocol/messages/offset-delete.ts';
import { offsetFetch } from '../../../src/protocol/messages/offset-fetch.ts';
import type { AnyApi, RequestInput, ResponseOf } from '../../../src/protocol/schema.ts';
import { RawClient } from '../../support/raw-client.ts';
import { coordinatorIsThere, GroupMember, wants, watched } from '../support/group-member.ts';
import { bootstrapServers, describeTarget, uniqueName } from '../support/suite.ts';

/*
 * The group protocol on the wire, request by request, where clients never go: each answer is what
 * Apache Kafka 4.3.1 gives. Nothing waits for a timer.
 */

let topic: string;
let members: GroupMember[] = [];

beforeAll(async () => {
  await coordinatorIsThere();
  topic = uniqueName('group-protocol');
  await ask(createTopics, 7, {
    topics: [{ name: topic, numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 10_000,
  });
});

afterEach(async () => {
  for (const member of members) member.close();
  members = [];
});

async function ask<A extends AnyApi>(
  api: A,
  version: number,
  request: RequestInput<A>,
): Promise<ResponseOf<A>> {
  const client = await RawClient.connect(bootstrapServers(), 'by-hand');
  try {
    return await client.request(api, version, request);
  } finally {
    client.close();
  }
}

function member(groupId: string, groupInstanceId: string | null = null): GroupMember {
  const made = new GroupMember(groupId, groupInstanceId);
  members.push(made);
  return made;
}

async function stateOf(groupId: string): Promise<string> {
  const { groups } = await ask(describeGroups, 5, { groups: [groupId] });
  return groups[0]?.groupState ?? '';
}

async function reached(groupId: string, state: string): Promise<void> {
  while ((await stateOf(groupId)) !== state) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const assign = (...to: GroupMember[]) => ({
  assignments: to.map(({ memberId }, index) => ({ memberId, assignment: Buffer.of(index) })),
});

/** A stable group: the first member leads, a second one follows; static where they have a name. */
async function stableGroup(names: [string | null, string | null] = [null, null]) {
  const groupId = uniqueName('group');
  const [leader, follower] = [member(groupId, names[0]), member(groupId, names[1])];
  await leader.enter();
  await leader.sync(assign(leader));
  const joining = follower.enter();
  await reached(groupId, 'PreparingRebalance');
  await Promise.all([joining, leader.join()]);
  await Promise.all([follower.sync(), leader.sync(assign(leader, follower))]);
  return { groupId, leader, follower };
}

const code = (name: ErrorName): number => errorCodes[name];

describeTarget('JoinGroup by hand', () => {
  const request: RequestInput<typeof joinGroup> = {
    groupId: '',
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 60_000,
    memberId: 'someone',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: wants('t') }],
  };

  const refusals: [string, Partial<JoinGroupRequest>, ErrorName, string][] = [
    ['an empty group id', {}, 'INVALID_GROUP_ID', 'someone'],
    [
      'too short a session',
      { groupId: 'g', sessionTimeoutMs: 5_999 },
      'INVALID_SESSION_TIMEOUT',
      'someone',
    ],
    [
      'too long a session',
      { groupId: 'g', sessionTimeoutMs: 1_800_001 },
      'INVALID_SESSION_TIMEOUT',
      'someone',
    ],
    ['a member of no group', { groupId: 'nobody-knows' }, 'UNKNOWN_MEMBER_ID', 'someone'],
    [
      'no protocol',
      { groupId: 'p', memberId: '', protocols: [] },
      'INCONSISTENT_GROUP_PROTOCOL',
      '',
    ],
    [
      'no protocol type',
      { groupId: 'p', memberId: '', protocolType: '' },
      'INCONSISTENT_GROUP_PROTOCOL',
      '',
    ],
  ];
  test.each(refusals)('%s is refused alike in all versions', async (_, more, error, memberId) => {
    for (let version = 0; version <= 9; version++) {
      const answer = await ask(joinGroup, version, { ...request, ...more });
      expect([version, answer]).toEqual([
        version,
        {
          throttleTimeMs: 0,
          errorCode: code(error),
          generationId: -1,
          protocolType: null,
          // No name is null since v7.
          protocolName: version >= 7 ? null : '',
          leader: '',
          skipAssignment: false,
          memberId,
          members: [],
        },
      ]);
    }
  });

  test.each([
    [3, 'NONE', 'CompletingRebalance'],
    [4, 'MEMBER_ID_REQUIRED', 'Empty'],
  ] as const)('a new member of v%d hears %s', async (version, error, state) => {
    const groupId = uniqueName('group');
    const joined = await member(groupId).join({}, version);
    expect(joined.errorCode).toBe(code(error));
    expect(joined.memberId).toMatch(/^by-hand-[0-9a-f-]{36}$/);
    // Apache Kafka shows a group of which nothing is written only after its next write.
    await reached(groupId, state);
  });

  test('a pending id cannot take a static name', async () => {
    const one = member(uniqueName('group'));
    await one.join();
    const joined = await one.join({ groupInstanceId: 'i' });
    expect(joined).toMatchObject({ errorCode: code('UNKNOWN_SERVER_ERROR'), memberId: '' });
  });

  test('the protocol type is told since v7, the name always; only the leader hears of members', async () => {
    const { groupId, leader, follower } = await stableGroup();
    const rejoining = leader.join({}, 6);
    await reached(groupId, 'PreparingRebalance');
    const joined = await follower.join({}, 7);
    expect(await rejoining).toMatchObject({ protocolType: null, protocolName: 'range' });
    expect(joined).toMatchObject({
      protocolType: 'consumer',
      protocolName: 'range',
      generationId: 3,
      leader: leader.memberId,
      members: [],
    });
  });

  test('a rejoin with nothing new keeps the generation, of a follower and in CompletingRebalance', async () => {
    const { groupId, leader, follower } = await stableGroup();
    expect(await follower.join()).toMatchObject({ errorCode: 0, generationId: 2 });
    const rejoining = leader.join();
    await reached(groupId, 'PreparingRebalance');
    await Promise.all([rejoining, follower.join()]);
    expect(await stateOf(groupId)).toBe('CompletingRebalance');
    const again = await leader.join();
    expect(again).toMatchObject({ errorCode: 0, generationId: 3 });
    expect(again.members.map(({ memberId }) => memberId).sort()).toEqual(
      [leader.memberId, follower.memberId].sort(),
    );
  });

  test('another protocol type and nothing in common are refused', async () => {
    const { leader, follower } = await stableGroup();
    const error = { errorCode: code('INCONSISTENT_GROUP_PROTOCOL') };
    const { groupId } = leader;
    expect(await member(groupId).join({ protocolType: 'connect' })).toMatchObject(error);
    const other = { protocols: [{ name: 'other', metadata: wants('t') }] };
    expect(await follower.join(other)).toMatchObject({ ...error, memberId: follower.memberId });
    expect(await stateOf(groupId)).toBe('Stable');
  });
});

describeTarget('SyncGroup and Heartbeat by hand', () => {
  test('everything that can be wrong with a sync, in the order in which it is looked at', async () => {
    const { groupId, leader } = await stableGroup();
    const hears = async (more: object, version = 5) => (await leader.sync(more, version)).errorCode;
    expect(await hears({ groupId: '' })).toBe(code('INVALID_GROUP_ID'));
    expect(await hears({ groupId: '', protocolType: null })).toBe(
      code('INCONSISTENT_GROUP_PROTOCOL'),
    );
    expect(await hears({ groupId: 'nobody-knows' })).toBe(code('UNKNOWN_MEMBER_ID'));
    expect(await hears({ memberId: 'nobody', generationId: 9 })).toBe(code('UNKNOWN_MEMBER_ID'));
    expect(await hears({ groupInstanceId: 'nobody' })).toBe(code('UNKNOWN_MEMBER_ID'));
    expect(await hears({ generationId: 9, protocolName: 'other' })).toBe(
      code('ILLEGAL_GENERATION'),
    );
    expect(await hears({ protocolName: 'other' })).toBe(code('INCONSISTENT_GROUP_PROTOCOL'));
    expect(await hears({ protocolType: 'connect' })).toBe(code('INCONSISTENT_GROUP_PROTOCOL'));
    expect(await leader.sync({ groupId }, 5)).toEqual({
      throttleTimeMs: 0,
      errorCode: 0,
      protocolType: 'consumer',
      protocolName: 'range',
      assignment: Buffer.of(0),
    });
    expect(await leader.sync({}, 4)).toMatchObject({ protocolType: null, protocolName: null });
  });

  test('whom the leader forgets is given nothing, and a follower waits for the leader', async () => {
    const { groupId, leader, follower } = await stableGroup();
    const rejoining = leader.join();
    await reached(groupId, 'PreparingRebalance');
    await Promise.all([rejoining, follower.join()]);
    const waiting = watched(follower.sync());
    expect(await leader.heartbeat()).toBe(0);
    expect(waiting.answer).toBeUndefined();
    await leader.sync(assign(leader));
    expect(await waiting.promise).toMatchObject({ errorCode: 0, assignment: Buffer.alloc(0) });
  });

  test('a rebalance sends those who wait for their assignment back', async () => {
    const { groupId, leader, follower } = await stableGroup();
    const rejoining = leader.join();
    await reached(groupId, 'PreparingRebalance');
    expect((await leader.sync()).errorCode).toBe(code('REBALANCE_IN_PROGRESS'));
    expect(await follower.heartbeat()).toBe(code('REBALANCE_IN_PROGRESS'));
    await Promise.all([rejoining, follower.join()]);
    const waiting = follower.sync();
    const changed = leader.join({ protocols: [{ name: 'range', metadata: wants('u') }] });
    expect(await waiting).toEqual({
      throttleTimeMs: 0,
      errorCode: code('REBALANCE_IN_PROGRESS'),
      protocolType: null,
      protocolName: null,
      assignment: Buffer.alloc(0),
    });
    await follower.join();
    expect((await changed).generationId).toBe(4);
  });

  test('a heartbeat of nobody, of another generation, of no group', async () => {
    const { groupId, leader } = await stableGroup();
    expect(await leader.heartbeat()).toBe(0);
    expect(await leader.heartbeat({ generationId: 1 })).toBe(code('ILLEGAL_GENERATION'));
    expect(await leader.heartbeat({ memberId: 'nobody' })).toBe(code('UNKNOWN_MEMBER_ID'));
    expect(await leader.heartbeat({ groupId: 'nobody-knows' })).toBe(code('UNKNOWN_MEMBER_ID'));
    expect(await leader.heartbeat({ groupId: '' })).toBe(code('INVALID_GROUP_ID'));
    const pending = member(groupId);
    await pending.join();
    expect(await pending.heartbeat({ generationId: 2 })).toBe(code('UNKNOWN_MEMBER_ID'));
  });
});

describeTarget('static members by hand', () => {
  test.each([8, 9])(
    'v%d: the leader comes back under a new id, nobody rebalances',
    async (version) => {
      const { groupId, leader, follower } = await stableGroup(['a', 'b']);
      const former = leader.memberId;
      const heir = member(groupId, 'a');
      const joined = await heir.join({}, version);
      expect(joined).toMatchObject({
        errorCode: 0,
        generationId: 2,
        protocolName: 'range',
        skipAssignment: version >= 9,
        leader: version >= 9 ? heir.memberId : former,
      });
      expect(heir.memberId).not.toBe(former);
      expect(joined.members).toHaveLength(version >= 9 ? 2 : 0);
      expect(await stateOf(groupId)).toBe('Stable');
      expect(await heir.sync()).toMatchObject({ errorCode: 0, assignment: Buffer.of(0) });
      expect(await follower.heartbeat()).toBe(0);

      const fenced = code('FENCED_INSTANCE_ID');
      expect(await leader.join()).toMatchObject({ errorCode: fenced, memberId: former });
      expect((await leader.sync()).errorCode).toBe(fenced);
      expect(await leader.heartbeat()).toBe(fenced);
      expect(await leader.commit(topic)).toBe(fenced);
      expect(await leader.leave()).toEqual([fenced]);
    },
  );

  test('a former self that waits in a join hears that it is fenced', async () => {
    const { groupId, leader, follower } = await stableGroup(['a', 'b']);
    const former = leader.join();
    await reached(groupId, 'PreparingRebalance');
    const heir = member(groupId, 'a');
    const joining = heir.join();
    expect(await former).toMatchObject({
      errorCode: code('FENCED_INSTANCE_ID'),
      memberId: leader.memberId,
    });
    await follower.join();
    expect(await joining).toMatchObject({ errorCode: 0, generationId: 3, leader: heir.memberId });
  });

  test('a former self that waits for its assignment hears it, too, and a rebalance begins', async () => {
    const { groupId, leader, follower } = await stableGroup(['a', 'b']);
    const rejoining = leader.join();
    await reached(groupId, 'PreparingRebalance');
    await Promise.all([rejoining, follower.join()]);
    const waiting = follower.sync();
    expect(await follower.heartbeat()).toBe(0);
    const joining = member(groupId, 'b').join();
    expect((await waiting).errorCode).toBe(code('FENCED_INSTANCE_ID'));
    expect(await leader.heartbeat()).toBe(code('REBALANCE_IN_PROGRESS'));
    await leader.join();
    expect(await joining).toMatchObject({ errorCode: 0, generationId: 4 });
  });

  test('anybody may remove one by its name', async () => {
    const { groupId, leader, follower } = await stableGroup(['a', 'b']);
    expect(
      await follower.leave([
        { memberId: '', groupInstanceId: 'a' },
        { memberId: '', groupInstanceId: 'a' },
        { memberId: '', groupInstanceId: null },
        { memberId: follower.memberId, groupInstanceId: 'nobody' },
      ]),
    ).toEqual([0, 25, 25, 25]);
    expect(await leader.heartbeat()).toBe(code('UNKNOWN_MEMBER_ID'));
    expect(await stateOf(groupId)).toBe('PreparingRebalance');
  });
});

describeTarget('LeaveGroup by hand', () => {
  test('each member has its own answer, and the last one leaves the group empty', async () => {
    const { groupId, leader, follower } = await stableGroup();
    expect(
      await leader.leave(
        [leader, follower, leader, member(groupId)].map(({ memberId }) => ({ memberId })),
      ),
    ).toEqual([0, 0, 25, 25]);
    expect(await stateOf(groupId)).toBe('Empty');
    const next = member(groupId);
    await next.enter();
    expect(next.generationId).toBe(4);
  });

  test('a pending member may go, and those who waited for it go on', async () => {
    const { groupId, leader, follower } = await stableGroup();
    const pending = member(groupId);
    await pending.join();
    const rejoining = leader.join();
    await reached(groupId, 'PreparingRebalance');
    const other = watched(follower.join());
    expect(await leader.heartbeat()).toBe(code('REBALANCE_IN_PROGRESS'));
    expect(other.answer).toBeUndefined();
    expect(await pending.leave()).toEqual([0]);
    expect((await other.promise).generationId).toBe(3);
    await rejoining;
  });

  test('a member that waits in a join and is removed hears UNKNOWN_MEMBER_ID, without an id', async () => {
    const { groupId, leader, follower } = await stableGroup();
    const joining = leader.join();
    await reached(groupId, 'PreparingRebalance');
    expect(await follower.leave([leader])).toEqual([0]);
    expect(await joining).toMatchObject({ errorCode: code('UNKNOWN_MEMBER_ID'), memberId: '' });
  });

  test('of no group: told per member since v3, at the top before', async () => {
    const request = { groupId: 'nobody-knows', members: [{ memberId: 'm' }] };
    const modern = await ask(leaveGroup, 3, request);
    expect([modern.errorCode, modern.members[0]?.errorCode]).toEqual([0, 25]);
    const old = await ask(leaveGroup, 2, { groupId: 'nobody-knows', memberId: 'm' });
    expect(old).toMatchObject({ errorCode: 25, members: [] });
    expect((await ask(leaveGroup, 3, { ...request, groupId: '' })).errorCode).toBe(24);
  });
});

describeTarget('offsets by hand', () => {
  test('who may commit, and when', async () => {
    const { groupId, leader, follower } = await stableGroup();
    const outside = { generationIdOrMemberEpoch: -1, memberId: '' };
    expect(await leader.commit(topic)).toBe(0);
    expect(await leader.commit(topic, outside)).toBe(code('UNKNOWN_MEMBER_ID'));
    expect(await leader.commit(topic, { ...outside, memberId: leader.memberId })).toBe(
      code('ILLEGAL_GENERATION'),
    );
    expect(await leader.commit(topic, { generationIdOrMemberEpoch: 1 })).toBe(
      code('ILLEGAL_GENERATION'),
    );
    expect(await leader.commit(topic, { memberId: 'nobody' })).toBe(code('UNKNOWN_MEMBER_ID'));
    const rejoining = leader.join();
    await reached(groupId, 'PreparingRebalance');
    expect(await follower.commit(topic)).toBe(0);
    await Promise.all([rejoining, follower.join()]);
    expect(await follower.commit(topic)).toBe(code('REBALANCE_IN_PROGRESS'));
    await leader.leave([leader, follower]);
    expect(await leader.commit(topic)).toBe(code('UNKNOWN_MEMBER_ID'));
    expect(await leader.commit(topic, outside)).toBe(0);
    const unknown = { groupId: 'nobody-knows' };
    expect(await leader.commit(topic, unknown, 8)).toBe(code('ILLEGAL_GENERATION'));
    expect(await leader.commit(topic, unknown, 9)).toBe(code('GROUP_ID_NOT_FOUND'));
  });

  test('what is wrong with one partition does not spoil the others', async () => {
    const groupId = uniqueName('group');
    const partition = (partitionIndex: number, committedMetadata: string | null) => ({
      partitionIndex,
      committedOffset: 5,
      committedMetadata,
    });
    const committed = await ask(offsetCommit, 8, {
      groupId,
      memberId: '',
      topics: [
        { name: 'no-such-topic', partitions: [partition(0, '')] },
        {
          name: topic,
          partitions: [partition(0, 'x'.repeat(4_097)), partition(1, null), partition(2, '')],
        },
      ],
    });
    expect(
      committed.topics.map(({ name, partitions }) => [
        name,
        partitions.map(({ partitionIndex, errorCode }) => [partitionIndex, errorCode]).sort(),
      ]),
    ).toEqual([
      ['no-such-topic', [[0, code('UNKNOWN_TOPIC_OR_PARTITION')]]],
      [
        topic,
        [
          [0, code('OFFSET_METADATA_TOO_LARGE')],
          [1, 0],
          [2, code('UNKNOWN_TOPIC_OR_PARTITION')],
        ],
      ],
    ]);
    const nothing = { committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode: 0 };
    const fetched = await ask(offsetFetch, 7, {
      groupId,
      topics: [{ name: topic, partitionIndexes: [0, 1] }],
      requireStable: true,
    });
    expect(fetched.topics[0]?.partitions).toEqual([
      { ...nothing, partitionIndex: 0 },
      { ...nothing, partitionIndex: 1, committedOffset: 5 },
    ]);
    const all = await ask(offsetFetch, 8, {
      groups: [
        { groupId, topics: null },
        { groupId: 'nobody-knows', topics: null },
      ],
    });
    expect(all.groups.map(({ topics, errorCode }) => [topics.length, errorCode])).toEqual([
      [1, 0],
      [0, 0],
    ]);
    const { groups } = await ask(listGroups, 5, {
      statesFilter: [' empty '],
      typesFilter: ['Classic'],
    });
    expect(groups.find((group) => group.groupId === groupId)).toEqual({
      groupId,
      protocolType: '',
      groupState: 'Empty',
      groupType: 'classic',
    });
  });

  test('an offset in use is not deleted, any other is, with its group', async () => {
    const groupId = uniqueName('group');
    const one = member(groupId);
    const protocols = [{ name: 'range', metadata: wants(topic) }];
    await one.enter({ protocols });
    await one.sync(assign(one));
    await one.commit(topic);
    const partitions = [0, 1, 2].map((partitionIndex) => ({ partitionIndex }));
    const request = { groupId, topics: [{ name: topic, partitions }] };
    const codesOf = async () =>
      (await ask(offsetDelete, 0, request)).topics[0]?.partitions
        .map(({ partitionIndex, errorCode }) => [partitionIndex, errorCode])
        .sort();
    expect(await codesOf()).toEqual([
      [0, code('GROUP_SUBSCRIBED_TO_TOPIC')],
      [1, code('GROUP_SUBSCRIBED_TO_TOPIC')],
      [2, code('UNKNOWN_TOPIC_OR_PARTITION')],
    ]);
    const deleted = async () => {
      const { results } = await ask(deleteGroups, 2, { groupsNames: [groupId, groupId] });
      return results.map(({ errorCode }) => errorCode);
    };
    expect(await deleted()).toEqual([code('NON_EMPTY_GROUP')]);
    await one.leave();
    expect(await codesOf()).toEqual([
      [0, 0],
      [1, 0],
      [2, code('UNKNOWN_TOPIC_OR_PARTITION')],
    ]);
    expect(await deleted()).toEqual([0]);
    expect(await deleted()).toEqual([code('GROUP_ID_NOT_FOUND')]);
    expect(await ask(offsetDelete, 0, request)).toEqual({
      errorCode: code('GROUP_ID_NOT_FOUND'),
      throttleTimeMs: 0,
      topics: [],
    });
  });
});

describeTarget('DescribeGroups by hand', () => {
  const described = async (groupId: string, version = 5, includeAuthorizedOperations = false) => {
    const request = { groups: [groupId], ...(version >= 3 && { includeAuthorizedOperations }) };
    return (await ask(describeGroups, version, request)).groups[0];
  };

  test('a group that nobody knows', async () => {
    const dead = {
      errorCode: 0,
      errorMessage: null,
      groupId: 'nobody-knows',
      groupState: 'Dead',
      protocolType: '',
      protocolData: '',
      members: [],
      authorizedOperations: -2_147_483_648,
    };
    expect(await described('nobody-knows', 0)).toEqual(dead);
    expect(await described('nobody-knows', 5, true)).toEqual({
      ...dead,
      authorizedOperations: 3_400,
    });
    expect(await described('nobody-knows', 6, true)).toEqual({
      ...dead,
      errorCode: code('GROUP_ID_NOT_FOUND'),
      errorMessage: 'Group nobody-knows not found.',
    });
  });

  test('what members told is shown while the group is stable', async () => {
    const { groupId, leader, follower } = await stableGroup(['a', 'b']);
    const shown = await described(groupId);
    expect(shown).toMatchObject({
      groupState: 'Stable',
      protocolType: 'consumer',
      protocolData: 'range',
    });
    expect(shown?.members.find(({ memberId }) => memberId === leader.memberId)).toEqual({
      memberId: leader.memberId,
      groupInstanceId: 'a',
      clientId: 'by-hand',
      clientHost: expect.stringMatching(/^\/\d+\.\d+\.\d+\.\d+$/),
      memberMetadata: wants('t'),
      memberAssignment: Buffer.of(0),
    });
    const rejoining = leader.join();
    await reached(groupId, 'PreparingRebalance');
    const preparing = await described(groupId);
    expect(preparing).toMatchObject({ protocolType: 'consumer', protocolData: '' });
    expect(preparing?.members.map(({ memberMetadata }) => memberMetadata.length)).toEqual([0, 0]);
    await Promise.all([rejoining, follower.join()]);
    expect(await described(groupId)).toMatchObject({ groupState: 'CompletingRebalance' });
  });
});
