import { expect, test } from '@jest/globals';
import { ProducerState } from '../../../src/storage/producer-state.ts';
import { idempotentBatch } from '../../support/batches.ts';

test('a producer that begins anew in its epoch repeats nothing of before', () => {
  const state = new ProducerState();
  const apply = (offset: number, sequence: number, count: number): void => {
    const { buffer, start } = idempotentBatch(9, 0, sequence, count);
    buffer.writeBigInt64BE(BigInt(offset), start);
    state.apply(buffer, start);
  };
  const isKnown = (sequence: number, count: number): boolean => {
    const { buffer, start } = idempotentBatch(9, 0, sequence, count);
    return state.repeated(buffer, start) !== undefined;
  };
  apply(0, 0, 2);
  apply(2, 2, 2);
  expect([isKnown(0, 2), isKnown(2, 2)]).toEqual([true, true]);
  apply(10, 0, 1);
  expect([isKnown(0, 2), isKnown(2, 2), isKnown(0, 1)]).toEqual([false, false, true]);
  apply(11, 1, 1);
  expect([isKnown(0, 1), isKnown(1, 1)]).toEqual([true, true]);
});
