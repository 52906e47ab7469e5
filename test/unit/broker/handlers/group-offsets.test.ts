import { describe, expect, it } from '@jest/globals';
import { offsetCommitHandler } from '../../../../src/broker/handlers/offset-commit.ts';
import { offsetDeleteHandler } from '../../../../src/broker/handlers/offset-delete.ts';
import { offsetFetchHandler } from '../../../../src/broker/handlers/offset-fetch.ts';
import { applyRecord } from '../../../../src/coordination/group-state.ts';
import { errorCodes } from '../../../../src/protocol/error-codes.ts';
import { offsetCommit } from '../../../../src/protocol/messages/offset-commit.ts';
import { offsetFetch } from '../../../../src/protocol/messages/offset-fetch.ts';
import { zeroUuid } from '../../../../src/protocol/uuid.ts';
import { Fixture } from '../../coordination/group-fixture.ts';
import { ask, idOfT, imageOf, topicOf, unknownId, versionsOf } from './group-handler-fixture.ts';

const { UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION } = errorCodes;

const partitions = [0, 1, 2].map((partitionIndex) => ({
  partitionIndex,
  committedOffset: 40 + partitionIndex,
  committedMetadata: `m${partitionIndex}`,
}));

/** A topic as a version names it. */
const named = (version: number, name: string, topicId: string) =>
  version >= 10 ? { topicId } : { name };

const commitRequest = (version: number) => ({
  groupId: 'g',
  memberId: '',
  topics: [
    { ...named(version, 'x', unknownId), partitions: partitions.slice(0, 1) },
    { ...named(version, 't', idOfT), partitions },
  ],
});

describe('OffsetCommit', () => {
  it.each(versionsOf(offsetCommit))(
    'v%i: row 117: what does not exist is told per partition, the rest is kept',
    async (version) => {
      const fixture = await Fixture.started();
      const reply = await ask(
        offsetCommitHandler(fixture.coordinator),
        version,
        commitRequest(version),
      );
      const codes = reply.topics.map((topic) => [
        version >= 10 ? topic.topicId : topic.name,
        new Map(
          topic.partitions.map(({ partitionIndex, errorCode }) => [partitionIndex, errorCode]),
        ),
      ]);
      expect(codes).toEqual([
        version >= 10
          ? [unknownId, new Map([[0, UNKNOWN_TOPIC_ID]])]
          : ['x', new Map([[0, UNKNOWN_TOPIC_OR_PARTITION]])],
        [
          version >= 10 ? idOfT : 't',
          new Map([
            [0, 0],
            [1, 0],
            [2, UNKNOWN_TOPIC_OR_PARTITION],
          ]),
        ],
      ]);
      expect([0, 1, 2].map((index) => fixture.committed('t', index))).toEqual([40, 41, undefined]);
      expect(fixture.committed('x')).toBeUndefined();
    },
  );

  it.each(versionsOf(offsetCommit))(
    'v%i: row 115: a refusal of the group holds for the partitions it was asked about',
    async (version) => {
      const fixture = await Fixture.started();
      const request = { ...commitRequest(version), generationIdOrMemberEpoch: 7, memberId: 'm' };
      const reply = await ask(offsetCommitHandler(fixture.coordinator), version, request);
      const refusal = version >= 9 ? errorCodes.GROUP_ID_NOT_FOUND : errorCodes.ILLEGAL_GENERATION;
      const codes = new Map(
        reply.topics[1]?.partitions.map(({ partitionIndex, errorCode }) => [
          partitionIndex,
          errorCode,
        ]),
      );
      expect(codes).toEqual(
        new Map<number, number>([
          [0, refusal],
          [1, refusal],
          [2, UNKNOWN_TOPIC_OR_PARTITION],
        ]),
      );
    },
  );

  it.each([2, 3, 4])('v%i: row 118: the retention time is taken', async (version) => {
    const fixture = await Fixture.started();
    const request = { ...commitRequest(version), retentionTimeMs: 1_000 };
    await ask(offsetCommitHandler(fixture.coordinator), version, request);
    const committed = fixture.coordinator.fetchOffsets('g').offsets?.get('t')?.get(0);
    expect(committed?.expireTimestampMs).toBe(fixture.clock.wallMs() + 1_000);
  });

  it('row 97: not in charge is told per partition, for an empty group id too', async () => {
    const { coordinator } = new Fixture();
    const reply = await ask(offsetCommitHandler(coordinator), 8, {
      ...commitRequest(8),
      groupId: '',
    });
    expect(reply.topics[1]?.partitions.map(({ errorCode }) => errorCode)).toEqual([
      UNKNOWN_TOPIC_OR_PARTITION,
      errorCodes.NOT_COORDINATOR,
      errorCodes.NOT_COORDINATOR,
    ]);
  });
});

