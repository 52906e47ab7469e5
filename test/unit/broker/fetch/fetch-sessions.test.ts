import { describe, expect, it } from '@jest/globals';
import type { FetchPartition } from '../../../../src/broker/fetch/fetch-partition.ts';
import {
  FetchSessions,
  partitionKey,
  type FetchContext,
  type FetchSession,
} from '../../../../src/broker/fetch/fetch-sessions.ts';
import { zeroUuid } from '../../../../src/protocol/uuid.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { SeededRandom } from '../../../support/seeded-random.ts';

const wanted = (...names: string[]): FetchPartition[] =>
  names.map((name) => ({
    topic: name,
    topicId: zeroUuid,
    partition: 0,
    fetchOffset: 0,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    maxBytes: 1000,
    sentHighWatermark: -1,
    sentLogStartOffset: -1,
  }));

function sessions(maxSessions = 10): {
  clock: ManualClock;
  all: FetchSessions;
  create: (...names: string[]) => FetchSession | undefined;
  begin: (
    sessionId: number,
    sessionEpoch: number,
    names?: string[],
    forgotten?: string[],
    byId?: boolean,
  ) => FetchContext;
} {
  const clock = new ManualClock();
  const all = new FetchSessions(maxSessions, clock, new SeededRandom(1));
  return {
    clock,
    all,
    create: (...names) => all.create(false, wanted(...names)),
    begin: (sessionId, sessionEpoch, names = [], forgotten = [], byId = false) =>
      all.begin(
        { sessionId, sessionEpoch },
        byId,
        wanted(...names),
        wanted(...forgotten).map(partitionKey),
      ),
  };
}

const names = (context: FetchContext): (string | undefined)[] =>
  'partitions' in context ? context.partitions.map(({ topic }) => topic) : [];

const news = { errorCode: 0, highWatermark: 5, logStartOffset: 0 };

describe('row 85: fetch sessions', () => {
  it('epoch 0 asks for a new one and ends the old one', () => {
    const { all, create, begin } = sessions();
    const old = create('a')!;
    expect(begin(old.id, 0, ['a', 'b'])).toMatchObject({ kind: 'full' });
    expect(all.size).toBe(0);
  });

  it('epoch -1 wants none, and ends the old one', () => {
    const { all, create, begin } = sessions();
    const old = create('a')!;
    expect(begin(old.id, -1, ['a']).kind).toBe('sessionless');
    expect(all.size).toBe(0);
  });

  it('an unknown id is refused', () => {
    expect(sessions().begin(77, 1)).toEqual({
      kind: 'refused',
      error: 'FETCH_SESSION_ID_NOT_FOUND',
    });
  });

  it('a wrong epoch is refused, the right one counts up', () => {
    const { create, begin } = sessions();
    const { id } = create('a')!;
    expect(begin(id, 2)).toEqual({ kind: 'refused', error: 'INVALID_FETCH_SESSION_EPOCH' });
    expect(begin(id, 1).kind).toBe('incremental');
    expect(begin(id, 1)).toEqual({ kind: 'refused', error: 'INVALID_FETCH_SESSION_EPOCH' });
    expect(begin(id, 2).kind).toBe('incremental');
  });

  it('the epoch after the last one is 1', () => {
    const { create, begin } = sessions();
    const session = create('a')!;
    session.epoch = 2_147_483_647;
    begin(session.id, 2_147_483_647);
    expect(session.epoch).toBe(1);
  });

  it('partitions are added, changed and forgotten', () => {
    const { create, begin } = sessions();
    const { id } = create('a', 'b')!;
    expect(names(begin(id, 1, ['c'], ['a']))).toEqual(['b', 'c']);
  });

  it('ends when nothing is left in it', () => {
    const { all, create, begin } = sessions();
    const { id } = create('a')!;
    expect(begin(id, 1, [], ['a']).kind).toBe('sessionless');
    expect(all.size).toBe(0);
  });
});

describe('row 86: an incremental response', () => {
  const partitionOf = (session: FetchSession, name: string): FetchPartition =>
    session.partitions.get(partitionKey({ topic: name, topicId: zeroUuid, partition: 0 }))!;

  it('tells of a partition only what is new', () => {
    const session = sessions().create('a')!;
    const partition = partitionOf(session, 'a');
    expect(session.mustSend(partition, news, false)).toBe(true);
    expect(session.mustSend(partition, news, false)).toBe(false);
    expect(session.mustSend(partition, news, true)).toBe(true);
    expect(session.mustSend(partition, { ...news, highWatermark: 6 }, false)).toBe(true);
    expect(
      session.mustSend(partition, { ...news, highWatermark: 6, logStartOffset: 1 }, false),
    ).toBe(true);
    expect(
      session.mustSend(partition, { ...news, highWatermark: 6, logStartOffset: 1 }, false),
    ).toBe(false);
  });

  it('tells of a partition again after an error', () => {
    const session = sessions().create('a')!;
    const partition = partitionOf(session, 'a');
    session.mustSend(partition, news, false);
    expect(session.mustSend(partition, { ...news, errorCode: 6 }, false)).toBe(true);
    expect(session.mustSend(partition, news, false)).toBe(true);
    expect(session.mustSend(partition, news, false)).toBe(false);
  });

  it('moves partitions that got records behind the others', () => {
    const session = sessions().create('a', 'b', 'c')!;
    session.mustSend(partitionOf(session, 'a'), news, true);
    session.mustSend(partitionOf(session, 'b'), news, false);
    expect([...session.partitions.values()].map(({ topic }) => topic)).toEqual(['b', 'c', 'a']);
  });
});

describe('row 86: room for sessions', () => {
  it('is made by one that was not used for two minutes', async () => {
    const { clock, all, create, begin } = sessions(1);
    const first = create('a')!;
    expect(create('b')).toBeUndefined();
    await clock.advance(120_001);
    const second = create('b')!;
    expect(all.size).toBe(1);
    expect(begin(first.id, 1).kind).toBe('refused');
    expect(begin(second.id, 1).kind).toBe('incremental');
  });

  it('is made by a smaller one that is not new', async () => {
    const { clock, create, begin } = sessions(1);
    const first = create('a')!;
    await clock.advance(120_001);
    begin(first.id, 1); // in use
    expect(create('b')).toBeUndefined();
    expect(create('b', 'c')).toBeDefined();
  });
});

describe('row 87: a session stays with names or with ids', () => {
  it('refuses the other kind', () => {
    const { create, begin } = sessions();
    const { id } = create('a')!;
    expect(begin(id, 1, [], [], true)).toEqual({
      kind: 'refused',
      error: 'FETCH_SESSION_TOPIC_ID_ERROR',
    });
  });
});
