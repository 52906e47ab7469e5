import { describe, expect, it } from '@jest/globals';
import { Fixture, joinOf, refusalOf, subscription, topicOf } from './group-fixture.ts';

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
