import { describe, expect, it } from '@jest/globals';
import {
  decideComplete,
  decideEnd,
  decideFence,
  endNeedsProducerId,
  isExpired,
  isTimedOut,
} from '../../../../src/coordination/transactions/decide-end.ts';
import {
  decideInit,
  initNeedsProducerId,
  requireValidInit,
} from '../../../../src/coordination/transactions/decide-init.ts';
import {
  decideAddPartitions,
  decideVerification,
} from '../../../../src/coordination/transactions/decide-partitions.ts';
import type {
  Transaction,
  TransactionState,
  TransactionVersion,
} from '../../../../src/coordination/transactions/transaction.ts';
import { moveTo, partitionSet } from '../../../../src/coordination/transactions/transaction.ts';
import {
  circumstances,
  freshId,
  init,
  inState,
  nowMs,
  orders,
  outcomeOf,
  transaction,
} from './transaction-fixture.ts';

const states: readonly TransactionState[] = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
];

describe('InitProducerId', () => {
  it.each([
    ['INVALID_REQUEST', init({ transactionalId: '' })],
    ['INVALID_TRANSACTION_TIMEOUT', init({ timeoutMs: 0 })],
    ['INVALID_TRANSACTION_TIMEOUT', init({ timeoutMs: -1 })],
    ['INVALID_TRANSACTION_TIMEOUT', init({ timeoutMs: 900_001 })],
    [undefined, init({ timeoutMs: 900_000 })],
    [undefined, init({ timeoutMs: 1 })],
  ])('row 140: %s is what the request alone is refused with', (error, request) => {
    expect(outcomeOf(() => requireValidInit(request, 900_000))).toBe(error);
  });

  it('row 71: the first producer of an id gets a new producer id of epoch 0', () => {
    expect(initNeedsProducerId(undefined)).toBe(true);
    const { next, result } = decideInit(undefined, init({ timeoutMs: 5_000 }), circumstances());
    expect(result).toEqual({ producerId: freshId, producerEpoch: 0 });
    expect(next).toMatchObject({ state: 'Empty', producerId: freshId, timeoutMs: 5_000 });
  });

  it.each(['Empty', 'CompleteCommit', 'CompleteAbort'] as const)(
    'row 142: in %s the next producer gets the next epoch',
    (state) => {
      const known = inState(state, { producerEpoch: 7 });
      const { next, result } = decideInit(known, init(), circumstances());
      expect(result).toEqual({ producerId: 1_000, producerEpoch: 8 });
      expect(next).toMatchObject({ state: 'Empty', lastProducerEpoch: -1, startTimestampMs: -1 });
    },
  );

  it.each(['PrepareCommit', 'PrepareAbort'] as const)(
    'row 141: %s is answered with 51',
    (state) => {
      const known = inState(state);
      expect(outcomeOf(() => decideInit(known, init(), circumstances()))).toBe(
        'CONCURRENT_TRANSACTIONS',
      );
    },
  );

  it.each([0, 1, 2] as const)(
    'row 141: an open transaction is aborted with a new epoch, and 51 answered (version %d)',
    (serverVersion) => {
      const known = inState('Ongoing', { producerEpoch: 3 });
      const { next, result } = decideInit(known, init(), circumstances({ serverVersion }));
      expect(result).toBe('CONCURRENT_TRANSACTIONS');
      expect(next).toMatchObject({
        state: 'PrepareAbort',
        producerEpoch: 4,
        partitions: known.partitions,
        clientVersion: serverVersion === 2 ? 2 : 0,
      });
      const complete = decideComplete(next!, nowMs);
      const again = decideInit(complete, init(), circumstances({ serverVersion }));
      expect(again.result).toEqual({ producerId: 1_000, producerEpoch: 5 });
    },
  );

  it('row 143: a producer that used up its epochs is followed by one of a new producer id', () => {
    const known = inState('CompleteCommit', { producerEpoch: 32_766 });
    expect(initNeedsProducerId(known)).toBe(true);
    const { next, result } = decideInit(known, init(), circumstances());
    expect(result).toEqual({ producerId: freshId, producerEpoch: 0 });
    expect(next).toMatchObject({ previousProducerId: 1_000, lastProducerEpoch: -1 });
  });

  it('row 143: fencing may use the very last epoch, then comes a new producer id', () => {
    const known = inState('Ongoing', { producerEpoch: 32_766 });
    const fenced = decideInit(known, init(), circumstances({ serverVersion: 1 })).next;
    expect(fenced).toMatchObject({ producerEpoch: 32_767, nextProducerId: -1 });
    const complete = decideComplete(fenced!, nowMs);
    const { result } = decideInit(complete, init(), circumstances());
    expect(result).toEqual({ producerId: freshId, producerEpoch: 0 });
  });

  describe('of a producer that says who it was (KIP-360)', () => {
    const as = (producerId: number, producerEpoch: number) =>
      init({ expected: { producerId, producerEpoch } });

    it('row 72: the present one gets the next epoch', () => {
      const { next, result } = decideInit(
        transaction({ producerEpoch: 4 }),
        as(1_000, 4),
        circumstances(),
      );
      expect(result).toEqual({ producerId: 1_000, producerEpoch: 5 });
      expect(next?.lastProducerEpoch).toBe(4);
    });

    it('row 72: asking again with the epoch before gives the same answer', () => {
      const known = transaction({ producerEpoch: 5, lastProducerEpoch: 4 });
      const { result } = decideInit(known, as(1_000, 4), circumstances());
      expect(result).toEqual({ producerId: 1_000, producerEpoch: 5 });
    });

    it.each([
      ['another producer id', as(999, 5)],
      ['an epoch before the last', as(1_000, 3)],
      ['an epoch of the future', as(1_000, 6)],
    ])('row 142: %s is PRODUCER_FENCED', (_, request) => {
      const known = transaction({ producerEpoch: 5, lastProducerEpoch: 4 });
      expect(outcomeOf(() => decideInit(known, request, circumstances()))).toBe('PRODUCER_FENCED');
    });

    it('row 142: once another producer took the id, the epoch before is fenced, too', () => {
      const known = transaction({ producerEpoch: 5, lastProducerEpoch: -1 });
      expect(outcomeOf(() => decideInit(known, as(1_000, 4), circumstances()))).toBe(
        'PRODUCER_FENCED',
      );
    });

    it('row 143: a new id because of used up epochs is given again when asked again', () => {
      const known = transaction({ producerEpoch: 32_766 });
      const { next, result } = decideInit(known, as(1_000, 32_766), circumstances());
      expect(result).toEqual({ producerId: freshId, producerEpoch: 0 });
      const again = decideInit(next, as(1_000, 32_766), circumstances({ newProducerId: 3_000 }));
      expect(again.result).toEqual({ producerId: freshId, producerEpoch: 0 });
    });

    it('row 143: a zombie of used up epochs is fenced', () => {
      const known = transaction({ producerEpoch: 32_766 });
      expect(outcomeOf(() => decideInit(known, as(1_000, 3), circumstances()))).toBe(
        'PRODUCER_FENCED',
      );
    });

    it('row 153: an id that was forgotten begins anew, whoever its producer was', () => {
      const { result } = decideInit(undefined, as(77, 9), circumstances());
      expect(result).toEqual({ producerId: freshId, producerEpoch: 0 });
    });
  });
});

