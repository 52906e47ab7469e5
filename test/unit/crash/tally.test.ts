import { describe, expect, it } from '@jest/globals';
import { Ledger } from '../../crash/ledger.ts';
import { Tally } from '../../crash/tally.ts';

const ledgerOf = (writer: string, acknowledged: number): Ledger => {
  const ledger = new Ledger(writer, true);
  ledger.acknowledge(ledger.next(acknowledged, 0), 0);
  return ledger;
};

describe('what writers of a run of crashes have heard', () => {
  it('is a mistake where one heard nothing in any folder, whatever the others heard', () => {
    const tally = new Tally();
    tally.add([ledgerOf('gzip', 0), ledgerOf('lz4', 0), ledgerOf('zstd', 3)]);
    tally.add([ledgerOf('gzip', 0), ledgerOf('lz4', 2), ledgerOf('zstd', 0)]);
    expect(tally.acknowledged).toBe(5);
    expect(tally.mistakes()).toEqual(['gzip: nothing was ever acknowledged']);
  });
});
