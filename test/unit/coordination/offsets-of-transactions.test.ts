import { describe, expect, it } from '@jest/globals';
import { applyTransactionMarker } from '../../../src/coordination/group-state.ts';
import type { OffsetCommit } from '../../../src/coordination/decide-offsets.ts';
import type { TransactionMarker } from '../../../src/coordination/transactions/peer-client.ts';
import { zeroUuid } from '../../../src/protocol/uuid.ts';
import { commitOf, Fixture, refusalOf, settle, topicOf } from './group-fixture.ts';

const dayMs = 24 * 60 * 60 * 1_000;

const transaction = { producerId: 7, producerEpoch: 0, verification: undefined };

/** The end of a transaction. */
const markerOf = (isCommit: boolean, producerId = 7): TransactionMarker => ({
  producerId,
  producerEpoch: 0,
  coordinatorEpoch: 0,
  isCommit,
  transactionVersion: 0,
});

/** A coordinator whose log ends in a transaction with an offset for u-0 of group g. */
async function withPendingOffset() {
  const fixture = await Fixture.started();
  await fixture.commit();
  await commitPending(fixture);
  return { fixture, state: fixture.partition().state };
}

function commitPending(fixture: Fixture, more: Partial<OffsetCommit> = {}) {
  const commit = commitOf({ isTransactional: true, topics: [topicOf('u')], ...more });
  return fixture.coordinator.commitInTransaction(commit, transaction);
}

const isUnstable = (fixture: Fixture, topic = 'u') =>
  fixture.coordinator.fetchOffsets('g').isUnstable(topic, 0);

describe('offsets of a transaction', () => {
  it('row 151: are not seen, and make the partition unstable, until it commits', async () => {
    const { fixture } = await withPendingOffset();
    expect([fixture.committed('u'), isUnstable(fixture)]).toEqual([undefined, true]);
    expect(isUnstable(fixture, 't')).toBe(false);
    await fixture.coordinator.completeTransaction(0, markerOf(true));
    expect([fixture.committed('u'), isUnstable(fixture)]).toEqual([42, false]);
    expect((await fixture.restarted()).committed('u')).toBe(42);
  });

  it('row 151: are forgotten when it aborts', async () => {
    const { fixture } = await withPendingOffset();
    await fixture.coordinator.completeTransaction(0, markerOf(false));
    expect([fixture.committed('u'), isUnstable(fixture)]).toEqual([undefined, false]);
    expect((await fixture.restarted()).committed('u')).toBeUndefined();
  });

  it('row 151: are still pending after a restart', async () => {
    const { fixture } = await withPendingOffset();
    const next = await fixture.restarted();
    expect([next.committed('u'), isUnstable(next)]).toEqual([undefined, true]);
    await next.coordinator.completeTransaction(0, markerOf(true));
    expect(next.committed('u')).toBe(42);
  });

  it('row 152: a marker comes to whoever is in charge', async () => {
    const { fixture } = await withPendingOffset();
    const elsewhere = fixture.coordinator.completeTransaction(1, markerOf(true));
    expect(await refusalOf(elsewhere)).toBe('NOT_COORDINATOR');
    fixture.log.failure = 'NOT_COORDINATOR';
    const refused = fixture.coordinator.completeTransaction(0, markerOf(true));
    expect(await refusalOf(refused)).toBe('NOT_COORDINATOR');
    expect(isUnstable(fixture)).toBe(true);
  });

  it('a marker is applied behind the commits that stand before it in the log', async () => {
    const fixture = await Fixture.started();
    let open = (): void => undefined;
    fixture.log.gate = new Promise((resolve) => (open = resolve));
    const committed = commitPending(fixture);
    fixture.log.gate = undefined;
    await settle(1);
    const completed = fixture.coordinator.completeTransaction(0, markerOf(true));
    await settle(1);
    open();
    await Promise.all([committed, completed]);
    expect([fixture.committed('u'), isUnstable(fixture)]).toEqual([42, false]);
  });

  it('row 121: a plain commit behind that of a transaction counts more', async () => {
    const { fixture } = await withPendingOffset();
    await fixture.commit({ topics: [topicOf('u', 43)] });
    await fixture.coordinator.completeTransaction(0, markerOf(true));
    expect(fixture.committed('u')).toBe(43);
    expect((await fixture.restarted()).committed('u')).toBe(43);
  });

  it.each([
    ['ILLEGAL_GENERATION', { groupId: 'unknown', generationId: 1, memberId: 'm' }],
    ['ILLEGAL_GENERATION', { generationId: 2 }],
    ['UNKNOWN_MEMBER_ID', { memberId: 'nobody' }],
    ['UNKNOWN_MEMBER_ID', { groupInstanceId: 'nobody' }],
    ['INVALID_GROUP_ID', { groupId: '' }],
    ['NONE', {}],
    ['NONE', { generationId: -1, memberId: '' }], // clients before TxnOffsetCommit v3
  ])('row 151: %s is what a member of a group hears: %j', async (error, more) => {
    const fixture = await Fixture.started();
    const [memberId = ''] = await fixture.stable(1);
    const member = { generationId: 1, memberId, takesGroupIdNotFound: false };
    const committed = commitPending(fixture, { ...member, ...more }).then(() => 'NONE');
    expect(await refusalOf(committed)).toBe(error);
  });

  it('a rebalance that is under way does not matter', async () => {
    const fixture = await Fixture.started();
    const join = await fixture.enter();
    await fixture.clock.advance(0);
    const memberId = join.value?.memberId ?? '';
    expect(fixture.state()).toBe('CompletingRebalance');
    await commitPending(fixture, { generationId: 1, memberId });
    expect(isUnstable(fixture)).toBe(true);
  });
});

describe('offsets of a transaction that is still open', () => {
  it('are deleted with their group', async () => {
    const { fixture, state } = await withPendingOffset();
    await fixture.coordinator.deleteGroup('g');
    expect(fixture.log.records.slice(2)).toEqual([
      { type: 'offset-tombstone', groupId: 'g', topic: 't', partition: 0 },
      { type: 'offset-tombstone', groupId: 'g', topic: 'u', partition: 0 },
      { type: 'group-tombstone', groupId: 'g' },
    ]);
    applyTransactionMarker(state, 7, true);
    expect(state.offsets.get('g')).toBeUndefined();
  });

  it('are deleted with their topic', async () => {
    const { fixture, state } = await withPendingOffset();
    await fixture.coordinator.onTopicsDeleted(new Map([['u', zeroUuid]]));
    applyTransactionMarker(state, 7, true);
    expect(fixture.committed('u')).toBeUndefined();
    expect(fixture.committed('t')).toBe(42);
  });

  it('keep their group alive, and nothing else', async () => {
    const { fixture, state } = await withPendingOffset();
    await fixture.clock.advance(8 * dayMs);
    expect(fixture.committed('t')).toBeUndefined();
    applyTransactionMarker(state, 7, true);
    expect(fixture.committed('u')).toBe(42);
  });
});