describe('AddPartitionsToTxn', () => {
  const add = (known: Transaction | undefined, changes = {}) =>
    outcomeOf(() =>
      decideAddPartitions(
        known,
        {
          transactionalId: 'tx',
          producerId: 1_000,
          producerEpoch: 0,
          partitions: partitionSet([orders(1)]),
          clientVersion: 0,
          ...changes,
        },
        nowMs + 5,
      ),
    );

  it.each(['Empty', 'CompleteCommit', 'CompleteAbort'] as const)(
    'in %s it begins a transaction',
    (state) => {
      expect(add(inState(state, { startTimestampMs: 3 }))).toMatchObject({
        state: 'Ongoing',
        partitions: partitionSet([orders(1)]),
        startTimestampMs: nowMs + 5,
      });
    },
  );

  it('an open transaction gets more partitions and keeps its beginning', () => {
    expect(add(inState('Ongoing'))).toMatchObject({
      state: 'Ongoing',
      partitions: partitionSet([orders(0), orders(1)]),
      startTimestampMs: nowMs,
    });
  });

  it('row 144: partitions it has already change nothing', () => {
    expect(add(inState('Ongoing'), { partitions: partitionSet([orders()]) })).toBeUndefined();
  });

  it.each([
    ['INVALID_PRODUCER_ID_MAPPING', undefined, {}],
    ['INVALID_PRODUCER_ID_MAPPING', inState('Ongoing'), { producerId: 1 }],
    ['PRODUCER_FENCED', inState('Ongoing', { producerEpoch: 1 }), {}],
    ['PRODUCER_FENCED', inState('Ongoing'), { producerEpoch: 1 }],
    ['CONCURRENT_TRANSACTIONS', inState('PrepareCommit'), {}],
    ['CONCURRENT_TRANSACTIONS', inState('PrepareAbort'), { producerId: 1, producerEpoch: 9 }],
  ])('row 144: refused with %s', (error, known, changes) => {
    expect(add(known, changes)).toBe(error);
  });

  describe('for verification', () => {
    const verify = (known: Transaction | undefined, changes = {}) =>
      outcomeOf(() =>
        decideVerification(known, {
          transactionalId: 'tx',
          producerId: 1_000,
          producerEpoch: 0,
          partitions: partitionSet([orders(0), orders(1)]),
          ...changes,
        }),
      );

    it('row 145: tells which partitions the transaction has', () => {
      expect(verify(inState('Ongoing'))).toEqual(
        new Map([
          ['orders-0', 'NONE'],
          ['orders-1', 'TRANSACTION_ABORTABLE'],
        ]),
      );
    });

    it.each([
      ['INVALID_PRODUCER_ID_MAPPING', undefined, {}],
      ['INVALID_PRODUCER_ID_MAPPING', inState('PrepareAbort'), { producerId: 1 }],
      ['PRODUCER_FENCED', inState('PrepareAbort', { producerEpoch: 1 }), {}],
      ['CONCURRENT_TRANSACTIONS', inState('PrepareAbort'), {}],
    ])('row 145: refused with %s', (error, known, changes) => {
      expect(verify(known, changes)).toBe(error);
    });
  });
});