describe('OffsetFetch', () => {
  const fetchRequest = (version: number, groupId = 'g') => {
    const topics = [
      { ...named(version, 't', idOfT), partitionIndexes: [0, 1] },
      { ...named(version, 'x', unknownId), partitionIndexes: [0] },
    ];
    if (version >= 8) return { groups: [{ groupId, topics }] };
    return { groupId, topics: topics.map((topic) => ({ name: '', ...topic })) };
  };

  async function committed() {
    const fixture = await Fixture.started();
    await fixture.commit();
    return fixture;
  }

  it.each(versionsOf(offsetFetch))(
    'v%i: row 119: what was not committed is -1 and no error',
    async (version) => {
      const fixture = await committed();
      const reply = await ask(
        offsetFetchHandler(fixture.coordinator),
        version,
        fetchRequest(version),
      );
      const topics = version >= 8 ? reply.groups[0]?.topics : reply.topics;
      expect(topics?.[0]?.partitions).toEqual([
        {
          partitionIndex: 0,
          committedOffset: 42,
          committedLeaderEpoch: version >= 5 ? 5 : -1,
          metadata: 'm',
          errorCode: 0,
        },
        {
          partitionIndex: 1,
          committedOffset: -1,
          committedLeaderEpoch: -1,
          metadata: '',
          errorCode: 0,
        },
      ]);
      expect(topics?.[1]?.partitions[0]).toMatchObject({
        committedOffset: -1,
        errorCode: version >= 10 ? UNKNOWN_TOPIC_ID : 0,
      });
    },
  );

  it.each(versionsOf(offsetFetch))(
    'v%i: row 119: of an unknown group all is -1',
    async (version) => {
      const fixture = await committed();
      const request = fetchRequest(version, 'nobody');
      const reply = await ask(offsetFetchHandler(fixture.coordinator), version, request);
      const topics = version >= 8 ? reply.groups[0]?.topics : reply.topics;
      expect(topics?.[0]?.partitions.map(({ committedOffset }) => committedOffset)).toEqual([
        -1, -1,
      ]);
    },
  );

  it.each([2, 5, 7, 8, 9, 10])('v%i: row 119: no topics means all of them', async (version) => {
    const fixture = await committed();
    const request =
      version >= 8 ? { groups: [{ groupId: 'g', topics: null }] } : { groupId: 'g', topics: null };
    const reply = await ask(offsetFetchHandler(fixture.coordinator), version, request);
    const topics = version >= 8 ? reply.groups[0]?.topics : reply.topics;
    expect(topics).toHaveLength(1);
    expect(topics?.[0]).toMatchObject(version >= 10 ? { topicId: idOfT } : { name: 't' });
  });

  it('row 119: by id, a topic that is no more is left out of all of them', async () => {
    const fixture = await committed();
    await fixture.commit({
      topics: [
        {
          name: 'gone',
          topicId: zeroUuid,
          partitions: [{ partition: 0, offset: 1, leaderEpoch: -1, metadata: '' }],
        },
      ],
    });
    const request = { groups: [{ groupId: 'g', topics: null }] };
    const handler = offsetFetchHandler(fixture.coordinator);
    expect((await ask(handler, 10, request)).groups[0]?.topics).toHaveLength(1);
    expect((await ask(handler, 9, request)).groups[0]?.topics).toHaveLength(2);
  });

  it('row 119: an offset of another topic of the same name is not given by id', async () => {
    const fixture = await committed();
    const state = fixture.coordinator['partitions'].get(0)?.state;
    if (!state) throw new Error('not started');
    const committedOffset = {
      offset: 9,
      leaderEpoch: -1,
      metadata: '',
      commitTimestampMs: 0,
      expireTimestampMs: -1,
    };
    const record = { type: 'offset', groupId: 'g', topic: 't', partition: 0 } as const;
    applyRecord(state, { ...record, committed: { ...committedOffset, topicId: unknownId } });
    const handler = offsetFetchHandler(fixture.coordinator);
    const reply = await ask(handler, 10, fetchRequest(10));
    expect(reply.groups[0]?.topics[0]?.partitions[0]?.committedOffset).toBe(-1);
    const byName = await ask(handler, 9, fetchRequest(9));
    expect(byName.groups[0]?.topics[0]?.partitions[0]?.committedOffset).toBe(9);
  });

  it('row 120: with requireStable an offset of an open transaction is UNSTABLE_OFFSET_COMMIT', async () => {
    const fixture = await committed();
    const state = fixture.coordinator['partitions'].get(0)?.state;
    if (!state) throw new Error('not started');
    const [record] = fixture.log.records;
    if (!record) throw new Error('nothing written');
    applyRecord(state, record, { recordOffset: 5, producerId: 7 });
    const handler = offsetFetchHandler(fixture.coordinator);
    const codes = async (requireStable: boolean) => {
      const reply = await ask(handler, 8, { ...fetchRequest(8), requireStable });
      return reply.groups[0]?.topics[0]?.partitions.map(({ errorCode }) => errorCode);
    };
    expect(await codes(true)).toEqual([errorCodes.UNSTABLE_OFFSET_COMMIT, 0]);
    expect(await codes(false)).toEqual([0, 0]);
  });

  it.each(versionsOf(offsetFetch))(
    'v%i: a refusal stands where the version has room',
    async (version) => {
      const { coordinator } = new Fixture();
      const reply = await ask(offsetFetchHandler(coordinator), version, fetchRequest(version));
      const code = errorCodes.NOT_COORDINATOR;
      if (version >= 8)
        expect(reply.groups).toEqual([{ groupId: 'g', topics: [], errorCode: code }]);
      else if (version >= 2) expect(reply).toMatchObject({ errorCode: code, topics: [] });
      else
        expect(reply.topics[0]?.partitions.map(({ errorCode }) => errorCode)).toEqual([code, code]);
    },
  );

  it('row 119: v8+ takes several groups, each with an error of its own', async () => {
    const fixture = await committed();
    fixture.settings = { ...fixture.settings, offsetsTopicPartitions: 2 }; // leads one of them
    const groupIds = ['a', 'b', 'c', 'd'];
    const groups = groupIds.map((groupId) => ({ groupId, topics: null }));
    const reply = await ask(offsetFetchHandler(fixture.coordinator), 8, { groups });
    expect(reply.groups.map(({ errorCode }) => errorCode)).toEqual(
      groupIds.map((id) =>
        fixture.coordinator.partitionFor(id) === 0 ? 0 : errorCodes.NOT_COORDINATOR,
      ),
    );
  });
});

