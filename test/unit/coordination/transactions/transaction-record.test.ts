import { describe, expect, it } from '@jest/globals';
import { partitionSet } from '../../../../src/coordination/transactions/transaction.ts';
import {
  readTransactionRecord,
  writeTransactionRecord,
} from '../../../../src/coordination/transactions/transaction-record.ts';
import { MalformedMessage } from '../../../../src/protocol/malformed-message.ts';
import { inState, orders, transaction } from './transaction-fixture.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const recordOf = (of: ReturnType<typeof transaction>) => ({
  transactionalId: 'tx',
  transaction: of,
});

describe('records of __transaction_state', () => {
  it('a key is its type and the transactional id', () => {
    const { key } = writeTransactionRecord(recordOf(transaction()), 2);
    expect(key).toEqual(hex('0000 00027478'));
  });

  it('an idle id is written without partitions, in the plain format of version 0', () => {
    const { value } = writeTransactionRecord(recordOf(transaction()), 0);
    expect(value).toEqual(
      hex('0000 00000000000003e8 0000 0000ea60 00 ffffffff 0000018bcfe56800 ffffffffffffffff'),
    );
  });

  it('from version 1 on the format is flexible, and holds what came and comes', () => {
    const open = inState('PrepareCommit', {
      producerEpoch: 32_767,
      nextProducerId: 2_000,
      clientVersion: 2,
    });
    const { value } = writeTransactionRecord(recordOf(open), 2);
    expect(value).toEqual(
      hex(
        '0001 00000000000003e8 7fff 0000ea60 02' +
          '02 07 6f7264657273 02 00000000 00' +
          '0000018bcfe56800 0000018bcfe56800' +
          '03 00 08 00000000000003e8 01 08 00000000000007d0 02 02 0002',
      ),
    );
  });

  it.each([0, 1, 2] as const)('reads what it wrote, at version %d', (version) => {
    const two = partitionSet([orders(0), orders(1), { topic: 'payments', partition: 0 }]);
    const written = inState('Ongoing', { partitions: two, previousProducerId: -1 });
    const { key, value } = writeTransactionRecord(recordOf(written), version);
    expect(readTransactionRecord(key, value)).toEqual(recordOf(written));
  });

  it('what only memory knows is not written', () => {
    const { key, value } = writeTransactionRecord(
      recordOf(transaction({ lastProducerEpoch: 4 })),
      2,
    );
    expect(readTransactionRecord(key, value)?.transaction?.lastProducerEpoch).toBe(-1);
  });

  it('no value: the id is forgotten', () => {
    const { key, value } = writeTransactionRecord(
      { transactionalId: 'tx', transaction: undefined },
      2,
    );
    expect(value).toBeNull();
    expect(readTransactionRecord(key, null)).toEqual({
      transactionalId: 'tx',
      transaction: undefined,
    });
  });

  it('types and versions of a later Kafka are passed over, nonsense is refused', () => {
    const { key, value } = writeTransactionRecord(recordOf(transaction()), 2);
    expect(readTransactionRecord(hex('0001 00027478'), value)).toBeUndefined();
    expect(readTransactionRecord(key, hex('0002'))).toBeUndefined();
    expect(() => readTransactionRecord(key, hex('00'))).toThrow(MalformedMessage);
    expect(() => readTransactionRecord(key, hex('0001 0000'))).toThrow(MalformedMessage);
    const wrong = Buffer.from(value!);
    wrong[2 + 8 + 2 + 4] = 6; // Dead, which nobody writes
    expect(() => readTransactionRecord(key, wrong)).toThrow('tx has status 6');
  });
});