describe('EndTxn before KIP-890', () => {
  const end = (known: Transaction | undefined, isCommit: boolean, changes = {}) =>
    outcomeOf(() => {
      const request = { transactionalId: 'tx', producerId: 1_000, producerEpoch: 0, isCommit };
      const { next, result } = decideEnd(
        known,
        { ...request, clientVersion: 0, ...changes },
        circumstances(),
      );
      return [next?.state ?? 'nothing', next?.producerEpoch, result.producerEpoch];
    });

  it.each([
    ['Ongoing', true, ['PrepareCommit', 0, -1]],
    ['Ongoing', false, ['PrepareAbort', 0, -1]],
    ['CompleteCommit', true, ['nothing', undefined, -1]],
    ['CompleteCommit', false, 'INVALID_TXN_STATE'],
    ['CompleteAbort', false, ['nothing', undefined, -1]],
    ['CompleteAbort', true, 'INVALID_TXN_STATE'],
    ['Empty', true, 'INVALID_TXN_STATE'],
    ['Empty', false, 'INVALID_TXN_STATE'],
    ['PrepareCommit', true, 'CONCURRENT_TRANSACTIONS'],
    ['PrepareCommit', false, 'CONCURRENT_TRANSACTIONS'],
    ['PrepareAbort', true, 'CONCURRENT_TRANSACTIONS'],
    ['PrepareAbort', false, 'CONCURRENT_TRANSACTIONS'],
  ] as const)('row 148: in %s, commit %s: %j', (state, isCommit, outcome) => {
    expect(end(inState(state), isCommit)).toEqual(outcome);
  });

  it.each([
    ['INVALID_PRODUCER_ID_MAPPING', undefined, {}],
    ['INVALID_PRODUCER_ID_MAPPING', inState('Ongoing'), { producerId: 1 }],
    ['PRODUCER_FENCED', inState('Ongoing', { producerEpoch: 1 }), {}],
    ['PRODUCER_FENCED', inState('PrepareAbort', { producerEpoch: 1 }), {}],
    ['PRODUCER_FENCED', inState('CompleteCommit', { producerEpoch: 1 }), {}],
  ])('row 142: refused with %s', (error, known, changes) => {
    expect(end(known, true, changes)).toBe(error);
  });
});