describe('OffsetDelete', () => {
  const request = (groupId: string) => ({
    groupId,
    topics: [
      { name: 'x', partitions: [{ partitionIndex: 0 }] },
      { name: 't', partitions: [{ partitionIndex: 0 }, { partitionIndex: 5 }] },
    ],
  });

  it('row 126: what does not exist is told per partition', async () => {
    const fixture = await Fixture.started();
    await fixture.commit();
    const reply = await ask(offsetDeleteHandler(fixture.coordinator), 0, request('g'));
    expect(reply).toEqual({
      errorCode: 0,
      throttleTimeMs: 0,
      topics: [
        { name: 'x', partitions: [{ partitionIndex: 0, errorCode: UNKNOWN_TOPIC_OR_PARTITION }] },
        {
          name: 't',
          partitions: [
            { partitionIndex: 5, errorCode: UNKNOWN_TOPIC_OR_PARTITION },
            { partitionIndex: 0, errorCode: 0 },
          ],
        },
      ],
    });
    expect(fixture.committed()).toBeUndefined();
  });

  it('row 126: refusals of the group stand at the top', async () => {
    const fixture = await Fixture.started();
    const handler = offsetDeleteHandler(fixture.coordinator);
    expect(await ask(handler, 0, request('g'))).toMatchObject({
      errorCode: errorCodes.GROUP_ID_NOT_FOUND,
      topics: [],
    });
    expect(await ask(handler, 0, request(''))).toMatchObject({
      errorCode: errorCodes.INVALID_GROUP_ID,
    });
  });
});

it('commits by id are those of the topic that has the id now', async () => {
  const fixture = await Fixture.started();
  const image = imageOf(topicOf('u', unknownId, 1));
  const topics = [{ topicId: unknownId, partitions: partitions.slice(0, 1) }];
  const request = { groupId: 'g', memberId: '', topics };
  await ask(offsetCommitHandler(fixture.coordinator), 10, request, { image });
  expect(fixture.committed('u')).toBe(40);
});