describe('EndTxn with KIP-890', () => {
  const end = (known: Transaction | undefined, isCommit: boolean, producerEpoch = 5, id = 1_000) =>
    outcomeOf(() => {
      const request = { transactionalId: 'tx', producerId: id, producerEpoch, isCommit };
      const { next, result } = decideEnd(known, { ...request, clientVersion: 2 }, circumstances());
      return [next?.state ?? 'nothing', result.producerId, result.producerEpoch];
    });
  const at5 = (state: TransactionState, clientVersion: TransactionVersion = 2) =>
    inState(state, { producerEpoch: 5, clientVersion });
  const fenced = 'PRODUCER_FENCED';
  const wrong = 'INVALID_TXN_STATE';
  const busy = 'CONCURRENT_TRANSACTIONS';
  const aborts = ['PrepareAbort', 1_000, 6];
  const asBefore = ['nothing', 1_000, 5];

  it.each([
    ['Empty', { abortAgain: fenced, abort: aborts, commitAgain: fenced, commit: wrong }],
    [
      'Ongoing',
      {
        abortAgain: fenced,
        abort: aborts,
        commitAgain: fenced,
        commit: ['PrepareCommit', 1_000, 6],
      },
    ],
    ['PrepareCommit', { abortAgain: busy, abort: busy, commitAgain: busy, commit: busy }],
    ['PrepareAbort', { abortAgain: busy, abort: busy, commitAgain: busy, commit: busy }],
    ['CompleteAbort', { abortAgain: asBefore, abort: aborts, commitAgain: wrong, commit: wrong }],
    ['CompleteCommit', { abortAgain: wrong, abort: aborts, commitAgain: asBefore, commit: wrong }],
  ] as const)('row 148: in %s, repeated or not: %j', (state, outcomes) => {
    expect({
      abortAgain: end(at5(state), false, 4),
      abort: end(at5(state), false, 5),
      commitAgain: end(at5(state), true, 4),
      commit: end(at5(state), true, 5),
    }).toEqual(outcomes);
  });

  it.each([
    ['INVALID_PRODUCER_ID_MAPPING', undefined, 5, 1_000],
    ['INVALID_PRODUCER_ID_MAPPING', at5('Ongoing'), 5, 999],
    [fenced, at5('CompleteCommit'), 3, 1_000],
    [fenced, at5('CompleteCommit'), 6, 1_000],
  ] as const)('row 142: refused with %s', (error, known, epoch, id) => {
    expect(end(known, true, epoch, id)).toBe(error);
  });

  it('a zombie is not taken for the owner whose old client keeps its epoch', () => {
    for (const state of ['CompleteAbort', 'CompleteCommit'] as const) {
      expect(end(at5(state, 0), false, 4)).toBe(fenced);
      expect(end(at5(state, 0), true, 4)).toBe(fenced);
    }
  });

  it('row 149: the marker carries the new epoch, which the producer has once it is complete', () => {
    const request = { transactionalId: 'tx', producerId: 1_000, producerEpoch: 5, isCommit: true };
    const { next } = decideEnd(at5('Ongoing'), { ...request, clientVersion: 2 }, circumstances());
    expect(next).toMatchObject({ producerEpoch: 6, lastProducerEpoch: 5, nextProducerId: -1 });
    expect(decideComplete(next!, nowMs)).toMatchObject({
      state: 'CompleteCommit',
      producerId: 1_000,
      producerEpoch: 6,
      partitions: new Map(),
    });
  });

  it('row 143: with the last epoch a new producer id takes over, and a repeated end tells it again', () => {
    const last = inState('Ongoing', { producerEpoch: 32_766 });
    expect(endNeedsProducerId(last, 2)).toBe(true);
    expect(endNeedsProducerId(last, 0)).toBe(false);
    const request = {
      transactionalId: 'tx',
      producerId: 1_000,
      producerEpoch: 32_766,
      isCommit: true,
      clientVersion: 2 as TransactionVersion,
    };
    const { next, result } = decideEnd(last, request, circumstances());
    expect(result).toEqual({ producerId: freshId, producerEpoch: 0 });
    expect(next).toMatchObject({
      producerId: 1_000,
      producerEpoch: 32_767,
      nextProducerId: freshId,
    });
    const complete = decideComplete(next!, nowMs);
    expect(complete).toMatchObject({ producerId: freshId, producerEpoch: 0, nextProducerId: -1 });
    const again = decideEnd(complete, request, circumstances());
    expect(again).toEqual({ next: undefined, result });
  });

  it('an abort without a transaction says when it began: now', () => {
    const request = { transactionalId: 'tx', producerId: 1_000, producerEpoch: 0, isCommit: false };
    const { next } = decideEnd(transaction(), { ...request, clientVersion: 2 }, circumstances());
    expect(next).toMatchObject({ startTimestampMs: nowMs + 1_000, partitions: new Map() });
  });
});

describe('time', () => {
  it('row 150: an open transaction is late once its timeout is over', () => {
    const open = inState('Ongoing', { timeoutMs: 10 });
    expect(isTimedOut(open, nowMs + 10)).toBe(false);
    expect(isTimedOut(open, nowMs + 11)).toBe(true);
    expect(isTimedOut({ ...open, timeoutMs: 2_147_483_647 }, nowMs * 2)).toBe(false);
    for (const state of states.filter((one) => one !== 'Ongoing')) {
      expect(isTimedOut(inState(state, { timeoutMs: 10 }), nowMs + 11)).toBe(false);
    }
  });

  it.each([0, 2] as const)(
    'row 150: it is aborted with a new epoch (version %d)',
    (serverVersion) => {
      const aborted = decideFence(inState('Ongoing'), circumstances({ serverVersion }));
      expect(aborted).toMatchObject({ state: 'PrepareAbort', producerEpoch: 1 });
    },
  );

  it('row 153: an id expires when nothing happened for long, and nothing is under way', () => {
    const old = (state: TransactionState) => inState(state, { lastUpdateTimestampMs: nowMs });
    const expired = states.filter((state) => isExpired(old(state), nowMs + 100, 100));
    expect(expired).toEqual(['Empty', 'CompleteCommit', 'CompleteAbort']);
    expect(isExpired(old('Empty'), nowMs + 99, 100)).toBe(false);
  });
});

it('a move that the table does not have is a bug', () => {
  expect(() => moveTo(inState('PrepareCommit'), 'CompleteAbort', {})).toThrow(
    'transaction tx cannot go from PrepareCommit to CompleteAbort',
  );
});
